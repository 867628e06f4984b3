# 频道里显示任务进度的卡片。

live-name =
    { $kind ->
        [music] 歌曲
        [lyrics] 歌词
       *[task] 任务
    }
live-number = 任务 { $number }
live-group = { $total } 个任务，已结束 { $ended } 个
live-unknown = 正在等待中转站的第一次回应。
live-waiting = 正在等待中转站的第一次回应
live-relay-down = ⚠️ 中转站{ $time }开始无法使用，我会继续尝试。
live-deadline = 我会在{ $time }停止查询。
live-two-sentences = { $first }{ $second }
live-watching = 👀 { $watchers }
live-more-watchers = { $watchers } 和另外 { $number } 人

live-pending = 正在发送给中转站。中转站忙的时候，要等几分钟。
live-pending-short = 正在发送给中转站

live-ended-success = 已完成
live-ended-partial = 部分完成
live-ended-failure = 失败
live-not-found = 中转站查不到它
live-gave-up = { $time }没有结果，我已停止查询
live-disconnected = 所用的中转站账号已断开
live-rejected = 没有生成，也没有扣费
live-unconfirmed = 中转站没有给出明确的回应，可能已经扣费
live-unwatched = 已经没有人关注
live-collecting = 通知会和其他任务一起发出
live-sending-notice = 通知马上发出

live-button-join = 我也要
live-button-leave = 取消关注

live-orphaned = ⏸️ 我不再更新这张卡片。用 { COMMAND("suno status") } 可以查看任务进度。
live-ended = 这张卡片已经结束：任务已结束，或者已经没有人关注。用 { COMMAND("suno watch") } 可以重新开始。
live-left = 你已取消关注，这里的任务不会再通知你。
live-sending = 它刚刚结束，通知已经在发送途中，来不及取消了。
live-not-watching = 你没有关注这里的任务，不用取消。
