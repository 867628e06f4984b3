# 告诉大家关注的任务结果如何的消息。

notice-song-done =
    { $titled ->
        [yes] 《**{ $title }**》生成好了
       *[no] 你的歌生成好了
    }
notice-song-partly =
    { $titled ->
        [yes] 《**{ $title }**》只生成了一部分：{ $counts }。
       *[no] 你的歌只生成了一部分：{ $counts }。
    }
notice-lyrics-done =
    { $titled ->
        [yes] 《**{ $title }**》的歌词生成好了
       *[no] 你的歌词生成好了
    }
notice-lyrics-partly =
    { $titled ->
        [yes] 《**{ $title }**》的歌词只生成了一部分。
       *[no] 你的歌词只生成了一部分。
    }
notice-nothing-to-play =
    { $titled ->
        [yes] 中转站说《**{ $title }**》已经完成，但没有发来任何能播放的内容。
       *[no] 中转站说你的任务已经完成，但没有发来任何能用的内容。
    }
notice-failed =
    { $titled ->
        [yes] 《**{ $title }**》没能生成。
       *[no] { $kind ->
            [music] 你的歌没能生成。
            [lyrics] 你的歌词没能生成。
           *[task] 你的任务失败了。
        }
    }
notice-not-found = 中转站查不到这个任务，所以我不再查询了。
notice-not-found-partly =
    { $titled ->
        [yes] 《**{ $title }**》可能不完整：中转站已经查不到它，所以我不再查询了。
       *[no] 你的任务可能不完整：中转站已经查不到它，所以我不再查询了。
    }{ $counts }
notice-gave-up =
    { $titled ->
        [yes] 中转站一直没有说《**{ $title }**》已经完成，所以我不再查询了。
       *[no] 中转站一直没有说你的任务已经完成，所以我不再查询了。
    }
notice-gave-up-partly =
    { $titled ->
        [yes] 《**{ $title }**》可能不完整：中转站一直没有说它已经完成，所以我不再查询了。
       *[no] 你的任务可能不完整：中转站一直没有说它已经完成，所以我不再查询了。
    }{ $counts }
notice-disconnected =
    { $titled ->
        [yes] 《**{ $title }**》所用的中转站账号已断开，所以我不再查询了。
       *[no] 你的任务所用的中转站账号已断开，所以我不再查询了。
    }
notice-disconnected-partly =
    { $titled ->
        [yes] 《**{ $title }**》可能不完整：它所用的中转站账号已断开，所以我不再查询了。
       *[no] 你的任务可能不完整：它所用的中转站账号已断开，所以我不再查询了。
    }{ $counts }

notice-rejected =
    { $titled ->
        [yes] 《**{ $title }**》没有生成，也没有扣费。
       *[no] { $kind ->
            [lyrics] 你的歌词没有生成，也没有扣费。
           *[music] 你的歌没有生成，也没有扣费。
        }
    }
notice-cancelled =
    { $titled ->
        [yes] 《**{ $title }**》在发送之前取消了，所以没有扣费。
       *[no] 你的请求在发送之前取消了，所以没有扣费。
    }
notice-unconfirmed =
    { $titled ->
        [yes] 不知道《**{ $title }**》有没有在生成：中转站没有给出明确的回应。
       *[no] 不知道你的请求有没有送到：中转站没有给出明确的回应。
    }
notice-advice-unconfirmed = 可能已经扣费，所以我没有重发。请到中转站看看有没有这个任务：有的话，用 { COMMAND("suno watch") } 加上任务 ID 就能发到这里；没有的话，再试一次。

notice-counts = 共 { $total } 个版本，{ $ready } 个可以播放，{ $others }
notice-others-failed = { $number } 个失败了
notice-others-preview = { $number } 个只有试听
notice-others-missing = { $number } 个没有收到

# Discord 拒绝中转站写的一切内容时。
notice-minimal-status = Discord 不让我在这里发更多内容。用 `/suno { command-status-name }` 加上下面的任务 ID，就能看到其余的。
notice-minimal-history = Discord 不让我在这里发更多内容。用 `/suno { command-history-name }` 就能看到其余的。

notice-more-watchers = 和另外 { $number } 人
notice-song = 歌曲
notice-more-versions = 还有 { $number } 个版本没有显示在这里
notice-link-too-long = 链接太长，放不下
notice-lyrics-reason = -# 中转站返回的信息：{ $reason }
notice-song-reason = -# 不过，中转站还报告了一个问题：{ $reason }
notice-possible-duplicate = -# 我不确定这条消息之前有没有发到，所以你可能会看到两次。
notice-rest = *还有更多：用 { COMMAND("suno lyrics") } 查看。*
notice-rest-status = *还有更多：用 { COMMAND("suno status") } 查看。*

notice-button-lyrics = 歌词
notice-button-read-all = 阅读全文

notice-relay-reason = 中转站返回的信息
notice-what-to-do = 你可以这样做

notice-reason-artist = Suno 不会以知名歌手的名义生成歌曲。
notice-advice-artist = 去掉歌手的名字，只描述想要的声音，再试一次。
notice-reason-match = 上传的音频和已有的作品相同。
notice-advice-match = 换成你自己的录音，再试一次。
notice-reason-copyright = Suno 认为歌词是别人的作品，受版权保护。
notice-advice-copyright = 用自己写的歌词，或者改掉来自别人歌曲的句子，再试一次。
notice-reason-too-long = 有文字超过了 Suno 允许的长度：歌词、风格、标题或描述。
notice-advice-too-long = 缩短后再试一次。越早的模型能接受的文字越少。
notice-reason-moderation = 文字没有通过 Suno 的内容审核。
notice-advice-moderation = 改掉可能敏感的字词，再试一次。
notice-reason-malformed = Suno 看不懂这份歌词。
notice-advice-malformed = 检查歌词是不是普通的一行一行，段落标记写成 [Verse]、[Chorus] 这样，再试一次。
notice-reason-description = Suno 没能根据描述写出歌词。
notice-advice-description = 把想要的歌描述得更清楚些，或者自己写好歌词，再试一次。
notice-reason-source = 找不到要续写的那首歌，或者不能从那个位置续写。
notice-advice-source = 检查那首歌的 ID 和续写的位置（秒），并确认它是在同一个中转站生成的，再试一次。
notice-reason-credit = 中转站的账户余额不足。
notice-advice-credit = 给账户充值，或者告诉账户的主人，再试一次。
notice-reason-busy = 中转站现在太忙了。
notice-advice-busy = 过几分钟再试一次。
notice-reason-model = 中转站不提供这个模型。
notice-advice-model = 换一个模型版本，再试一次。
notice-reason-captcha = Suno 要求中转站完成人机验证，它没有通过。
notice-advice-captcha = 这只有中转站能解决。过一会儿再试一次；如果还是失败，请联系中转站的客服。
notice-reason-login = 中转站无法登录 Suno。
notice-advice-login = 只有中转站能解决：请联系它的客服，并提供任务 ID。
notice-reason-expired = 任务等得太久，已经过期。
notice-advice-expired = 再试一次。如果还是过期，请联系中转站的客服，并提供任务 ID。
notice-reason-timeout = Suno 用时太久，中转站不再等了。
notice-advice-timeout = 再试一次。如果还是超时，请联系中转站的客服，并提供任务 ID。
notice-reason-upload = 音频没能上传。
notice-advice-upload = 检查文件或链接能不能打开、是不是音频，再试一次。
notice-reason-internal = 中转站内部出了问题。
notice-advice-internal = 过几分钟再试一次。如果还是失败，请联系中转站的客服，并提供任务 ID。
notice-reason-failed = Suno 没能生成，也没有说明原因。
notice-advice-failed = 再试一次，往往下一次就能成功。如果还是失败，请联系中转站的客服，并提供任务 ID。
notice-reason-unknown = 中转站试过了，没有成功。
notice-advice-unknown = 再试一次。如果还是失败，请联系中转站的客服，并提供任务 ID。
notice-reason-silent = 中转站没有说明原因。
notice-advice-silent = 再试一次。如果还是失败，请联系中转站的客服，并提供任务 ID。
notice-reason-lost = 中转站丢失了这个任务，无法再知道它的结果。
notice-advice-lost = 再试一次，或者联系中转站的客服，并提供任务 ID。

notice-advice-not-found = 检查任务 ID 是否正确，并确认任务是在我所用的中转站、用同一个密钥提交的。然后用 { COMMAND("suno watch") } 重新关注。
notice-advice-gave-up = 用 { COMMAND("suno status") } 再查一次。如果还没完成，就重新生成，或者联系中转站的客服。
notice-advice-disconnected = 账号重新连接后，用 { COMMAND("suno watch") } 重新关注。
notice-advice-nothing = 链接有时来得晚：过几分钟用 { COMMAND("suno status") } 再查。如果还是没有，请把任务 ID 告诉中转站的客服。

# The title of a post in a forum when nothing has a name.
post-untitled = Suno 结果
