# 出错时说什么：发生了什么，可以怎么办。

error-too-slow = ⏳ 等太久了，我先停下了，请稍后再试。
error-uncertain = 🤔 我的数据库刚好断开，不知道有没有记下来。过一分钟先用 { COMMAND("suno list") } 看看，再决定要不要重试。
error-unexpected = 😵 我这边出了点问题。你关注的任务都还在，请稍后再试。
error-option = 我还不认识你选的内容，因为 Discord 还没把这个服务器的情况全告诉我。请稍后再试。

watch-error-bad-id = 这里面没有找到任务 ID。任务 ID 是提交歌曲或歌词时中转站返回的，例如 `346c5d10-a4a1-4f49-a851-66a7dae6cfaf`。把返回的内容整段粘贴过来也可以。
watch-error-too-many-ids = 一次给的任务 ID 太多了，最多 { $limit } 个。
watch-error-too-many = 你最多可以同时关注 { $limit } 个任务。用 { COMMAND("suno unwatch") } 取消一个，或者等其中一个完成。
watch-error-too-many-here = 你在这个服务器最多可以同时关注 { $limit } 个任务。用 { COMMAND("suno unwatch") } 取消一个，或者等其中一个完成。
watch-error-server-full = 这个服务器已经满了：最多同时有 { $limit } 个关注。等这里的任务完成一些再试。{ COMMAND("suno watch") } 加上 `{ option-private-name }` 选项仍然可以用，我会私信通知你。
watch-error-crowded = 这里已经有 { $limit } 个人关注这个任务，一条消息最多只能提到这么多人。请换个频道关注。
watch-error-too-many-lookups = ⏳ 刚才查得有点多，请过 { $seconds } 秒再试。你关注的任务不受影响。
watch-error-too-many-messages = ⏳ 最近你让我发的消息有点多，请{ $time }再试。你关注的任务不受影响，用 { COMMAND("suno status") } 可以马上查看任何任务。
watch-error-channel-busy = ⏳ 我最近在那个频道发的消息有点多，请{ $time }再试。你关注的任务不受影响，用 { COMMAND("suno status") } 可以马上查看任何任务。

relay-error-auth = 🔑 中转站不接受这个机器人的密钥，所以我没法查询。需要管理这个机器人的人换上新的密钥。你关注的任务都还在。
relay-error-quota = 💳 中转站说这个机器人的账户余额不足，需要管理这个机器人的人充值。你关注的任务都还在。
relay-error-rate-limit = ⏳ 中转站要我少问一点，请过一分钟再试。你关注的任务都还在。
relay-error-not-found = 🔌 中转站连不上，是我的设置有问题，管理这个机器人的人可以在日志里看到。你关注的任务都还在。
error-no-account = 🔑 这里还没有连接中转站。管理员可以连接服务器的账号，你也可以用 { COMMAND("suno account") } 连接自己的账号。
account-error-disabled = 🔑 管理这个机器人的人没有启用中转站账号功能，我无法安全保存密钥。
account-error-key = 🔑 这不像 API 密钥。请从中转站的控制台复制完整的密钥，不要带空格。
account-error-address = 🌐 这个地址不能用。地址要以 `https://` 开头，并且能从互联网访问，例如 `https://api.example.com`；路径以 `/` 开头。
account-error-disconnected = 🔑 我验证密钥的时候，这个中转站被断开了，所以没有保存密钥。想用的话请重新连接。
account-error-too-many = 每人最多连接 { $limit } 个账号。请先断开一个。
account-error-attempts = ⏳ 尝试次数太多了，请{ $time }再试。
account-rejected-server = 🔑 中转站不再接受你为服务器 { $server } 连接的密钥（…{ $ending }）。什么都不会丢：在那里用 { COMMAND("suno-settings relay") } 填入新密钥之前，它的关注会一直等待。
account-rejected-own = 🔑 中转站不再接受你的密钥（…{ $ending }）。什么都不会丢：用 { COMMAND("suno account") } 填入新密钥之前，你的关注会一直等待。
account-no-credit-server = 💳 你为服务器 { $server } 连接的中转站账户（密钥 …{ $ending }）没有余额，无法再生成任何内容。在中转站充值后就能继续使用。
account-no-credit-own = 💳 你的中转站账户（密钥 …{ $ending }）没有余额，无法再生成任何内容。在中转站充值后就能继续使用。
relay-error-bad-request = ❓ 中转站不接受这个任务 ID。它完整吗？
relay-error-unavailable = 🔌 中转站现在连不上，请过一分钟再试。你关注的任务都还在，等它恢复我会自动继续。
relay-error-unreadable = 🧩 中转站返回的信息我看不懂，请过一分钟再试。你关注的任务都还在。
