"""A connected key is replaced, refused, or taken away, whatever is under way with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.accounts.owner_messages import MAX_TOLD
from bot.accounts.registry import AccountRegistry
from bot.background import run_forever
from bot.encryption import new_key
from bot.relay.errors import ErrorKind, RelayError
from bot.storage.errors import NoRelayAccount
from bot.storage.models import (
    AccountOwner,
    Caller,
    Destination,
    EndReason,
    RelayAccount,
    WatchOutcome,
)
from bot.storage.relay_accounts import RelayAccountStore
from sandbox.relay import LocalRelay, faults, song
from tests.support.account_harness import (
    SERVER,
    AccountHarness,
    another_registry,
    open_accounts,
    tell_nobody,
    until,
)
from tests.support.builders import NOON

ADA, BEA = 7, 8
HERE = Destination(500, 50)
OTHER_KEY = "sk-another-key-of-the-server"
OTHER_HOST = "other.example"
REFUSAL = faults.answers(401, {"error": "refused"}, headers={"Retry-After": "1"})


@pytest.fixture
async def relays() -> AsyncIterator[tuple[LocalRelay, LocalRelay]]:
    """Yield a relay with a song and one without."""
    async with LocalRelay() as relay, LocalRelay() as other:
        relay.add(song("one", takes=300))
        yield relay, other


@pytest.fixture
async def harness(
    relays: tuple[LocalRelay, LocalRelay], tmp_path: Path
) -> AsyncIterator[AccountHarness]:
    """Yield the accounts of a bot without any connected one."""
    relay, other = relays
    async with open_accounts(tmp_path, relay, hosts={OTHER_HOST: other}) as harness:
        yield harness


async def test_tasks_go_on_after_their_key_was_replaced(harness: AccountHarness) -> None:
    """The account keeps its id, and the new key is used at once."""
    account = await harness.connect()
    await harness.watch("one", HERE)
    harness.relay.key = OTHER_KEY
    replaced = await harness.connect(key=OTHER_KEY)
    assert replaced.id == account.id
    harness.relay.clock.advance(400)
    assert await harness.told(500) == [("one", EndReason.FINISHED)]


async def test_tasks_that_a_new_key_does_not_know_wait(
    harness: AccountHarness, relays: tuple[LocalRelay, LocalRelay]
) -> None:
    """They are told when a key that knows them is entered again."""
    _, other = relays
    other.add(song("another", takes=9000))
    await harness.connect()
    await harness.watch("one", HERE)
    await harness.connect(host=OTHER_HOST)
    await harness.watch("another", HERE)  # proves that the other relay answers
    harness.relay.clock.advance(400)
    await other.wait_for_requests(len(other.requests) + 5)
    assert [task_id for _, task_id in await harness.running_tasks()] == ["another", "one"]
    await harness.connect()
    assert await harness.told(500) == [("one", EndReason.FINISHED)]


async def test_an_unreadable_key_that_is_entered_again_elsewhere_is_used(
    relays: tuple[LocalRelay, LocalRelay], tmp_path: Path
) -> None:
    """The process that polls could not read the old one: ENCRYPTION_KEY was replaced."""
    relay, _ = relays
    async with open_accounts(tmp_path, relay) as harness:
        account = await harness.connect()
        await harness.watch("one", HERE)
    relay.clock.advance(400)
    async with open_accounts(tmp_path, relay, {"encryption_key": new_key()}) as harness:
        polling = another_registry(harness, tell_nobody)
        await polling.tick()
        assert polling.connections == []
        await harness.registry.stop_polling()  # the person asks a process that does not lead
        await harness.connect()
        await polling.tick()
        assert [each.account for each in polling.connections] == [account.id]
        assert await harness.told(500) == [("one", EndReason.FINISHED)]
        await polling.aclose()


async def test_a_refused_key_is_told_once_and_work_resumes_with_a_new_one(
    harness: AccountHarness,
) -> None:
    """The watches wait meanwhile; a restart tells nobody again."""
    account = await harness.connect()
    await harness.watch("one", HERE)
    harness.relay.key = OTHER_KEY
    harness.relay.clock.advance(400)
    told: list[RelayAccount] = []

    async def tell(rejected: RelayAccount) -> bool:
        told.append(rejected)
        return True

    for _ in range(2):  # the second is that of another process
        registry = another_registry(harness, tell)
        await registry.tick()
        connection = await registry.by_id(account.id)
        assert connection is not None
        client = connection.client

        async def is_refused() -> bool:
            return client.circuit_status.cause is ErrorKind.AUTH  # noqa: B023 # awaited below

        await until(is_refused)
        await registry.tick()
        await registry.tick()
        await registry.aclose()
    assert [each.id for each in told] == [account.id]
    stored = await harness.accounts.of(SERVER)
    assert stored is not None
    assert stored.rejected_since is not None
    assert await harness.running_tasks() == [(account.id, "one")]
    replaced = await harness.connect(key=OTHER_KEY)
    assert replaced.rejected_since is None
    assert await harness.accounts.of(SERVER) == replaced
    assert await harness.told(500) == [("one", EndReason.FINISHED)]


async def test_who_cannot_be_told_now_is_told_later(harness: AccountHarness) -> None:
    """Until it has succeeded, also by another process, if this one dies meanwhile."""
    account = await harness.connect()
    accounts = RelayAccountStore(harness.database, harness.services.outbox)
    assert await accounts.set_rejected(account, NOON)
    told: list[str] = []

    async def fail(rejected: RelayAccount) -> bool:
        told.append(rejected.id)
        return False

    async def hang(rejected: RelayAccount) -> bool:
        told.append(rejected.id)
        return await asyncio.Future[bool]()

    async def succeed(rejected: RelayAccount) -> bool:
        told.append(rejected.id)
        return True

    failing = another_registry(harness, fail)
    await failing.tick()
    await failing.tick()
    dying = asyncio.create_task(another_registry(harness, hang).tick())

    async def has_begun() -> bool:
        return len(told) == 3

    await until(has_begun)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    for _ in range(2):
        await another_registry(harness, succeed).tick()
    assert told == [account.id] * 4


async def test_many_refused_keys_are_told_a_few_at_a_time(harness: AccountHarness) -> None:
    """Those who cannot be told keep nobody from being told."""
    accounts = RelayAccountStore(harness.database, harness.services.outbox)
    unreachable = set()
    for number in range(MAX_TOLD * 3):
        account = await harness.connect(AccountOwner(user_id=number + 1), user_id=number + 1)
        assert await accounts.set_rejected(account, NOON)
        if number < MAX_TOLD:
            unreachable.add(account.id)
    told: list[str] = []

    async def tell(rejected: RelayAccount) -> bool:
        if rejected.id not in unreachable:
            told.append(rejected.id)
        return rejected.id not in unreachable

    registry = another_registry(harness, tell)
    while len(told) < MAX_TOLD * 2:
        before = len(told)
        await registry.tick()
        assert len(told) <= before + MAX_TOLD
    assert len(set(told)) == len(told)


async def test_a_key_that_is_accepted_again_is_no_longer_refused(harness: AccountHarness) -> None:
    """For example because the person has lifted a limit at the relay."""
    account = await harness.connect()
    accounts = RelayAccountStore(harness.database, harness.services.outbox)
    await accounts.set_rejected(account, NOON)
    registry = another_registry(harness, tell_nobody)
    await registry.for_caller(Caller(ADA, 50))
    (connection,) = registry.connections
    await connection.client.look_up(["one"], interactive=True)
    await registry.tick()
    assert await harness.accounts.of(SERVER) == account
    await registry.aclose()


async def test_a_refused_key_with_which_another_process_succeeds_is_accepted_again(
    harness: AccountHarness,
) -> None:
    """Whoever was refused, and has not asked since, stores so once; refused again, once more."""
    account = await harness.connect()
    async with registries(harness, 2) as (refused, successful):
        await ask(successful, account)
        await ask(refused, account, harness.relay)
        assert await is_stored_as_refused(harness)
        await ask(successful, account)
        await refused.follower_tick()
        assert not await is_stored_as_refused(harness)
        await ask(refused, account, harness.relay)
        assert await is_stored_as_refused(harness)


async def test_a_success_before_a_refusal_elsewhere_does_not_count(
    harness: AccountHarness,
) -> None:
    """A process that has not asked since then does not know whether the key works."""
    account = await harness.connect()
    async with registries(harness, 2) as (refused, idle):
        await ask(idle, account)
        await ask(refused, account, harness.relay)
        await idle.follower_tick()
        assert await is_stored_as_refused(harness)


@asynccontextmanager
async def registries(harness: AccountHarness, count: int) -> AsyncIterator[list[AccountRegistry]]:
    """Use the accounts as more processes do."""
    made = [another_registry(harness, tell_nobody) for _ in range(count)]
    yield made
    for each in made:
        await each.aclose()


async def ask(
    registry: AccountRegistry, account: RelayAccount, refusing: LocalRelay | None = None
) -> None:
    """Ask for a task once a poll might, and store what that says; ``refusing`` refuses the key."""
    connection = await registry.by_id(account.id)
    assert connection is not None
    client = connection.client

    async def may_ask() -> bool:
        return client.circuit_status.open_until is None

    await until(may_ask)
    if refusing is None:
        await client.look_up(["one"])
    else:
        refusing.faults.add(REFUSAL, times=1)
        with pytest.raises(RelayError, match="refused"):
            await client.look_up(["one"])
    await registry.follower_tick()


async def is_stored_as_refused(harness: AccountHarness) -> bool:
    """Return whether people are shown that the relay refuses the key of the server."""
    account = await harness.accounts.of(SERVER)
    return account is not None and account.rejected_since is not None


async def test_a_disconnection_during_a_look_up_leaves_no_task(harness: AccountHarness) -> None:
    """Who asked is told that there is no account any more."""
    await harness.connect()
    release = asyncio.Event()
    harness.relay.delay = release.wait
    before = len(harness.relay.requests)
    watching = asyncio.create_task(harness.watch("one", HERE))
    await harness.relay.wait_for_requests(before + 1)
    assert await harness.accounts.disconnect(SERVER) == 0
    result = await watching
    release.set()
    assert result.outcome is WatchOutcome.REFUSED
    assert isinstance(result.error, NoRelayAccount)
    assert await harness.running_tasks() == []
    assert await harness.messages() == {}


async def test_a_disconnection_during_a_poll_ends_each_watch_once(harness: AccountHarness) -> None:
    """The answer of the poll is dropped, though it says that the task has finished."""
    await harness.connect()
    await harness.watch("one", HERE, ADA)
    await harness.watch("one", HERE, BEA)
    release = asyncio.Event()
    harness.relay.delay = release.wait
    harness.relay.clock.advance(400)
    await harness.relay.wait_for_requests(len(harness.relay.requests) + 1)
    disconnecting = asyncio.create_task(harness.accounts.disconnect(SERVER))
    release.set()
    assert await disconnecting == 2
    assert len((await harness.messages())[500]) == 1
    assert await harness.running_tasks() == []


async def test_a_watch_that_is_stored_as_its_account_goes_is_refused_or_told(
    relays: tuple[LocalRelay, LocalRelay], tmp_path: Path
) -> None:
    """Whichever of both comes first; never does a task stay that nobody polls.

    The operator's account is shared with nobody: whoever has no other could watch there.
    """
    async with open_accounts(tmp_path, relays[0], {"shared_relay": "false"}) as harness:
        for attempt in range(10):
            await harness.connect(user_id=100 + attempt)  # each may try five times
            watching = asyncio.create_task(harness.watch("one", Destination(attempt + 1, 50)))
            for _ in range(attempt):
                await asyncio.sleep(0.005)
            await harness.accounts.disconnect(SERVER)
            try:
                is_watched = (await watching).outcome is WatchOutcome.WATCHING
            except NoRelayAccount:
                is_watched = False
            told = (await harness.messages()).get(attempt + 1, [])
            assert told == ([("one", EndReason.DISCONNECTED)] if is_watched else [])
            assert await harness.running_tasks() == []
            assert harness.open_accounts == []


@pytest.mark.usefixtures("on_postgres")
async def test_a_change_that_is_asked_of_another_process_is_noticed_at_once(
    relays: tuple[LocalRelay, LocalRelay], tmp_path: Path
) -> None:
    """The process that polls uses the account, then its new key, then neither any more."""
    relay, _ = relays
    async with open_accounts(tmp_path, relay) as polling, open_accounts(tmp_path, relay) as asked:
        await asked.registry.stop_polling()
        async with asyncio.timeout(30), woken_only(polling, "accounts"):
            account = await asked.connect()
            await asked.watch("one", HERE)
            await until_keys(polling, account)
            await until_keys(polling, await asked.connect())
            assert await asked.accounts.disconnect(SERVER) == 1
            await until_keys(polling)
            account = await asked.connect()
            await asked.watch("one", HERE)
            await until_keys(polling, account)
            async with asked.accounts.erasing(SERVER):
                await asked.services.erasure.erase_server(50, NOON)
            await until_keys(polling)


@asynccontextmanager
async def woken_only(harness: AccountHarness, name: str) -> AsyncIterator[None]:
    """Run a background loop to which nothing is due before a minute is over."""
    (loop,) = (each for each in harness.bot.client.background._loops if each.name == name)

    async def tick() -> None:
        await loop.tick()

    running = asyncio.create_task(run_forever(replace(loop, tick=tick), {}, lambda _: None))
    try:
        yield
    finally:
        running.cancel()


async def until_keys(harness: AccountHarness, *accounts: RelayAccount) -> None:
    """Wait until the open connections are those with the keys of some accounts."""

    async def used() -> bool:
        opened = [each.account.encrypted_key for each in harness.registry._open.values()]
        return opened == [each.encrypted_key for each in accounts]

    await until(used)


async def test_two_requests_to_connect_an_account_leave_one(harness: AccountHarness) -> None:
    """The connection uses the key that is stored, whichever that is."""
    first, second = await asyncio.gather(harness.connect(), harness.connect())
    assert first.id == second.id
    assert harness.open_accounts == [first.id]
    stored = await harness.accounts.of(SERVER)
    assert stored in (first, second)
    await harness.watch("one", HERE)
    harness.relay.clock.advance(400)
    assert await harness.told(500) == [("one", EndReason.FINISHED)]


async def test_a_look_up_with_an_old_key_does_not_keep_it_in_use(harness: AccountHarness) -> None:
    """Who read the account before its key was replaced gets the connection with the new key."""
    old = await harness.connect()
    new = await harness.connect()
    assert new.encrypted_key != old.encrypted_key
    connection = await harness.registry.by_id(new.id)
    assert await harness.registry._get(old) is connection
