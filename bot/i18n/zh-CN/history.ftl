# 历史记录和删除个人数据。

history-title-server = 这个服务器里完成的任务
history-title-person = 你完成的任务
history-found = “{ $search }”的搜索结果：
history-nothing-found = 没有找到“{ $search }”。我会搜索标题、风格和歌词：请少输几个词，或者只输一部分。
history-empty-server = 这里还没有完成的任务。在这里用 { COMMAND("suno watch") } 关注的任务，完成后会出现在这里。
history-empty-person = 你还没有完成的任务。用 { COMMAND("suno watch") } 关注的任务，完成后会出现在这里。
history-page = 第 { $number } 页
history-open = 打开一个……
history-previous = 上一页
history-next = 下一页
history-kind-music = 歌曲
history-kind-lyrics = 歌词
history-ended-finished = 已结束
history-ended-success = 已完成
history-ended-partial = 部分完成
history-ended-failure = 失败
history-ended-not-found = 中转站找不到了
history-ended-gave-up = 已放弃
history-ended-disconnected = 账号已断开
history-stale = 没能从中转站查到，下面是我保存的内容，其中的链接可能已经失效。
history-gone = 它已经不在历史记录里了。
history-not-yours = 这个列表是别人的。用 { COMMAND("suno history") } 打开你自己的。

forget-nothing = 我没有保存任何关于你的数据。
forget-question = **我保存的关于你的数据会全部删除，无法恢复：**
forget-running = 你正在关注的 { $count } 个任务，之后不会再通知你
forget-ended = { $count } 条已经结束的关注
forget-unposted = { $count } 条还没发出或没能发出的通知
forget-history = 你自己的历史记录里的 { $count } 个任务
forget-stays = 会保留的：我已经发出的消息，以及各个服务器的历史记录，里面没有写是谁关注的。别人关注同一个任务不受影响。
forget-button-delete = 全部删除
forget-button-keep = 保留
forget-done = 🧹 删好了，我已经忘记你了。
forget-kept = 什么都没有删除。
forget-not-yours = 只有提出请求的人才能回答。
