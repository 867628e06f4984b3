# 消息菜单里查找任务 ID 的命令。

command-find-name = 关注 Suno 任务
found-nothing = 这条消息里没有找到任务 ID。任务 ID 是提交歌曲或歌词时中转站返回的。
found-unknown = 这条消息里有 { $number } 个可能的任务 ID，但中转站都查不到。如果是用别的密钥提交的，我也看不到。
found-some = 在这条消息里找到了 { $number } 个任务。请选择要关注的，生成好后在这里通知你：
found-choose = 选择要关注的任务
found-song = 歌曲
found-lyrics = 歌词
found-task = 任务
