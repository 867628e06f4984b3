# Creating songs and lyrics: commands, modals, answers, the menu under a song.

command-create = Make a song from a description
command-create-name = create
command-compose = Make a song from your own lyrics, title and style
command-compose-name = compose
command-write = Write lyrics about a topic
command-write-name = write
option-description = What the song should be like: mood, story, sound
option-description-name = description
option-instrumental = Without singing
option-instrumental-name = instrumental
option-model = Which version of Suno to use
option-model-name = model
option-topic = What the lyrics should be about
option-topic-name = topic

create-form-description = Make a song
create-form-custom = Compose a song
create-form-extension = Extend a song
create-form-lyrics = Write lyrics
create-field-description = Description
create-hint-description = Mood, story, sound. At most { $limit } characters.
create-field-topic = Topic
create-hint-topic = What the lyrics should be about. At most { $limit } characters.
create-field-title = Title
create-hint-title = At most { $limit } characters.
create-field-style = Style
create-hint-style = Genre, voice, instruments, tempo, separated by commas.
create-field-lyrics = Lyrics
create-hint-lyrics = Headings such as [Verse] and [Chorus] help. Up to { $limit } characters fit here.
create-hint-continuation = Only of what comes next. Up to { $limit } characters fit here.
create-field-instrumental = Instrumental
create-hint-instrumental = Without singing; then no lyrics are needed.
create-field-model = Model
create-field-start = Continue from
create-hint-cut = The beginning of { $length } characters, as only { $limit } fit. The rest is left out.
create-hint-start = A time such as 1:30. Empty: from the end.
create-field-kind = The kind of request

create-making =
    { $titled ->
        [yes] { $kind ->
            [lyrics] ✍️ Writing lyrics: **{ $title }**
           *[music] 🎵 Making **{ $title }**
        }
       *[no] { $kind ->
            [lyrics] ✍️ Writing your lyrics
           *[music] 🎵 Making your song
        }
    }
create-told-here = I'll post it here when it's done.
create-told-there = I'll post it in { $place } when it's done.
create-told-private = I'll send it to you in a DM when it's done.
create-told-unreachable = I can't send you DMs, and it was too late to stop this. You'll find it with { COMMAND("suno history") } when it's done.
create-usually-here = It usually takes { $time }; then I'll post it here.
create-usually-there = It usually takes { $time }; then I'll post it in { $place }.
create-usually-private = It usually takes { $time }; then I'll send it to you in a DM.
create-left = { $left } left of { $limit } in 24 hours.
create-left-here = In this server { $left } left of { $limit } in 24 hours.
create-files-count = A WAV file or stems count like a song, each time I ask for them.
create-price = Price: { $price }

create-refused-off = Creating is switched off in this server. Whoever manages it can switch it on with { COMMAND("suno-settings create") }.
create-refused-role-missing = In this server you need one of these roles to create: { $roles }
create-refused-no-account = There's no relay account that I may create with here. You can connect your own with { COMMAND("suno account") }.
create-refused-request-unknown = I don't know any more how this was made, so I can't repeat it. You can start anew with { COMMAND("suno compose") }.
create-refused-clip-unknown = I can't find this version any more.
create-refused-unsupported = This relay doesn't offer that.
create-refused-other-account = This song was made with a relay account that I may not use for you here, so it can't be continued. You can still edit it and make one of your own.
create-refused-member-cannot-post = You can't post in this channel, so I won't post there for you. Nothing was sent to the relay, and nothing was charged.
create-refused-bot-cannot-post =
    { $where ->
        [server] I can't post in { $channel }, this server's channel for songs. Missing: { $permissions }. Ask someone who manages the server to allow it, or to choose another channel.
       *[here] I can't post here. Missing: { $permissions }. Ask someone who manages the server to allow it, or use me in another channel.
    } Nothing was sent to the relay, and nothing was charged.
create-refused-forum-tag = Posts in { $channel } need a tag, and there's none I may use. Ask someone who manages the server to add one, or to give me Manage Threads there. Nothing was sent to the relay, and nothing was charged.
create-refused-watch-role = In this server you need one of these roles to watch what you create: { $roles }. Ask someone who manages the server. Nothing was sent to the relay, and nothing was charged.
create-refused-no-direct-messages = I can't post here, and I can't send you DMs either, so nothing was sent to the relay. Allow DMs in this server's Privacy Settings, then try again.
create-refused-no-common-server = I can't post here, and I can't send you DMs because we have no server in common. Open my profile, choose **Add App** and add me to your own apps, then try again. Nothing was sent to the relay.
create-not-yours = Only the person who asked for this can edit it. With “Try again” you get one of your own.
create-refused-invalid = Nothing was sent, and nothing was charged. Please change this first:
create-problem-empty = **{ $field }** is empty.
create-problem-too-long = **{ $field }** has { $length } characters; this model takes at most { $limit }.
create-problem-time = **{ $field }** should be a time such as 1:30, or empty.
create-problem-model = **{ $field }**: this one isn't offered here.
create-problem-unsupported = This relay can't do that.
create-problem-other = **{ $field }** can't be used like this.
create-typed = What you typed is in the file, and the button opens it again.
create-button-edit = Edit
create-draft-gone = I don't have that text any more, because too much time has passed or I was restarted. It's still in the file above: copy it into { COMMAND("suno compose") }.
create-draft-name = your-text

create-button-again = Try again
create-button-song = Make a song
create-button-more = More…
create-button-extend = Extend
create-button-extend-of-several = Extend { $number }
create-button-wav = WAV
create-button-wav-of-several = WAV { $number }
create-button-timing = Timed lyrics
create-button-timing-of-several = Timed lyrics { $number }
create-button-stems = Stems
create-button-stems-of-several = Stems { $number }
create-menu =
    { $titled ->
        [yes] **{ $title }**: what next?
       *[no] What next?
    }
create-menu-gone = I don't know this song any more, so there's nothing to do with it here.

create-wav = 🎧 The WAV file of { $version }: { $link }
create-wav-link = download
create-stems = 🎚️ The stems of { $version }:
create-stem = Stem { $number }
create-stems-more =
    { $count ->
        [one] The file has all of them, also the one that didn't fit here.
       *[other] The file has all of them, also the { $count } that didn't fit here.
    }
create-stems-file = stems
create-version = **{ $title }**
create-version-of-several = **{ $title }**, version { $number }
create-file-waiting = ⏳ The relay is still making it. Press the button again in a minute.
create-file-unconfirmed = 🤷 The relay gave no clear answer. It may have charged for this, so I didn't ask again. If you press the button again, it may charge once more.
create-file-none = The relay sent nothing that I could open.
create-timing = 🎤 The timed lyrics of { $version }
create-timing-line = `{ $time }` { $section }
create-timing-none = The relay knows no times for this version. Instrumental songs have none.

creation-error-per-day =
    { $limit ->
        [one] You can make 1 in 24 hours here, and you have. The next is possible { $time }.
       *[other] You can make { $limit } in 24 hours here, and you have. The next is possible { $time }.
    }
creation-error-server-day = This server can make { $limit } in 24 hours, and it has. The next is possible { $time }.
creation-error-at-once =
    { $limit ->
        [one] You already have one on its way. Wait until it's done, then go on.
       *[other] You already have { $limit } on their way. Wait until one is done, then go on.
    }
creation-error-repeated = You already asked for this again a moment ago. I'll post what comes of it.

# Why nothing was created, and what to do.
create-rejected-moderation = The text didn't pass Suno's moderation.
create-advice-moderation = Edit what might offend, such as names of artists, and try again.
create-rejected-key = The relay refuses the key of this account.
create-advice-key = Whoever connected the account can replace the key. Then try again.
create-rejected-credit = The relay's account has run out of credit.
create-advice-credit = Top up the account or tell its owner, and try again.
create-rejected-busy = The relay was too busy, and I waited as long as it makes sense.
create-advice-busy = Try again in a few minutes.
create-rejected-unreachable = I couldn't reach the relay, so nothing was sent.
create-advice-unreachable = Try again when the relay works again.
create-rejected-invalid = The relay doesn't accept this request.
create-advice-invalid = Edit it: shorten the texts, or choose another model. Then try again.
create-rejected-unsupported = The relay doesn't offer this, or not with this model.
create-advice-unsupported = Edit it and choose another model, then try again.
create-rejected-failed = Something broke inside the relay, and it began nothing.
create-advice-failed = Try again in a few minutes.
create-rejected-expired = I couldn't get to this for over ten minutes, so I didn't send it.
create-advice-expired = If you still want it, try again.
create-rejected-disconnected = Its relay account was disconnected before I sent this.
create-advice-disconnected = Once an account is connected, try again.
create-rejected-off = Creating was switched off in this server before the relay began this.
create-advice-off = Ask someone who manages the server to switch it on, then try again.
create-rejected-cancelled = The request never left me.
create-advice-cancelled = If you still want it, try again.
