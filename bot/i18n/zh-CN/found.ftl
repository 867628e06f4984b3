# 消息菜单里查找任务 ID 的命令。

command-find-name = 关注 Suno 任务
found-nothing = 我在这条消息里没有找到任务 ID。任务 ID 是你制作歌曲或歌词时中转站给你的。
found-unknown = 这条消息里有 { $number } 个可能是任务的 ID，但中转站都不认识。如果是用别的密钥提交的，我就看不到。
found-some = 中转站认识这条消息里的 { $number } 个任务。选择做好后要在这里通知你的任务：
found-choose = 选择要关注的任务
found-song = 歌曲
found-lyrics = 歌词
found-task = 任务
