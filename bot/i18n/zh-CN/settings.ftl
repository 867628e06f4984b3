# 给服务器管理者：设置、运行状况、欢迎消息。给所有人：语言和帮助。

command-settings = 设置我在这个服务器里怎么工作
command-settings-name = suno-设置
command-panel = 查看和修改设置
command-panel-name = 面板
command-health = 检查这里是否一切正常
command-health-name = 运行状况
command-reset = 把所有设置恢复为默认值
command-reset-name = 重置

settings-title = 这个服务器的设置
settings-line = **{ $label }：**{ $value }
settings-now = **当前：**{ $value }
settings-create = **创作歌曲：**{ $on ->
        [yes] 已开启
       *[no] 已关闭
    } · { COMMAND("suno-settings create") }
settings-relay = **服务器自己的中转站：**{ COMMAND("suno-settings relay") }
settings-menu = 想改哪一项？
settings-button-back = 返回
settings-button-reset = 全部重置……
settings-saved = ✅ 已保存。
settings-not-saved = 没有保存。请先解决再选一次，或者换一个。
settings-name-unknown = （已删除）

settings-label-channel = 结果发到哪里
settings-explain-channel = 结果发在提出请求的地方，或者固定发到一个频道。关注任务的人仍然可以另选频道。
settings-channel-here = 提出请求的地方
settings-channel-there = { $channel }，除非另选了频道
settings-choose-channel = 选择频道
settings-default-channel = 发在提出请求的地方

settings-label-roles = 谁可以关注
settings-explain-roles = 只有拥有其中任一身份组的成员才能关注任务。能管理服务器的人始终可以。
settings-roles-all = 所有人
settings-choose-roles = 选择身份组
settings-default-roles = 所有人都可以关注

settings-label-mention = 提及谁
settings-explain-mention = 任务完成时提醒谁：关注它的人，还可以加上一个身份组（每分钟最多一次）。
settings-mention-watchers = 关注的人
settings-mention-role = 关注的人，以及 { $role }
settings-mention-nobody = 不提及任何人
settings-choose-role = 同时提及一个身份组
settings-default-role = 不提及身份组

settings-label-language = 频道里的语言
settings-explain-language = 我在频道里发消息用的语言。自动：社区服务器用服务器的语言，其他服务器用提出请求的人的语言。只有本人能看到的回答用各人自己的语言。
settings-language-default = 自动

settings-label-notices = 结果的大小
settings-explain-notices = 简洁：小封面，加上歌词的前几行。完整：大封面，歌词能放多少放多少。
settings-notices-compact = 简洁
settings-notices-full = 完整

settings-label-uploads = 音频文件
settings-explain-uploads = 我可以把做好的歌作为附件上传，这样在 Discord 里就能直接播放。其他版本始终只有链接。
settings-uploads-on = { $count ->
    [1] 每首歌的第一个版本
   *[other] 每首歌的前 { $count } 个版本
 }
settings-uploads-off = 只发链接
settings-uploads-operator = 只发链接（由机器人的管理者设定）

settings-label-limit = 每个成员的任务数
settings-explain-limit = 一个成员最多可以同时关注多少个进行中的任务。能管理服务器的人不受此限制。
settings-limit-value = 最多同时 { $limit } 个

settings-problem-channel = ⚠️ 我没法在 { $channel } 发消息。缺少的权限：{ $permissions }。
settings-problem-channel-unseen = ⚠️ 我看不到 { $channel }：它已被删除，或者对我隐藏了。
settings-problem-tag = ⚠️ 我没法在 { $channel } 发帖：那里必须选标签，但没有我能用的标签。请添加一个，或者在那里给我“管理子区”权限。
settings-problem-role = ⚠️ 我没法提醒 { $role }。请允许任何人提及这个身份组，或者给我“{ $permission }”权限。
settings-problem-role-gone = ⚠️ 这个身份组已经不存在了。
settings-problem-roles-gone = ⚠️ 这些身份组已经不存在，现在没有人能关注。
settings-problem-mention-everyone = ⚠️ 我不提醒 @everyone。
settings-problem-watch-everyone = ⚠️ 所有人都有 @everyone，选它起不到限制作用。

settings-reset-question = 把这个服务器的**所有**设置恢复为默认值？创作也会关闭，还在等待的请求不会再发送。
settings-reset-confirm = 全部重置
settings-reset-keep = 保留
settings-reset-done = ✅ 所有设置已恢复为默认值。
settings-not-yours = 🚫 只有能管理服务器的人才可以修改设置。

permission-mention-everyone = 提及 @everyone、@here 和所有身份组

watch-role-missing = 🚫 在这个服务器，要有以下任一身份组才能关注：{ $roles }。请找管理服务器的人帮忙。这次没有添加关注。

health-title = 运行状况
health-ok = ✅ 一切正常，已持续 { $time }。
health-relay-auth = ❌ 中转站拒绝我的密钥已有 { $time }。需要机器人的管理者更换密钥。
health-relay-quota = ❌ 中转站账户没有余额已有 { $time }。需要机器人的管理者充值。
health-relay-rate-limit = ❌ 中转站要求我放慢速度已有 { $time }。结果可能会晚一些。
health-relay-not-found = ❌ 找不到中转站的地址已有 { $time }。需要机器人的管理者检查我的设置。
health-relay-bad-request = ❌ 中转站拒绝我的请求已有 { $time }。需要机器人的管理者检查我的设置。
health-relay-unavailable = ❌ 中转站已有 { $time }没有回应。我会继续尝试，什么都不会丢。
health-relay-unreadable = ❌ 我看不懂中转站的回应已有 { $time }。我会继续尝试，什么都不会丢。
health-relay-server-auth = ❌ 中转站拒绝这个服务器的密钥已有 { $time }。用 { COMMAND("suno-settings relay") } 更换之前，关注会一直等待。
health-relay-server-quota = ❌ 这个服务器的中转站账户没有余额已有 { $time }。充值之前，关注会一直等待。
health-relay-server-not-found = ❌ 这个服务器的中转站已有 { $time }没有像中转站那样回应。请用 { COMMAND("suno-settings relay") } 检查地址。
health-relay-server-bad-request = ❌ 这个服务器的中转站拒绝我的请求已有 { $time }。请用 { COMMAND("suno-settings relay") } 检查地址。
health-relay-server-unreadable-key = ❌ 我读不了这个服务器的中转站密钥了，关注会一直等待。该怎么做：{ COMMAND("suno-settings relay") }
health-no-credit = ❌ 中转站账户没有余额已有 { $time }，无法生成任何内容。需要机器人的管理者充值。
health-no-credit-server = ❌ 这个服务器的中转站账户没有余额已有 { $time }，在中转站充值之前无法生成任何内容。
health-stuck = ❌ 我有一部分卡住了，已有 { $time }。需要机器人的管理者重启。
health-held = ⚠️ { $count ->
    [1] 有 1 条结果在这里发不出去，已经等了 { $time }。
   *[other] 有 { $count } 条结果在这里发不出去，最久的已经等了 { $time }。
 }
health-channel-plain = ⚠️ { $channel } 里的结果只有纯文字。缺少的权限：{ permission-embed-links }。
health-details = 详情
health-relay-answered = 中转站上次回应：{ $time }
health-relay-never = 中转站上次回应：我启动以来还没有
health-loops = 上次检查：任务 { $poll }，结果 { $deliver }，进度卡片 { $show }
health-loop-never = 还没有
health-results = 这里的结果：{ $due } 条正在发送，{ $held } 条发不出去
health-channel-ok = ✅ { $channel }
health-channel-unknown = ❔ { $channel }：我查不到它，可能是已归档的子区
health-days = { $count } 天
health-hours = { $count } 小时
health-minutes = { $count ->
    [0] 不到 1 分钟
   *[other] { $count } 分钟
 }

language-name = 简体中文

server-welcome =
    👋 大家好！我用 Suno 中转站生成歌曲和歌词，一生成好就发出来。
    用 { COMMAND("suno watch") } 加任务 ID 就能开始，更多用法见 { COMMAND("suno help") }。
    服务器管理者：用 { $accounts ->
        [yes] { COMMAND("suno-settings relay") } 连接你们的中转站，用 { COMMAND("suno-settings create") } 允许成员生成歌曲，用 { COMMAND("suno-settings panel") }
       *[no] { COMMAND("suno-settings create") } 允许成员生成歌曲，用 { COMMAND("suno-settings panel") }
    } 设置频道、提及和语言。

command-language = 选择我和你交流用的语言
command-language-name = 语言
language-question = 我和你交流时用哪种语言？在频道里我用服务器的语言。
language-automatic = 自动：和你的 Discord 一样
language-set = ✅ 以后我和你交流时用{ $language }。
language-set-automatic = ✅ 以后我用你的 Discord 的语言。
forget-settings = 你选择的语言

help-title = Suno Bot
help-what = 我用 Suno 中转站生成歌曲和歌词，一生成好就发出来并提到你。你自己在那里开始的任务也可以：把任务 ID 交给我。
help-create = { COMMAND("suno create") }、{ COMMAND("suno compose") }：在开启了创作的地方生成歌曲；{ COMMAND("suno write") }：写歌词
help-watch = { COMMAND("suno watch") } 加任务 ID：生成好后在这里发出结果
help-status = { COMMAND("suno status") } 加任务 ID：查看现在的进度
help-lyrics = { COMMAND("suno lyrics") } 加任务 ID：阅读完整歌词
help-list = { COMMAND("suno list") }：查看你关注的任务；用 { COMMAND("suno unwatch") } 取消关注
help-history = { COMMAND("suno history") }：找回已经完成的歌曲和歌词
help-more = 可以一次粘贴多个任务 ID。{ COMMAND("suno inbox") } 显示没能发出的通知，{ COMMAND("suno language") } 更换我用的语言，{ COMMAND("suno forget") } 删除我保存的关于你的数据。
help-account = { COMMAND("suno account") }：连接自己的中转站密钥
help-invite = 添加到服务器

create-settings-command = 谁可以在这里创作，可以创作多少，用哪些模型
create-settings-title = 创作歌曲和歌词
create-settings-on = 🟢 **已开启：**成员可以在这里生成歌曲和歌词，费用由这里使用的中转站账号承担。
create-settings-off = ⚪ **已关闭：**没有人能在这里生成歌曲或歌词，所以不会产生费用。
create-settings-no-account = ⚠️ 这里没有我可以用来创作的中转站账号。请用 { COMMAND("suno-settings relay") } 连接。成员仍然可以用自己的账号。
create-settings-button-on = 开启
create-settings-button-off = 关闭
create-settings-switched-on = ✅ 创作已开启。成员可以用 { COMMAND("suno create") } 开始。
create-settings-switched-off = ✅ 创作已关闭。不会再向中转站发送请求，已经开始的会继续完成。
create-settings-label-roles = 谁可以创作
create-settings-explain-roles = 只有拥有其中任一身份组的成员才能创作。能管理服务器的人始终可以。
create-settings-roles-all = 所有人
create-settings-default-roles = 所有人都可以创作
create-settings-problem-everyone = ⚠️ 这是所有人都有的身份组，限制不了任何人。不想限制的话，请把列表清空。
create-settings-problem-gone = ⚠️ 这些身份组已经不存在，所以只有能管理服务器的人才能创作。
create-settings-label-user = 每位成员
create-settings-explain-user = 一位成员在 24 小时里最多能生成多少首歌和歌词。中转站拒绝的不算。
create-settings-label-server = 整个服务器
create-settings-explain-server = 全体成员在 24 小时里一共最多能生成多少首歌和歌词。中转站拒绝的不算。
create-settings-a-day = 24 小时内 { $number } 次
create-settings-label-models = 模型
create-settings-explain-models = 成员可以选择哪些版本的 Suno。新版本可能更贵。
create-settings-models-all = 中转站有的全部
create-settings-default-models = 全部提供
create-settings-label-model = 默认模型
create-settings-explain-model = 没有人指定时使用的版本。
create-settings-model-first = { $model }，也就是列表里的第一个
create-settings-default-model = 使用第一个
create-settings-label-price = 价格
create-settings-explain-price = 关于费用的几句话，成员创作时会在我的回答里看到，在“更多”里也会看到。我不知道你的中转站怎么收费，所以原样显示你写的内容。
create-settings-hint-price = 例如：每首约 1 元。不填就不显示。
create-settings-price-none = 不显示
create-settings-default-price = 不显示价格
create-settings-button-price = 填写价格
