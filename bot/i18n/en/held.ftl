# When a notice cannot be posted: the message to those who wait, and the inbox.

held-notice =
    { $titled ->
        [yes] 📭 **{ $title }** has ended, but I can't post it in { $place }.
       *[no] 📭 A task of yours has ended, but I can't post it in { $place }.
    }
held-notice-missing = Missing there: { $permissions }. Ask someone who manages the server to allow it.
held-notice-thread-locked = That thread is locked. Someone has to unlock it, or give me Manage Threads.
held-notice-thread-archived = That thread is archived. Someone has to open it again.
held-notice-forum-tag = Posts there need a tag, and there's none I may use. Someone who manages the server has to add one, or give me Manage Threads.
held-notice-trouble = Discord doesn't take my messages there, and I can't tell why.
held-notice-kept = Nothing is lost: I'll keep trying, and post this and anything else you're waiting for there. { COMMAND("suno inbox") } shows what's waiting, and { COMMAND("suno status") } shows the result right now.

notice-instead = -# I'm telling you here because I couldn't post it in { $place }.

inbox-empty = Nothing is waiting: everything I had for you has been posted.
inbox-title =
    { $count ->
        [one] 1 notice couldn't be posted
       *[other] { $count } notices couldn't be posted
    }
inbox-more = … and { $count } more.
inbox-held = { $task } · { $place } · { $since }: { $why } I'll keep trying.
inbox-dropped = { $task } · { $place } · { $since }: { $why } { COMMAND("suno status") } shows the result.
inbox-why-permission = I don't have permission to post there.
inbox-why-thread = The thread is closed.
inbox-why-forum-tag = Posts there need a tag, and there's none I may use.
inbox-why-gone = The channel is gone, or I can't see it any more.
inbox-why-person = I can't send you DMs.
inbox-why-content = Discord refused the message.
inbox-why-trouble = Discord doesn't take it.

button-keep-watching = Keep watching
keep-watching-gone = I don't know any more what this message was about. Use { COMMAND("suno watch") } with the id under it.
