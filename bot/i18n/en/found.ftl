# The command in a message's menu that finds task ids.

command-find-name = Watch Suno tasks
found-nothing = I can't find a task id in that message. It's what your relay answered when you made the song.
found-unknown =
    { $number ->
        [one] That message has 1 id that could be a task, but the relay doesn't know it.
       *[other] That message has { $number } ids that could be tasks, but the relay doesn't know any of them.
    } If a task was made with another key, I can't see it.
found-some =
    { $number ->
        [one] I found 1 task in that message. Choose it and I'll tell you here when it's done:
       *[other] I found { $number } tasks in that message. Choose some and I'll tell you here as each one's done:
    }
found-choose = Choose tasks to watch
found-song = Song
found-lyrics = Lyrics
found-task = Task
