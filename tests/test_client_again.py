"""Looks of the poller that show nothing new: the client says so instead of telling it again."""

from collections.abc import Mapping

import pytest

from bot.local.relay import AnswerShape, faults, lyrics_task, song, stuck
from bot.suno.client import LookUp
from bot.suno.reading.again import Reading
from bot.suno.requesting.findings import Findings
from bot.suno.seen import Seen
from bot.suno.tasks import Task, TaskKind, TaskStatus
from tests.client_at_relay import client_at_relay

TOLD = Reading((Task("one", TaskStatus.QUEUED),), fingerprints={"one": 1})
SAID_AGAIN = Reading((), frozenset({"one"}))


def _kept(found: LookUp) -> Mapping[int, str]:
    """Return what a caller gives as seen that has kept all of this."""
    seen = Seen()
    seen.note(found)
    return seen.ids


async def test_a_task_of_which_nothing_is_new_is_unchanged() -> None:
    """It is known all the same: nothing more is asked, and nothing is missing."""
    async with client_at_relay() as (relay, client):
        relay.add(stuck("one"), stuck("two"))
        first = await client.look_up(["one", "two"])

        again = await client.look_up(["two", "one"], seen=_kept(first))

        assert first.fingerprints.keys() == first.tasks.keys() == {"one", "two"}
        assert again == LookUp(unchanged=frozenset({"one", "two"}))
        assert len(relay.looks) == 2
        assert client.health.last_error_at is None


async def test_news_come_as_a_task() -> None:
    """With the fingerprint of what is new, until it ends: an end has none."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song", takes=120), stuck("other"))
        seen = Seen()
        first = await client.look_up(["song", "other"])
        seen.note(first)
        relay.clock.advance(40)
        streaming = await client.look_up(["song", "other"], seen=seen.ids)
        seen.note(streaming)
        relay.clock.advance(100)
        ended = await client.look_up(["song", "other"], seen=seen.ids)

        assert streaming.tasks["song"].clips
        assert streaming.fingerprints["song"] != first.fingerprints["song"]
        assert ended.tasks["song"].terminal
        assert ended.unchanged == {"other"}
        assert not ended.fingerprints


async def test_nothing_is_unchanged_for_who_has_seen_nothing() -> None:
    """What another caller has seen is not this one's."""
    async with client_at_relay() as (relay, client):
        relay.add(stuck("one"), stuck("two"))
        first = await client.look_up(["one", "two"])

        found = await client.look_up(["one", "two"], seen={first.fingerprints["one"]: "one"})

        assert found.unchanged == {"one"}
        assert found.tasks.keys() == found.fingerprints.keys() == {"two"}


async def test_people_always_get_the_task() -> None:
    """Who waits has kept nothing of an earlier look."""
    async with client_at_relay(share_for=0.0) as (relay, client):
        relay.add(stuck("one"))
        first = await client.look_up(["one"])

        found = await client.look_up(["one"], seen=_kept(first), urgent=True)

        assert found.tasks.keys() == {"one"}
        assert found.unchanged == frozenset()


async def test_what_is_missing_beside_the_unchanged_is_still_asked_for() -> None:
    """By every way, before it is called missing."""
    async with client_at_relay() as (relay, client):
        relay.add(stuck("one"), lyrics_task("words", takes=1000))
        kinds = {"words": TaskKind.LYRICS}
        first = await client.look_up(["one", "words"], kinds=kinds)

        found = await client.look_up(["one", "words", "gone"], kinds=kinds, seen=_kept(first))

        assert found.unchanged == {"one", "words"}
        assert found.missing == {"gone"}
        assert {look.ids for look in relay.looks if look.method == "GET"} == {("gone",)}


async def test_the_unchanged_are_found_beside_an_id_that_is_refused() -> None:
    """The batch is narrowed down to the one that spoils it, and the look-up is a success."""
    async with client_at_relay() as (relay, client):
        ids = [f"task-{number}" for number in range(8)]
        relay.add(*map(stuck, ids))
        first = await client.look_up(ids)
        relay.faults.add(faults.refuses("bad"))

        found = await client.look_up([*ids, "bad"], seen=_kept(first))

        assert found.unchanged == set(ids)
        assert found.failed.keys() == {"bad"}
        assert not found.missing


@pytest.mark.parametrize("first", [TOLD, SAID_AGAIN], ids=["told", "said again"])
def test_the_first_answer_counts(first: Reading) -> None:
    """Every id is in exactly one place, should two answers hold it."""
    findings = Findings(["one"])
    for reading in (first, TOLD, SAID_AGAIN):
        findings.found(reading)

    found = findings.conclude()
    assert tuple(found.tasks.values()) == first.tasks
    assert found.unchanged == first.unchanged
    assert found.fingerprints == first.fingerprints


async def test_a_relay_that_writes_otherwise_is_read_each_time() -> None:
    """It costs more, and nothing else is different."""
    async with client_at_relay() as (relay, client):
        relay.add(stuck("one"))
        relay.answer_shape = AnswerShape(code=200)
        first = await client.look_up(["one"])
        again = await client.look_up(["one"], seen=_kept(first))

        assert not first.fingerprints
        assert again.tasks == first.tasks


def test_what_was_not_asked_for_is_not_unchanged() -> None:
    """Although the relay tells it unasked, as it was."""
    findings = Findings(["one"])
    findings.found(Reading((), frozenset({"one", "two"})))
    assert findings.conclude().unchanged == {"one"}


def test_what_was_seen_of_a_task_is_its_last_word() -> None:
    """An earlier one stands for nothing any more; neither does any that has ended."""
    one, two = Task("one", TaskStatus.QUEUED), Task("two", TaskStatus.QUEUED)
    seen = Seen()
    seen.note(LookUp({"one": one, "two": two}, fingerprints={"one": 1, "two": 2}))
    seen.note(LookUp({"one": one}, fingerprints={"one": 3}))
    assert seen.ids == {2: "two", 3: "one"}
    seen.note(LookUp({"two": two}))
    assert seen.ids == {3: "one"}


def test_the_earliest_seen_is_forgotten_first() -> None:
    """What is remembered has a bound."""
    seen = Seen(most=2)
    for number, each in enumerate(("one", "two", "three")):
        task = Task(each, TaskStatus.QUEUED)
        seen.note(LookUp({each: task}, fingerprints={each: number}))
    assert seen.ids == {1: "two", 2: "three"}
    seen.forget(["two", "unknown"])
    assert seen.ids == {2: "three"}
