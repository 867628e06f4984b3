# The card in a channel that shows how watched tasks are doing.

live-name =
    { $kind ->
        [music] Song
        [lyrics] Lyrics
       *[task] Task
    }
live-number = Task { $number }
live-group = { $ended } of { $total } finished
live-unknown = Waiting for the relay's first answer.
live-waiting = waiting for the relay's first answer
live-relay-down = ⚠️ The relay stopped working { $time }. I'll keep trying.
live-deadline = I'll stop checking { $time }.
live-two-sentences = { $first } { $second }
live-watching = 👀 { $watchers }
live-more-watchers = { $watchers } and { $number } more

live-pending = Sending it to the relay. If it's busy, that takes some minutes.
live-pending-short = being sent to the relay

live-ended-success = done
live-ended-partial = partly done
live-ended-failure = failed
live-not-found = the relay doesn't know it
live-gave-up = no result after { $time }, so I've stopped checking
live-disconnected = its relay account was disconnected
live-rejected = not made, nothing charged
live-unconfirmed = no clear answer from the relay, so it may have been charged
live-unwatched = nobody's watching it any more
live-collecting = the message comes with the others
live-sending-notice = the message is on its way

live-button-join = Me too
live-button-leave = Stop

live-orphaned = ⏸️ I don't update this card any more. { COMMAND("suno status") } shows how the task is doing.
live-ended = This card is over: its tasks have ended, or nobody's watching them any more. { COMMAND("suno watch") } starts a new one.
live-left = You're not watching this here any more, so I won't message you about it.
live-sending = It has just ended and its message is already on its way, so I can't stop it any more.
live-not-watching = You're not watching this here, so there's nothing to stop.
