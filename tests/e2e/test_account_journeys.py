"""Relay accounts in a bot that is a process of its own: their keys are replaced, lost, deleted."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.encryption import new_key
from bot.i18n.catalog import catalog_for
from sandbox.relay import song
from tests.support.account_panels import encrypted_keys
from tests.support.clubs import (
    LONGER,
    SONG,
    SONG_LENGTH,
    TIMEOUT,
    TITLES,
    Clubs,
    key_of,
    open_clubs,
)
from tests.support.sandbox_session import SandboxSession
from tests.support.settings_panel import shown_text

ENGLISH = catalog_for("en")
OTHER_SONG = "another-song-of-the-club"


@pytest.fixture
async def two_clubs(sandbox: SandboxSession) -> AsyncIterator[Clubs]:
    """Yield two servers; both have connected their relay."""
    async with open_clubs(sandbox, 2) as clubs:
        for club in clubs.clubs:
            assert club.host in await clubs.connect(club)
        yield clubs


async def test_the_same_task_id_is_another_song_in_each_server(two_clubs: Clubs) -> None:
    """One finishes while the other goes on; each is told once, where it was watched."""
    first, second = two_clubs.clubs
    for club in two_clubs.clubs:
        await two_clubs.watch(club)
    first.relay.clock.advance(LONGER)
    assert TITLES[0] in str((await two_clubs.notice(first.channel)).payload())
    assert two_clubs.sandbox.notices(SONG, second.channel) == []
    await two_clubs.restart()
    second.relay.clock.advance(LONGER)
    assert TITLES[1] in str((await two_clubs.notice(second.channel)).payload())
    for club, other in ((first, second), (second, first)):
        assert len(two_clubs.sandbox.notices(SONG, club.channel)) == 1
        shown = str([each.payload() for each in club.channel.messages])
        assert TITLES[two_clubs.clubs.index(other)] not in shown


async def test_watches_go_on_when_their_key_is_replaced(two_clubs: Clubs) -> None:
    """One notice each, whether the bot is killed right after the replacement or not."""
    club, neighbour = two_clubs.clubs
    new, newer = key_of(club.host, 2), key_of(club.host, 3)
    club.relay.add(song(OTHER_SONG, takes=3 * LONGER))
    for task_id in (SONG, OTHER_SONG):
        await two_clubs.watch(club, task_id)
    old = encrypted_keys(two_clubs.database)
    assert new[-4:] in await two_clubs.replace_key(club, new)
    club.relay.clock.advance(LONGER)
    await two_clubs.notice(club.channel)
    assert newer[-4:] in await two_clubs.replace_key(club, newer)
    await two_clubs.restart()
    club.relay.clock.advance(3 * LONGER)
    await two_clubs.notice(club.channel, OTHER_SONG)
    await two_clubs.panel(channel=neighbour.channel)
    for task_id in (SONG, OTHER_SONG):
        assert len(two_clubs.sandbox.notices(task_id, club.channel)) == 1
    stored = encrypted_keys(two_clubs.database)
    assert len(stored) == 2
    assert two_clubs.key_files([each for each in old if each not in stored]) == []


@pytest.mark.parametrize("encryption_key", ["", new_key()], ids=["lost", "changed"])
async def test_watches_wait_for_a_key_that_cannot_be_read(
    two_clubs: Clubs, encryption_key: str
) -> None:
    """The panel and the health page say so, and the watch goes on with the old encryption key."""
    club, _ = two_clubs.clubs
    await two_clubs.watch(club)
    await two_clubs.kill()
    club.relay.clock.advance(LONGER)
    asked = len(club.relay.requests)
    kind = "unreadable" if encryption_key else "disabled"
    async with two_clubs.another_bot(ENCRYPTION_KEY=encryption_key):
        panel = await two_clubs.panel(channel=club.channel)
        assert ENGLISH.text(f"account-trouble-{kind}") in shown_text(panel)
        health = await two_clubs.sandbox.discord.command(
            two_clubs.sandbox.ada, club.channel, "suno-settings health"
        )
        page = await health.wait_for_answer(timeout=TIMEOUT)
        problem = ENGLISH.text("health-relay-server-unreadable-key").partition(":")[0]
        assert problem in page.embeds[0]["description"]
        assert len(club.relay.requests) == asked
        assert two_clubs.sandbox.notices(SONG, club.channel) == []
    await two_clubs.bot.start()
    await two_clubs.sandbox.discord.wait_until_ready(timeout=TIMEOUT)
    assert TITLES[0] in str((await two_clubs.notice(club.channel)).payload())
    assert len(two_clubs.sandbox.notices(SONG, club.channel)) == 1


async def test_watches_go_on_when_a_key_that_cannot_be_read_is_entered_again(
    two_clubs: Clubs,
) -> None:
    """It is encrypted with the new encryption key; nothing else has to be done."""
    club, _ = two_clubs.clubs
    await two_clubs.watch(club)
    await two_clubs.kill()
    club.relay.clock.advance(LONGER)
    async with two_clubs.another_bot(ENCRYPTION_KEY=new_key()):
        assert club.key[-4:] in await two_clubs.connect(club)
        assert TITLES[0] in str((await two_clubs.notice(club.channel)).payload())
        assert len(two_clubs.sandbox.notices(SONG, club.channel)) == 1


async def test_an_account_that_is_shared_no_more_still_ends_its_watches(
    sandbox: SandboxSession,
) -> None:
    """Nobody can look anything up with it any more, and what was watched is told."""
    async with open_clubs(sandbox, 0) as clubs:
        sandbox.relay.add(song(SONG, title=TITLES[0], takes=SONG_LENGTH), song(OTHER_SONG))
        await sandbox.command_answer("suno watch", id=SONG)
        await clubs.kill()
        sandbox.relay.clock.advance(LONGER)
        async with clubs.another_bot(SHARED_RELAY="false"):
            assert TITLES[0] in str((await clubs.notice(sandbox.songs)).payload())
            asked = len(sandbox.relay.requests)
            for command in ("suno status", "suno watch"):
                answer = await sandbox.command_answer(command, id=OTHER_SONG)
                assert ENGLISH.text("error-no-account").split(":")[0] in str(answer.payload())
            assert len(sandbox.relay.requests) == asked
            assert len(sandbox.notices(SONG)) == 1


@pytest.mark.parametrize(
    "changes", [{"SUNO_API_KEY": ""}, {"SUNO_RELAY": "deerapi"}], ids=["none", "another"]
)
async def test_watches_of_a_server_do_not_depend_on_the_account_of_the_operator(
    two_clubs: Clubs, changes: dict[str, str]
) -> None:
    """It is taken away, or changed to another relay, between two runs of the bot."""
    club, neighbour = two_clubs.clubs
    for each in two_clubs.clubs:
        await two_clubs.watch(each)
    await two_clubs.kill()
    club.relay.clock.advance(LONGER)
    async with two_clubs.another_bot(**changes):
        assert TITLES[0] in str((await two_clubs.notice(club.channel)).payload())
        neighbour.relay.clock.advance(LONGER)
        assert TITLES[1] in str((await two_clubs.notice(neighbour.channel)).payload())
        for each in two_clubs.clubs:
            assert len(two_clubs.sandbox.notices(SONG, each.channel)) == 1


async def test_broken_relays_hold_up_no_other_server(sandbox: SandboxSession) -> None:
    """One is down, one refuses its key, one is slow: the notices of the healthy one arrive.

    The watches of the others wait, their panels say why, and they end truthfully once each relay is
    repaired. Who connected the refused key gets one direct message.
    """
    async with open_clubs(sandbox, 4) as clubs:
        down, refusing, slow, healthy = clubs.clubs
        for club in clubs.clubs:
            await clubs.connect(club)
            await clubs.watch(club)
        gate = asyncio.Event()
        down.relay.start_outage()
        refusing.relay.key = key_of(refusing.host, 2)
        slow.relay.delay = gate.wait
        for club in clubs.clubs:
            club.relay.clock.advance(LONGER)
        assert TITLES[3] in str((await clubs.notice(healthy.channel)).payload())
        for number in range(5):
            task_id = f"healthy-song-{number}"
            healthy.relay.add(song(task_id, takes=SONG_LENGTH))
            await clubs.watch(healthy, task_id)
            healthy.relay.clock.advance(LONGER)
            await clubs.notice(healthy.channel, task_id)
        await clubs.trouble(down, "other")
        await clubs.trouble(refusing, "auth")
        word = await sandbox.discord.wait_for(lambda: clubs.direct.messages, TIMEOUT, "the word")
        assert refusing.key[-4:] in word[0].content
        assert refusing.guild.name in word[0].content
        for club in (down, refusing, slow):
            assert sandbox.notices(SONG, club.channel) == []
        down.relay.end_outage()
        gate.set()
        await clubs.replace_key(refusing, key_of(refusing.host, 2))
        for club, title in zip(clubs.clubs, TITLES, strict=True):
            assert title in str((await clubs.notice(club.channel)).payload())
        assert len(clubs.direct.messages) == 1
        for club in clubs.clubs:
            assert len(sandbox.notices(SONG, club.channel)) == 1


async def test_a_disconnection_ends_watches_and_deletes_the_key(two_clubs: Clubs) -> None:
    """With one message about each task, and no copy of the key in any file of the database."""
    club, neighbour = two_clubs.clubs
    club.relay.add(song(OTHER_SONG, takes=SONG_LENGTH))
    await two_clubs.watch(club, SONG)
    await two_clubs.watch(club, OTHER_SONG)
    await two_clubs.watch(neighbour)
    key, kept = encrypted_keys(two_clubs.database)
    assert two_clubs.key_files([key]) != []
    panel = await two_clubs.panel(channel=club.channel)
    await two_clubs.press(panel, "account:server:disconnect")
    assert ENGLISH.text("account-disconnect-watches", count=2) in shown_text(panel)
    await two_clubs.press(panel, "account:server:confirm")
    assert ENGLISH.text("account-disconnected", count=2) in shown_text(panel)
    assert two_clubs.key_files([key]) == []
    assert encrypted_keys(two_clubs.database) == [kept]
    club.relay.clock.advance(LONGER)
    for task_id in (SONG, OTHER_SONG):
        assert "was disconnected" in str((await two_clubs.notice(club.channel, task_id)).payload())
    await two_clubs.restart()
    neighbour.relay.clock.advance(LONGER)
    assert TITLES[1] in str((await two_clubs.notice(neighbour.channel)).payload())
    for task_id in (SONG, OTHER_SONG):
        assert len(two_clubs.sandbox.notices(task_id, club.channel)) == 1


@pytest.mark.parametrize("is_running", [True, False], ids=["running", "stopped meanwhile"])
async def test_a_server_that_removes_the_bot_takes_its_key_with_it(
    two_clubs: Clubs, is_running: bool
) -> None:
    """What Ada watches with it in direct messages is told there, once; the neighbour goes on."""
    club, neighbour = two_clubs.clubs
    sandbox = two_clubs.sandbox
    await two_clubs.watch(club, private=True)
    await two_clubs.watch(neighbour)
    key, kept = encrypted_keys(two_clubs.database)
    if not is_running:
        await two_clubs.kill()
    club.guild.remove_bot()
    if not is_running:
        await two_clubs.bot.start()
    assert "was disconnected" in str((await two_clubs.notice(two_clubs.direct)).payload())
    assert two_clubs.key_files([key]) == []
    assert encrypted_keys(two_clubs.database) == [kept]
    neighbour.relay.clock.advance(LONGER)
    assert TITLES[1] in str((await two_clubs.notice(neighbour.channel)).payload())
    assert len(sandbox.notices(SONG, two_clubs.direct)) == 1
