# What a card, and an embed of a notice, says of a task and its versions.

card-untitled = Untitled
card-version = Version { $number }
card-lyrics = Lyrics
card-lyrics-of = Lyrics · { $versions }
card-page = Page { $number } of { $total }

# With spaces at which no line breaks: they are links in texts as well.
card-button-listen = ▶{ "\u00A0" }Play
card-button-listen-of-several = ▶{ "\u00A0" }{ $number }
card-button-preview = ▶{ "\u00A0" }Preview
card-button-preview-of-several = ▶{ "\u00A0" }Preview{ "\u00A0" }{ $number }
card-button-video = Video
card-button-video-of-several = Video { $number }

card-clip-preview = only a preview, its link won't last
card-clip-failed = failed, the relay didn't say why
card-clip-failed-because = failed: { $reason }
card-clip-not-ready = not ready yet
card-clip-no-link = ready, but the relay sent no link that plays
card-clip-link-unusable = ready, but Discord doesn't accept its link
card-clip-link-long = ready, but its link is too long for this card: watch the task to get it

card-state-waiting = **Waiting its turn**
card-state-running = **Being made**
card-state-unclear = **Not finished**
card-state-success = **Done**
card-state-partial = **Partly done**
card-state-failure = **Failed**
card-since = started { $time }
card-submitted = submitted { $time }
card-estimate = about { $number }%
card-typical = Usually takes about { $time } here.
card-took = took { $time }
card-relay-reason = The relay says: { $reason }
card-versions = { $number } versions
card-previews = Previews end when the song is done.
card-read-lyrics = { COMMAND("suno lyrics") } shows the lyrics.
card-task-id = -# Task { $id }

card-lyrics-not-yet = No lyrics yet: the task isn't finished. Try again in a minute.
card-lyrics-failed = There are no lyrics: the task failed. { COMMAND("suno status") } says why.
card-lyrics-instrumental = This song is instrumental, so it has no lyrics.
card-lyrics-missing = The relay says the task is done, but it sent no lyrics.

duration-seconds =
    { $number ->
        [one] 1 second
       *[other] { $number } seconds
    }
duration-minutes =
    { $number ->
        [one] 1 minute
       *[other] { $number } minutes
    }
duration-hours =
    { $number ->
        [one] 1 hour
       *[other] { $number } hours
    }

status-open = Open one of them
status-list-unknown = the relay doesn't know it
status-list-unlisted = not looked up yet: ask for it alone
status-none-running = None of them is running any more, so there's nothing to wait for.
