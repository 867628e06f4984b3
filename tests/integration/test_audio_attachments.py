"""Audio files attached to notices: when a file is fetched, uploaded or left out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.attachments.attachment_policy import (
    DEFAULT_UPLOAD_LIMIT,
    MAX_ATTEMPTS_WITH_FILE,
    MAX_FILE_TITLE,
    MAX_FILES,
    MAX_WAITING,
    SLOW_HOST_PAUSE,
    AudioAttachments,
    UploadLimits,
)
from bot.delivery.attachments.audio_fetcher import AudioFetcher
from bot.delivery.discord_requests import RequestMonitor
from bot.relay.models import Task
from bot.storage.database import DatabaseThread
from bot.storage.outbox import Outbox
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.tasks import TaskStore
from sandbox.discord import Channel, LocalDiscord, Message
from sandbox.relay import song
from sandbox.relay.lifecycles import clip_ids
from tests.support.builders import a_clip, a_failure, a_song
from tests.support.databases import location
from tests.support.delivery import a_dispatcher
from tests.support.dispatcher_harness import (
    POLICY,
    POST,
    DispatcherHarness,
    connected,
    traced_client,
)
from tests.support.media_server import MP3, MediaServer, always, answering, open_media_server
from tests.support.sandbox_session import open_sandbox, running_assembled_bot

LIMIT = 1 << 20


@dataclass
class AttachmentHarness(DispatcherHarness):
    """A dispatcher that attaches audio files, a media server, and the servers' settings."""

    media: MediaServer
    settings: ServerSettingsStore

    async def notice_of(self, task: Task, channel: Channel | None = None) -> Message:
        """Enqueue a task's notice, deliver it, and return the only message."""
        await self.enqueue(task, channel=channel)
        await self.deliver()
        (message,) = (channel or self.channel).messages
        assert await self.states() == [("sent", None)]
        return message

    @property
    def message_requests(self) -> int:
        """The number of requests that posted a message to the channel."""
        path = f"/channels/{self.channel.id}/messages"
        requested = [(request.method, request.path) for request in self.local.requests]
        return requested.count(("POST", path))


@pytest.fixture
async def harness(tmp_path: Path, media: MediaServer) -> AsyncIterator[AttachmentHarness]:
    """Return a dispatcher that attaches files, and a media server."""
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalDiscord())
        local.clock.stop()
        guild = local.add_guild("Song Club")
        channel = guild.add_channel("songs")
        database = await stack.enter_async_context(DatabaseThread(location(tmp_path / "suno.db")))
        fetcher = await stack.enter_async_context(
            AudioFetcher(seconds=1, resolve=always("127.0.0.1"), loopback_port=media.port)
        )
        media.host = "songs.example.com"
        request_monitor = RequestMonitor()
        client = traced_client(request_monitor)
        await stack.enter_async_context(connected(client, local))
        outbox, settings = Outbox(database), ServerSettingsStore(database)
        dispatcher = a_dispatcher(client, outbox, POLICY, clock=local.clock.now, fetcher=fetcher)
        store = TaskStore(database, outbox, "local")
        yield AttachmentHarness(
            local, channel, outbox, store, dispatcher, client, request_monitor, media, settings
        )


def a_song_at(link: str, **changes: Any) -> Task:
    """Return a finished song whose audio is at a URL."""
    return a_song(clips=(a_clip(audio_url=link, **changes),))


async def test_a_song_has_its_audio_file(harness: AttachmentHarness) -> None:
    """The file is named after the song and complete; link and cover stay in the message."""
    link = harness.media.song(MP3 * 700)
    message = await harness.notice_of(a_song_at(link, title="Paper Boats (live)"))
    (file,) = message.attachments
    assert file.filename == "Paper-Boats-live.mp3"
    assert file.content_type == "audio/mpeg"
    assert file.data == MP3 * 700
    assert link in message.embeds[0]["description"]
    assert harness.message_requests == 1


async def test_only_the_first_playable_clip_is_a_file(
    harness: AttachmentHarness,
) -> None:
    """Streams and further versions are not fetched, only linked."""
    harness.media.song()
    stream = a_clip(id="clip-1", audio_url=harness.media.link("/stream.mp3"), audio_is_final=False)
    clips = (
        stream,
        a_clip(id="clip-2", audio_url=harness.media.link()),
        a_clip(id="clip-3", audio_url=harness.media.link("/third.mp3")),
    )
    message = await harness.notice_of(a_song(clips=clips))
    (file,) = message.attachments
    assert file.filename == "Paper-Boats-2.mp3"
    assert [request.path for request in harness.media.requests] == ["/song.mp3"]


@pytest.mark.parametrize(
    "task", [a_failure(), a_song(clips=(a_clip(audio_is_final=False),))], ids=["failed", "stream"]
)
async def test_without_a_playable_clip_nothing_is_fetched(
    harness: AttachmentHarness, task: Task
) -> None:
    """The notice has no file."""
    assert (await harness.notice_of(task)).attachments == []
    assert harness.media.requests == []


async def test_a_server_can_turn_attachments_off(harness: AttachmentHarness) -> None:
    """Nothing is fetched for it."""
    await harness.settings.change(harness.guild.id, uploads=False)
    message = await harness.notice_of(a_song_at(harness.media.song()))
    assert message.attachments == []
    assert harness.media.requests == []


async def test_a_direct_message_has_the_file_too(harness: AttachmentHarness) -> None:
    """Only a server can turn attachments off."""
    ada = harness.local.add_user("Ada")
    harness.guild.add_member(ada)
    direct = harness.local.open_dm(ada)
    message = await harness.notice_of(a_song_at(harness.media.song()), channel=direct)
    assert [file.data for file in message.attachments] == [MP3]


async def test_without_attach_files_nothing_is_fetched(harness: AttachmentHarness) -> None:
    """The audio is not fetched if the bot lacks the permission to attach files."""
    received = asyncio.create_task(harness.client.wait_for("guild_channel_update", timeout=60))
    await asyncio.sleep(0)
    harness.channel.deny("attach_files")
    await received
    message = await harness.notice_of(a_song_at(harness.media.song()))
    assert message.attachments == []
    assert harness.media.requests == []
    assert harness.message_requests == 1


async def test_a_thread_has_the_setting_of_its_server(harness: AttachmentHarness) -> None:
    """A notice in a thread has a file, too."""
    thread = harness.guild.add_thread(harness.channel, "new songs")
    message = await harness.notice_of(a_song_at(harness.media.song()), channel=thread)
    assert [file.data for file in message.attachments] == [MP3]


@pytest.mark.parametrize(
    ("status", "code"), [(413, 40005), (413, 0), (403, 50013), (400, 50035)], ids=str
)
async def test_a_message_rejected_for_its_file_is_sent_without_it(
    harness: AttachmentHarness, status: int, code: int
) -> None:
    """It is sent again at once and keeps everything else."""
    harness.local.faults.add(POST, status=status, code=code, times=1)
    link = harness.media.song()
    message = await harness.notice_of(a_song_at(link))
    assert message.attachments == []
    assert link in message.embeds[0]["description"]
    assert "thumbnail" in message.embeds[0]
    assert message.components
    assert harness.message_requests == 2


async def test_formats_are_simplified_after_the_file_is_dropped(
    harness: AttachmentHarness,
) -> None:
    """The file is dropped first, then images and buttons, then all embeds."""
    harness.local.faults.add(POST, status=400, code=50035, times=3)
    link = harness.media.song()
    message = await harness.notice_of(a_song_at(link))
    assert message.attachments == []
    assert message.embeds == []
    assert link in message.content
    assert (harness.message_requests, len(harness.media.requests)) == (4, 1)


async def test_a_missing_permission_to_post_holds_a_message_with_its_file(
    harness: AttachmentHarness,
) -> None:
    """The file is not the cause; it is sent once the permission is back."""
    fault = harness.local.faults.add(POST, status=403, code=50013, times=2)
    await harness.enqueue(a_song_at(harness.media.song()))
    assert await harness.deliver() == []
    assert (await harness.states())[0][0] == "held"
    assert fault.hits == 2
    (message,) = await harness.deliver(after=600)
    assert len(message.attachments) == 1


async def test_an_unconfirmed_message_is_repeated_without_its_file(
    harness: AttachmentHarness,
) -> None:
    """The nonce prevents a second message, so the first one's file is shown."""
    harness.local.faults.add(POST, drop=True, when="after", times=1)
    await harness.enqueue(a_song_at(harness.media.song()))
    await harness.deliver()
    (message,) = await harness.deliver(after=2)
    assert len(message.attachments) == 1
    assert len(harness.media.requests) == 1
    assert await harness.states() == [("sent", None)]


async def test_an_interrupted_upload_is_retried_without_the_file(
    harness: AttachmentHarness,
) -> None:
    """A large request may fail where a small one succeeds."""
    harness.local.faults.add(POST, drop=True, times=1)
    await harness.enqueue(a_song_at(harness.media.song()))
    assert await harness.deliver() == []
    (message,) = await harness.deliver(after=2)
    assert message.attachments == []
    assert await harness.states() == [("sent", None)]


async def test_a_retry_of_discord_py_sends_the_whole_file(
    harness: AttachmentHarness,
) -> None:
    """The file is rewound instead of fetched again."""
    harness.local.faults.add(POST, status=500, times=1)
    message = await harness.notice_of(a_song_at(harness.media.song()))
    assert [file.data for file in message.attachments] == [MP3]
    assert (harness.message_requests, len(harness.media.requests)) == (2, 1)


async def test_a_file_is_dropped_after_repeated_failures(harness: AttachmentHarness) -> None:
    """A held delivery is sent without its file after the maximum of attempts."""
    archived = harness.local.faults.add(
        POST, status=400, code=50083, channel=harness.channel, times=None
    )
    await harness.enqueue(a_song_at(harness.media.song()))
    for _ in range(MAX_ATTEMPTS_WITH_FILE + 1):
        assert await harness.deliver(after=600) == []
    assert archived.hits == MAX_ATTEMPTS_WITH_FILE + 1
    harness.local.faults.clear()
    (message,) = await harness.deliver(after=600)
    assert message.attachments == []
    assert len(harness.media.requests) == MAX_ATTEMPTS_WITH_FILE


async def test_a_channel_without_embeds_gets_the_file_and_the_links(
    harness: AttachmentHarness,
) -> None:
    """The text of dropped embeds is edited in; the file stays."""
    harness.channel.deny("embed_links")
    link = harness.media.song()
    message = await harness.notice_of(a_song_at(link))
    assert link in message.content
    assert len(message.attachments) == 1


@pytest.mark.parametrize("what", ["absent", "page", "too large", "endless", "slow", "private"])
async def test_a_failed_fetch_leaves_only_the_link(harness: AttachmentHarness, what: str) -> None:
    """The notice is complete and sent once, after one request for the file."""
    media = harness.media
    link = {
        "absent": lambda: media.link("/nothing.mp3"),
        "page": lambda: media.song(b"<!doctype html><p>Sign in", "text/html"),
        "too large": lambda: media.song(MP3 + bytes(DEFAULT_UPLOAD_LIMIT)),
        "endless": lambda: media.stream(MP3 * 400, endless=True),
        "slow": lambda: media.stream(MP3, b"\0", every=0.05, endless=True),
        "private": lambda: media.redirect("https://10.0.0.1/song.mp3"),
    }[what]()
    message = await harness.notice_of(a_song_at(link))
    assert message.attachments == []
    assert link in message.embeds[0]["description"]
    assert (harness.message_requests, len(media.requests)) == (1, 1)


async def test_a_slow_media_server_occupies_few_deliveries(harness: AttachmentHarness) -> None:
    """Beyond those, songs are sent without a file and without waiting for a place."""
    link = harness.media.stream(MP3, b"\0", every=0.05, endless=True)
    songs = MAX_FILES + MAX_WAITING + 1
    channels = [harness.guild.add_channel(f"songs-{number}") for number in range(songs)]
    for number, channel in enumerate(channels):
        task = a_song(f"song-{number}", clips=(a_clip(audio_url=link),))
        await harness.enqueue(task, channel=channel)
    await harness.dispatcher.tick()
    await harness.local.wait_for(lambda: any(channel.messages for channel in channels), 120)
    assert sum(len(channel.messages) for channel in channels) == 1
    assert len(harness.media.requests) <= MAX_FILES
    await harness.deliver()
    assert all(len(channel.messages) == 1 for channel in channels)


async def test_a_slow_media_server_is_left_alone_for_a_while(harness: AttachmentHarness) -> None:
    """The songs of a channel follow one another: only the first of many waits for it."""
    slow = harness.media.stream(MP3, b"\0", every=0.05, endless=True)
    for number in range(3):
        await harness.enqueue(a_song(f"slow-{number}", clips=(a_clip(audio_url=slow),)))
    await harness.deliver()
    assert len(harness.channel.messages) == 3
    assert len(harness.media.requests) == 1
    harness.local.clock.advance(SLOW_HOST_PAUSE)
    harness.media.song()
    await harness.enqueue(a_song("later", clips=(a_clip(audio_url=slow),)))
    await harness.deliver()
    assert len(harness.channel.messages[-1].attachments) == 1


async def test_other_media_servers_are_still_asked(harness: AttachmentHarness) -> None:
    """That one host is slow says nothing about another."""
    slow = harness.media.stream(MP3, b"\0", every=0.05, endless=True)
    harness.media.answers["/fast.mp3"] = answering(MP3, "audio/mpeg")
    fast = harness.media.link("/fast.mp3", "other.example.com")
    for link in (slow, fast):
        await harness.enqueue(a_song(link, clips=(a_clip(audio_url=link),)))
    await harness.deliver()
    assert [len(message.attachments) for message in harness.channel.messages] == [0, 1]


async def test_the_upload_limit_follows_the_boosts_of_the_server(
    harness: AttachmentHarness,
) -> None:
    """The minimum is Discord's general limit, whatever discord.py reports."""
    guild = harness.client.get_guild(harness.guild.id)
    assert guild is not None
    assert guild.filesize_limit < DEFAULT_UPLOAD_LIMIT
    limits = UploadLimits()
    assert limits.of(guild.id, guild) == limits.of(guild.id, None) == DEFAULT_UPLOAD_LIMIT
    guild.premium_tier = 3
    assert limits.of(guild.id, guild) == 100 * 1024 * 1024


async def test_the_smallest_limit_reported_by_interactions_applies(tmp_path: Path) -> None:
    """A file above it is linked instead of uploaded in vain."""
    async with open_sandbox(tmp_path) as sandbox, open_media_server() as media:
        (clip,) = clip_ids("a-song", 1)
        media.answers[f"/{clip}.mp3"] = answering(MP3 + bytes(15 * 2**20), "audio/mpeg")
        sandbox.relay.add(song("a-song", takes=1, clips=1, media=media.link("")))
        sandbox.guild.file_size = 10 * 2**20
        async with running_assembled_bot(sandbox, AudioFetcher(loopback_port=media.port)):
            await sandbox.command_answer("suno watch", id="a-song")
            sandbox.relay.clock.advance(10)
            notice = await sandbox.wait_for_notice("a-song")
        assert media.requests
        assert notice.attachments == []
        assert not [one for one in sandbox.discord.requests if one.status == 413]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../etc/passwd", "etc-passwd.mp3"),
        ("\u202egnp.exe", "gnp-exe.mp3"),
        ("SPOILER_ending", "SPOILER-ending.mp3"),
        ("春天 · नमस्ते", "春天-नमस्ते.mp3"),
        ("", "song.mp3"),
        ("???", "song.mp3"),
        ("CON", "song-CON.mp3"),
        ("a\x00b\r\nc: d", "ab-c-d.mp3"),
        ("喵" * 300, "喵" * MAX_FILE_TITLE + ".mp3"),
    ],
)
async def test_the_file_name_is_safe(media: MediaServer, title: str, name: str) -> None:
    """It contains no unsafe characters, and the extension matches the content."""
    async with AudioFetcher(seconds=5, loopback_port=media.port) as fetcher:
        task = a_song_at(media.song(kind="application/octet-stream"), title=title)
        file = await AudioAttachments(fetcher).attachment(task, LIMIT)
    assert file is not None
    assert file.filename == name
    file.close()
    file.fp.close()
