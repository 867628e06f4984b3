# The history, and deletion on request.

history-title-server = Finished in this server
history-title-person = Finished for you
history-found = Found for “{ $search }”:
history-nothing-found = Nothing found for “{ $search }”. I search titles, styles and lyrics: try fewer words, or part of one.
history-empty-server = Nothing has finished here yet. Whatever is watched here with { COMMAND("suno watch") } shows up when it's done.
history-empty-person = Nothing of yours has finished yet. Whatever you watch with { COMMAND("suno watch") } shows up when it's done.
history-page = Page { $number }
history-open = Open one …
history-previous = Previous
history-next = Next
history-only-mine = Only mine
history-all-here = All of this server
history-jump = Go to message
history-post = Post here
history-posted = 👌 Posted.
history-ended-finished = ended
history-ended-success = done
history-ended-partial = partly done
history-ended-failure = failed
history-ended-not-found = lost by the relay
history-ended-gave-up = given up
history-ended-disconnected = account disconnected
history-ended-rejected = not made
history-ended-unconfirmed = unconfirmed
history-stale = I couldn't get this from the relay, so this is what I kept. Its links may have expired.
history-gone = This isn't in the history any more.
history-not-yours = That list belongs to somebody else. Get your own with { COMMAND("suno history") }.

forget-nothing = I don't keep anything about you.
forget-question = **This deletes everything I keep about you, for good:**
forget-running =
    { $count ->
        [one] 1 task you're watching; you won't be told about it
       *[other] { $count } tasks you're watching; you won't be told about them
    }
forget-ended =
    { $count ->
        [one] 1 watch that has ended
       *[other] { $count } watches that have ended
    }
forget-unposted =
    { $count ->
        [one] 1 notice that isn't posted yet, or couldn't be
       *[other] { $count } notices that aren't posted yet, or couldn't be
    }
forget-history =
    { $count ->
        [one] 1 task in your own history
       *[other] { $count } tasks in your own history
    }
forget-creations = what you entered to make songs and lyrics; what isn't sent yet won't be
forget-drafts = what you entered that was refused, and that I keep for an hour
forget-account = your relay account with its key; watches of others that use it end, too
forget-connected-servers =
    { $count ->
        [one] that you connected the relay of 1 server; the server keeps it
       *[other] that you connected the relays of { $count } servers; the servers keep them
    }
forget-stays = What stays: messages I've posted, and the history of each server, which doesn't say who watched. Anybody else who watches the same task isn't affected.
forget-button-delete = Delete it all
forget-button-keep = Keep it
forget-done = 🧹 Done. I've forgotten you.
forget-kept = Nothing was deleted.
forget-not-yours = Only the person who asked can answer this.
