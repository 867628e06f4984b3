import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from bot.metrics import Metrics
from bot.polling.adaptive.inspection_policy import MAX_WAIT
from bot.polling.adaptive.planner import Planner
from bot.polling.poller import Poller
from bot.polling.schedule import MISSING_TASK_TIMEOUT, Schedule
from bot.relay.circuit_breaker import BackoffLimits
from bot.relay.client import RelayClient
from bot.relay.models import Outcome, TaskKind
from bot.relay.providers import RelayProfile
from bot.storage.database import DatabaseThread
from bot.storage.errors import BadTaskId, TooManyIds
from bot.storage.limits import WatchLimits
from bot.storage.models import Caller, Delivery, EndReason, Unwatched, WatchOutcome
from bot.storage.outbox import Outbox
from bot.storage.relay_fingerprints import RelayAccess, create_fingerprint
from bot.storage.tasks import TaskStore
from bot.watches.lookup_limiter import LookupLimiter
from bot.watches.task_ids import MAX_IDS, parse_ids
from bot.watches.watchlist import Watchlist
from sandbox.relay import (
    LocalRelay,
    RelayTask,
    ResponseFormat,
    TaskStage,
    UnknownPathFormat,
    failing,
    faults,
    lyrics_task,
    song,
    stuck,
)
from sandbox.relay.lifecycles import clip, running, streaming, succeeded
from tests.support.builders import HERE, NOON, a_watched, a_watchlist

DEADLINE = 3600.0
NO_LIMITS = WatchLimits()


class OurClock:
    """The time of the poller, moved by the test."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        """Return the time (Unix seconds)."""
        return self.now


@dataclass(frozen=True)
class World:
    """A relay, a database, and all between them."""

    relay: LocalRelay
    clock: OurClock
    client: RelayClient
    schedule: Schedule
    store: TaskStore
    outbox: Outbox
    watchlist: Watchlist
    poller: Poller

    async def watch(self, task_id: str, user_id: int = 1) -> WatchOutcome:
        """Watch a task; return what became of that."""
        (result,) = await self.watchlist.add([task_id], user_id=user_id, destination=HERE)
        return result.outcome

    async def look_after(self, seconds: float) -> float | None:
        """Let time pass everywhere, then look; return when the next look is due."""
        self.clock.now += seconds
        self.relay.clock.advance(seconds)
        await self.poller.tick()
        await self.poller.finish(None)
        return await self.poller.tick()

    async def owed(self) -> list[Delivery]:
        """Return what is owed now."""
        return await self.outbox.claim(self.clock.now, 100)


@asynccontextmanager
async def a_world(
    path: Path,
    limits: WatchLimits = NO_LIMITS,
    *,
    interval: float = 5,
    relay: LocalRelay | None = None,
    clock: OurClock | None = None,
) -> AsyncIterator[World]:
    """Open all the parts but Discord.

    ``relay`` and ``clock``: those of a world that was closed, to go on with.
    """
    async with AsyncExitStack() as stack:
        if relay is None:
            relay = await stack.enter_async_context(LocalRelay())
        database = await stack.enter_async_context(DatabaseThread(path))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        client = RelayClient(
            session,
            RelayProfile("local", relay.base_url, "/suno/fetch"),
            SecretStr(relay.key),
            requests_per_second=1000,
            backoff=BackoffLimits(min_delay=0.0001, max_delay=0.0001, interactive_delay=0.0001),
            coalescing_window=0,
            reuse_ttl=0,
        )
        stack.push_async_callback(client.aclose)
        outbox = Outbox(database)
        access = RelayAccess("local", relay.base_url, SecretStr(relay.key))
        fingerprint = await create_fingerprint(database, access)
        store = TaskStore(database, outbox, "local", limits, fingerprint=fingerprint)
        clock = clock or OurClock()
        schedule = Schedule(Planner(interval), DEADLINE)
        poller = Poller(client, store, schedule, batch_size=100, clock=clock, metrics=Metrics())
        client.on_success(poller.resume)
        yield World(
            relay,
            clock,
            client,
            schedule,
            store,
            outbox,
            a_watchlist(client, store, schedule, LookupLimiter(1000), clock=clock),
            poller,
        )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Open a world of our own."""
    async with a_world(tmp_path / "suno.db") as world:
        yield world


async def test_a_song_is_watched_to_its_end(world: World) -> None:
    """From the first look to the message that is owed, with all that it needs."""
    world.relay.add(song("song", title="Paper Boats", takes=60))
    assert await world.watch("song") is WatchOutcome.WATCHING
    assert await world.look_after(5) == world.clock.now + 5
    await world.look_after(30)
    assert await world.owed() == []
    assert await world.look_after(30) is None
    (delivery,) = await world.owed()
    assert (delivery.task.id, delivery.task.title) == ("song", "Paper Boats")
    assert (delivery.end_reason, delivery.task.outcome) == (EndReason.FINISHED, Outcome.SUCCESS)
    assert delivery.watchers == (1,)


async def test_lyrics_and_failures_are_watched_to_their_end(world: World) -> None:
    """Without being asked which they are; each ends with what it brought."""
    world.relay.add(lyrics_task("words", text="[Verse]\nHello"), failing("bad", reason="No."))
    await world.watch("words")
    await world.watch("bad")
    await world.look_after(120)
    first = {delivery.task.id: delivery for delivery in await world.owed()}
    for delivery in first.values():
        await world.outbox.acknowledge(delivery, message_id=1, now=NOON)
    told = first | {delivery.task.id: delivery for delivery in await world.owed()}
    assert told["words"].task.text == "[Verse]\nHello"
    assert (told["bad"].task.outcome, told["bad"].task.reason) == (Outcome.FAILURE, "No.")


async def test_the_log_says_of_a_failed_task_that_it_failed(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """That its watch is finished tells an operator nothing about the task."""
    caplog.set_level(logging.INFO)
    world.relay.add(failing("bad", reason="No."), song("good", takes=60), stuck("stuck"))
    for name in ("bad", "good", "stuck"):
        await world.watch(name)
    await world.look_after(120)
    for _ in range(int(DEADLINE) // 100):
        await world.look_after(100)
    told = [message for message in caplog.messages if message.startswith("Task ended")]
    assert told == [
        "Task ended: task_id=bad ending=finished outcome=failure",
        "Task ended: task_id=good ending=finished outcome=success",
        "Task ended: task_id=stuck ending=gave_up outcome=unknown",
    ]


async def test_all_due_tasks_travel_in_one_request(world: World) -> None:
    """A hundred watches are one look-up."""
    names = [f"song-{number}" for number in range(10)]
    world.relay.add(*(song(name) for name in names))
    await world.watchlist.add(names, user_id=1, destination=HERE)
    before = len(world.relay.requests)
    await world.look_after(5)
    (look,) = world.relay.requests[before:]
    assert sorted(look.ids) == sorted(names)


async def test_a_task_that_is_done_already_is_told_at_once(world: World) -> None:
    """There is nothing to wait for."""
    world.relay.add(song("song", takes=0.1))
    world.relay.clock.advance(1)
    assert await world.watch("song") is WatchOutcome.FINISHED
    assert len(await world.owed()) == 1


async def test_an_id_that_the_relay_does_not_know_is_not_watched(world: World) -> None:
    """The person is told at once, and nothing is looked at in vain."""
    assert await world.watch("nobody-made-this") is WatchOutcome.UNKNOWN
    assert await world.store.next_poll_at() is None


async def test_a_watch_during_an_outage_is_kept(world: World) -> None:
    """It is looked at as soon as the relay answers again."""
    world.relay.add(song("song", takes=60))
    world.relay.go_down()
    assert await world.watch("song") is WatchOutcome.UNCHECKED
    world.relay.come_back()
    await world.look_after(100)
    await world.look_after(100)
    assert [delivery.task.id for delivery in await world.owed()] == ["song"]


async def test_an_id_that_was_watched_unchecked_and_is_not_known_is_reported(
    world: World,
) -> None:
    """After three looks, in one message."""
    world.relay.go_down()
    await world.watch("nobody-made-this")
    world.relay.come_back()
    for _ in range(4):
        await world.look_after(100)
    (delivery,) = await world.owed()
    assert delivery.end_reason is EndReason.NOT_FOUND


async def test_an_outage_ends_no_watch(world: World) -> None:
    """However many looks fail, and however long it lasts: relay trouble is no task's failure."""
    world.relay.add(song("song", takes=60))
    await world.watch("song")
    await world.look_after(1)
    world.relay.go_down()
    for _ in range(10):
        assert await world.look_after(DEADLINE) is not None
    assert await world.owed() == []
    world.relay.come_back()
    await world.look_after(60)
    (delivery,) = await world.owed()
    assert (delivery.end_reason, delivery.task.outcome) == (EndReason.FINISHED, Outcome.SUCCESS)


async def test_an_outage_stops_the_deadline(world: World) -> None:
    """A task that never ends is given up after the time in which the relay could be asked."""
    world.relay.add(stuck("stuck"))
    await world.watch("stuck")
    await world.look_after(1)
    world.relay.go_down()
    await world.look_after(2 * DEADLINE)
    world.relay.come_back()
    await world.look_after(1)
    assert await world.owed() == []
    for _ in range(int(DEADLINE) // 50 + 1):
        await world.look_after(50)
    (delivery,) = await world.owed()
    assert delivery.end_reason is EndReason.GAVE_UP


async def test_a_new_watch_that_is_answered_first_hides_no_outage(world: World) -> None:
    """The deadlines of the others stood still, too."""
    world.relay.add(stuck("old"), stuck("new"))
    await world.watch("old")
    await world.look_after(1)
    world.relay.go_down()
    await world.look_after(2 * DEADLINE)
    assert await world.watch("new") is WatchOutcome.UNCHECKED
    world.relay.come_back()
    world.relay.faults.add(replace(faults.server_error(503), about="old"), times=1)
    await world.look_after(100)
    await world.look_after(100)
    assert await world.owed() == []


async def test_an_id_that_the_relay_refuses_is_given_up_at_the_deadline(world: World) -> None:
    """Also when it is the only one: such a watch, too, ends in a message."""
    world.relay.faults.add(faults.refuses("strange"))
    assert await world.watch("strange") is WatchOutcome.MISCONFIGURED
    for _ in range(int(DEADLINE) // 66 + 2):
        await world.look_after(66)
    (delivery,) = await world.owed()
    assert delivery.end_reason is EndReason.GAVE_UP


@pytest.mark.parametrize("elsewhere", list(UnknownPathFormat))
async def test_an_address_that_is_wrong_is_an_outage(
    world: World, elsewhere: UnknownPathFormat
) -> None:
    """The relay's own word for it ends no watch: whoever runs the bot can mend it."""
    world.relay.response_format = ResponseFormat(paths=frozenset(), unknown_path=elsewhere)
    world.relay.add(song("song", takes=60))
    assert await world.watch("song") is WatchOutcome.MISCONFIGURED
    for _ in range(5):
        await world.look_after(DEADLINE)
    assert await world.owed() == []
    world.relay.response_format = ResponseFormat()
    await world.look_after(DEADLINE)
    (delivery,) = await world.owed()
    assert delivery.end_reason is EndReason.FINISHED


@pytest.mark.parametrize("status", [200, 400, 404])
async def test_an_id_is_given_up_at_the_deadline_if_no_path_ever_showed_a_task(
    world: World, status: int
) -> None:
    """Whether the id or the path is wrong cannot be told then; such a watch ends all the same."""
    world.relay.faults.add(faults.answers(status, faults.suno_error("no", "task not found")))
    assert await world.watch("song") is WatchOutcome.MISCONFIGURED
    for _ in range(int(DEADLINE) // 66 + 2):
        await world.look_after(66)
    (delivery,) = await world.owed()
    assert delivery.end_reason is EndReason.GAVE_UP


async def test_a_stranger_holds_up_no_other(world: World) -> None:
    """A song's end is kept while an id that no batch holds is still asked for on its own."""
    world.relay.add(song("song", takes=60))
    await world.watch("song")
    world.relay.go_down()
    await world.watch("stranger")
    world.relay.come_back()
    world.relay.faults.add(faults.slow_headers(), path="/suno/fetch/stranger")
    world.clock.now += 60
    world.relay.clock.advance(60)
    await world.poller.tick()
    async with asyncio.timeout(10):
        await world.outbox.changed.wait()
    assert await world.store.ended_task("song")
    await world.poller.finish(0)


async def test_a_task_that_no_batch_holds_is_watched_to_its_end(world: World) -> None:
    """It is asked for on its own, at every look."""
    world.relay.faults.add(faults.answers(200, {"code": "success", "data": []}), path="/suno/fetch")
    world.relay.add(song("song", takes=20))
    assert await world.watch("song") is WatchOutcome.WATCHING
    await world.look_after(10)
    assert await world.owed() == []
    await world.look_after(10)
    (delivery,) = await world.owed()
    assert delivery.end_reason is EndReason.FINISHED


async def test_a_slow_pace_is_no_outage(tmp_path: Path) -> None:
    """Whoever looks every ten minutes gives up in time all the same."""
    async with a_world(tmp_path / "suno.db", interval=600) as world:
        world.relay.add(stuck("stuck"))
        await world.watch("stuck")
        for _ in range(int(DEADLINE) // 600 + 2):
            await world.look_after(600)
        (delivery,) = await world.owed()
        assert delivery.end_reason is EndReason.GAVE_UP


async def test_looks_that_are_far_apart_because_they_are_dear_are_no_outage(world: World) -> None:
    """A task that never ends is given up in time, also where the budget is short."""
    world.relay.add(stuck("stuck"))
    await world.watch("stuck")
    planner, waits = world.schedule.planner, []
    due_at = await world.look_after(1)
    while due_at is not None and world.clock.now < NOON + 1.5 * DEADLINE:
        waits.append(due_at - world.clock.now)
        for second in range(100):  # others are looked at, and late
            late = a_watched(polled_at=due_at - 300, next_poll_at=due_at - 300)
            planner.adjust_price([late], due_at + second / 5, full=True)
        due_at = await world.look_after(due_at - world.clock.now)
    assert max(waits) > world.schedule.max_response_gap
    (delivery,) = await world.owed()
    assert delivery.end_reason is EndReason.GAVE_UP


async def test_the_log_speaks_of_an_outage_only_where_there_was_one(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A relay that nobody had to ask for an hour was not away."""
    caplog.set_level(logging.INFO)
    world.relay.add(song("first", takes=5), song("second", takes=7200))
    await world.watch("first")
    await world.look_after(10)
    await world.watch("second")
    await world.look_after(3600)
    assert "answers again" not in caplog.text
    world.relay.go_down()
    await world.look_after(100)
    world.relay.come_back()
    await world.look_after(100)
    assert "answers again" in caplog.text


async def test_the_pause_grows_while_the_relay_cannot_be_asked(world: World) -> None:
    """And is bounded."""
    world.relay.add(song("song"))
    await world.watch("song")
    world.relay.go_down()
    backoff = []
    for _ in range(8):
        at = await world.look_after(100)
        assert at is not None
        backoff.append(at - world.clock.now)
    assert backoff[0] <= 5
    assert backoff[-1] == pytest.approx(60)


@pytest.mark.parametrize(
    "fault",
    [faults.unauthorized(), faults.out_of_quota(), faults.server_error(503)],
    ids=lambda fault: fault.name,
)
async def test_a_look_up_of_a_person_that_succeeds_ends_the_pause_of_the_poller(
    world: World, fault: faults.Fault
) -> None:
    """Whoever learns first that the relay answers again: the notice does not wait for a pause."""
    world.relay.add(song("song", takes=60))
    await world.watch("song")
    world.relay.faults.add(fault)
    open_until: float | None = 0.0
    while not open_until or open_until < world.clock.now + 30:  # the pause grows
        open_until = await world.look_after(61)
    world.relay.faults.clear()
    world.store.changed.clear()

    await world.watchlist.look_up(["song"], Caller(1))

    assert world.store.changed.is_set()
    await world.look_after(1)
    assert [delivery.task.id for delivery in await world.owed()] == ["song"]


async def test_a_refused_watch_is_told_and_the_others_are_kept(tmp_path: Path) -> None:
    """One id too many does not take back those before it."""
    async with a_world(tmp_path / "suno.db", WatchLimits(watches_per_user=2)) as world:
        world.relay.add(*(song(name) for name in "abc"))
        results = await world.watchlist.add(list("abc"), user_id=1, destination=HERE)
        assert [r.outcome for r in results] == [
            WatchOutcome.WATCHING,
            WatchOutcome.WATCHING,
            WatchOutcome.REFUSED,
        ]
        assert results[2].error is not None
        assert [watch.task.id for watch in await world.watchlist.watches_of(1)] == ["a", "b"]


async def test_removing_says_for_each_id_whether_it_was_watched(world: World) -> None:
    """A typing error is not taken for success."""
    world.relay.add(song("song"))
    await world.watch("song")
    removed = await world.watchlist.remove(["song", "other"], user_id=1)
    assert removed == {"song": Unwatched.STOPPED, "other": Unwatched.NOT_WATCHED}
    assert await world.watchlist.watches_of(1) == []


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("abc", ["abc"]),
        ("  abc  ", ["abc"]),
        ("abc def", ["abc", "def"]),
        ("abc,def ,ghi", ["abc", "def", "ghi"]),
        ("abc，def、ghi；jkl", ["abc", "def", "ghi", "jkl"]),
        ("abc abc", ["abc"]),
        ('["abc", "def"]', ["abc", "def"]),
        ("`abc`", ["abc"]),
        ("task_" + "x" * 32, ["task_" + "x" * 32]),
        ("123", ["123"]),
        ("x" * 191, ["x" * 191]),
        ("喵", ["喵"]),
    ],
)
def test_ids_are_read_as_people_type_and_paste_them(typed: str, ids: list[str]) -> None:
    """No form of an id is insisted on."""
    assert parse_ids(typed) == ids


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "  ",
        ",;",
        "``",
        "x" * 192,
        "a\x00b",
        "a\u202eb",
        "a/b",
        "a?b",
        "a%2fb",
        "a\\b",
        ".",
        "..",
    ],
)
def test_what_cannot_be_an_id_is_refused(typed: str) -> None:
    """Before anything is asked of the relay; no path or query of an address is an id."""
    with pytest.raises(BadTaskId):
        parse_ids(typed)


async def test_an_id_with_a_slash_may_be_typed_where_the_database_holds_it(world: World) -> None:
    """Relays may name such a task: who watches it can stop that, and nobody can invent another."""
    world.relay.add(song("odd/id"))
    await world.watch("odd/id")

    assert await world.watchlist.ids_in("odd/id other") == ["odd/id", "other"]
    with pytest.raises(BadTaskId):
        await world.watchlist.ids_in("odd/other")


def test_more_ids_than_an_answer_can_hold_are_refused() -> None:
    """The limit is named."""
    with pytest.raises(TooManyIds, match=str(MAX_IDS)):
        parse_ids(" ".join(str(number) for number in range(MAX_IDS + 1)))


async def test_a_relay_that_answers_slowly_holds_up_no_other_look(world: World) -> None:
    """A look that waits for its answer does not keep the next one back."""
    world.relay.add(song("first"), song("second"))
    await world.watch("first")
    world.clock.now += 3
    await world.watch("second")
    world.relay.faults.add(faults.slow_headers(), times=1)
    world.clock.now += 2
    await world.poller.tick()
    await world.relay.wait_for_requests(3)  # the two watches, and the look at the first song
    world.clock.now += 3
    await world.poller.tick()
    await world.relay.wait_for_requests(4)
    polled_at = world.relay.requests[-1].ids
    await world.poller.finish(0)
    assert tuple(polled_at) == ("second",)


async def test_a_task_is_not_looked_at_twice_at_once(world: World) -> None:
    """However long its look takes, and whatever is due meanwhile."""
    world.relay.add(song("song"))
    await world.watch("song")
    world.relay.faults.add(faults.slow_headers(), times=1)
    world.clock.now += 5
    for _ in range(3):
        await world.poller.tick()
        world.clock.now += 60
    await world.poller.finish(0)
    assert len(world.relay.requests) == 2


async def test_a_look_that_was_left_comes_again(world: World) -> None:
    """What a stop did not wait for is seen by the next look."""
    world.relay.add(song("song", takes=1))
    await world.watch("song")
    world.relay.faults.add(faults.slow_headers(), times=1)
    world.clock.now += 5
    world.relay.clock.advance(5)
    await world.poller.tick()
    await world.poller.finish(0)
    assert await world.owed() == []
    await world.look_after(0)
    assert len(await world.owed()) == 1


async def test_what_goes_wrong_in_a_look_is_raised_in_the_next_round(
    world: World, tmp_path: Path
) -> None:
    """So that the clock tells it, and pauses; then the looks go on."""
    world.relay.add(song("song", takes=1))
    await world.watch("song")
    world.relay.clock.advance(5)
    world.clock.now += 5
    with closing(sqlite3.connect(tmp_path / "suno.db")) as another:
        another.execute(
            "CREATE TRIGGER fault BEFORE UPDATE ON tasks BEGIN SELECT raise(ABORT, 'a fault'); END"
        )
        await world.poller.tick()
        await world.poller.finish(None)
        another.execute("DROP TRIGGER fault")
    with pytest.raises(sqlite3.IntegrityError, match="a fault"):
        await world.poller.tick()
    await world.look_after(0)
    assert len(await world.owed()) == 1


async def test_a_task_that_was_just_looked_at_for_a_person_is_not_looked_at_again_at_once(
    world: World,
) -> None:
    """But one for which the relay could not be asked is."""
    world.relay.add(song("song"))
    await world.watch("song")
    assert await world.store.next_poll_at() == world.clock.now + 5
    world.relay.go_down()
    await world.watch("unchecked")
    assert await world.store.next_poll_at() == world.clock.now


async def test_what_a_relay_says_again_hides_no_end(world: World) -> None:
    """Looks that bring nothing new change nothing; the one that brings the end does."""
    world.relay.add(song("song", takes=60))
    await world.watch("song")
    for _ in range(4):
        world.clock.now += 5
        await world.look_after(0)
        (watched,) = await world.store.due_tasks(world.clock.now + 5, 10)
        assert (watched.polled_at, watched.misses) == (world.clock.now, 0)
    assert len(world.relay.requests) == 5
    await world.look_after(60)
    (delivery,) = await world.owed()
    assert delivery.task.outcome is Outcome.SUCCESS


async def test_what_could_not_be_kept_is_read_anew(world: World, tmp_path: Path) -> None:
    """Although the relay says the same again."""
    world.relay.add(song("song", takes=600))
    await world.watch("song")
    world.relay.clock.advance(300)  # another status, and clips
    world.clock.now += 5
    with closing(sqlite3.connect(tmp_path / "suno.db")) as another:
        another.execute(
            "CREATE TRIGGER fault BEFORE UPDATE ON tasks BEGIN SELECT raise(ABORT, 'a fault'); END"
        )
        await world.poller.tick()
        await world.poller.finish(None)
        another.execute("DROP TRIGGER fault")
    with pytest.raises(sqlite3.IntegrityError, match="a fault"):
        await world.poller.tick()
    await world.look_after(0)
    (watch,) = await world.watchlist.watches_of(1)
    assert watch.task.clips


async def test_a_relay_that_takes_its_word_back_ends_a_song_all_the_same(world: World) -> None:
    """Done without a link that lasts, then running again, and the same again and again."""
    made = clip("clip")
    done = succeeded([streaming(made)])
    stages = (TaskStage(0, running(None)), TaskStage(10, done), TaskStage(15, running(None)))
    world.relay.add(RelayTask("song", TaskKind.MUSIC, stages))
    await world.watch("song")
    for _ in range(62):
        await world.look_after(5)
    (delivery,) = await world.owed()
    assert (delivery.end_reason, delivery.task.outcome is None) == (EndReason.FINISHED, False)


async def test_a_task_that_is_watched_anew_is_read_anew(world: World) -> None:
    """Although its relay says of it what it said during the watch before."""
    world.relay.add(stuck("song"))
    await world.watch("song")
    await world.look_after(5)
    await world.watchlist.remove(["song"], user_id=1)
    world.relay.go_down()
    assert await world.watch("song") is WatchOutcome.UNCHECKED
    world.relay.come_back()
    await world.look_after(60)
    (watched,) = await world.store.due_tasks(world.clock.now + 60, 10)
    assert watched.known


async def test_an_outage_is_no_absence_of_a_task(world: World) -> None:
    """A relay that misses a task just before it falls over, and just after, is asked again."""
    world.relay.add(song("song", takes=9999))
    await world.watch("song")
    await world.look_after(5)
    world.relay.remove("song")
    await world.look_after(5)
    await world.look_after(5)
    world.relay.go_down()
    await world.look_after(5)
    world.relay.come_back()
    await world.look_after(MISSING_TASK_TIMEOUT + 60)
    assert await world.owed() == []
    for _ in range(int(MISSING_TASK_TIMEOUT) // 100 + 1):
        await world.look_after(100)
    (delivery,) = await world.owed()
    assert delivery.end_reason is EndReason.NOT_FOUND


async def test_one_task_that_cannot_be_kept_holds_up_no_other(world: World, tmp_path: Path) -> None:
    """All others of the same look are kept, and the fault is told."""
    world.relay.add(*(song(name, takes=1) for name in ("good", "bad", "better")))
    for name in ("good", "bad", "better"):
        await world.watch(name)
    world.relay.clock.advance(5)
    world.clock.now += 5
    with closing(sqlite3.connect(tmp_path / "suno.db")) as another:
        another.execute(
            "CREATE TRIGGER fault BEFORE UPDATE ON tasks WHEN new.task_id = 'bad'"
            " BEGIN SELECT raise(ABORT, 'a fault'); END"
        )
    await world.poller.tick()
    await world.poller.finish(None)
    assert await world.store.ended_task("good")
    assert await world.store.ended_task("better")
    with pytest.raises(sqlite3.IntegrityError, match="a fault"):
        await world.poller.tick()


async def test_a_clock_that_is_set_forward_ends_no_watch(world: World) -> None:
    """Not even the first one, before the relay has answered a look."""
    world.relay.add(stuck("stuck"))
    await world.watch("stuck")
    world.clock.now += 72 * DEADLINE
    await world.look_after(5)
    assert await world.owed() == []
    for _ in range(int(DEADLINE) // 60 + 1):
        await world.look_after(60)
    (delivery,) = await world.owed()
    assert delivery.end_reason is EndReason.GAVE_UP


async def test_a_clock_that_is_set_back_stops_no_look(world: World) -> None:
    """What was due in a while does not wait for the hour that comes twice."""
    world.relay.add(song("song", takes=60))
    await world.watch("song")
    await world.look_after(5)
    looks = len(world.relay.requests)
    world.clock.now -= 3600
    world.relay.clock.advance(400)
    await world.look_after(1)
    await world.look_after(MAX_WAIT)
    assert len(world.relay.requests) == looks + 1
    assert len(await world.owed()) == 1
