"""Tests of the requests that the relay client sends and of how it parses the responses."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.relay.client import MAX_MISSING_POLLED
from bot.relay.errors import ErrorKind
from bot.relay.models import Outcome, TaskKind, TaskStatus
from sandbox.relay import (
    LocalRelay,
    ResponseFormat,
    SingleLookupFormat,
    failing,
    faults,
    half_success,
    lyrics_task,
    song,
    stuck,
)
from tests.support.client_at_relay import client_at_relay


def actions(relay: LocalRelay) -> list[tuple[str | None, tuple[str, ...]]]:
    """Return the action and the ids of every batch request that the relay got."""
    return [(request.action, request.ids) for request in relay.requests if request.method == "POST"]


async def test_tasks_are_found_in_one_request() -> None:
    """One batch request returns the tasks of every state."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"), failing("bad"), half_success("half"), stuck("stuck"))
        relay.clock.advance(300)

        found = await client.look_up(["song", "bad", "half", "stuck"])

        assert {task_id: task.outcome for task_id, task in found.tasks.items()} == {
            "song": Outcome.SUCCESS,
            "bad": Outcome.FAILURE,
            "half": Outcome.PARTIAL,
            "stuck": None,
        }
        assert (found.missing, found.failed) == (frozenset(), {})
        assert [(request.method, request.path) for request in relay.requests] == [
            ("POST", "/suno/fetch")
        ]


async def test_a_lookup_of_no_ids_sends_no_request() -> None:
    """An empty look-up sends no request, whether urgent or not."""
    async with client_at_relay() as (relay, client):
        for interactive in (False, True):
            found = await client.look_up([], interactive=interactive)

            assert (found.tasks, found.missing, found.failed) == ({}, frozenset(), {})
        assert relay.requests == []


@pytest.mark.parametrize("odd", ['a"b\\', "歌", "half \ud83d"])
async def test_an_id_may_have_any_characters(odd: str) -> None:
    """An id with unusual characters does not keep the others from being found."""
    async with client_at_relay() as (relay, client):
        relay.add(stuck("one"))
        found = await client.look_up(["one", odd])
        assert found.tasks.keys() == {"one"}
        assert found.missing == {odd}
        assert actions(relay)[0] == ("MUSIC", ("one", odd))


async def test_a_duplicate_id_is_requested_once() -> None:
    """An id that several users watch is requested once."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))

        await client.look_up(["song", "song"])

        assert actions(relay) == [("MUSIC", ("song",))]


async def test_many_ids_are_split_into_batches() -> None:
    """No batch exceeds the configured size, and every id is in one."""
    async with client_at_relay(batch_size=3) as (relay, client):
        ids = [f"song-{number}" for number in range(7)]
        relay.add(*map(song, ids))

        found = await client.look_up(ids)

        assert [len(request.ids) for request in relay.requests] == [3, 3, 1]
        assert list(found.tasks) == ids


async def test_lyrics_are_requested_with_the_action_for_lyrics() -> None:
    """Some relays filter by action, so each kind is requested with its own."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(filters_by_action=True)
        relay.add(song("song"), lyrics_task("words"))

        kinds = {"words": TaskKind.LYRICS, "song": TaskKind.MUSIC}
        found = await client.look_up(["song", "words"], kinds=kinds)

        assert found.tasks.keys() == {"song", "words"}
        assert actions(relay) == [("MUSIC", ("song",)), ("LYRICS", ("words",))]


async def test_a_task_of_unknown_kind_is_requested_as_a_song_then_as_lyrics() -> None:
    """Only the ids not found as songs are requested again as lyrics."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(filters_by_action=True)
        relay.add(song("song"), lyrics_task("words"))

        found = await client.look_up(["song", "words"])

        assert found.tasks.keys() == {"song", "words"}
        assert actions(relay) == [("MUSIC", ("song", "words")), ("LYRICS", ("words",))]


async def test_an_unknown_id_is_reported_as_missing() -> None:
    """An id is missing if the batch omits it and its single look-up denies it."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))

        found = await client.look_up(["song", "nobody's"])

        assert found.tasks.keys() == {"song"}
        assert found.missing == {"nobody's"}


async def test_a_missing_id_is_looked_up_singly_before_it_is_reported() -> None:
    """Every single look-up path is tried, with the id percent-encoded."""
    async with client_at_relay() as (relay, client):
        await client.look_up(["a/b ü?"], kinds={"a/b ü?": TaskKind.LYRICS})

        assert [request.path for request in relay.requests if request.method == "GET"] == [
            "/suno/fetch/a%2Fb%20%C3%BC%3F",
            "/suno/lyrics/a%2Fb%20%C3%BC%3F",
            "/suno/feed/a%2Fb%20%C3%BC%3F",
        ]
        assert {request.ids for request in relay.requests} == {("a/b ü?",)}


async def test_a_missing_id_is_looked_up_singly_only_once() -> None:
    """The second poll with a missing id costs one request, like any other poll."""
    async with client_at_relay() as (relay, client):
        kinds = {"gone": TaskKind.MUSIC}
        await client.look_up(["gone"], kinds=kinds)
        relay.requests.clear()

        found = await client.look_up(["gone"], kinds=kinds)

        assert found.missing == {"gone"}
        assert [request.method for request in relay.requests] == ["POST"]


async def test_a_task_that_batches_omit_is_found_singly_every_time() -> None:
    """A task found only by single look-ups is not reported as missing by later polls."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(filters_by_action=True)
        relay.add(lyrics_task("words"))

        for _ in range(2):
            found = await client.look_up(["words"], kinds={"words": TaskKind.MUSIC})

            assert found.tasks.keys() == {"words"}


@pytest.mark.parametrize("odd", [".", "..", ""])
async def test_an_id_that_changes_the_path_is_not_looked_up_singly(odd: str) -> None:
    """``/suno/fetch/..`` is ``/suno``, so only the batch decides about such an id."""
    async with client_at_relay() as (relay, client):
        found = await client.look_up([odd])

        assert found.missing == {odd}
        assert {request.method for request in relay.requests} == {"POST"}


async def test_single_lookups_of_missing_ids_are_limited() -> None:
    """A few missing ids are looked up singly; the rest wait, and are not yet missing."""
    async with client_at_relay() as (relay, client):
        ids = [f"gone-{number}" for number in range(MAX_MISSING_POLLED + 5)]
        kinds = dict.fromkeys(ids, TaskKind.MUSIC)

        first = await client.look_up(ids, kinds=kinds)
        second = await client.look_up(ids, kinds=kinds)

        assert first.missing == set(ids[:MAX_MISSING_POLLED])
        assert first.unlisted == tuple(ids[MAX_MISSING_POLLED:])
        assert second.missing == set(ids)
        fetched = [
            request.ids for request in relay.requests if request.path.startswith("/suno/fetch/")
        ]
        assert fetched == [(each,) for each in ids]


async def test_a_failed_batch_keeps_the_results_of_the_others() -> None:
    """The tasks of the first batch are returned; the other ids carry the error."""
    async with client_at_relay(batch_size=2) as (relay, client):
        relay.add(song("one"), song("two"), song("three"))
        relay.faults.add(faults.server_error(), after=1)

        found = await client.look_up(["one", "two", "three", "four"])

        assert found.tasks.keys() == {"one", "two"}
        assert found.missing == frozenset()
        assert {each: error.kind for each, error in found.failed.items()} == {
            "three": ErrorKind.UNAVAILABLE,
            "four": ErrorKind.UNAVAILABLE,
        }
        assert len(relay.requests) == 2


UNRELATED_TASK = {"task_id": "unrequested", "status": "SUCCESS", "data": None}


@pytest.mark.parametrize(
    "shape",
    [
        ResponseFormat(nothing=None),
        ResponseFormat(double_envelope=True),
        ResponseFormat(data_as_text=True),
        ResponseFormat(code=None),
        ResponseFormat(code=1),
        ResponseFormat(code=200),
        ResponseFormat(code="200"),
        ResponseFormat(reversed_order=True),
        ResponseFormat(account=True),
        ResponseFormat(unrequested=(UNRELATED_TASK,)),
    ],
    ids=lambda shape: ", ".join(
        f"{name}={getattr(shape, name)}"
        for name in ResponseFormat.__slots__
        if getattr(shape, name) != getattr(ResponseFormat(), name)
    )[:40],
)
async def test_a_batch_is_parsed_in_every_envelope(shape: ResponseFormat) -> None:
    """Every envelope gives the same tasks, and none that was not requested."""
    async with client_at_relay() as (relay, client):
        relay.response_format = shape
        relay.add(song("song", title="Night Bus"), lyrics_task("words"))
        relay.clock.advance(300)

        found = await client.look_up(["song", "words", "nobody's"])

        assert found.tasks.keys() == {"song", "words"}
        assert found.missing == {"nobody's"}
        assert found.tasks["song"].title == "Night Bus"
        assert found.tasks["song"].outcome is Outcome.SUCCESS
        lyrics = found.tasks["words"].lyrics
        assert lyrics is not None
        assert lyrics.text.startswith("[Verse]")


RUNS = {"task_id": "song", "status": "IN_PROGRESS", "data": None}
ENDED = {"task_id": "song", "status": "FAILURE", "fail_reason": "no", "data": None}


@pytest.mark.parametrize("entries", [(RUNS, ENDED), (ENDED, RUNS)], ids=["last", "first"])
async def test_of_two_entries_for_one_id_the_ended_one_is_used(
    entries: tuple[dict[str, Any], ...],
) -> None:
    """The entry that has ended is used at either position."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(unrequested=entries)

        found = await client.look_up(["song"])

        assert found.tasks["song"].outcome is Outcome.FAILURE


async def test_an_id_in_another_case_matches_the_requested_one() -> None:
    """Some relays return ids in lower case, whatever case was requested."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(unrequested=({**ENDED, "task_id": "SONG"},))

        found = await client.look_up(["Song"])

        assert found.tasks["Song"].id == "Song"
        assert found.tasks["Song"].outcome is Outcome.FAILURE


@pytest.mark.parametrize(
    ("wanted", "answered"),
    [(["Song", "sOng"], ["SONG"]), (["Song"], ["SONG", "song"]), (["song"], ["song", "SONG"])],
    ids=["two wanted", "two answered", "written as wanted"],
)
async def test_an_ambiguous_id_in_another_case_matches_nothing(
    wanted: list[str], answered: list[str]
) -> None:
    """An id that could match two requested ids matches neither."""
    async with client_at_relay() as (relay, client):
        unrelated = [{**ENDED, "task_id": each, "fail_reason": each} for each in answered]
        relay.response_format = ResponseFormat(unrequested=tuple(unrelated))

        found = await client.look_up(wanted)

        reasons = {task_id: task.reason for task_id, task in found.tasks.items()}
        assert reasons == {each: each for each in wanted if each in answered}


@pytest.mark.parametrize("form", list(SingleLookupFormat))
async def test_a_single_lookup_is_parsed_in_every_envelope(form: SingleLookupFormat) -> None:
    """The song is playable whether the task, its data or both are returned."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset({"/suno/fetch/{id}"}), fetch=form)
        relay.add(song("song", title="Night Bus"))
        relay.clock.advance(300)

        found = await client.look_up(["song"])

        task = found.tasks["song"]
        assert (task.id, task.title, task.outcome) == ("song", "Night Bus", Outcome.SUCCESS)


async def test_status_words_and_field_names_of_forks_are_parsed() -> None:
    """Status words and field names differ between relays."""

    def in_other_words(task: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: task[name] for name in ("task_id", "action", "data")}
        return {**kept, "status": "succeeded", "submitTime": task["submit_time"] * 1000}

    async with client_at_relay() as (relay, client):
        relay.response_format = replace(relay.response_format, rewrite=in_other_words)
        relay.add(song("song"))
        submitted = int(relay.clock.now())
        relay.clock.advance(300)

        found = await client.look_up(["song"])

        assert found.tasks["song"].status is TaskStatus.SUCCESS
        assert found.tasks["song"].submitted_at == submitted
