"""Who gets further files of a song: only where creating is allowed, and only what is declared."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp import web

from bot.relay.errors import RelayError
from bot.relay.models import Clip
from bot.relay.timed_lyrics import TimedLyrics
from bot.storage.errors import CreationsPerDayReached, FileUnconfirmed, TooManyLookups
from bot.storage.models import (
    AccountOwner,
    CreationOffer,
    CreationRefusal,
    CreationRefusalReason,
    TaskKey,
)
from sandbox.relay import faults
from sandbox.relay import song as make_song
from tests.support.account_harness import until
from tests.support.creation_club import Club, open_club
from tests.support.creation_studio import EVERYTHING, button
from tests.support.databases import refused
from tests.support.sandbox_session import SandboxSession

REASONS = CreationRefusalReason


@dataclass(frozen=True)
class FinishedSong:
    """A song that Ada has created with the operator's account, and its first version."""

    club: Club
    key: TaskKey
    clip: Clip

    @property
    def requested(self) -> list[tuple[str, str]]:
        """What the relay was asked for."""
        return self.club.sandbox.relay.actions.requested

    async def refusals(self, clip_id: str = "", key: TaskKey | None = None) -> list[object]:
        """Let Ada ask for each file; return the reasons of the refusals."""
        actions = self.club.services.clip_actions
        answers = [
            await ask(await self.club.asked(), key or self.key, clip_id or self.clip.id)
            for ask in (actions.wav, actions.timing, actions.stems)
        ]
        return [each.reason if isinstance(each, CreationRefusal) else each for each in answers]


async def finish(club: Club) -> FinishedSong:
    """Create a song, wait for its notice, and return it."""
    key = await club.task_of(await club.create())
    club.sandbox.relay.clock.advance(300)
    await club.sandbox.wait_for_notice(key.task_id)
    task = await club.services.task_reader.read(key.task_id, club.caller)
    assert task is not None
    return FinishedSong(club, key, task.clips[0])


@pytest.fixture
async def song(sandbox: SandboxSession) -> AsyncIterator[FinishedSong]:
    """Yield a finished song at a relay that can make every file."""
    profiles = sandbox.folder / "profiles.toml"
    profiles.write_text(EVERYTHING)
    async with open_club(sandbox, relay_profiles=str(profiles)) as club:
        yield await finish(club)


async def test_the_relay_of_the_song_is_asked_for_each_file(song: FinishedSong) -> None:
    """With the clip of the version."""
    actions, clip_id = song.club.services.clip_actions, song.clip.id
    wav = await actions.wav(await song.club.asked(), song.key, clip_id)
    assert isinstance(wav, str)
    assert wav.endswith(".wav")
    timing = await actions.timing(await song.club.asked(), song.key, clip_id)
    assert isinstance(timing, TimedLyrics)
    assert [each.text for each in timing.sections] == ["[Verse]", "[Chorus]"]
    stems = await actions.stems(await song.club.asked(), song.key, clip_id)
    assert isinstance(stems, tuple)
    assert len(stems) == 2
    assert song.requested == [("wav", clip_id), ("timing", clip_id), ("stems", clip_id)]


async def test_what_is_not_ready_is_nothing(song: FinishedSong) -> None:
    """Whoever asks again within a minute is answered from memory."""
    song.club.sandbox.relay.actions.is_ready = False
    assert await song.refusals() == [None, None, None]
    assert await song.refusals() == [None, None, None]
    assert len(song.requested) == 3


async def left_of(song: FinishedSong) -> int | None:
    """Return what is left of Ada's quota."""
    offer = await song.club.offer()
    assert isinstance(offer, CreationOffer)
    return offer.quota.left_of_user


async def test_what_a_relay_may_charge_for_counts_like_a_song(song: FinishedSong) -> None:
    """WAV files and stems do, once for each request; timed lyrics do not."""
    assert await left_of(song) == 4
    await song.refusals()
    assert await left_of(song) == 2
    await song.refusals()
    assert await left_of(song) == 2
    assert len(song.requested) == 3


async def test_a_used_up_quota_holds_for_files_too(song: FinishedSong) -> None:
    """Also where several people, or one several times, press at the same moment."""
    await song.club.set(creations_per_user=1)
    actions, asked = song.club.services.clip_actions, await song.club.asked()
    for ask in (actions.wav, actions.stems):
        with pytest.raises(CreationsPerDayReached):
            await ask(asked, song.key, song.clip.id)
    assert song.requested == []
    assert isinstance(await actions.timing(asked, song.key, song.clip.id), TimedLyrics)
    others = await song.club.asked(song.club.sandbox.bea)
    pressed = (actions.stems(others, song.key, song.clip.id) for _ in range(3))
    assert len(set(await asyncio.gather(*pressed))) == 1
    assert song.requested.count(("stems", song.clip.id)) == 1
    assert isinstance(await actions.stems(asked, song.key, song.clip.id), tuple)


async def test_the_quota_of_one_person_is_not_that_of_another(song: FinishedSong) -> None:
    """Who presses a moment later has not used theirs up."""
    await song.club.set(creations_per_user=1)
    actions = song.club.services.clip_actions
    ada, bea = await song.club.asked(), await song.club.asked(song.club.sandbox.bea)
    first, second = await asyncio.gather(
        *(actions.wav(each, song.key, song.clip.id) for each in (ada, bea)), return_exceptions=True
    )
    assert isinstance(first, CreationsPerDayReached | str)  # it is free if Bea was faster
    assert isinstance(second, str)
    assert song.requested == [("wav", song.clip.id)]


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        (faults.rate_limited(), 4),
        (faults.answers(200, faults.suno_error("quota", "余额不足")), 4),
        (faults.server_error(502), 3),
        (faults.cut_before_headers(), 3),
        (faults.answers(200, "<html>"), 3),
        (faults.redirects("https://cdn1.suno.ai/stems.zip"), 3),
        (faults.redirects("https://cdn1.suno.ai/stems.zip", 303), 3),
        (faults.redirects("/suno/act/stems/", 308), 4),
        (faults.answers(404, faults.suno_error("not_found", "upstream timed out")), 3),
        (faults.answers(200, faults.suno_error("quota", "额度: context deadline exceeded")), 3),
    ],
    ids=lambda each: getattr(each, "name", str(each)),
)
async def test_what_may_have_been_charged_counts_on(
    song: FinishedSong, fault: faults.Fault, left: int
) -> None:
    """And is told so. What was certainly refused does not."""
    song.club.sandbox.relay.faults.add(fault, path=f"/suno/act/stems/{song.clip.id}")
    with pytest.raises(RelayError if left == 4 else FileUnconfirmed):
        await song.club.services.clip_actions.stems(await song.club.asked(), song.key, song.clip.id)
    assert await left_of(song) == left


async def test_a_refusal_is_refunded_although_the_database_fails(
    song: FinishedSong, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing else will ever say that the relay has charged nothing."""
    club, limited = song.club, faults.rate_limited()
    arrived, release = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request, closing: asyncio.Event) -> web.StreamResponse:
        arrived.set()
        await release.wait()
        return await limited.answer(request, closing)

    async def refund_has_failed() -> bool:
        return wav.done() or "Result not stored yet: debit=" in caplog.text

    path = f"/suno/act/wav/{song.clip.id}"
    club.sandbox.relay.faults.add(replace(limited, answer=answer), path=path)
    asked = await club.asked()
    wav = asyncio.create_task(club.services.clip_actions.wav(asked, song.key, song.clip.id))
    await arrived.wait()
    with refused(Path(club.sandbox.environment["DATABASE_PATH"]), "UPDATE ON creations"):
        release.set()
        await until(refund_has_failed)
    with pytest.raises(RelayError):
        await wav
    assert await left_of(song) == 4


async def test_nothing_is_asked_where_creating_is_off_or_a_role_is_missing(
    song: FinishedSong,
) -> None:
    """A file may cost something, as a song does."""
    role = song.club.sandbox.guild.add_role("Composer")
    await song.club.set(creation_roles=(role.id,))
    actions = song.club.services.clip_actions
    asked = await song.club.asked(song.club.sandbox.bea)
    answer = await actions.wav(asked, song.key, song.clip.id)
    assert isinstance(answer, CreationRefusal)
    assert answer.reason is REASONS.ROLE_MISSING
    await song.club.set(creation=False)
    assert await song.refusals() == [REASONS.OFF] * 3
    assert song.requested == []


async def test_another_account_is_not_asked_for_a_song_of_this_one(song: FinishedSong) -> None:
    """Nor is this one once it may not be charged here."""
    own = await song.club.connect(AccountOwner(user_id=song.club.sandbox.ada.id))
    foreign = TaskKey(own.id, song.key.task_id)
    assert await song.refusals(key=foreign) == [REASONS.CLIP_UNKNOWN] * 3
    assert song.club.relay.actions.requested == []
    direct = song.club.sandbox.discord.open_dm(song.club.sandbox.ada)
    answer = await song.club.services.clip_actions.wav(
        await song.club.asked(place=direct), song.key, song.clip.id
    )
    assert isinstance(answer, CreationRefusal)
    assert answer.reason is REASONS.OTHER_ACCOUNT
    assert song.requested == []


async def test_a_button_is_about_the_song_of_its_message(song: FinishedSong) -> None:
    """Not about one with the same id at the account that comes first for who presses it."""
    club, task_id = song.club, song.key.task_id
    notice = await club.sandbox.wait_for_notice(task_id)
    await club.connect(AccountOwner(user_id=club.sandbox.ada.id))
    club.relay.add(make_song(task_id, title="Iron Kites"))
    club.relay.clock.advance(300)
    discord, ada, songs = club.sandbox.discord, club.sandbox.ada, club.sandbox.songs
    await discord.command(ada, songs, "suno watch", id=task_id)
    await discord.wait_for(lambda: "Iron Kites" in str(songs.messages[-1].payload()), 120)
    more = button(notice, "create:more:")
    menu = await discord.press(ada, notice, more)
    await menu.wait_for_answer(timeout=120)
    assert "Iron Kites" not in str(menu.messages[0].payload())
    wav = button(menu.messages[0], "version:wav:1:")
    file = await discord.press(ada, menu.messages[0], wav)
    await file.wait_for_answer(timeout=120)
    assert song.requested == [("wav", song.clip.id)]
    assert club.relay.actions.requested == []


@pytest.mark.parametrize("clip_id", ["", "../../suno/submit/music", "another"])
async def test_only_versions_of_the_song_are_asked_for(song: FinishedSong, clip_id: str) -> None:
    """Whatever id somebody puts in its place."""
    actions = song.club.services.clip_actions
    for ask in (actions.wav, actions.timing, actions.stems):
        answer = await ask(await song.club.asked(), song.key, clip_id)
        assert isinstance(answer, CreationRefusal)
        assert answer.reason is REASONS.CLIP_UNKNOWN
    unknown = TaskKey(song.key.account, "no-such-task")
    assert await song.refusals(key=unknown) == [REASONS.CLIP_UNKNOWN] * 3
    assert song.requested == []


def forget_tasks(song: FinishedSong) -> None:
    """Delete what retention deletes thirty days after the notice of a song."""
    path = song.club.sandbox.environment["DATABASE_PATH"]
    with closing(sqlite3.connect(path)) as database, database:
        for table in ("watches", "delivery_tasks", "deliveries", "live_card_tasks", "tasks"):
            database.execute(f"DELETE FROM {table}")  # noqa: S608 # names of ours


async def test_the_files_of_an_old_song_are_asked_for(song: FinishedSong) -> None:
    """The menu of its notice still offers them, because the relay knows the song."""
    notice = await song.club.sandbox.wait_for_notice(song.key.task_id)
    forget_tasks(song)
    discord, ada = song.club.sandbox.discord, song.club.sandbox.ada
    more = await discord.press(ada, notice, button(notice, "create:more:"))
    menu = await more.wait_for_answer(timeout=120)
    file = await discord.press(ada, menu, button(menu, "version:wav:1:"))
    await file.wait_for_answer(timeout=120)
    assert song.requested == [("wav", song.clip.id)]


async def test_the_files_of_a_song_that_is_still_made_are_not_asked_for(
    song: FinishedSong,
) -> None:
    """The relay knows its versions already, and might charge for nothing."""
    song.club.sandbox.relay.add(make_song("streaming", takes=100))
    song.club.sandbox.relay.clock.advance(80)
    found = await song.club.services.task_reader.read("streaming", song.club.caller)
    assert found is not None
    clip = found.clips[0]
    key = TaskKey(song.key.account, "streaming")
    assert await song.refusals(clip.id, key) == [REASONS.CLIP_UNKNOWN] * 3
    assert song.requested == []


async def test_an_action_that_the_relay_does_not_declare_is_not_asked_for(
    sandbox: SandboxSession,
) -> None:
    """Nothing is found out by spending."""
    async with open_club(sandbox) as club:
        song = await finish(club)
        assert await song.refusals() == [REASONS.UNSUPPORTED] * 3
        assert song.requested == []


async def test_errors_of_the_relay_are_raised(song: FinishedSong) -> None:
    """They are told in plain words, as those of a look-up."""
    song.club.sandbox.relay.faults.add(
        faults.server_error(502), path=f"/suno/act/timing/{song.clip.id}"
    )
    with pytest.raises(RelayError):
        await song.club.services.clip_actions.timing(
            await song.club.asked(), song.key, song.clip.id
        )


async def test_who_asks_without_end_is_stopped(song: FinishedSong) -> None:
    """Files count as look-ups do."""
    actions = song.club.services.clip_actions
    asked = await song.club.asked()
    answers = await asyncio.gather(
        *(actions.wav(asked, song.key, song.clip.id) for _ in range(100)), return_exceptions=True
    )
    assert any(isinstance(each, TooManyLookups) for each in answers)
    assert 0 < len(song.requested) < 100
