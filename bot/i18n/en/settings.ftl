# The panel of those who manage a server, and the health page.

command-settings = What this bot does in this server
command-settings-name = suno-settings
command-panel = See the settings, and change them
command-panel-name = panel
command-health = See whether everything works here, and what does not
command-health-name = health
command-reset = Put every setting back to what it was at first
command-reset-name = reset

settings-title = Settings of this server
settings-channel = Notices are posted
settings-channel-here = where somebody asks for them
settings-channel-there = in { $channel }, unless somebody names another place
settings-roles = Who may watch
settings-roles-all = everybody who may use the bot
settings-mention = A notice mentions
settings-mention-watchers = those who watch
settings-mention-role = { $role }
settings-mention-nobody = nobody
settings-language = Language in channels
settings-language-own = the server’s own
settings-uploads = Songs as attachments, with a player
settings-on = on
settings-off = off
settings-limit = Watches at once, for one member
settings-limit-none = as everywhere ({ $limit })

settings-choose-channel = Where to post notices (none: where asked)
settings-choose-roles = Who may watch (none: everybody)
settings-choose-mention = Whom a notice mentions
settings-choose-role = Mention this role instead
settings-button-uploads = Attachments
settings-button-language = Language
settings-button-limit = Limit
settings-button-reset = Reset
settings-reset-done = Everything in this server is as it was at first.
settings-not-yours = 🚫 Only those who may manage the server can change its settings.

watch-role-missing = 🚫 In this server only members with one of these roles may watch: { $roles }. Ask someone who manages the server. Nothing is being watched.

health-title = Health
health-relay = Relay
health-relay-ok = answered { $time }
health-relay-unknown = has not answered yet since I was started
health-relay-paused = in trouble; asked again { $time }
health-loops = Last good rounds
health-loop-poll = looking at tasks
health-loop-deliver = posting notices
health-loop-show = keeping cards
health-loop-never = not yet
health-notices = Notices of this server
health-notice-counts = { $due } on their way, { $held } held
health-channels = Channels in use
health-channels-none = none at the moment
health-channel-ok = ✅ { $channel }
health-channel-missing = 🚫 { $channel }: missing { $permissions }
health-channel-unknown = ❔ { $channel }: I cannot see it
health-invite = Invite

language-name = English
