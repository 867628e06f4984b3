# 告诉大家关注的任务结果如何的消息。

notice-song-done =
    { $total ->
        [1] 你的歌做好了：**《{ $title }》**
       *[other] 你的歌做好了，共 { $total } 个版本：**《{ $title }》**
    }
notice-song-partly = **《{ $title }》** 共 { $total } 个版本，{ $ready } 个已经做好；{ $others }。
notice-lyrics-done = 你的歌词写好了：**《{ $title }》**
notice-lyrics-partly = 你的歌词没能写完：**《{ $title }》**。下面是已经写出来的部分。
notice-nothing-to-play =
    { $titled ->
        [yes] 中转站说 **《{ $title }》** 做好了，但没有发来任何能播放的内容。
       *[no] 中转站说你的任务完成了，但没有发来任何能用的内容。
    }
notice-failed =
    { $titled ->
        [yes] **《{ $title }》** 没能做出来。
       *[no] { $kind ->
            [music] 你的歌没能做出来。
            [lyrics] 你的歌词没能写出来。
           *[task] 你的任务失败了。
        }
    }
notice-not-found = 中转站不认识这个任务，所以我不再盯着它了。
notice-not-found-partly = 中转站已经不认识 **《{ $title }》** 了，所以我不再盯着它。共 { $total } 个版本，{ $ready } 个已经做好；{ $others }。
notice-not-found-written = 中转站已经不认识 **《{ $title }》** 了，所以我不再盯着它。这是它最后发来的歌词。
notice-gave-up =
    { $titled ->
        [yes] 中转站一直没有说 **《{ $title }》** 做好了，所以我不再盯着它。
       *[no] 中转站一直没有说你的任务完成了，所以我不再盯着它。
    }
notice-gave-up-partly = 中转站一直没有说 **《{ $title }》** 做好了，所以我不再盯着它。共 { $total } 个版本，{ $ready } 个已经做好；{ $others }。
notice-gave-up-written = 中转站一直没有说 **《{ $title }》** 做好了，所以我不再盯着它。这是它最后发来的歌词。

# Discord 拒绝中转站写的一切内容时。
notice-minimal-song =
    { $total ->
        [1] 你的歌做好了。
       *[other] 你的歌做好了，共 { $total } 个版本。
    }
notice-minimal-song-partly = 你的歌共 { $total } 个版本，{ $ready } 个已经做好。
notice-minimal-lyrics = 你的歌词写好了。
notice-minimal-lyrics-partly = 你的歌词没能写完，不过写好的部分我留着。
notice-minimal-not-found = 中转站已经不认识你的任务了，所以我不再盯着它。它之前发来的内容我留着。
notice-minimal-gave-up = 中转站一直没有说你的任务完成了，所以我不再盯着它。它之前发来的内容我留着。
notice-minimal-status = Discord 不让我在这里发更多内容。用 `/suno { command-status-name }` 加上下面的 ID，就能看到其余的。
notice-minimal-history = Discord 不让我在这里发更多内容。用 `/suno { command-history-name }` 就能看到其余的。

notice-others-failed = { $number } 个失败了
notice-others-preview = { $number } 个只有试听
notice-others-missing = { $number } 个没有收到
notice-others-none = 中转站没有说这就是全部

notice-more-watchers = 和另外 { $number } 人
notice-more-versions = -# 还有 { $number } 个版本没有显示在这里。
notice-lyrics-reason = -# 中转站的说法：{ $reason }
notice-song-reason = -# 不过，中转站还报告了一个问题：{ $reason }
notice-possible-duplicate = -# 我不确定这条消息之前有没有发到，所以你可能会看到两次。
notice-rest = *放不下了：用 `/suno { command-lyrics-name }` 查看剩下的部分。*
notice-rest-status = *放不下了：用 `/suno { command-status-name }` 查看剩下的部分。*

notice-relay-reason = 中转站的说法
notice-what-to-do = 你可以这样做
notice-task-id = 任务

notice-reason-artist = Suno 不会以知名歌手的名义写歌。
notice-advice-artist = 去掉歌手的名字，只描述想要的声音，再做一次。
notice-reason-match = Suno 认出了上传的音频：它和已有的作品相同。
notice-advice-match = 换成你自己的录音，再做一次。
notice-reason-copyright = Suno 认为歌词是别人的作品，受版权保护。
notice-advice-copyright = 用自己写的歌词，或者改掉来自别人歌曲的句子，再做一次。
notice-reason-too-long = 有文字超过了 Suno 允许的长度：歌词、风格、标题或描述。
notice-advice-too-long = 缩短后再做一次。越早的模型能接受的文字越少。
notice-reason-moderation = 文字没有通过 Suno 的内容审核。
notice-advice-moderation = 改掉可能敏感的字词，再做一次。
notice-reason-malformed = Suno 看不懂这份歌词。
notice-advice-malformed = 检查歌词是不是普通的一行一行，段落标记写成 [Verse]、[Chorus] 这样，再做一次。
notice-reason-description = Suno 没能根据描述写出歌词。
notice-advice-description = 把想要的歌描述得更清楚些，或者自己写好歌词，再做一次。
notice-reason-source = 找不到要续写的那首歌，或者不能从那个位置续写。
notice-advice-source = 检查那首歌的 ID 和续写的秒数，并确认它是在同一个中转站制作的，再做一次。
notice-reason-credit = 中转站的账户余额不足。
notice-advice-credit = 给账户充值，或者告诉账户的主人，再做一次。
notice-reason-busy = 中转站太忙了，腾不出手来处理。
notice-advice-busy = 过几分钟再做一次。
notice-reason-model = 中转站不提供所选的模型。
notice-advice-model = 换一个模型版本，再做一次。
notice-reason-captcha = Suno 要求中转站完成人机验证，它没有通过。
notice-advice-captcha = 这要由中转站解决。过一会儿再做一次；如果还是失败，请联系中转站的客服。
notice-reason-login = 中转站登录不了 Suno 了。
notice-advice-login = 这只有中转站能修好：请联系它的客服，并提供任务 ID。
notice-reason-expired = 任务等得太久，已经过期。
notice-advice-expired = 再做一次。如果还是过期，请联系中转站的客服，并提供任务 ID。
notice-reason-timeout = Suno 用时太久，中转站不再等了。
notice-advice-timeout = 再做一次。如果还是超时，请联系中转站的客服，并提供任务 ID。
notice-reason-upload = 音频没能上传。
notice-advice-upload = 检查文件或链接能不能打开、是不是音频，再做一次。
notice-reason-internal = 中转站内部出了问题。
notice-advice-internal = 过几分钟再做一次。如果还是失败，请联系中转站的客服，并提供任务 ID。
notice-reason-failed = Suno 没能做出来，也没有说明原因。
notice-advice-failed = 再做一次，往往下一次就成了。如果还是失败，请联系中转站的客服，并提供任务 ID。
notice-reason-unknown = 中转站试过了，没有成功。
notice-advice-unknown = 再做一次。如果还是失败，请联系中转站的客服，并提供任务 ID。
notice-reason-silent = 中转站没有说明原因。
notice-advice-silent = 再做一次。如果还是失败，请联系中转站的客服，并提供任务 ID。
notice-reason-lost = 中转站弄丢了这个任务，再也不会知道它的结果。
notice-advice-lost = 再做一次，或者联系中转站的客服，并提供任务 ID。

notice-why-not-found = 我问了好几次，中转站都说没有这个 ID 的任务。
notice-advice-not-found = 检查 ID 是否正确，并确认任务是在我所用的中转站、用同一个密钥提交的。然后用 `/suno { command-watch-name }` 重新关注。
notice-why-gave-up = 中转站一直没有说这个任务结果如何。
notice-advice-gave-up = 用 `/suno { command-status-name }` 再查一次。如果还没完成，就重新做一次，或者联系中转站的客服。
notice-why-nothing = 中转站发来的内容里既没有链接，也没有文字。
notice-advice-nothing = 链接有时来得晚：过几分钟用 `/suno { command-status-name }` 再查。如果还是没有，请把任务 ID 告诉中转站的客服。

# The title of a post in a forum when nothing has a name.
post-untitled = Suno 结果
