# The lyrics reader, and the buttons of a status card.

reader-go-to = Go to …
reader-go-to-version = Sections of version { $number }
reader-share = Share in channel
reader-file = As a file
reader-shared = Shared. Everybody here can read along while you turn the pages.
reader-may-not-share = 🚫 You can't post in this channel, so I won't post there for you.
reader-cannot-share = 🚫 I don't have permission to post here. Ask someone who manages the server to allow it.
reader-shared-by = -# Shared by { $user }
reader-gone = The relay doesn't know this task any more, so there's nothing to show.

status-button-notify = Notify me
status-button-stop = Stop watching
status-button-lyrics = Lyrics
status-button-refresh = Refresh
