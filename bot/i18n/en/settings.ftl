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
settings-create = **Creating songs:** { $on ->
        [yes] On
       *[no] Off
    } · { COMMAND("suno-settings create") }
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

settings-reset-question = Put **all** settings of this server back to their defaults? That switches creating off, and what waits isn't sent any more.
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
health-no-credit = ❌ The relay account has had no credit for { $time }: nothing can be created. Whoever runs me has to top it up.
health-no-credit-server = ❌ This server's relay account has had no credit for { $time }: nothing can be created until it is topped up at the relay.
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
    👋 Hi! I make songs and lyrics with a Suno relay, and post them when they're ready.
    Start with { COMMAND("suno watch") } and a task id, or see { COMMAND("suno help") }.
    Server managers: { $accounts ->
        [yes] { COMMAND("suno-settings relay") } connects your relay, { COMMAND("suno-settings create") } lets members make songs, { COMMAND("suno-settings panel") }
       *[no] { COMMAND("suno-settings create") } lets members make songs, { COMMAND("suno-settings panel") }
    } sets channel, mentions and language.

command-language = Choose the language I use with you
command-language-name = language
language-question = Which language should I use with you? In channels I use the server's.
language-automatic = Automatic: the language of your Discord
language-set = ✅ From now on I'll use { $language } with you.
language-set-automatic = ✅ From now on I'll use the language of your Discord.
forget-settings = the language you chose

help-title = Suno Bot
help-what = I make songs and lyrics with a Suno relay, post them when they're ready, and mention you. What you've begun there yourself I post too, by its id.
help-create = { COMMAND("suno create") } and { COMMAND("suno compose") }: make a song, where that's switched on; { COMMAND("suno write") }: lyrics
help-watch = { COMMAND("suno watch") } with the id: get the result here when it's ready
help-status = { COMMAND("suno status") } with the id: see how far along it is
help-lyrics = { COMMAND("suno lyrics") } with the id: read the full lyrics
help-list = { COMMAND("suno list") }: what you're watching; { COMMAND("suno unwatch") } stops it
help-history = { COMMAND("suno history") }: find finished songs and lyrics again
help-more = You can paste several ids at once. { COMMAND("suno inbox") } shows what I couldn't post, { COMMAND("suno language") } changes my language, { COMMAND("suno forget") } deletes what I store about you.
help-account = { COMMAND("suno account") }: connect your own relay key
help-invite = Add me to a server

create-settings-command = Who may create songs here, how many, with which models
create-settings-title = Creating songs and lyrics
create-settings-on = 🟢 **On:** members can make songs and lyrics here. The relay account that is used here pays for them.
create-settings-off = ⚪ **Off:** nobody can make songs or lyrics here, so nothing is spent.
create-settings-no-account = ⚠️ There's no relay account here that I may create with. Connect one with { COMMAND("suno-settings relay") }. Members can still use their own.
create-settings-button-on = Switch on
create-settings-button-off = Switch off
create-settings-switched-on = ✅ Creating is on. Members start with { COMMAND("suno create") }.
create-settings-switched-off = ✅ Creating is off. Nothing more is sent to the relay; what it has already begun goes on.
create-settings-label-roles = Who can create
create-settings-explain-roles = Only members with one of these roles can create. People who manage the server always can.
create-settings-roles-all = Everyone
create-settings-default-roles = Let everyone create
create-settings-problem-everyone = ⚠️ That's the role of everyone, so it would limit nobody. Leave the list empty instead.
create-settings-problem-gone = ⚠️ Those roles are gone, so only people who manage the server can create.
create-settings-label-user = For each member
create-settings-explain-user = How many songs and lyrics one member can make in 24 hours. What the relay refuses doesn't count.
create-settings-label-server = For the whole server
create-settings-explain-server = How many songs and lyrics all members together can make in 24 hours. What the relay refuses doesn't count.
create-settings-a-day = { $number } in 24 hours
create-settings-label-models = Models
create-settings-explain-models = Which versions of Suno members can choose from. Newer ones may cost more.
create-settings-models-all = All that the relay has
create-settings-default-models = Offer all
create-settings-label-model = Usual model
create-settings-explain-model = The version that I use when nobody names one.
create-settings-model-first = { $model }, the first that's offered
create-settings-default-model = Use the first
create-settings-label-price = Price
create-settings-explain-price = A few words about the cost, which members see in my answer when they create, and under *More…*. I don't know what your relay charges, so I show exactly what you write.
create-settings-hint-price = For example: about $0.10 a song. Empty: nothing is shown.
create-settings-price-none = Not shown
create-settings-default-price = Show no price
create-settings-button-price = Write the price
