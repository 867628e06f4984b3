# What the commands answer. { $id } and the like are escaped before they come here.

watch-watching = 👀 Watching { $id }. You will be told as soon as it is done.
watch-already = 👀 You are watching { $id } already. You will be told as soon as it is done.
watch-finished = ✅ { $id } is done already: its result comes right away.
watch-posted = ✅ { $id } is done, and its result stands here already: { $link }
watch-sending = ✅ { $id } is done, and its result is on its way already. It may not mention you.
watch-held = 📭 { $id } is done, but I cannot post its result just now. I keep it and go on trying: { COMMAND("suno inbox") } says why, and { COMMAND("suno status") } shows the result.
watch-failed = ❌ { $id } has failed already: the reason comes right away.
watch-failed-posted = ❌ { $id } has failed, and the reason stands here already: { $link }
watch-failed-unsent = ❌ { $id } has failed: { COMMAND("suno status") } shows why.
watch-failed-sending = ❌ { $id } has failed, and the reason is on its way already. It may not mention you.
watch-failed-held = 📭 { $id } has failed, but I cannot post the reason just now. I keep it and go on trying: { COMMAND("suno inbox") } says why, and { COMMAND("suno status") } shows what went wrong.
watch-unknown = ❓ The relay does not know { $id }. Check that you copied the whole id; if it was made with another key, this bot cannot see it. Nothing is being watched.
watch-unchecked = 👀 Watching { $id }. The relay cannot be asked just now; I look as soon as it answers, and you will be told when the task is done.
watch-unreachable = 👀 Watching { $id }. The relay cannot be reached just now: something in this bot’s settings does not fit, and whoever runs it has been informed. You will be told when the task is done.
watch-not-asked = 👀 Watching { $id }. I have not looked at it yet: I do that next, and you will be told when the task is done.
watch-no-permission = 🚫 I cannot post here, so I would not be able to tell you. In this channel I am missing: { $permissions }. Ask someone who manages the server to allow that, or use me in another channel. Nothing is being watched.
watch-no-direct-message = 🚫 I cannot send you direct messages. Allow them for this server (Privacy Settings), or watch without `private`. Nothing is being watched.
watch-no-common-server = 🚫 I cannot send you direct messages: we have no server in common. Open my profile, choose **Add App** and add me to your own apps; then watch again. Nothing is being watched.
watch-finished-unsent = ✅ { $id } is done: { COMMAND("suno status") } shows it.
watch-elsewhere = { $text } ({ $place })
watch-as-post = { $text } The result will be a post in { $place }.
watch-only-for-you = 🚫 I am not a member here, so I cannot post here. Use { COMMAND("suno watch") } with `private`, and I tell you in a direct message; or ask someone who manages the server to invite me. Nothing is being watched.
watch-no-card = ⏳ There have been a lot of messages, so I post no card this time; the next one can come { $time }. I tell you the result all the same.
watch-private-thread = 🔒 { $channel } is a private thread. If you are in it, use { COMMAND("suno watch") } right there. Nothing is being watched.
watch-not-yours = 🚫 You may not post in { $channel }, so I will not do it for you. Nothing is being watched.
watch-forum-tag = 🚫 Posts in { $channel } need a tag, and there's none I may use. Ask someone who manages the server to add one, or to give me Manage Threads there. Nothing is being watched.

unwatch-done = Stopped watching { $id }. You will not be told about it.
unwatch-sending = { $id } has just ended, and its message is already on its way: I cannot stop that one any more.
unwatch-none = You are not watching { $id }, so there was nothing to stop. { COMMAND("suno list") } shows what you watch.

list-empty = You are watching nothing. Start with { COMMAND("suno watch") } and a task id.
list-title = { $count ->
    [one] You are watching 1 task
   *[other] You are watching { $count } tasks
 }
list-line = { $id }{ $title } in { $place }, since { $since }
list-line-unknown = { $id } in { $place }, since { $since } · waiting for the relay's first answer
list-more = … and { $count } more.
list-separator = { ", " }

answer-too-long = Where only you have added me, Discord lets me answer for only a few tasks at once. Ask again for: { $ids }
status-unknown = ❓ The relay does not know { $id }. Check that you copied the whole id; if it was made with another key, this bot cannot see it.
status-unlisted = ⏳ I have not looked for { $id } yet: I can only look for a few unknown ids at a time. Please ask me again for this one alone.
lyrics-none = { $id } has no lyrics yet. It is still being made: { COMMAND("suno status") } shows how far it is.

permission-view-channel = View Channel
permission-send-messages = Send Messages
permission-create-posts = Create Posts (Send Messages)
permission-connect = Connect
permission-send-messages-in-threads = Send Messages in Threads
permission-embed-links = Embed Links
