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
notice-lyrics-partly = Your lyrics could not be finished: **{ $title }**. This is as far as they got.
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

# Where Discord refuses everything that a relay wrote.
notice-minimal-song =
    { $total ->
        [one] Your song is done.
       *[other] Your song is done, in { $total } versions.
    }
notice-minimal-song-partly = { $ready } of { $total } versions of your song { $ready ->
        [one] is ready.
       *[other] are ready.
    }
notice-minimal-lyrics = Your lyrics are done.
notice-minimal-lyrics-partly = Your lyrics could not be finished, but I have what was written.
notice-minimal-not-found = The relay no longer knows your task, so I have stopped watching it. I have what it sent before.
notice-minimal-gave-up = The relay never said that your task is done, so I have stopped watching it. I have what it sent before.
notice-minimal-status = Discord did not let me post more than this. `/suno status` with the id below shows you the rest.
notice-minimal-history = Discord did not let me post more than this. `/suno history` shows you the rest.

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
notice-lyrics-reason = -# The relay says: { $reason }
notice-song-reason = -# The relay reports a problem all the same: { $reason }
notice-possible-duplicate = -# I could not tell whether this had reached you, so you may see it twice.
notice-rest = *The rest did not fit: read it with `/suno lyrics`.*
notice-rest-status = *The rest did not fit: read it with `/suno status`.*

notice-relay-reason = The relay says
notice-what-to-do = What you can do
notice-task-id = Task

notice-reason-artist = Suno does not make songs in the name of a known artist.
notice-advice-artist = Describe the sound without the artist’s name, and make the song again.
notice-reason-match = Suno knows the uploaded audio: it matches a work that exists already.
notice-advice-match = Upload a recording of your own, and make it again.
notice-reason-copyright = Suno takes the lyrics for somebody else’s, protected by copyright.
notice-advice-copyright = Use lyrics of your own, or change the lines that come from another song, and make it again.
notice-reason-too-long = A text is longer than Suno allows: the lyrics, the style, the title or the description.
notice-advice-too-long = Shorten it, and make it again. Older models take less text.
notice-reason-moderation = Suno’s moderation refused the text.
notice-advice-moderation = Change the words it may have taken offence at, and make the song again.
notice-reason-malformed = Suno cannot make sense of the lyrics.
notice-advice-malformed = Check that they are plain lines, with headings such as [Verse] and [Chorus], and make it again.
notice-reason-description = Suno could not write lyrics from the description.
notice-advice-description = Describe the song more clearly, or write the lyrics yourself, and make it again.
notice-reason-source = The song to go on from was not found, or cannot be continued at that point.
notice-advice-source = Check the id of that song, the second at which to go on, and that it was made at the same relay. Then make it again.
notice-reason-credit = The relay’s account has run out of credit.
notice-advice-credit = Top up the account, or tell its owner, and make the song again.
notice-reason-busy = The relay is too busy to take this on.
notice-advice-busy = Make it again in a few minutes.
notice-reason-model = The relay does not offer the model that was asked for.
notice-advice-model = Choose another version of the model, and make it again.
notice-reason-captcha = Suno asked the relay to prove that it is human, and it did not pass.
notice-advice-captcha = That is for the relay to solve. Make it again in a while; if it fails again, ask the relay’s support.
notice-reason-login = The relay cannot log in at Suno any more.
notice-advice-login = Only the relay can mend that: ask its support and give them the task id.
notice-reason-expired = The task waited too long and has expired.
notice-advice-expired = Make it again. If it expires again, ask the relay’s support and give them the task id.
notice-reason-timeout = Suno took too long, and the relay stopped waiting.
notice-advice-timeout = Make it again. If it takes too long again, ask the relay’s support and give them the task id.
notice-reason-upload = The audio could not be uploaded.
notice-advice-upload = Check that the file or its link opens and is audio, and make it again.
notice-reason-internal = Something broke inside the relay.
notice-advice-internal = Make it again in a few minutes. If it fails again, ask the relay’s support and give them the task id.
notice-reason-failed = Suno could not make it, and did not say why.
notice-advice-failed = Make it again: often the next try works. If it fails again, ask the relay’s support and give them the task id.
notice-reason-unknown = The relay tried, and it did not work.
notice-advice-unknown = Make it again. If it fails again, ask the relay’s support and give them the task id.
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

# The title of a post in a forum when nothing has a name.
post-untitled = Suno result
