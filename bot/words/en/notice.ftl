# The message that tells how a watch ended.

notice-song-done =
    { $total ->
        [one] Your song is done: **{ $title }**
       *[other] Your song is done, in { $total } versions: **{ $title }**
    }
notice-song-partly = { $ready } of { $total } versions of **{ $title }** { $ready ->
        [one] is ready
       *[other] are ready
    }; { $others }.
notice-lyrics-done = Your lyrics are done: **{ $title }**
notice-nothing-to-play =
    { $titled ->
        [yes] The relay says **{ $title }** is done, but it sent nothing that plays.
       *[no] The relay says your task is done, but it sent nothing that can be used.
    }
notice-failed =
    { $titled ->
        [yes] **{ $title }** could not be made.
       *[no] { $kind ->
            [music] Your song could not be made.
            [lyrics] Your lyrics could not be written.
           *[task] Your task failed.
        }
    }
notice-not-found = The relay does not know this task, so I have stopped watching it.
notice-not-found-partly = The relay no longer knows **{ $title }**, so I have stopped watching it. Of { $total } versions, { $ready ->
        [one] 1 is ready
       *[other] { $ready } are ready
    }; { $others }.
notice-not-found-written = The relay no longer knows **{ $title }**, so I have stopped watching it. This is the last text it sent.
notice-gave-up =
    { $titled ->
        [yes] The relay never said that **{ $title }** is done, so I have stopped watching it.
       *[no] The relay never said that your task is done, so I have stopped watching it.
    }
notice-gave-up-partly = The relay never said that **{ $title }** is done, so I have stopped watching it. Of { $total } versions, { $ready ->
        [one] 1 is ready
       *[other] { $ready } are ready
    }; { $others }.
notice-gave-up-written = The relay never said that **{ $title }** is done, so I have stopped watching it. This is the last text it sent.

notice-others-failed = { $number } failed
notice-others-preview =
    { $number ->
        [one] 1 is only a preview
       *[other] { $number } are only previews
    }
notice-others-missing =
    { $number ->
        [one] 1 did not arrive
       *[other] { $number } did not arrive
    }
notice-others-none = the relay has not said that this is all

notice-more-watchers =
    { $number ->
        [one] and one more
       *[other] and { $number } more
    }
notice-more-versions =
    { $number ->
        [one] -# One more version is not shown here.
       *[other] -# { $number } more versions are not shown here.
    }
notice-reported = -# The relay reports a problem all the same: { $reason }
notice-repeat = -# I could not tell whether this had reached you, so you may see it twice.
notice-rest = *The rest did not fit: read it with `/suno lyrics`.*
notice-rest-status = *The rest did not fit: read it with `/suno status`.*

notice-own-words = The relay says
notice-what-to-do = What you can do
notice-task-id = Task

notice-reason-artist = Suno does not make songs in the name of a known artist.
notice-advice-artist = Describe the sound without the artist’s name, and make the song again.
notice-reason-moderation = Suno’s moderation refused the text.
notice-advice-moderation = Change the words it may have taken offence at, and make the song again.
notice-reason-credit = The relay’s account has run out of credit.
notice-advice-credit = Top up the account, or tell its owner, and make the song again.
notice-reason-told = The relay tried, and it did not work.
notice-advice-told = Make it again. If it fails again, ask the relay’s support and give them the task id.
notice-reason-silent = The relay did not say why.
notice-advice-silent = Make it again. If it fails again, ask the relay’s support and give them the task id.
notice-reason-lost = The relay lost track of this task and will never learn how it ended.
notice-advice-lost = Make it again, or ask the relay’s support and give them the task id.

notice-why-not-found = I asked again and again: the relay has no task with this id.
notice-advice-not-found = Check the id, and that the task was made at the relay I use, with the same key. Then watch it again with `/suno watch`.
notice-why-gave-up = The relay never said how this task ended.
notice-advice-gave-up = Ask once more with `/suno status`. If it is still not finished, make it again or ask the relay’s support.
notice-why-nothing = There is no link and no text in what the relay sent.
notice-advice-nothing = Links sometimes come late: ask with `/suno status` in a few minutes. If nothing comes, give the relay’s support the task id.
