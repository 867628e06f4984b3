# 任务卡片和通知里的嵌入内容怎么介绍一个任务和它的各个版本。

card-untitled = 未命名
card-version = 版本 { $number }
card-lyrics = 歌词
card-lyrics-of = 歌词 · { $versions }
card-page = 第 { $number } 页，共 { $total } 页

# With spaces at which no line breaks: they are links in texts as well.
card-button-listen = ▶{ "\u00A0" }播放
card-button-listen-of-several = ▶{ "\u00A0" }{ $number }
card-button-preview = ▶{ "\u00A0" }试听
card-button-preview-of-several = ▶{ "\u00A0" }试听{ "\u00A0" }{ $number }
card-button-video = 视频
card-button-video-of-several = 视频 { $number }

card-clip-preview = 只是试听，链接不会长期有效
card-clip-failed = 失败了，中转站没有说明原因
card-clip-failed-because = 失败了：{ $reason }
card-clip-not-ready = 还没生成好
card-clip-no-link = 已经生成，但中转站没有给出能播放的链接
card-clip-link-unusable = 已经生成，但 Discord 不接受它的链接
card-clip-link-long = 已经生成，但链接太长，这张卡片放不下：关注这个任务就能收到

card-state-waiting = **排队中**
card-state-running = **生成中**
card-state-unclear = **未完成**
card-state-success = **已完成**
card-state-partial = **部分完成**
card-state-failure = **失败**
card-since = { $time }开始
card-submitted = { $time }提交
card-estimate = 约 { $number }%
card-typical = 这里通常需要约 { $time }。
card-took = 用时 { $time }
card-relay-reason = 中转站返回的信息：{ $reason }
card-versions = { $number } 个版本
card-previews = 歌曲完成后，试听链接就会失效。
card-read-lyrics = 用 { COMMAND("suno lyrics") } 查看歌词。
card-task-id = -# 任务 ID { $id }

card-lyrics-not-yet = 还没有歌词：任务还没完成，请过一分钟再试。
card-lyrics-failed = 没有歌词：任务失败了。用 { COMMAND("suno status") } 可以查看原因。
card-lyrics-instrumental = 这是一首纯音乐，所以没有歌词。
card-lyrics-missing = 中转站说任务已经完成，但没有发来歌词。

duration-seconds = { $number } 秒
duration-minutes = { $number } 分钟
duration-hours = { $number } 小时

status-open = 打开其中一个
status-list-unknown = 中转站查不到它
status-list-unlisted = 还没有查询：请单独再查一次
status-none-running = 它们都已经结束，不用再等了。
