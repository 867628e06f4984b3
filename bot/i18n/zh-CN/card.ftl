# 任务卡片和通知里的嵌入内容怎么介绍一个任务和它的各个版本。

card-untitled = 未命名
card-song = 歌曲
card-version = 版本 { $number }
card-lyrics = 歌词
card-lyrics-of = 歌词 · { $versions }
card-page = 第 { $number } 页，共 { $total } 页

card-button-listen = 收听
card-button-listen-of-several = 收听 { $number }
card-button-preview = 试听
card-button-preview-of-several = 试听 { $number }
card-button-video = 视频
card-button-video-of-several = 视频 { $number }

card-clip-preview = 只是试听：歌曲做好后，这个链接就会失效。
card-clip-failed = 这个版本失败了，中转站没有说明原因。
card-clip-failed-because = 这个版本失败了：{ $reason }
card-clip-not-ready = 还没做好。
card-clip-no-link = 中转站说已经做好，但没有给出能播放的链接。
card-clip-link-unusable = 已经做好，但 Discord 不接受它的链接。
card-clip-link-long = 已经做好，但链接太长，这张卡片放不下：关注这个任务就能收到。

card-state-waiting = **排队中**
card-state-running = **制作中**
card-state-unclear = **未完成**
card-state-success = **已完成**
card-state-partial = **部分完成**
card-state-failure = **失败**
card-since = { $time }开始
card-typical = -# 在这里，这类任务通常要 { $time }。
card-ended = { $time }
card-took = 用时 { $time }
card-relay-reason = 中转站的说法：{ $reason }
card-more-clips = ……还有 { $number } 个版本。
card-read-lyrics = 用 `/suno { command-lyrics-name }` 查看歌词。
card-task-id = -# 任务 { $id }

card-lyrics-not-yet = 还没有歌词：任务还没完成，请过一分钟再试。
card-lyrics-failed = 没有歌词：任务失败了。用 `/suno { command-status-name }` 可以查看原因。
card-lyrics-instrumental = 这是一首纯音乐，没有歌词。
card-lyrics-missing = 中转站说任务已经完成，但没有发来歌词。
