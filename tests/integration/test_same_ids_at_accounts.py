"""Two relays may use the same task id: who asks sees the song of the account that comes first."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.errors import NoRelayAccount
from bot.storage.models import AccountOwner, Caller, Destination, TaskKey
from sandbox.relay import LocalRelay, song
from tests.support.account_harness import SERVER, USER, AccountHarness, open_accounts

pytestmark = pytest.mark.both_engines


ADA, BEA = 7, 8
OTHER_SERVER = AccountOwner(guild_id=60)
HERE, ELSEWHERE, DIRECT = Destination(500, 50), Destination(600, 60), Destination(700)
OTHER_KEY, OTHER_HOST = "sk-of-the-other-server-1234", "other.example"


@pytest.fixture
async def other() -> AsyncIterator[LocalRelay]:
    """Yield the relay of the other server."""
    async with LocalRelay(key=OTHER_KEY) as relay:
        relay.add(song("song", title="Iron Kites", takes=100))
        yield relay


@pytest.fixture
async def harness(tmp_path: Path, other: LocalRelay) -> AsyncIterator[AccountHarness]:
    """Yield two servers with relays of their own, in which Ada watches the same id."""
    async with LocalRelay() as relay:
        relay.add(song("song", title="Paper Boats", takes=100))
        async with open_accounts(tmp_path, relay, hosts={OTHER_HOST: other}) as harness:
            await harness.connect(SERVER)
            await harness.connect(OTHER_SERVER, key=OTHER_KEY, host=OTHER_HOST)
            for destination in (HERE, ELSEWHERE):
                await harness.watch("song", destination)
            yield harness


async def title(harness: AccountHarness, user_id: int, where: Destination) -> str | None:
    """Return the title of the song that a person is shown in a channel."""
    caller = Caller(user_id, where.guild_id, where.channel_id)
    task = await harness.services.task_reader.read("song", caller)
    return task.title if task else None


@pytest.mark.parametrize("user_id", [ADA, BEA])
async def test_each_server_shows_its_own_song(
    harness: AccountHarness, other: LocalRelay, user_id: int
) -> None:
    """Also to somebody who has watched both, and while only the other one has ended."""
    other.clock.advance(200)
    await harness.told(600)
    assert await title(harness, user_id, HERE) == ""  # it has no title yet
    assert await title(harness, user_id, ELSEWHERE) == "Iron Kites"
    harness.relay.clock.advance(200)
    await harness.told(500)
    assert await title(harness, user_id, HERE) == "Paper Boats"
    assert await title(harness, user_id, ELSEWHERE) == "Iron Kites"


async def test_the_account_of_the_server_comes_before_the_own_one(
    harness: AccountHarness, other: LocalRelay
) -> None:
    """Whichever song was stored first; directly, the own one counts alone."""
    await harness.connect(USER, key=OTHER_KEY, host=OTHER_HOST)
    await harness.watch("song", DIRECT)
    other.clock.advance(200)
    harness.relay.clock.advance(200)
    for channel_id in (500, 600, 700):
        await harness.told(channel_id)
    assert await title(harness, ADA, HERE) == "Paper Boats"
    assert await title(harness, ADA, DIRECT) == "Iron Kites"


async def test_a_song_is_continued_as_the_account_that_made_it_knows_it(
    harness: AccountHarness, other: LocalRelay
) -> None:
    """Not as the account that comes first; and only by who may use that account."""
    own = await harness.connect(USER, key=OTHER_KEY, host=OTHER_HOST)
    await harness.watch("song", DIRECT)
    other.clock.advance(200)
    harness.relay.clock.advance(200)
    for channel_id in (500, 600, 700):
        await harness.told(channel_id)
    key, task_reader = TaskKey(own.id, "song"), harness.services.task_reader
    task = await task_reader.read_at(key, Caller(ADA, HERE.guild_id, HERE.channel_id))
    assert task is not None
    assert task.title == "Iron Kites"
    shown = await task_reader.read_shown(key, Caller(ADA, HERE.guild_id, HERE.channel_id))
    assert shown == task
    with pytest.raises(NoRelayAccount):
        await task_reader.read_at(key, Caller(BEA, HERE.guild_id, HERE.channel_id))
