# 命令的回答。{ $tasks } 之类的值在传进来之前已经转义。

task-name = 《{ $title }》

watch-watching = 👀 已关注：{ $tasks }。{ $told }
watch-already = 👀 你已经在关注：{ $tasks }。{ $told }
watch-not-asked = 👀 已关注：{ $tasks }。还没来得及查，马上就去查。{ $told }
watch-unchecked = 👀 已关注：{ $tasks }。中转站现在连不上，我会继续尝试。{ $told }
watch-unreachable = 👀 已关注：{ $tasks }。中转站连不上，是我的设置有问题，管理这个机器人的人可以在日志里看到。{ $told }
watch-told-here =
    { $count ->
        [1] 生成好后在这里通知你。
       *[other] 这 { $count } 个任务每生成好一个，就在这里通知你。
    }
watch-told-there =
    { $count ->
        [1] 生成好后在 { $place } 通知你。
       *[other] 这 { $count } 个任务每生成好一个，就在 { $place } 通知你。
    }
watch-told-post =
    { $count ->
        [1] 结果会作为帖子发到 { $place }。
       *[other] 这 { $count } 个任务的结果会各自作为帖子发到 { $place }。
    }
watch-told-private =
    { $count ->
        [1] 生成好后私信通知你。
       *[other] 这 { $count } 个任务每生成好一个，就私信通知你。
    }

watch-finished = ✅ 已经完成：{ $tasks }。{ $details }
watch-failed = ❌ 已经失败：{ $tasks }。{ $details }
watch-details-here = 详情马上发在这里。
watch-details-there = 详情马上发到 { $place }。
watch-details-post = 详情马上作为帖子发到 { $place }。
watch-details-private = 详情马上私信发给你。
watch-posted = ✅ 已经发过了：{ $tasks }
watch-failed-posted = ❌ 已经失败，也已经发过了：{ $tasks }
watch-sending = ✅ 已经完成：{ $tasks }。消息正在发出，可能不会提到你。
watch-failed-sending = ❌ 已经失败：{ $tasks }。消息正在发出，可能不会提到你。
watch-held = 📭 已经完成，但现在发不出去：{ $tasks }。我会继续尝试。用 { COMMAND("suno inbox") } 查看原因，用 { COMMAND("suno status") } 查看结果。
watch-failed-held = 📭 已经失败，但现在发不出去：{ $tasks }。我会继续尝试。用 { COMMAND("suno inbox") } 查看为什么发不出去，用 { COMMAND("suno status") } 查看失败的原因。
watch-finished-unsent = ✅ 已经完成：{ $tasks }。用 { COMMAND("suno status") } 查看结果。
watch-failed-unsent = ❌ 已经失败：{ $tasks }。用 { COMMAND("suno status") } 查看原因。
watch-unknown =
    { $count ->
        [1] ❓ 中转站查不到这个任务：{ $tasks }，所以没有关注。任务 ID 完整吗？如果是用别的密钥提交的，我也看不到。
       *[other] ❓ 中转站查不到这 { $count } 个任务：{ $tasks }，所以没有关注。任务 ID 完整吗？如果是用别的密钥提交的，我也看不到。
    }
watch-refused = 没有关注：{ $tasks }。
watch-no-card = ⏳ 最近发的消息有点多，这次就不发进度卡片了，{ $time }可以再发。结果照样会通知你。

watch-no-permission =
    { $where ->
        [server] 🚫 这个服务器指定在 { $channel } 发布歌曲，但我不能在那里发消息，缺少的权限：{ $permissions }。请让管理服务器的人开通，或者选别的频道。
        [there] 🚫 我不能在 { $channel } 发消息，缺少的权限：{ $permissions }。请让管理服务器的人开通，或者选别的频道。
       *[here] 🚫 我不能在这里发消息，缺少的权限：{ $permissions }。请让管理服务器的人开通，或者换个频道用我。
    }没有添加关注。
watch-not-yours = 🚫 你不能在 { $channel } 发消息，所以我也不会替你发。请选别的频道。没有添加关注。
watch-forum-tag = 🚫 在 { $channel } 发帖必须选标签，但没有我能用的标签。请让管理服务器的人添加一个，或者在那里给我“管理子区”权限。没有添加关注。
watch-private-thread = 🔒 { $channel } 是私密子区。如果你在里面，请直接在那里用 { COMMAND("suno watch") }。没有添加关注。
watch-only-for-you = 🚫 我不是这里的成员，没法在这里发消息。用 { COMMAND("suno watch") } 并加上 `{ option-private-name }` 选项，我就私信通知你；或者请管理服务器的人邀请我。没有添加关注。
watch-no-direct-message = 🚫 我没法给你发私信。请在这个服务器的“隐私设置”里允许私信，或者关注时不选 `{ option-private-name }`。没有添加关注。
watch-no-common-server = 🚫 我没法给你发私信，因为我们没有共同的服务器。请打开我的资料，点**添加应用**，把我加到你自己的应用里，然后再关注一次。没有添加关注。

unwatch-done = 👌 已取消关注：{ $tasks }。
unwatch-cancelled = 👌 在发给中转站之前取消了，所以没有扣费。
unwatch-sending = 来不及取消：{ $tasks }，消息已经在发送途中。
unwatch-none = 你没有关注：{ $tasks }。用 { COMMAND("suno list") } 查看你关注的任务。

list-empty = 你还没有关注任何任务。用 { COMMAND("suno watch") } 加上任务 ID 就能开始。
list-title = 你关注了 { $count } 个任务
list-line = { $task } · { $place } · { $since }
list-line-unknown = { $task } · { $place } · { $since } · 等待中转站回应
list-more = ……还有 { $count } 个。
list-separator = 、

suggestion-running = 生成中
suggestion-ago = { $time }前
suggestion-minutes = { $number } 分钟
suggestion-hours = { $number } 小时
suggestion-days = { $number } 天

answer-too-long = 这里只有你添加了我，Discord 一次只让我回答几个任务。剩下的请再查一次：{ $ids }
status-unknown =
    { $count ->
        [1] ❓ 中转站查不到 { $ids }。任务 ID 完整吗？如果是用别的密钥提交的，我也看不到。
       *[other] ❓ 中转站查不到这 { $count } 个任务：{ $ids }。任务 ID 完整吗？如果是用别的密钥提交的，我也看不到。
    }
status-unlisted =
    { $count ->
        [1] ⏳ 还没来得及查 { $ids }：查不到的任务 ID，我一次只能查几个。请单独用这个 ID 再查一次。
       *[other] ⏳ 还有 { $count } 个没来得及查：{ $ids }。查不到的任务 ID，我一次只能查几个。请逐个再查一次。
    }
lyrics-none = 还没有歌词：{ $task }，正在生成中。用 { COMMAND("suno status") } 查看进度。

permission-view-channel = 查看频道
permission-send-messages = 发送消息
permission-create-posts = 创建帖子（发送消息）
permission-connect = 连接
permission-send-messages-in-threads = 在子区内发送消息
permission-embed-links = 嵌入链接
