# 出错时说什么：发生了什么，可以怎么办。

error-unexpected = 😵 我这边出了点问题，原因已经记下来了。你关注的任务都还在，请稍后再试。
error-option = 我还不认识你选的内容：Discord 还没把这个服务器的情况全告诉我。请过一会儿再试。

watch-error-bad-id = 这里面没有找到任务 ID。任务 ID 是提交歌曲或歌词时中转站返回的，例如 `346c5d10-a4a1-4f49-a851-66a7dae6cfaf`。把返回的内容整段粘贴过来也可以。
watch-error-too-many = 已经到上限了：每个人最多同时关注 { $limit } 个任务。用 { COMMAND("suno unwatch") } 取消一个，或者等其中一个做好。
watch-error-too-many-here = 在这个服务器已经到上限了：每个成员最多同时关注 { $limit } 个任务。用 { COMMAND("suno unwatch") } 取消一个，或者等其中一个做好。
watch-error-server-full = 这个服务器已经满了：最多同时有 { $limit } 个关注。等这里的任务做好一些再试，或者加上 `{ option-private-name }` 选项关注，我就私信告诉你。
watch-error-crowded = 这里已经有 { $limit } 个人关注了这个任务，一条消息最多只能 @这么多人。你可以换个频道关注。
watch-error-too-many-lookups = ⏳ 刚才查得有点多，请过 { $seconds } 秒再试。你关注的任务照常进行。
watch-error-too-many-messages = ⏳ 最近你让我发的消息有点多，请{ $time }再试。你关注的任务照常进行，想马上看结果可以用 { COMMAND("suno status") }。
watch-error-channel-busy = ⏳ 那个频道刚刚发的消息有点多，请{ $time }再试。你关注的任务照常进行，想马上看结果可以用 { COMMAND("suno status") }。
watch-error-too-many-ids = 一次给的 ID 太多了，最多 { $limit } 个。

relay-error-auth = 🔑 中转站不认这个机器人的密钥，所以我没法查询。需要机器人的管理者换上新的密钥。你关注的任务都还在。
relay-error-quota = 💳 中转站说这个机器人的账户余额不足，需要机器人的管理者充值。你关注的任务都还在。
relay-error-rate-limit = ⏳ 中转站嫌我问得太频繁，请过一分钟再试。你关注的任务都还在。
relay-error-not-found = 🔌 中转站连不上：这个机器人的设置好像有不对的地方，已经通知机器人的管理者了。你关注的任务都还在。
relay-error-bad-request = ❓ 中转站不接受这个 ID。请检查有没有复制完整。
relay-error-unavailable = 🔌 中转站现在连不上，请过一分钟再试。你关注的任务都还在，等它恢复我会自动继续。
relay-error-unreadable = 🧩 中转站的回答我看不懂，请过一分钟再试。你关注的任务都还在。
