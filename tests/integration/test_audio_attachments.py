import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.delivery.attachments.attachment_policy import (
    DEFAULT_UPLOAD_LIMIT,
    MAX_ATTEMPTS_WITH_FILE,
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
    """A dispatcher that attaches songs, the media server, and the settings of servers."""

    media: MediaServer
    settings: ServerSettingsStore

    async def told(self, task: Task, channel: Channel | None = None) -> Message:
        """Owe the notice of a task, and return it: exactly one message, whatever happens."""
        await self.enqueue(task, channel=channel)
        await self.deliver()
        (message,) = (channel or self.channel).messages
        assert await self.states() == [("sent", None)]
        return message

    @property
    def message_requests(self) -> int:
        """How often a message was sent to the channel."""
        path = f"/channels/{self.channel.id}/messages"
        asked = [(request.method, request.path) for request in self.local.requests]
        return asked.count(("POST", path))


@pytest.fixture
async def harness(tmp_path: Path, media: MediaServer) -> AsyncIterator[AttachmentHarness]:
    """Return a dispatcher for a server that allows uploads, and the server of its songs."""
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalDiscord())
        local.clock.stop()
        guild = local.add_guild("Song Club")
        channel = guild.add_channel("songs")
        database = await stack.enter_async_context(DatabaseThread(tmp_path / "suno.db"))
        fetcher = await stack.enter_async_context(
            AudioFetcher(seconds=1, resolve=always("127.0.0.1"), loopback_port=media.port)
        )
        media.host = "songs.example.com"
        DiscordWebSocket.DEFAULT_GATEWAY = URL(local.gateway_url)
        Route.BASE = local.api_url
        request_monitor = RequestMonitor()
        client = traced_client(request_monitor)
        await stack.enter_async_context(connected(client, local.token))
        outbox, settings = Outbox(database), ServerSettingsStore(database)
        await settings.change(guild.id, uploads=True)
        dispatcher = a_dispatcher(client, outbox, POLICY, clock=local.clock.now, fetcher=fetcher)
        store = TaskStore(database, outbox, "local")
        yield AttachmentHarness(
            local, channel, outbox, store, dispatcher, client, request_monitor, media, settings
        )


def a_song_at(link: str, **changes: Any) -> Task:
    """Return a finished song whose audio is there."""
    return a_song(clips=(a_clip(audio_url=link, **changes),))


async def test_a_song_comes_with_a_file_that_discord_plays(harness: AttachmentHarness) -> None:
    """Named after it, with every byte, beside the link and the cover."""
    link = harness.media.song(MP3 * 700)
    message = await harness.told(a_song_at(link, title="Paper Boats (live)"))
    (file,) = message.attachments
    assert file.filename == "Paper-Boats-live.mp3"
    assert file.content_type == "audio/mpeg"
    assert file.data == MP3 * 700
    assert message.embeds[0]["url"] == link
    assert harness.message_requests == 1


async def test_only_the_first_song_that_goes_on_playing_is_a_file(
    harness: AttachmentHarness,
) -> None:
    """A stream is never fetched, nor is a second version: its link is in the message."""
    harness.media.song()
    stream = a_clip(id="clip-1", audio_url=harness.media.link("/stream.mp3"), audio_is_final=False)
    clips = (
        stream,
        a_clip(id="clip-2", audio_url=harness.media.link()),
        a_clip(id="clip-3", audio_url=harness.media.link("/third.mp3")),
    )
    message = await harness.told(a_song(clips=clips))
    assert len(message.attachments) == 1
    assert [request.path for request in harness.media.requests] == ["/song.mp3"]


@pytest.mark.parametrize(
    "task", [a_failure(), a_song(clips=(a_clip(audio_is_final=False),))], ids=["failed", "stream"]
)
async def test_where_nothing_goes_on_playing_there_is_no_file(
    harness: AttachmentHarness, task: Task
) -> None:
    """And nothing is fetched."""
    assert (await harness.told(task)).attachments == []
    assert harness.media.requests == []


async def test_without_the_setting_nothing_is_fetched(harness: AttachmentHarness) -> None:
    """A server has to want it."""
    await harness.settings.change(harness.guild.id, uploads=False)
    message = await harness.told(a_song_at(harness.media.song()))
    assert message.attachments == []
    assert harness.media.requests == []


async def test_a_direct_message_has_no_file(harness: AttachmentHarness) -> None:
    """Nobody has allowed it there."""
    ada = harness.local.add_user("Ada")
    harness.guild.add_member(ada)
    direct = harness.local.open_dm(ada)
    message = await harness.told(a_song_at(harness.media.song()), channel=direct)
    assert message.attachments == []
    assert harness.media.requests == []


async def test_without_attach_files_nothing_is_fetched(harness: AttachmentHarness) -> None:
    """Where the bot knows that it may not attach, it does not try."""
    heard = asyncio.create_task(harness.client.wait_for("guild_channel_update", timeout=5))
    await asyncio.sleep(0)
    harness.channel.deny("attach_files")
    await heard
    message = await harness.told(a_song_at(harness.media.song()))
    assert message.attachments == []
    assert harness.media.requests == []
    assert harness.message_requests == 1


async def test_a_thread_gets_the_file_as_well(harness: AttachmentHarness) -> None:
    """It belongs to the server that wants it."""
    thread = harness.guild.add_thread(harness.channel, "new songs")
    message = await harness.told(a_song_at(harness.media.song()), channel=thread)
    assert [file.data for file in message.attachments] == [MP3]


@pytest.mark.parametrize(
    ("status", "code"), [(413, 40005), (413, 0), (403, 50013), (400, 50035)], ids=str
)
async def test_a_message_that_is_refused_for_its_file_comes_without(
    harness: AttachmentHarness, status: int, code: int
) -> None:
    """At once, and with everything else that belongs to it."""
    harness.local.faults.add(POST, status=status, code=code, times=1)
    link = harness.media.song()
    message = await harness.told(a_song_at(link))
    assert message.attachments == []
    assert message.embeds[0]["url"] == link
    assert "image" in message.embeds[0]
    assert message.components
    assert harness.message_requests == 2


async def test_a_message_that_is_refused_without_its_file_too_is_sent_simpler(
    harness: AttachmentHarness,
) -> None:
    """First without the file, then without pictures and buttons, then as plain text."""
    harness.local.faults.add(POST, status=400, code=50035, times=3)
    link = harness.media.song()
    message = await harness.told(a_song_at(link))
    assert message.attachments == []
    assert message.embeds == []
    assert link in message.content
    assert (harness.message_requests, len(harness.media.requests)) == (4, 1)


async def test_a_missing_permission_to_post_holds_a_message_with_its_file(
    harness: AttachmentHarness,
) -> None:
    """It is not the file then; when the permission is back the file comes, too."""
    fault = harness.local.faults.add(POST, status=403, code=50013, times=2)
    await harness.enqueue(a_song_at(harness.media.song()))
    assert await harness.deliver() == []
    assert (await harness.states())[0][0] == "held"
    assert fault.hits == 2
    (message,) = await harness.deliver(after=600)
    assert len(message.attachments) == 1


async def test_what_was_taken_unheard_is_repeated_without_its_file(
    harness: AttachmentHarness,
) -> None:
    """Discord knows the nonce, whatever else is sent: one message, with the file of the first."""
    harness.local.faults.add(POST, drop=True, when="after", times=1)
    await harness.enqueue(a_song_at(harness.media.song()))
    await harness.deliver()
    (message,) = await harness.deliver(after=2)
    assert len(message.attachments) == 1
    assert len(harness.media.requests) == 1
    assert await harness.states() == [("sent", None)]


async def test_trouble_with_the_file_under_way_ends_without_it(harness: AttachmentHarness) -> None:
    """What hinders a large message need not hinder a small one."""
    harness.local.faults.add(POST, drop=True, times=1)
    await harness.enqueue(a_song_at(harness.media.song()))
    assert await harness.deliver() == []
    (message,) = await harness.deliver(after=2)
    assert message.attachments == []
    assert await harness.states() == [("sent", None)]


async def test_what_discord_py_sends_again_by_itself_has_the_whole_file(
    harness: AttachmentHarness,
) -> None:
    """It is rewound, not fetched again."""
    harness.local.faults.add(POST, status=500, times=1)
    message = await harness.told(a_song_at(harness.media.song()))
    assert [file.data for file in message.attachments] == [MP3]
    assert (harness.message_requests, len(harness.media.requests)) == (2, 1)


async def test_a_file_is_not_fetched_for_ever(harness: AttachmentHarness) -> None:
    """What is held for long is tried again and again, and goes without a file in the end."""
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
    """What Discord drops is written out; the file stays."""
    harness.channel.deny("embed_links")
    link = harness.media.song()
    message = await harness.told(a_song_at(link))
    assert link in message.content
    assert len(message.attachments) == 1


@pytest.mark.parametrize("what", ["absent", "page", "too large", "endless", "slow", "private"])
async def test_a_song_that_cannot_be_fetched_comes_as_a_link(
    harness: AttachmentHarness, what: str
) -> None:
    """Soon, once, and whole."""
    media = harness.media
    link = {
        "absent": lambda: media.link("/nothing.mp3"),
        "page": lambda: media.song(b"<!doctype html><p>Sign in", "text/html"),
        "too large": lambda: media.song(MP3 + bytes(DEFAULT_UPLOAD_LIMIT)),
        "endless": lambda: media.stream(MP3 * 400, endless=True),
        "slow": lambda: media.stream(MP3, b"\0", every=0.05, endless=True),
        "private": lambda: media.redirect("https://10.0.0.1/song.mp3"),
    }[what]()
    message = await harness.told(a_song_at(link))
    assert message.attachments == []
    assert message.embeds[0]["url"] == link
    assert (harness.message_requests, len(media.requests)) == (1, 1)


async def test_a_server_with_boosts_takes_larger_files(harness: AttachmentHarness) -> None:
    """The least is what Discord gives everybody, whatever discord.py says."""
    guild = harness.client.get_guild(harness.guild.id)
    assert guild is not None
    assert guild.filesize_limit < DEFAULT_UPLOAD_LIMIT
    limits = UploadLimits()
    assert limits.of(guild.id, guild) == limits.of(guild.id, None) == DEFAULT_UPLOAD_LIMIT
    guild.premium_tier = 3
    assert limits.of(guild.id, guild) == 100 * 1024 * 1024


async def test_the_least_limit_that_interactions_stated_counts(tmp_path: Path) -> None:
    """In that server: what it takes no larger is not uploaded in vain, but told with its link."""
    async with open_sandbox(tmp_path) as sandbox, open_media_server() as media:
        (clip,) = clip_ids("a-song", 1)
        media.answers[f"/{clip}.mp3"] = answering(MP3 + bytes(15 * 2**20), "audio/mpeg")
        sandbox.relay.add(song("a-song", takes=1, clips=1, media=media.link("")))
        sandbox.guild.file_size = 10 * 2**20
        async with running_assembled_bot(sandbox, AudioFetcher(loopback_port=media.port)) as bot:
            await bot.services.server_settings.change(sandbox.guild.id, uploads=True)
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
        ("喵" * 300, "喵" * 60 + ".mp3"),
    ],
)
async def test_the_name_of_the_file_is_harmless(media: MediaServer, title: str, name: str) -> None:
    """Whatever the title is; and the extension is that of the content."""
    async with AudioFetcher(seconds=5, loopback_port=media.port) as fetcher:
        task = a_song_at(media.song(kind="application/octet-stream"), title=title)
        file = await AudioAttachments(fetcher).attachment(task, LIMIT)
    assert file is not None
    assert file.filename == name
    file.close()
    file.fp.close()
