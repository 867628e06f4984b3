# What people are told when something fails: what happened, and what to do.

error-unexpected = 😵 Something went wrong on my side, and I wrote down what. Nothing you are watching is lost. Please try again in a moment.
error-option = I do not know yet what you chose: Discord has not told me everything about this server. Please try again in a moment.

watch-error-bad-id = I can't find a task id in that. It's what your relay answered when you made the song, such as `346c5d10-a4a1-4f49-a851-66a7dae6cfaf`. You can paste the whole answer.
watch-error-too-many = That is the limit: one person may watch { $limit ->
        [one] 1 task
       *[other] { $limit } tasks
    } at once. Stop one with { COMMAND("suno unwatch") }, or wait until one is done.
watch-error-too-many-here = That is the limit of this server: one member may watch { $limit ->
        [one] 1 task
       *[other] { $limit } tasks
    } here at once. Stop one with { COMMAND("suno unwatch") }, or wait until one is done.
watch-error-server-full = This server is full: it may have { $limit ->
        [one] 1 watch
       *[other] { $limit } watches
    } at once. Try again when some of its tasks are done, or watch with `private`, and I tell you in a direct message.
watch-error-crowded = { $limit } people are watching this task here, which is as many as one message can mention. You can watch it in another channel.
watch-error-too-many-lookups = ⏳ That was a lot of looking things up in a short time. Please try again in { $seconds ->
        [one] a second
       *[other] { $seconds } seconds
    }. What you are watching goes on as always.
watch-error-too-many-messages = ⏳ You have asked me for a lot of messages lately. Please try again { $time }. What you are watching goes on as always, and { COMMAND("suno status") } shows you any task right away.
watch-error-channel-busy = ⏳ A lot is being posted in that channel just now. Please try again { $time }. What you are watching goes on as always, and { COMMAND("suno status") } shows you any task right away.
watch-error-too-many-ids = That's too many at once: I can take up to { $limit } ids.

relay-error-auth = 🔑 The relay refuses this bot's key, so I cannot ask it. Whoever runs this bot has to give it a new key. What you are watching is kept.
relay-error-quota = 💳 The relay says that this bot's account has no credit left. Whoever runs this bot has to top it up. What you are watching is kept.
relay-error-rate-limit = ⏳ The relay wants me to ask less often. Please try again in a minute. What you are watching is kept.
relay-error-not-found = 🔌 The relay cannot be reached: something in this bot’s settings does not fit. Whoever runs this bot has been informed. What you are watching is kept.
relay-error-bad-request = ❓ The relay does not accept that id. Check that you copied the whole id.
relay-error-unavailable = 🔌 The relay cannot be reached just now. Please try again in a minute. What you are watching is kept, and I go on by myself when it is back.
relay-error-unreadable = 🧩 The relay gave an answer that I cannot read. Please try again in a minute. What you are watching is kept.
