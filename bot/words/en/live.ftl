# The card in a channel that shows how watched tasks are doing.

live-untitled = Something is being made
live-untitled-over = A task has ended
live-group = { $done } of { $total } are done
live-over = All done
live-nobody = Nobody is watching any more.
live-watching = 👀 { $watchers }
live-more-watchers = { $watchers } and { $number } more
live-notice = [the result]({ $url })
live-ended = ended
live-not-found = the relay does not know it
live-gave-up = given up
live-short-id = -# Task { $id }

live-button-join = Me too
live-button-leave = Stop

live-gone = This card is over: its tasks have ended, or nobody watches them any more. `/suno watch` starts a new one.
live-left = You are not watching this here any more. There will be no message for you.
live-not-watching = You are not watching this here, so there was nothing to stop.
