# One message about several tasks that were watched together, and the option that asks for it.

option-together = One message for all of the tasks, or one for each
option-together-name = together
choice-together-summary = One message when all have ended
choice-together-separate = One message for each task

summary-all-ready =
    { $kind ->
        [music] { $total ->
            [2] Both songs are ready.
           *[other] All { $total } songs are ready.
        }
        [lyrics] { $total ->
            [2] Both lyrics are ready.
           *[other] All { $total } lyrics are ready.
        }
       *[task] { $total ->
            [2] Both are ready.
           *[other] All { $total } are ready.
        }
    }
summary-some-ready =
    { $kind ->
        [music] { $ready } of { $total } songs { $ready ->
            [one] is ready.
           *[other] are ready.
        }
        [lyrics] { $ready } of { $total } lyrics { $ready ->
            [one] is ready.
           *[other] are ready.
        }
       *[task] { $ready } of { $total } { $ready ->
            [one] is ready.
           *[other] are ready.
        }
    }
summary-none-ready =
    { $kind ->
        [music] None of the { $total } songs worked out.
        [lyrics] None of the { $total } lyrics worked out.
       *[task] None of the { $total } worked out.
    }
summary-still-running =
    { $number ->
        [one] -# One more is still running. I'll post it on its own.
       *[other] -# { $number } more are still running. I'll post those later.
    }

summary-partly = { $ready } of { $total } versions
summary-lyrics = lyrics
summary-lyrics-partly = unfinished lyrics
summary-preview = only a preview
summary-nothing = nothing that plays
summary-not-found = the relay doesn't know it
summary-not-found-partly = the relay no longer knows it
summary-gave-up = no result in time
summary-gave-up-partly = the relay never said it's done
summary-disconnected = its relay account was disconnected
summary-disconnected-partly = its relay account was disconnected
summary-rejected =
    { $reason ->
        [moderation] refused by moderation
        [key] relay refuses the key
        [credit] relay out of credit
        [busy] relay too busy
        [unreachable] relay not reached
        [invalid] refused by the relay
        [unsupported] not offered by the relay
        [failed] relay error
        [expired] waited too long
        [disconnected] account disconnected
        [off] creating switched off
       *[cancelled] cancelled
    }
summary-unconfirmed = no clear answer from the relay
summary-failed =
    { $cause ->
        [artist] names a known artist
        [match] matches an existing work
        [copyright] copyright
        [too-long] a text is too long
        [moderation] refused by moderation
        [malformed] lyrics not understood
        [description] description not understood
        [source] source song not found
        [credit] relay out of credit
        [busy] relay too busy
        [model] model not offered
        [captcha] captcha not passed
        [login] relay can't log in
        [expired] expired
        [timeout] took too long
        [upload] upload failed
        [internal] relay error
        [lost] lost by the relay
       *[unknown] failed
    }

# In the answer to the command.
summary-told-here = I'll tell you here when all { $count } are done.
summary-told-there = I'll tell you in { $place } when all { $count } are done.
summary-told-post = The results will be one post in { $place }, when all { $count } are done.
summary-told-private = I'll send you a DM when all { $count } are done.
watch-in-summary = ✅ Already done: { $tasks }. I'll tell you together with the others.
watch-failed-in-summary = ❌ Already failed: { $tasks }. I'll tell you together with the others.
