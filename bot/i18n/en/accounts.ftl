# Relay accounts: the server's (/suno-settings relay) and one's own (/suno account).

command-relay = Connect this server's Suno relay, or see what's connected
command-relay-name = relay
command-account = Connect your own Suno relay, or see what's connected
command-account-name = account

account-title-server = This server's relay
account-title-own = Your own relay
account-none-server = Connect your relay, and everyone here can watch the songs and lyrics made with its key. It also pays for what members create, once creating is switched on here.
account-none-own = Connect your own key to watch what you make with it: in DMs, where you've installed me just for yourself, and in servers for ids that their relay doesn't know. It also pays for what you create, except in servers with a relay of their own. What I post in channels shows your song, but never your key.
account-safety = 🔒 I test the key first (that's free) and store it encrypted: only whoever runs me could get at it. *Disconnect* deletes it at once.
account-choose = **Where is your key from?**
account-relay-custom = Other relay

account-relay = **Relay:** { $relay }
account-key = **Key:** ends with { $ending }
account-by = **Connected:** { $time } by { $user }
account-since = **Connected:** { $time }
account-answered = **Last answer:** { $time }
account-answered-unknown = **Last answer:** I haven't had to ask lately
account-use-server = I ask it first about everything that people here look up, and it pays for what members create here.
account-use-own = I use it in DMs, where you've installed me just for yourself, and in servers for ids that their relay doesn't know. It also pays for what you create, except in servers with a relay of their own. What I post in channels shows your song, but never your key.
account-trouble-auth = 🔑 **The relay refuses this key** (noticed { $time }). Nothing is lost: watches wait until you replace it.
account-trouble-quota = 💳 **The relay account is out of credit** (noticed { $time }). Nothing is lost: watches wait until it's topped up.
account-trouble-other = 🔌 **The relay isn't answering properly** (noticed { $time }). Nothing is lost: I keep trying.
account-trouble-disabled = 🔑 **I can't read this key any more**, because whoever runs me has switched relay accounts off. Watches wait.
account-trouble-unreadable = 🔑 **I can't read this key any more**, because whoever runs me has changed how keys are locked away. Nothing is lost: watches wait until you enter the key again.

account-button-replace = Replace key
account-button-disconnect = Disconnect
account-button-confirm = Disconnect
account-button-keep = Keep it

account-modal-title = Connect: { $relay }
account-field-key = API key
account-field-key-hint = From your relay's console: the key that you make songs with. I never show it to anyone.
account-field-url = Address
account-field-url-hint = From your relay's documentation, such as { $example }
account-field-path = Path (optional)
account-field-path-hint = Leave it empty, unless your relay's documentation names another than { $example }

account-testing = 🔎 I'm testing the key ({ $relay }) …
account-connected = ✅ **Connected:** { $relay }
account-connected-path = **Path:** { $path }
account-connected-try = Try it with the id of a song made with this key: { COMMAND("suno watch") }
account-connected-single = It only shows one task at a time, so I check a little less often when there are many.
account-test-auth = 🔑 The relay refuses this key. Copy all of it again, and check in the relay's console that it's active and not limited to certain models.
account-test-quota = 💳 The relay says this account has no credit. Top it up, then try again.
account-test-rate-limit = ⏳ The relay is asking me to slow down. Try again in a minute.
account-test-unavailable = 🔌 I can't reach { $host } from the internet. Check the address, or try again in a minute.
account-test-no-relay = 🌐 { $host } answers, but not like a Suno relay. Check the address and the path.
account-nothing-stored = I didn't store anything.
account-kept = I didn't store anything; the key you had stays connected.

account-disconnect-question = **Disconnect this relay?** I delete the key at once.
account-disconnect-watches = { $count ->
    [0] Nothing is being watched with it right now.
    [one] 1 watch that needs it ends, with a message that says why.
   *[other] { $count } watches that need it end, each with a message that says why.
 }
account-disconnected = { $count ->
    [0] ✅ Disconnected. I've deleted the key.
    [one] ✅ Disconnected. I've deleted the key, and 1 watch has ended.
   *[other] ✅ Disconnected. I've deleted the key, and { $count } watches have ended.
 }
account-server-only = This works only in a server that has added me. Your own key: { COMMAND("suno account") }
