# 通知发不出去的时候：给等着的人带个话，还有收件箱。

held-notice =
    { $titled ->
        [yes] 📭 **《{ $title }》** 有结果了，但我没法发到 { $place }。
       *[no] 📭 你的一个任务有结果了，但我没法发到 { $place }。
    }
held-notice-missing = 我在那里缺少的权限：{ $permissions }。请让管理服务器的人给我开通。
held-notice-thread-locked = 那个子区被锁定了：需要有人解锁，或者给我“管理子区”权限。
held-notice-thread-archived = 那个子区被归档了：需要有人重新打开。
held-notice-forum-tag = 在那里发帖必须选标签，但没有我能用的标签：需要管理服务器的人添加一个，或者给我“管理子区”权限。
held-notice-trouble = Discord 不让我在那里发消息，我也不知道为什么。
held-notice-kept = 放心，什么都不会丢：这个结果，还有你在那里等的其他结果，我都留着，一能发就自动补上。用 { COMMAND("suno inbox") } 可以查看还没发出的通知；用 { COMMAND("suno status") } 加上任务 ID 可以马上看到结果。

notice-instead = -# 你当初是在 { $place } 关注的，但我没法发到那里，所以在这里告诉你。

inbox-empty = 给你的通知全都发出去了。
inbox-title = 有 { $count } 条通知没能发出
inbox-more = ……还有 { $count } 条。
inbox-held = { $id }{ $title } → { $place }，{ $since }：{ $why }我会继续尝试。
inbox-dropped = { $id }{ $title } → { $place }，{ $since }：{ $why }已经没有地方可发了，请用 { COMMAND("suno status") } 查看结果。
inbox-why-permission = 我没有在那里发消息的权限。
inbox-why-thread = 那个子区关闭了。
inbox-why-forum-tag = 那里发帖必须选标签，但没有我能用的标签。
inbox-why-gone = 那里已经没有了，或者不再对我开放。
inbox-why-person = 我没法给你发私信。
inbox-why-content = Discord 拒绝了这条消息。
inbox-why-trouble = Discord 没有接收这条消息。

button-keep-watching = 继续关注
