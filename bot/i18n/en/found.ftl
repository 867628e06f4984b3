# The command in a message's menu that finds task ids.

command-find-name = Watch Suno tasks
found-nothing = I find no task id in that message. A task id is what the relay gave you when you made the song or the lyrics.
found-unknown = { $number ->
    [one] There is one id in that message that could be a task, but the relay does not know it.
   *[other] There are { $number } ids in that message that could be tasks, but the relay knows none of them.
 } If it was made with another key, this bot cannot see it.
found-some = { $number ->
    [one] The relay knows one task in that message.
   *[other] The relay knows { $number } tasks in that message.
 } Choose what I should tell you about, here:
found-choose = Choose tasks to watch
found-song = Song
found-lyrics = Lyrics
found-task = Task
