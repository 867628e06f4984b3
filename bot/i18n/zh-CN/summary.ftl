# 一起关注的多个任务合成的一条消息，以及对应的命令选项。

option-together = 所有任务合成一条消息，还是每个任务一条
option-together-name = 合并
choice-together-summary = 全部结束后只发一条消息
choice-together-separate = 每个任务各发一条消息

summary-all-ready =
    { $kind ->
        [music] { $total } 首歌都生成好了。
        [lyrics] { $total } 份歌词都生成好了。
       *[task] { $total } 个任务都完成了。
    }
summary-some-ready =
    { $kind ->
        [music] { $total } 首歌里有 { $ready } 首生成好了。
        [lyrics] { $total } 份歌词里有 { $ready } 份生成好了。
       *[task] { $total } 个任务里有 { $ready } 个完成了。
    }
summary-none-ready =
    { $kind ->
        [music] { $total } 首歌都没能生成。
        [lyrics] { $total } 份歌词都没能生成。
       *[task] { $total } 个任务都没有结果。
    }
summary-still-running = -# 还有 { $number } 个任务没结束，结束后我再发。

summary-partly = { $total } 个版本好了 { $ready } 个
summary-lyrics = 歌词
summary-lyrics-partly = 歌词没有生成完
summary-preview = 只有试听
summary-nothing = 没有能播放的内容
summary-not-found = 中转站查不到这个任务
summary-not-found-partly = 中转站现在查不到它了
summary-gave-up = 一直没等到结果
summary-gave-up-partly = 中转站一直没说已完成
summary-disconnected = 所用的中转站账号已断开
summary-disconnected-partly = 所用的中转站账号已断开
summary-rejected =
    { $reason ->
        [moderation] 没有通过审核
        [key] 中转站不接受密钥
        [credit] 中转站余额不足
        [busy] 中转站太忙
        [unreachable] 连不上中转站
        [invalid] 被中转站拒绝
        [unsupported] 中转站不提供
        [failed] 中转站出错
        [expired] 等待太久
        [disconnected] 账号已断开
        [off] 创作已关闭
       *[cancelled] 已取消
    }
summary-unconfirmed = 中转站没有明确回应
summary-failed =
    { $cause ->
        [artist] 用了知名艺人的名字
        [match] 与已有作品相同
        [copyright] 涉及版权
        [too-long] 文字太长
        [moderation] 没通过内容审核
        [malformed] 歌词格式有问题
        [description] 描述看不懂
        [source] 找不到要续写的歌
        [credit] 中转站余额不足
        [busy] 中转站太忙
        [model] 不支持这个模型
        [captcha] 没通过人机验证
        [login] 中转站登录失效
        [expired] 任务过期
        [timeout] 超时
        [upload] 上传失败
        [internal] 中转站出错
        [lost] 中转站弄丢了任务
       *[unknown] 失败了
    }

# 命令的回复。
summary-told-here = { $count } 个任务都结束后，我会在这里告诉你。
summary-told-there = { $count } 个任务都结束后，我会在 { $place } 告诉你。
summary-told-post = { $count } 个任务都结束后，结果会合成 { $place } 里的一个帖子。
summary-told-private = { $count } 个任务都结束后，我会发私信告诉你。
watch-in-summary = ✅ 已经完成：{ $tasks }。会和其他任务一起告诉你。
watch-failed-in-summary = ❌ 已经失败：{ $tasks }。会和其他任务一起告诉你。
