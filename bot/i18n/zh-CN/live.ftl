# 频道里显示任务进度的卡片。

live-untitled = 正在制作中
live-untitled-ended = 任务已结束
live-untitled-unknown = 等待中转站
live-untitled-stopped = 已没有人关注
live-untitled-orphaned = 这张卡片已停止更新
live-orphaned = 我不再更新它了。用 `/suno { command-status-name }` 加上任务 ID 可以查看进度。
live-group = { $total } 个任务中 { $ended } 个已结束
live-all-succeeded = 全部完成
live-all-ended = 全部结束
live-no-watchers = 已经没有人关注，这张卡片不再更新。
live-watching = 👀 { $watchers }
live-more-watchers = { $watchers } 和另外 { $number } 人
live-notice = [查看结果]({ $url })
live-not-found = 中转站不认识它
live-gave-up = 已放弃
live-unknown = 中转站还没有回应过这个任务。
live-waiting = 等待中转站的第一次回应
live-unwatched = 已没有人关注
live-number = 任务 { $number }
live-short-id = -# 任务 { $id }

live-button-join = 我也要
live-button-leave = 取消

live-ended = 这张卡片已经结束：任务做完了，或者没有人关注了。用 `/suno { command-watch-name }` 可以重新开始。
live-left = 你不再关注这里的任务，不会再收到通知。
live-sending = 它刚刚结束，消息已经在发送途中，来不及拦下了。
live-not-watching = 你没有关注这里的任务，不用取消。
