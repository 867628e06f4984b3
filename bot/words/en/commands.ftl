# Names and descriptions of commands: at most 100 characters each.

command-suno = Songs and lyrics made at your Suno relay
command-status = How a task is doing right now
command-watch = Get told here when a task is done
command-unwatch = Stop watching a task
command-list = What you are watching
command-inbox = What I could not post for you, and why
command-lyrics = Read the lyrics of a task, whole
option-id = One or more task ids, separated by spaces or commas
option-id-one = The task id
