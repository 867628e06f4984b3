# The history, and deletion on request.

history-title-server = What was watched in this server
history-title-person = What you have watched
history-found = Found for “{ $search }”:
history-nothing-found = Nothing was found for “{ $search }”. I look in titles, styles and lyrics; try fewer words, or a part of one.
history-empty-server = Nothing has ended here yet. What is watched in this server with { COMMAND("suno watch") } appears here once it is done.
history-empty-person = Nothing that you watch has ended yet. What you watch with { COMMAND("suno watch") } appears here once it is done.
history-page = Page { $number }
history-open = Open one …
history-previous = Previous
history-next = Next
history-kind-music = Song
history-kind-lyrics = Lyrics
history-ended-finished = ended
history-ended-success = done
history-ended-partial = partly done
history-ended-failure = failed
history-ended-not-found = lost by the relay
history-ended-gave-up = given up
history-stale = The relay could not tell me about this just now, or does not know it any more. This is what I kept: its links may have expired.
history-gone = This is not in the history any more.
history-not-yours = That list belongs to somebody else. Get your own with { COMMAND("suno history") }.

forget-nothing = I keep nothing about you.
forget-question = **This deletes everything I keep about you, for good:**
forget-running =
    { $count ->
        [one] 1 task that you are watching; there will be no message about it
       *[other] { $count } tasks that you are watching; there will be no message about them
    }
forget-ended =
    { $count ->
        [one] 1 watch that has ended
       *[other] { $count } watches that have ended
    }
forget-unposted =
    { $count ->
        [one] 1 notice that is not posted yet, or could not be
       *[other] { $count } notices that are not posted yet, or could not be
    }
forget-history =
    { $count ->
        [one] 1 task in your own history
       *[other] { $count } tasks in your own history
    }
forget-stays = What stays: messages that I have posted, and the history of each server, which belongs to the server and does not say who watched. Somebody who watches the same task goes on watching it.
forget-button-delete = Delete it all
forget-button-keep = Keep it
forget-done = 🧹 Done: I have forgotten you.
forget-kept = Nothing was deleted.
forget-not-yours = Only the person who asked can answer this.
