# 中转站账号：服务器的（/suno-settings relay）和自己的（/suno account）。

command-relay = 连接这个服务器的 Suno 中转站，或查看已连接的
command-relay-name = 中转站
command-account = 连接自己的 Suno 中转站，或查看已连接的
command-account-name = 账号

account-title-server = 这个服务器的中转站
account-title-own = 你自己的中转站
account-none-server = 连接你们的中转站后，这里的所有人都能关注用它的密钥生成的歌曲和歌词。这里开启创作后，成员创作的费用也由它承担。
account-none-own = 连接自己的密钥，就能关注用它生成的内容：在私信里、在你只为自己安装我的地方，以及服务器的中转站查不到的任务 ID。你创作的费用也由它承担，有自己中转站的服务器除外。我在频道里只会显示你的歌，不会显示你的密钥。
account-safety = 🔒 我会先测试密钥（免费），再加密保存，只有管理机器人的人才可能接触到它。点“断开”会立即删除它。
account-choose = **你的密钥来自哪里？**
account-relay-custom = 其他中转站

account-relay = **中转站：**{ $relay }
account-key = **密钥：**末尾是 { $ending }
account-by = **连接：**{ $user }，{ $time }
account-since = **连接：**{ $time }
account-answered = **上次回应：**{ $time }
account-answered-unknown = **上次回应：**最近没有需要查询的
account-use-server = 这里的人查询任何任务时，我都先问它；成员在这里创作的费用也由它承担。
account-use-own = 在私信里、在你只为自己安装我的地方，以及服务器的中转站查不到任务 ID 时，我会用它。你创作的费用也由它承担，有自己中转站的服务器除外。我在频道里只会显示你的歌，不会显示你的密钥。
account-trouble-auth = 🔑 **中转站拒绝这个密钥**（{ $time }发现）。什么都不会丢：更换密钥之前，关注会一直等待。
account-trouble-quota = 💳 **中转站账户没有余额**（{ $time }发现）。什么都不会丢：充值之前，关注会一直等待。
account-trouble-other = 🔌 **中转站没有正常回应**（{ $time }发现）。什么都不会丢：我会继续尝试。
account-trouble-disabled = 🔑 **我读不了这个密钥了**，因为管理机器人的人关闭了中转站账号功能。关注会一直等待。
account-trouble-unreadable = 🔑 **我读不了这个密钥了**，因为管理机器人的人更改了密钥的保存方式。什么都不会丢：重新输入密钥之前，关注会一直等待。

account-button-replace = 更换密钥
account-button-disconnect = 断开
account-button-confirm = 断开
account-button-keep = 保留

account-modal-title = 连接：{ $relay }
account-field-key = API 密钥
account-field-key-hint = 在中转站的控制台里，就是你用来生成歌曲的密钥。我不会给任何人看。
account-field-url = 地址
account-field-url-hint = 中转站的文档里有，例如 { $example }
account-field-path = 路径（可不填）
account-field-path-hint = 一般不用填，除非中转站的文档写的不是 { $example }

account-testing = 🔎 正在测试密钥（{ $relay }）……
account-connected = ✅ **已连接：**{ $relay }
account-connected-path = **路径：**{ $path }
account-connected-try = 用这个密钥生成的歌曲的任务 ID 试试：{ COMMAND("suno watch") }
account-connected-single = 它一次只能查一个任务，任务多的时候我会查得慢一点。
account-test-auth = 🔑 中转站拒绝这个密钥。请重新复制完整的密钥，并在中转站的控制台里确认它有效、没有限制模型。
account-test-quota = 💳 中转站说这个账户没有余额。请充值后再试。
account-test-rate-limit = ⏳ 中转站要我慢一点。请过一分钟再试。
account-test-unavailable = 🔌 我从互联网连不上 { $host }。请检查地址，或者过一分钟再试。
account-test-no-relay = 🌐 { $host } 有回应，但不像 Suno 中转站。请检查地址和路径。
account-nothing-stored = 我什么都没有保存。
account-kept = 我什么都没有保存，原来的密钥仍然连接着。

account-disconnect-question = **断开这个中转站？**我会立即删除密钥。
account-disconnect-watches = { $count ->
    [0] 现在没有关注在用它。
   *[other] 有 { $count } 个关注在用它，会随之结束，我会逐一说明原因。
 }
account-disconnected = { $count ->
    [0] ✅ 已断开，密钥已删除。
   *[other] ✅ 已断开，密钥已删除，{ $count } 个关注已结束。
 }
account-server-only = 这个命令只能在添加了我的服务器里使用。连接自己的密钥：{ COMMAND("suno account") }
