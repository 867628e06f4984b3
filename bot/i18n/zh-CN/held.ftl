# 通知发不出去的时候：告诉等着的人的话，还有收件箱。

held-notice =
    { $titled ->
        [yes] 📭 **《{ $title }》**有结果了，但我没法发到 { $place }。
       *[no] 📭 你的一个任务有结果了，但我没法发到 { $place }。
    }
held-notice-missing = 我在那里缺少的权限：{ $permissions }。请让管理服务器的人开通。
held-notice-thread-locked = 那个子区被锁定了。需要有人解锁，或者给我“管理子区”权限。
held-notice-thread-archived = 那个子区被归档了。需要有人重新打开。
held-notice-forum-tag = 在那里发帖必须选标签，但没有我能用的标签。需要管理服务器的人添加一个，或者给我“管理子区”权限。
held-notice-trouble = Discord 不接收我在那里发的消息，我也不知道为什么。
held-notice-kept = 什么都不会丢：我会继续尝试，把这个结果和你在那里等的其他结果补发出来。用 { COMMAND("suno inbox") } 查看还没发出的通知，用 { COMMAND("suno status") } 马上查看结果。

notice-instead = -# 我没法发到 { $place }，所以在这里告诉你。

inbox-empty = 没有等着发的通知：给你的都已经发出去了。
inbox-title = 有 { $count } 条通知没能发出
inbox-more = ……还有 { $count } 条。
inbox-held = { $task } · { $place } · { $since }：{ $why }我会继续尝试。
inbox-dropped = { $task } · { $place } · { $since }：{ $why }用 { COMMAND("suno status") } 查看结果。
inbox-why-permission = 我没有在那里发消息的权限。
inbox-why-thread = 那个子区关闭了。
inbox-why-forum-tag = 在那里发帖必须选标签，但没有我能用的标签。
inbox-why-gone = 那个频道已经没有了，或者我看不到了。
inbox-why-person = 我没法给你发私信。
inbox-why-content = Discord 拒绝了这条消息。
inbox-why-trouble = Discord 没有接收这条消息。

button-keep-watching = 继续关注
keep-watching-gone = 我已经不记得这条消息说的是哪个任务了。用 { COMMAND("suno watch") } 加上消息下方的任务 ID 就能重新关注。
