# For those who manage a server: settings, health, welcome. For everybody: language and help.

command-settings = How I work in this server
command-settings-name = suno-settings
command-panel = See and change the settings
command-panel-name = panel
command-health = Check whether everything works here
command-health-name = health
command-reset = Put all settings back to their defaults
command-reset-name = reset

settings-title = Settings for this server
settings-line = **{ $label }:** { $value }
settings-now = **Now:** { $value }
settings-relay = **This server's own relay:** { COMMAND("suno-settings relay") }
settings-menu = What do you want to change?
settings-button-back = Back
settings-button-reset = Reset all …
settings-saved = ✅ Saved.
settings-not-saved = Nothing was saved. Fix that and choose again, or choose something else.
settings-name-unknown = (deleted)

settings-label-channel = Where results go
settings-explain-channel = Results go where people ask for them, or always to one channel. Whoever watches a task can still pick another channel.
settings-channel-here = Where people ask
settings-channel-there = { $channel }, unless someone picks another
settings-choose-channel = Choose a channel
settings-default-channel = Post where people ask

settings-label-roles = Who can watch
settings-explain-roles = Only members with one of these roles can watch tasks. People who manage the server always can.
settings-roles-all = Everyone
settings-choose-roles = Choose roles
settings-default-roles = Let everyone watch

settings-label-mention = Who gets mentioned
settings-explain-mention = Who gets a ping when a task is done: the people watching it, and a role as well if you like (at most once a minute).
settings-mention-watchers = The people watching
settings-mention-role = The people watching, and { $role }
settings-mention-nobody = Nobody
settings-choose-role = Mention a role as well
settings-default-role = Mention no role

settings-label-language = Language in channels
settings-explain-language = The language of what I post in channels. Automatic: the language of a Community server, elsewhere that of the person who asks. My private answers are in each person's own language.
settings-language-default = Automatic

settings-label-notices = Size of results
settings-explain-notices = Compact: a small cover and the first lines of the lyrics. Full: large covers, and as much of the lyrics as fits.
settings-notices-compact = Compact
settings-notices-full = Full

settings-label-uploads = Audio files
settings-explain-uploads = I can attach a finished song, so that it plays right in Discord. Other versions are always links.
settings-uploads-on = { $count ->
    [one] The first version of each song
   *[other] The first { $count } versions of each song
 }
settings-uploads-off = Links only
settings-uploads-operator = Links only (set by whoever runs me)

settings-label-limit = Tasks per member
settings-explain-limit = How many running tasks one member can watch at once. This doesn't apply to people who manage the server.
settings-limit-value = Up to { $limit } at once

settings-problem-channel = ⚠️ I can't post in { $channel }. Missing: { $permissions }.
settings-problem-channel-unseen = ⚠️ I can't see { $channel }: it's deleted or hidden from me.
settings-problem-tag = ⚠️ I can't post in { $channel }: posts there need a tag, and there's none I may use. Add one, or give me Manage Threads there.
settings-problem-role = ⚠️ I can't ping { $role }. Allow anyone to mention that role, or give me “{ $permission }”.
settings-problem-role-gone = ⚠️ That role is gone.
settings-problem-roles-gone = ⚠️ Those roles are gone, so nobody can watch.
settings-problem-mention-everyone = ⚠️ I don't ping @everyone.
settings-problem-watch-everyone = ⚠️ Everyone has the role @everyone, so it limits nothing.

settings-reset-question = Put **all** settings of this server back to their defaults?
settings-reset-confirm = Reset all
settings-reset-keep = Keep them
settings-reset-done = ✅ All settings are back to their defaults.
settings-not-yours = 🚫 Only people who manage this server can change its settings.

permission-mention-everyone = Mention @everyone, @here, and All Roles

watch-role-missing = 🚫 In this server you need one of these roles to watch: { $roles }. Ask someone who manages the server. Nothing is being watched.

health-title = Health
health-ok = ✅ Everything has worked for { $time }.
health-relay-auth = ❌ The relay has refused my key for { $time }. Whoever runs me has to give me a new one.
health-relay-quota = ❌ The relay account has had no credit for { $time }. Whoever runs me has to top it up.
health-relay-rate-limit = ❌ The relay has asked me to slow down for { $time }. Results can be late.
health-relay-not-found = ❌ I haven't found the relay's address for { $time }. Whoever runs me has to check my settings.
health-relay-bad-request = ❌ The relay has refused my requests for { $time }. Whoever runs me has to check my settings.
health-relay-unavailable = ❌ The relay hasn't answered for { $time }. I keep trying, and nothing is lost.
health-relay-unreadable = ❌ I haven't understood the relay's answers for { $time }. I keep trying, and nothing is lost.
health-relay-server-auth = ❌ The relay has refused this server's key for { $time }. Replace it with { COMMAND("suno-settings relay") }; watches wait until then.
health-relay-server-quota = ❌ This server's relay account has had no credit for { $time }. Top it up; watches wait until then.
health-relay-server-not-found = ❌ This server's relay hasn't answered like one for { $time }. Check its address with { COMMAND("suno-settings relay") }.
health-relay-server-bad-request = ❌ This server's relay has refused my requests for { $time }. Check its address with { COMMAND("suno-settings relay") }.
health-relay-server-unreadable-key = ❌ I can't read the key of this server's relay any more, so watches wait. What to do: { COMMAND("suno-settings relay") }
health-stuck = ❌ A part of me has been stuck for { $time }. Whoever runs me has to restart me.
health-held = ⚠️ { $count ->
    [one] 1 result has been waiting for { $time }, because I can't post it here.
   *[other] { $count } results have been waiting for up to { $time }, because I can't post them here.
 }
health-channel-plain = ⚠️ Results in { $channel } come as plain text. Missing: { permission-embed-links }.
health-details = Details
health-relay-answered = Last answer of the relay: { $time }
health-relay-never = Last answer of the relay: none since I started
health-loops = Last checks: tasks { $poll }, results { $deliver }, live cards { $show }
health-loop-never = not yet
health-results = Results here: { $due } on their way, { $held } waiting
health-channel-ok = ✅ { $channel }
health-channel-unknown = ❔ { $channel }: I can't check it; it may be an archived thread
health-days = { $count ->
    [one] 1 day
   *[other] { $count } days
 }
health-hours = { $count ->
    [one] 1 hour
   *[other] { $count } hours
 }
health-minutes = { $count ->
    [0] less than a minute
    [one] 1 minute
   *[other] { $count } minutes
 }

language-name = English

server-welcome =
    👋 Hi! I post songs and lyrics from your Suno relay when they're ready.
    Start with { COMMAND("suno watch") } and a task id, or see { COMMAND("suno help") }.
    Server managers: { $accounts ->
        [yes] { COMMAND("suno-settings relay") } connects your relay, { COMMAND("suno-settings panel") }
       *[no] { COMMAND("suno-settings panel") }
    } sets channel, mentions and language.

command-language = Choose the language I use with you
command-language-name = language
language-question = Which language should I use with you? In channels I use the server's.
language-automatic = Automatic: the language of your Discord
language-set = ✅ From now on I'll use { $language } with you.
language-set-automatic = ✅ From now on I'll use the language of your Discord.
forget-settings = the language you chose

help-title = Suno Bot
help-what = Generate a song or lyrics at your Suno relay and give me the task id. I'll post the result as soon as it's ready, and mention you.
help-watch = { COMMAND("suno watch") } with the id: get the result here when it's ready
help-status = { COMMAND("suno status") } with the id: see how far along it is
help-lyrics = { COMMAND("suno lyrics") } with the id: read the full lyrics
help-list = { COMMAND("suno list") }: what you're watching; { COMMAND("suno unwatch") } stops it
help-history = { COMMAND("suno history") }: find finished songs and lyrics again
help-more = You can paste several ids at once. { COMMAND("suno inbox") } shows what I couldn't post, { COMMAND("suno language") } changes my language, { COMMAND("suno forget") } deletes what I store about you.
help-account = { COMMAND("suno account") }: connect your own relay key
help-invite = Add me to a server
