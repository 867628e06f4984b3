# 创作歌曲和歌词：命令、表单、回答，以及歌曲下面的菜单。

command-create = 用一段描述生成歌曲
command-create-name = 创作
command-compose = 用自己的歌词、标题和风格生成歌曲
command-compose-name = 作曲
command-write = 按主题写歌词
command-write-name = 写词
option-description = 想要什么样的歌：心情、故事、声音
option-description-name = 描述
option-instrumental = 纯音乐，没有人声
option-instrumental-name = 纯音乐
option-model = 使用哪个版本的 Suno
option-model-name = 模型
option-topic = 歌词写什么
option-topic-name = 主题

create-form-description = 生成歌曲
create-form-custom = 作曲
create-form-extension = 续写歌曲
create-form-lyrics = 写歌词
create-field-description = 描述
create-hint-description = 心情、故事、声音。最多 { $limit } 个字符。
create-field-topic = 主题
create-hint-topic = 歌词写什么。最多 { $limit } 个字符。
create-field-title = 标题
create-hint-title = 最多 { $limit } 个字符。
create-field-style = 风格
create-hint-style = 流派、嗓音、乐器、速度，用逗号隔开。
create-field-lyrics = 歌词
create-hint-lyrics = 可以写上 [Verse]、[Chorus] 这样的段落标记。这里最多能写 { $limit } 个字符。
create-hint-continuation = 只写接下来的部分，最多 { $limit } 个字符。
create-field-instrumental = 纯音乐
create-hint-instrumental = 没有人声，这时不需要歌词。
create-field-model = 模型
create-field-start = 从哪里续写
create-hint-cut = 原文有 { $length } 个字符，这里只放得下 { $limit } 个，后面的部分已省略。
create-hint-start = 填时间，例如 1:30。不填就从结尾开始。
create-field-kind = 请求的类型

create-making =
    { $titled ->
        [yes] { $kind ->
            [lyrics] ✍️ 正在写歌词《**{ $title }**》
           *[music] 🎵 正在生成《**{ $title }**》
        }
       *[no] { $kind ->
            [lyrics] ✍️ 正在写你的歌词
           *[music] 🎵 正在生成你的歌
        }
    }
create-told-here = 完成后我会发在这里。
create-told-there = 完成后我会发到 { $place }。
create-told-private = 完成后我会私信发给你。
create-told-unreachable = 我没法给你发私信，而请求已经来不及撤回了。完成后可以用 { COMMAND("suno history") } 找到它。
create-usually-here = 通常需要 { $time }，完成后我会发在这里。
create-usually-there = 通常需要 { $time }，完成后我会发到 { $place }。
create-usually-private = 通常需要 { $time }，完成后我会私信发给你。
create-left = 24 小时内可以创作 { $limit } 次，还剩 { $left } 次。
create-left-here = 这个服务器 24 小时内可以创作 { $limit } 次，还剩 { $left } 次。
create-files-count = 每向中转站要一次 WAV 文件或分轨，也算创作一次。
create-price = 价格：{ $price }

create-refused-off = 这个服务器没有开启创作。服务器的管理者可以用 { COMMAND("suno-settings create") } 开启。
create-refused-role-missing = 在这个服务器里，需要有其中一个身份组才能创作：{ $roles }
create-refused-no-account = 这里没有我可以用来创作的中转站账号。你可以用 { COMMAND("suno account") } 连接自己的账号。
create-refused-request-unknown = 我已经不知道它是怎么生成的了，没法重来。可以用 { COMMAND("suno compose") } 重新开始。
create-refused-clip-unknown = 我找不到这个版本了。
create-refused-unsupported = 这个中转站不提供这项功能。
create-refused-other-account = 这首歌是用另一个中转站账号生成的，我不能在这里替你使用那个账号，所以没法续写。你仍然可以修改后生成自己的一首。
create-refused-member-cannot-post = 你不能在这个频道发消息，所以我也不会替你发。什么都没有发给中转站，也没有扣费。
create-refused-bot-cannot-post =
    { $where ->
        [server] 这个服务器指定在 { $channel } 发布歌曲，但我不能在那里发消息，缺少的权限：{ $permissions }。请让管理服务器的人开通，或者换一个频道。
       *[here] 我不能在这里发消息，缺少的权限：{ $permissions }。请让管理服务器的人开通，或者换个频道用我。
    }什么都没有发给中转站，也没有扣费。
create-refused-forum-tag = 在 { $channel } 发帖必须选标签，但没有我能用的标签。请让管理服务器的人添加一个，或者在那里给我“管理子区”权限。什么都没有发给中转站，也没有扣费。
create-refused-watch-role = 在这个服务器，要有以下任一身份组才能关注自己创作的内容：{ $roles }。请找管理服务器的人帮忙。什么都没有发给中转站，也没有扣费。
create-refused-no-direct-messages = 我不能在这里发消息，也没法给你发私信，所以什么都没有发给中转站。请在这个服务器的“隐私设置”里允许私信，然后再试一次。
create-refused-no-common-server = 我不能在这里发消息，也没法给你发私信，因为我们没有共同的服务器。请打开我的资料，点**添加应用**，把我加到你自己的应用里，然后再试一次。什么都没有发给中转站。
create-not-yours = 只有提出这个请求的人才能修改它。点“再来一次”可以得到你自己的一首。
create-refused-invalid = 什么都没有发送，也没有扣费。请先修改：
create-problem-empty = **{ $field }**：还没有填。
create-problem-too-long = **{ $field }**：有 { $length } 个字符，这个模型最多接受 { $limit } 个。
create-problem-time = **{ $field }**：请填时间，例如 1:30，或者不填。
create-problem-model = **{ $field }**：这里不提供这一个。
create-problem-unsupported = 这个中转站做不了这件事。
create-problem-other = **{ $field }**：不能这样填。
create-typed = 你写的内容在文件里，点按钮可以重新打开。
create-button-edit = 修改
create-draft-gone = 时间太久，或者我重启过，所以这段文字我已经没有了。它还在上面的文件里：复制到 { COMMAND("suno compose") } 就行。
create-draft-name = 你写的内容

create-button-again = 再来一次
create-button-song = 做成歌曲
create-button-more = 更多
create-button-extend = 续写
create-button-extend-of-several = 续写 { $number }
create-button-wav = WAV
create-button-wav-of-several = WAV { $number }
create-button-timing = 同步歌词
create-button-timing-of-several = 同步歌词 { $number }
create-button-stems = 分轨
create-button-stems-of-several = 分轨 { $number }
create-menu =
    { $titled ->
        [yes] 《**{ $title }**》：接下来做什么？
       *[no] 接下来做什么？
    }
create-menu-gone = 我已经不知道这首歌了，所以在这里做不了什么。

create-wav = 🎧 { $version }的 WAV 文件：{ $link }
create-wav-link = 下载
create-stems = 🎚️ { $version }的分轨：
create-stem = 分轨 { $number }
create-stems-more = 这里放不下另外 { $count } 条，全部链接都在文件里。
create-stems-file = 分轨
create-version = 《**{ $title }**》
create-version-of-several = 《**{ $title }**》（版本 { $number }）
create-file-waiting = ⏳ 中转站还在制作，过一分钟再点一次按钮。
create-file-unconfirmed = 🤷 中转站没有给出明确的回应，可能已经扣费，所以我没有再问。再点一次按钮，可能会再扣一次费。
create-file-none = 中转站没有发来能打开的内容。
create-timing = 🎤 { $version }的同步歌词
create-timing-line = `{ $time }` { $section }
create-timing-none = 中转站没有这个版本的时间。纯音乐没有歌词。

creation-error-per-day = 你在这里 24 小时内可以创作 { $limit } 次，已经用完了。{ $time }可以再来。
creation-error-server-day = 这个服务器 24 小时内可以创作 { $limit } 次，已经用完了。{ $time }可以再来。
creation-error-at-once = 你已经有 { $limit } 个在进行中。等其中一个完成再继续。
creation-error-repeated = 你刚刚已经让我再来一次了，有结果我会发出来。

# 为什么没有生成，以及怎么办。
create-rejected-moderation = 文字没有通过 Suno 的内容审核。
create-advice-moderation = 改掉可能敏感的内容，例如歌手的名字，再试一次。
create-rejected-key = 中转站不接受这个账号的密钥。
create-advice-key = 连接账号的人可以更换密钥，然后再试一次。
create-rejected-credit = 中转站的账户余额不足。
create-advice-credit = 给账户充值，或者告诉账户的主人，再试一次。
create-rejected-busy = 中转站太忙，我已经等了足够久。
create-advice-busy = 过几分钟再试一次。
create-rejected-unreachable = 我连不上中转站，所以什么都没有发送。
create-advice-unreachable = 等中转站恢复后再试一次。
create-rejected-invalid = 中转站不接受这个请求。
create-advice-invalid = 修改一下：缩短文字，或者换一个模型，再试一次。
create-rejected-unsupported = 中转站不提供这项功能，或者不支持这个模型。
create-advice-unsupported = 修改一下，换一个模型，再试一次。
create-rejected-failed = 中转站内部出了问题，什么都没有开始。
create-advice-failed = 过几分钟再试一次。
create-rejected-expired = 我有十多分钟没能处理这个请求，所以没有再发送。
create-advice-expired = 如果还需要，再试一次。
create-rejected-disconnected = 在我发送之前，所用的中转站账号已断开。
create-advice-disconnected = 连接账号后，再试一次。
create-rejected-off = 在中转站开始之前，这个服务器关闭了创作。
create-advice-off = 请让管理服务器的人重新开启创作，然后再试一次。
create-rejected-cancelled = 请求还没有发出去。
create-advice-cancelled = 如果还需要，再试一次。
