# 歌词阅读器，以及状态卡片上的按钮。

reader-go-to = 跳到……
reader-go-to-version = 版本 { $number } 的段落
reader-share = 分享到频道
reader-file = 存为文件
reader-shared = 已分享：这里的人都能一起看，由你来翻页。
reader-may-not-share = 🚫 你不能在这个频道发消息，所以我也不会替你发。
reader-cannot-share = 🚫 我没有在这里发消息的权限。请让管理服务器的人开通。
reader-shared-by = -# 由 { $user } 分享
reader-gone = 中转站已经查不到这个任务了，没有内容可看。

status-button-notify = 完成后通知我
status-button-stop = 取消关注
status-button-lyrics = 歌词
status-button-refresh = 刷新
