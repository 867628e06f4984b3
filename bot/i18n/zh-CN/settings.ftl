# 给服务器管理者的设置面板，以及运行状况页。

command-settings = 设置我在这个服务器里怎么工作
command-settings-name = suno-设置
command-panel = 查看并修改设置
command-panel-name = 面板
command-health = 检查这里是否一切正常，有什么问题
command-health-name = 运行状况
command-reset = 把所有设置恢复成最初的样子
command-reset-name = 重置

settings-title = 这个服务器的设置
settings-channel = 通知发在
settings-channel-here = 发起关注的地方
settings-channel-there = { $channel }，除非关注时另选了地方
settings-roles = 谁可以关注
settings-roles-all = 所有能使用机器人的人
settings-mention = 通知会提及
settings-mention-watchers = 关注的人
settings-mention-role = { $role }
settings-mention-nobody = 不提及任何人
settings-language = 频道里的语言
settings-language-own = 服务器自己的语言
settings-uploads = 把歌曲作为附件上传，可直接播放
settings-on = 开
settings-off = 关
settings-limit = 每个成员最多同时关注
settings-limit-none = 和其他地方一样（{ $limit }）

settings-choose-channel = 通知发在哪里（不选：发起关注的地方）
settings-choose-roles = 谁可以关注（不选：所有人）
settings-choose-mention = 通知提及谁
settings-choose-role = 改为提及这个身份组
settings-button-uploads = 附件
settings-button-language = 语言
settings-button-limit = 上限
settings-button-reset = 重置
settings-reset-done = 这个服务器的设置已经全部恢复成最初的样子。
settings-not-yours = 🚫 只有能管理服务器的人才可以修改设置。

watch-role-missing = 🚫 在这个服务器，只有拥有以下任一身份组的成员才能关注：{ $roles }。请找管理服务器的人帮忙。这次没有添加关注。

health-title = 运行状况
health-relay = 中转站
health-relay-ok = { $time }有回应
health-relay-unknown = 我启动以来还没有回应过
health-relay-paused = 出了问题；{ $time }再查
health-loops = 最近一次正常运行
health-loop-poll = 查询任务
health-loop-deliver = 发送通知
health-loop-show = 更新卡片
health-loop-never = 还没有
health-notices = 这个服务器的通知
health-notice-counts = { $due } 条正在发送，{ $held } 条暂时发不出
health-channels = 正在使用的频道
health-channels-none = 目前没有
health-channel-ok = ✅ { $channel }
health-channel-missing = 🚫 { $channel }：缺少 { $permissions }
health-channel-unknown = ❔ { $channel }：我看不到这个频道
health-invite = 邀请

language-name = 简体中文
