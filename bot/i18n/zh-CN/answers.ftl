# 命令的回答。{ $id } 之类的值在传进来之前已经转义。

watch-watching = 👀 好的，我会盯着 { $id }。一做好就告诉你。
watch-already = 👀 你已经关注了 { $id }，一做好就告诉你。
watch-finished = ✅ { $id } 早就做好了，结果马上发出来。
watch-posted = ✅ { $id } 已经做好，结果就在这里：{ $link }
watch-sending = ✅ { $id } 已经做好，结果正在发出来，那条消息可能不会提到你。
watch-held = 📭 { $id } 已经做好，但我现在没法把结果发出来。我会留着并继续尝试：用 { COMMAND("suno inbox") } 查看原因，用 { COMMAND("suno status") } 查看结果。
watch-failed = ❌ { $id } 已经失败了，原因马上发出来。
watch-failed-posted = ❌ { $id } 已经失败，原因就在这里：{ $link }
watch-failed-unsent = ❌ { $id } 已经失败，用 { COMMAND("suno status") } 就能看到原因。
watch-failed-sending = ❌ { $id } 已经失败，原因正在发出来，那条消息可能不会提到你。
watch-failed-held = 📭 { $id } 已经失败，但我现在没法把原因发出来。我会留着并继续尝试：用 { COMMAND("suno inbox") } 查看为什么发不出，用 { COMMAND("suno status") } 查看失败的原因。
watch-unknown = ❓ 中转站不认识 { $id }。请检查 ID 有没有复制完整；如果它是用别的密钥提交的，我也看不到。这次没有添加关注。
watch-unchecked = 👀 好的，我会盯着 { $id }。中转站现在连不上，等它恢复我就去查，做好后告诉你。
watch-unreachable = 👀 好的，我会盯着 { $id }。中转站现在连不上：这个机器人的设置好像有不对的地方，已经通知机器人的管理者了。任务做好后我会告诉你。
watch-not-asked = 👀 好的，我会盯着 { $id }。我还没来得及查它，马上就去查，做好后告诉你。
watch-no-permission = 🚫 我不能在这里发消息，做好了也没法通知你。我在这个频道缺少的权限：{ $permissions }。请让管理服务器的人给我开通，或者换个频道再试。这次没有添加关注。
watch-no-common-server = 🚫 我没法给你发私信：我们没有共同的服务器。请打开我的资料，点“添加应用”，把我加到你自己的应用里，然后再关注一次。这次没有添加关注。
watch-finished-unsent = ✅ { $id } 已经做好，用 { COMMAND("suno status") } 就能看到结果。
watch-elsewhere = { $text }（{ $place }）
watch-as-post = { $text }结果会作为帖子发到 { $place }。
watch-only-for-you = 🚫 我不是这里的成员，没法在这里发消息。用 { COMMAND("suno watch") } 并加上 `{ option-private-name }` 选项，我就私信告诉你；或者请管理服务器的人邀请我。现在没有关注任何任务。
watch-no-card = ⏳ 刚才的消息有点多，这次就不发进度卡片了，{ $time }可以再发。做好了照样通知你。
watch-private-thread = 🔒 { $channel } 是私密子区。如果你在里面，请直接在那里用 { COMMAND("suno watch") }。这次没有添加关注。
watch-not-yours = 🚫 你不能在 { $channel } 发消息，所以我也不会替你发。这次没有添加关注。
watch-forum-tag = 🚫 在 { $channel } 发帖必须选标签，但没有我能用的标签。请让管理服务器的人添加一个，或者在那里给我“管理子区”权限。这次没有添加关注。
watch-no-direct-message = 🚫 我没法给你发私信。请在这个服务器的“隐私设置”里允许私信，或者关注时不选“{ option-private-name }”。这次没有添加关注。

unwatch-done = 已取消关注 { $id }，不会再通知你。
unwatch-sending = { $id } 刚刚结束，它的消息已经在发送途中，来不及拦下了。
unwatch-none = 你没有关注 { $id }，不用取消。用 { COMMAND("suno list") } 可以查看你关注的任务。

list-empty = 你还没有关注任何任务。用 { COMMAND("suno watch") } 加上任务 ID 就能开始。
list-title = 你关注了 { $count } 个任务
list-line = { $id }{ $title } · { $place } · { $since }开始关注
list-line-unknown = { $id } · { $place } · { $since }开始关注 · 等待中转站的第一次回应
list-more = ……还有 { $count } 个。
list-separator = 、

answer-too-long = 这里只有你添加了我，Discord 一次只让我回答几个任务。剩下的请再查一次：{ $ids }
status-unknown = ❓ 中转站不认识 { $id }。请检查 ID 有没有复制完整；如果它是用别的密钥提交的，我也看不到。
status-unlisted = ⏳ 还没来得及查 { $id }：中转站没列出来的 ID，我一次只能查几个。请单独用这个 ID 再查一次。
lyrics-none = { $id } 还没有歌词，正在制作中。用 { COMMAND("suno status") } 可以查看进度。

permission-view-channel = 查看频道
permission-send-messages = 发送消息
permission-create-posts = 创建帖子（发送消息）
permission-connect = 连接
permission-send-messages-in-threads = 在子区内发送消息
permission-embed-links = 嵌入链接
