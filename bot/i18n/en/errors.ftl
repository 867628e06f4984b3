# What people are told when something fails: what happened, and what to do.

error-too-slow = ⏳ That took too long, so I gave up. Try again in a moment.
error-uncertain = 🤔 I lost my database just then, so I don't know whether I've kept that. Look at { COMMAND("suno list") } in a minute before you try again.
error-unexpected = 😵 Something went wrong on my side. Nothing you're watching is lost. Try again in a moment.
error-option = I don't know yet what you chose, because Discord hasn't told me everything about this server. Try again in a moment.

watch-error-bad-id = I can't find a task id in that. It's what your relay answered when you made the song, such as `346c5d10-a4a1-4f49-a851-66a7dae6cfaf`. You can paste the whole answer.
watch-error-too-many-ids = That's too many at once: I can take up to { $limit } ids.
watch-error-too-many =
    { $limit ->
        [one] You can watch 1 task at once.
       *[other] You can watch { $limit } tasks at once.
    } Stop one with { COMMAND("suno unwatch") }, or wait until one is done.
watch-error-too-many-here =
    { $limit ->
        [one] In this server you can watch 1 task at once.
       *[other] In this server you can watch { $limit } tasks at once.
    } Stop one with { COMMAND("suno unwatch") }, or wait until one is done.
watch-error-server-full =
    { $limit ->
        [one] This server is full: it can have 1 watch at once.
       *[other] This server is full: it can have { $limit } watches at once.
    } Try again when some of its tasks are done. { COMMAND("suno watch") } with `private` still works: I'll send you a DM.
watch-error-crowded = { $limit } people are watching this task here, which is as many as one message can mention. Watch it in another channel instead.
watch-error-too-many-lookups =
    { $seconds ->
        [one] ⏳ That was a lot of looking up. Try again in a second.
       *[other] ⏳ That was a lot of looking up. Try again in { $seconds } seconds.
    } What you're watching isn't affected.
watch-error-too-many-messages = ⏳ You've asked me for a lot of messages lately. Try again { $time }. What you're watching isn't affected, and { COMMAND("suno status") } shows you any task right away.
watch-error-channel-busy = ⏳ I've posted a lot in that channel lately. Try again { $time }. What you're watching isn't affected, and { COMMAND("suno status") } shows you any task right away.

relay-error-auth = 🔑 The relay refuses this bot's key, so I can't ask it. Whoever runs this bot has to set a new key. What you're watching is kept.
relay-error-quota = 💳 The relay says this bot's account is out of credit. Whoever runs this bot has to top it up. What you're watching is kept.
relay-error-rate-limit = ⏳ The relay wants me to ask less often. Try again in a minute. What you're watching is kept.
relay-error-not-found = 🔌 I can't reach the relay, because something in my settings is wrong. Whoever runs this bot can see that in its log. What you're watching is kept.
error-no-account = 🔑 No relay is connected here yet. A manager can connect the server's, or you can connect your own: { COMMAND("suno account") }.
account-error-disabled = 🔑 Whoever runs this bot hasn't switched on relay accounts, so I can't keep a key safely.
account-error-key = 🔑 That doesn't look like an API key. Copy the whole key from your relay's console, without spaces.
account-error-address = 🌐 I can't use that address. It must begin with `https://` and be reachable from the internet, such as `https://api.example.com`; a path begins with `/`.
account-error-disconnected = 🔑 This relay was disconnected while I was checking the key, so I haven't kept it. Connect it again if you want to use it.
account-error-too-many = That's the limit: one person can connect { $limit } accounts. Disconnect one first.
account-error-attempts = ⏳ That was a lot of attempts. Try again { $time }.
account-rejected-server = 🔑 The relay no longer accepts the key (…{ $ending }) that you connected for the server { $server }. Nothing is lost: its watches wait until you enter a new key with { COMMAND("suno-settings relay") } there.
account-rejected-own = 🔑 The relay no longer accepts your key (…{ $ending }). Nothing is lost: your watches wait until you enter a new one with { COMMAND("suno account") }.
account-no-credit-server = 💳 The relay account (key …{ $ending }) that you connected for the server { $server } has no credit, so nothing can be created with it. Once you have topped it up at the relay, it works again.
account-no-credit-own = 💳 Your relay account (key …{ $ending }) has no credit, so nothing can be created with it. Once you have topped it up at the relay, it works again.
relay-error-bad-request = ❓ The relay doesn't accept that id. Is it complete?
relay-error-unavailable = 🔌 I can't reach the relay right now. Try again in a minute. What you're watching is kept, and goes on when the relay is back.
relay-error-unreadable = 🧩 I can't read what the relay answered. Try again in a minute. What you're watching is kept.
