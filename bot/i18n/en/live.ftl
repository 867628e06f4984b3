# The card in a channel that shows how watched tasks are doing.

live-untitled = Something is being made
live-untitled-ended = A task has ended
live-untitled-unknown = Waiting for the relay
live-untitled-stopped = Not watched any more
live-untitled-orphaned = This card has stopped
live-orphaned = I do not keep it up to date any more. `/suno status` with the task id shows how the task is doing.
live-group = { $ended } of { $total } have ended
live-all-succeeded = All done
live-all-ended = All have ended
live-no-watchers = Nobody was watching any more, so this card stays as it is.
live-watching = 👀 { $watchers }
live-more-watchers = { $watchers } and { $number } more
live-notice = [the result]({ $url })
live-not-found = the relay does not know it
live-gave-up = given up
live-unknown = The relay has not said anything about this task yet.
live-waiting = waiting for the relay's first answer
live-unwatched = not watched any more
live-number = Task { $number }
live-short-id = -# Task { $id }

live-button-join = Me too
live-button-leave = Stop

live-ended = This card is over: its tasks have ended, or nobody watches them any more. `/suno watch` starts a new one.
live-left = You are not watching this here any more. There will be no message for you.
live-sending = It has just ended, and its message is already on its way: I cannot stop that one any more.
live-not-watching = You are not watching this here, so there was nothing to stop.
