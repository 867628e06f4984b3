# The message that says how a watch ended.

notice-song-done =
    { $titled ->
        [yes] **{ $title }** is ready
       *[no] Your song is ready
    }
notice-song-partly =
    { $titled ->
        [yes] **{ $title }** is partly ready: { $counts }.
       *[no] Your song is partly ready: { $counts }.
    }
notice-lyrics-done =
    { $titled ->
        [yes] The lyrics of **{ $title }** are ready
       *[no] Your lyrics are ready
    }
notice-lyrics-partly =
    { $titled ->
        [yes] Only part of the lyrics of **{ $title }** was written.
       *[no] Only part of your lyrics was written.
    }
notice-nothing-to-play =
    { $titled ->
        [yes] The relay says **{ $title }** is done, but it sent nothing that plays.
       *[no] The relay says your task is done, but it sent nothing usable.
    }
notice-failed =
    { $titled ->
        [yes] **{ $title }** couldn't be made.
       *[no] { $kind ->
            [music] Your song couldn't be made.
            [lyrics] Your lyrics couldn't be written.
           *[task] Your task failed.
        }
    }
notice-not-found = The relay doesn't know this task, so I've stopped checking.
notice-not-found-partly =
    { $titled ->
        [yes] **{ $title }** may be incomplete: the relay no longer knows it, so I've stopped checking.
       *[no] Your task may be incomplete: the relay no longer knows it, so I've stopped checking.
    } { $counts }
notice-gave-up =
    { $titled ->
        [yes] The relay never said that **{ $title }** is done, so I've stopped checking.
       *[no] The relay never said that your task is done, so I've stopped checking.
    }
notice-gave-up-partly =
    { $titled ->
        [yes] **{ $title }** may be incomplete: the relay never said that it's done, so I've stopped checking.
       *[no] Your task may be incomplete: the relay never said that it's done, so I've stopped checking.
    } { $counts }
notice-disconnected =
    { $titled ->
        [yes] The relay account for **{ $title }** was disconnected, so I've stopped checking.
       *[no] The relay account for your task was disconnected, so I've stopped checking.
    }
notice-disconnected-partly =
    { $titled ->
        [yes] **{ $title }** may be incomplete: its relay account was disconnected, so I've stopped checking.
       *[no] Your task may be incomplete: its relay account was disconnected, so I've stopped checking.
    } { $counts }

notice-rejected =
    { $titled ->
        [yes] **{ $title }** wasn't made, and nothing was charged.
       *[no] { $kind ->
            [lyrics] Your lyrics weren't written, and nothing was charged.
           *[music] Your song wasn't made, and nothing was charged.
        }
    }
notice-cancelled =
    { $titled ->
        [yes] **{ $title }** was cancelled before it was sent, so nothing was charged.
       *[no] Your request was cancelled before it was sent, so nothing was charged.
    }
notice-unconfirmed =
    { $titled ->
        [yes] I don't know whether **{ $title }** is being made: the relay gave no clear answer.
       *[no] I don't know whether your request arrived: the relay gave no clear answer.
    }
notice-advice-unconfirmed = It may have been charged, so I didn't repeat it. See at the relay whether it's there; if so, { COMMAND("suno watch") } with its id brings it here. If not, try again.

notice-counts =
    { $ready ->
        [one] 1 of { $total } versions is ready
       *[other] { $ready } of { $total } versions are ready
    }, { $others }
notice-others-failed = { $number } failed
notice-others-preview =
    { $number ->
        [one] 1 is only a preview
       *[other] { $number } are only previews
    }
notice-others-missing =
    { $number ->
        [one] 1 didn't arrive
       *[other] { $number } didn't arrive
    }

# Where Discord refuses everything that a relay wrote.
notice-minimal-status = Discord didn't let me post more than this. `/suno status` with the id below shows you the rest.
notice-minimal-history = Discord didn't let me post more than this. `/suno history` shows you the rest.

notice-more-watchers =
    { $number ->
        [one] and one more
       *[other] and { $number } more
    }
notice-song = Song
notice-more-versions =
    { $number ->
        [one] one more version isn't shown here
       *[other] { $number } more versions aren't shown here
    }
notice-link-too-long = link too long to show
notice-lyrics-reason = -# The relay says: { $reason }
notice-song-reason = -# The relay reports a problem all the same: { $reason }
notice-possible-duplicate = -# I couldn't tell whether this had reached you, so you may see it twice.
notice-rest = *There's more: read it with { COMMAND("suno lyrics") }.*
notice-rest-status = *There's more: see it with { COMMAND("suno status") }.*

notice-button-lyrics = Lyrics
notice-button-read-all = Read all

notice-relay-reason = The relay says
notice-what-to-do = What you can do

notice-reason-artist = Suno doesn't make songs in the name of a known artist.
notice-advice-artist = Describe the sound without the artist's name, and try again.
notice-reason-match = The uploaded audio matches a work that already exists.
notice-advice-match = Upload a recording of your own, and try again.
notice-reason-copyright = Suno thinks the lyrics are protected by somebody else's copyright.
notice-advice-copyright = Use your own lyrics, or change the lines that come from another song, and try again.
notice-reason-too-long = A text is longer than Suno allows: the lyrics, the style, the title or the description.
notice-advice-too-long = Shorten it, and try again. Older models take less text.
notice-reason-moderation = The text didn't pass Suno's moderation.
notice-advice-moderation = Change words that might offend, and try again.
notice-reason-malformed = Suno can't make sense of the lyrics.
notice-advice-malformed = Use plain lines, with headings such as [Verse] and [Chorus], and try again.
notice-reason-description = Suno couldn't write lyrics from the description.
notice-advice-description = Describe the song more clearly, or write the lyrics yourself, and try again.
notice-reason-source = The song to continue wasn't found, or can't be continued at that point.
notice-advice-source = Check that song's id, the second to continue at, and that it was made at the same relay. Then try again.
notice-reason-credit = The relay's account has run out of credit.
notice-advice-credit = Top up the account or tell its owner, and try again.
notice-reason-busy = The relay is too busy right now.
notice-advice-busy = Try again in a few minutes.
notice-reason-model = The relay doesn't offer this model.
notice-advice-model = Choose another version of the model, and try again.
notice-reason-captcha = Suno asked the relay to prove that it's human, and the relay didn't pass.
notice-advice-captcha = Only the relay can solve that. Try again in a while; if it fails again, ask the relay's support.
notice-reason-login = The relay can't log in to Suno any more.
notice-advice-login = Only the relay can fix that: ask its support and give them the task id.
notice-reason-expired = The task waited too long and expired.
notice-advice-expired = Try again. If it expires again, ask the relay's support and give them the task id.
notice-reason-timeout = Suno took too long, so the relay stopped waiting.
notice-advice-timeout = Try again. If it takes too long again, ask the relay's support and give them the task id.
notice-reason-upload = The audio couldn't be uploaded.
notice-advice-upload = Check that the file or its link opens and is audio, and try again.
notice-reason-internal = Something broke inside the relay.
notice-advice-internal = Try again in a few minutes. If it fails again, ask the relay's support and give them the task id.
notice-reason-failed = Suno couldn't make it, and didn't say why.
notice-advice-failed = Try again: the next try often works. If it fails again, ask the relay's support and give them the task id.
notice-reason-unknown = The relay tried, and it didn't work.
notice-advice-unknown = Try again. If it fails again, ask the relay's support and give them the task id.
notice-reason-silent = The relay didn't say why.
notice-advice-silent = Try again. If it fails again, ask the relay's support and give them the task id.
notice-reason-lost = The relay lost track of this task, and won't find out how it ended.
notice-advice-lost = Try again, or ask the relay's support and give them the task id.

notice-advice-not-found = Check the id, and that the task was made at the relay I use, with the same key. Then watch it again: { COMMAND("suno watch") }.
notice-advice-gave-up = Check once more with { COMMAND("suno status") }. If it still isn't done, make it again or ask the relay's support.
notice-advice-disconnected = Once the account is connected again, watch the task again: { COMMAND("suno watch") }.
notice-advice-nothing = Links sometimes come late: check with { COMMAND("suno status") } in a few minutes. If nothing comes, give the relay's support the task id.

# The title of a post in a forum when nothing has a name.
post-untitled = Suno result
