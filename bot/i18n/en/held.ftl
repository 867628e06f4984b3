# When a notice cannot be posted: the word to those who wait, and the inbox.

held-notice =
    { $titled ->
        [yes] 📭 **{ $title }** has ended, but I cannot post about it in { $place }.
       *[no] 📭 A task of yours has ended, but I cannot post about it in { $place }.
    }
held-notice-missing = There I am missing: { $permissions }. Ask someone who manages the server to allow that.
held-notice-thread-locked = That thread is locked: someone has to unlock it, or to give me Manage Threads.
held-notice-thread-archived = That thread is archived: someone has to open it again.
held-notice-forum-tag = Posts there need a tag, and there's none I may use: someone who manages the server has to add one, or to give me Manage Threads.
held-notice-trouble = Discord does not take my messages there, and I cannot tell why.
held-notice-kept = Nothing is lost: I keep it, and everything else that ends for you there, and post it by myself as soon as I can. { COMMAND("suno inbox") } shows what waits; { COMMAND("suno status") } with the task id shows it right now.

notice-instead = -# I am telling you here because I could not post this in { $place }, where you asked.

inbox-empty = Everything that I had for you has been posted.
inbox-title = { $count ->
    [one] 1 notice could not be posted
   *[other] { $count } notices could not be posted
 }
inbox-more = … and { $count } more.
inbox-held = { $id }{ $title } for { $place }, since { $since }: { $why } I go on trying.
inbox-dropped = { $id }{ $title } for { $place }, { $since }: { $why } There is nowhere left to post it; see it with { COMMAND("suno status") }.
inbox-why-permission = I may not post there.
inbox-why-thread = the thread is closed.
inbox-why-forum-tag = posts there need a tag, and there's none I may use.
inbox-why-gone = the place is gone, or closed to me.
inbox-why-person = I cannot send you direct messages.
inbox-why-content = Discord refused the message.
inbox-why-trouble = Discord does not take it.

button-keep-watching = Keep watching
