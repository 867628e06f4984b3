# The lyrics reader, and the buttons of a status card.

reader-share = Share in channel
reader-file = As a file
reader-shared = Shared: everybody here can read along, and you turn the pages.
reader-may-not-share = 🚫 You may not post in this channel, so I will not do it for you.
reader-cannot-share = 🚫 I may not post in this channel. Ask someone who manages the server to allow that.
reader-shared-by = -# Shared by { $user }
reader-gone = The relay does not know this task any more, so there is nothing to read.

status-button-notify = Notify me
status-button-lyrics = Lyrics
status-button-refresh = Refresh
