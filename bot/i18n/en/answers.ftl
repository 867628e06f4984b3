# What the commands answer. { $tasks } and the like are escaped before they come here.

task-name = **{ $title }**

watch-watching = 👀 Watching { $tasks }. { $told }
watch-already = 👀 You're already watching { $tasks }. { $told }
watch-not-asked = 👀 Watching { $tasks }. I haven't looked yet, but I will in a moment. { $told }
watch-unchecked = 👀 Watching { $tasks }. I can't reach the relay right now, so I'll keep trying. { $told }
watch-unreachable = 👀 Watching { $tasks }. I can't reach the relay, because something in my settings is wrong. Whoever runs this bot can see that in its log. { $told }
watch-told-here =
    { $count ->
        [one] I'll tell you here when it's done.
       *[other] I'll tell you here as each one's done.
    }
watch-told-there =
    { $count ->
        [one] I'll tell you in { $place } when it's done.
       *[other] I'll tell you in { $place } as each one's done.
    }
watch-told-post =
    { $count ->
        [one] The result will be a post in { $place }.
       *[other] Each result will be a post in { $place }.
    }
watch-told-private =
    { $count ->
        [one] I'll send you a DM when it's done.
       *[other] I'll send you a DM as each one's done.
    }

watch-finished = ✅ Already done: { $tasks }. { $details }
watch-failed = ❌ Already failed: { $tasks }. { $details }
watch-details-here = I'm posting the details here now.
watch-details-there = I'm posting the details in { $place } now.
watch-details-post = I'm posting the details in { $place } now.
watch-details-private = I'm sending you the details now.
watch-posted = ✅ Already posted: { $tasks }
watch-failed-posted = ❌ Failed, and already posted: { $tasks }
watch-sending = ✅ Done: { $tasks }. It's being posted right now, so it may not mention you.
watch-failed-sending = ❌ Failed: { $tasks }. It's being posted right now, so it may not mention you.
watch-held = 📭 Done, but I can't post it right now: { $tasks }. I'll keep trying. { COMMAND("suno inbox") } says why, and { COMMAND("suno status") } shows the result.
watch-failed-held = 📭 Failed, but I can't post that right now: { $tasks }. I'll keep trying. { COMMAND("suno inbox") } says why I can't, and { COMMAND("suno status") } shows what went wrong.
watch-finished-unsent = ✅ Done: { $tasks }. { COMMAND("suno status") } shows it.
watch-failed-unsent = ❌ Failed: { $tasks }. { COMMAND("suno status") } shows why.
watch-unknown =
    { $count ->
        [one] ❓ The relay doesn't know { $tasks }, so I'm not watching it. Is the id complete? If the task was made with another key, I can't see it.
       *[other] ❓ The relay doesn't know { $tasks }, so I'm not watching them. Are the ids complete? If the tasks were made with another key, I can't see them.
    }
watch-refused = Not watching { $tasks }.
watch-no-card = ⏳ I've posted a lot lately, so there's no progress card this time; the next one can come { $time }. You'll get the result all the same.

watch-no-permission =
    { $where ->
        [server] 🚫 I can't post in { $channel }, this server's channel for songs. Missing: { $permissions }. Ask someone who manages the server to allow it, or choose another channel.
        [there] 🚫 I can't post in { $channel }. Missing: { $permissions }. Ask someone who manages the server to allow it, or choose another channel.
       *[here] 🚫 I can't post here. Missing: { $permissions }. Ask someone who manages the server to allow it, or use me in another channel.
    } Nothing is being watched.
watch-not-yours = 🚫 You can't post in { $channel }, so I won't post there for you. Choose another channel. Nothing is being watched.
watch-forum-tag = 🚫 Posts in { $channel } need a tag, and there's none I may use. Ask someone who manages the server to add one, or to give me Manage Threads there. Nothing is being watched.
watch-private-thread = 🔒 { $channel } is a private thread. If you're in it, use { COMMAND("suno watch") } right there. Nothing is being watched.
watch-only-for-you = 🚫 I'm not a member here, so I can't post here. Use { COMMAND("suno watch") } with `private` and I'll send you a DM, or ask someone who manages the server to invite me. Nothing is being watched.
watch-no-direct-message = 🚫 I can't send you DMs. Allow them in this server's Privacy Settings, or watch without `private`. Nothing is being watched.
watch-no-common-server = 🚫 I can't send you DMs, because we have no server in common. Open my profile, choose **Add App** and add me to your own apps. Then watch again. Nothing is being watched.

unwatch-done = 👌 Stopped watching { $tasks }.
unwatch-cancelled = 👌 Cancelled before it was sent to the relay, so nothing was charged.
unwatch-sending = Too late to stop { $tasks }: the message is already on its way.
unwatch-none = You're not watching { $tasks }. { COMMAND("suno list") } shows what you watch.

list-empty = You're not watching anything yet. Start with { COMMAND("suno watch") } and a task id.
list-title =
    { $count ->
        [one] You're watching 1 task
       *[other] You're watching { $count } tasks
    }
list-line = { $task } · { $place } · { $since }
list-line-unknown = { $task } · { $place } · { $since } · waiting for the relay
list-more = … and { $count } more.
list-separator = { ", " }

suggestion-running = being made
suggestion-ago = { $time } ago
suggestion-minutes = { $number } min
suggestion-hours = { $number } h
suggestion-days = { $number } d

answer-too-long = Where only you've added me, Discord lets me answer for just a few tasks at once. Ask again for { $ids }
status-unknown =
    { $count ->
        [one] ❓ The relay doesn't know { $ids }. Is the id complete? If the task was made with another key, I can't see it.
       *[other] ❓ The relay doesn't know { $ids }. Are the ids complete? If the tasks were made with another key, I can't see them.
    }
status-unlisted =
    { $count ->
        [one] ⏳ I haven't looked for { $ids } yet: I can only look for a few unknown ids at a time. Ask me again for this one alone.
       *[other] ⏳ I haven't looked for { $ids } yet: I can only look for a few unknown ids at a time. Ask me again for each one alone.
    }
lyrics-none = { $task } has no lyrics yet. It's still being made: { COMMAND("suno status") } shows how far it is.

permission-view-channel = View Channel
permission-send-messages = Send Messages
permission-create-posts = Create Posts (Send Messages)
permission-connect = Connect
permission-send-messages-in-threads = Send Messages in Threads
permission-embed-links = Embed Links
