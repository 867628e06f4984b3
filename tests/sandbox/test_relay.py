"""Tests that the local relay answers like real relays and records its requests."""

import asyncio

import aiohttp
import pytest

from sandbox.relay import (
    Clock,
    LocalRelay,
    ResponseFormat,
    SingleLookupFormat,
    UnknownPathFormat,
    UnknownTaskFormat,
    faults,
    lyrics_task,
    song,
)
from tests.support.relay_caller import called_relay


async def test_a_batch_contains_only_known_tasks() -> None:
    """Unknown ids are omitted from the response."""
    async with called_relay() as (relay, caller):
        relay.add(song("song"), lyrics_task("words"))

        answer = await caller.batch("words", "nobody's", "song")

        assert (answer["code"], answer["message"]) == ("success", "")
        assert [(task["task_id"], task["action"]) for task in answer["data"]] == [
            ("words", "LYRICS"),
            ("song", "MUSIC"),
        ]


async def test_a_wrong_key_is_refused() -> None:
    """The error has the OpenAI style and status 401."""
    async with called_relay() as (_, caller):
        caller.key = "sk-wrong"

        status, answer = await caller.ask("POST", "/suno/fetch", json={"ids": []})

        assert status == 401
        assert answer["error"]["code"] == "invalid_api_key"


async def test_every_request_is_recorded_by_the_relay() -> None:
    """The record contains the ids, the status and the time."""
    async with called_relay() as (relay, caller):
        relay.clock.advance(5)
        await caller.batch("one", "two", action="LYRICS")
        await caller.ask("GET", "/suno/fetch/three")
        await caller.ask("POST", "/suno/fetch", data=b"no JSON")

        first, second, third = relay.requests

        assert (first.method, first.path, first.ids) == ("POST", "/suno/fetch", ("one", "two"))
        assert (first.action, first.status, first.at) == ("LYRICS", 200, relay.clock.now())
        assert (second.method, second.path, second.ids) == (
            "GET",
            "/suno/fetch/three",
            ("three",),
        )
        assert (second.action, second.status) == (None, 400)
        assert (third.ids, third.action) == ((), None)
        assert first.arrived <= second.arrived


async def test_a_test_can_wait_for_a_request() -> None:
    """A test of a poller waits for the request instead of a fixed time."""
    async with called_relay() as (relay, caller):
        waiting = asyncio.create_task(relay.wait_for_requests(2))
        await caller.batch("one")
        assert not waiting.done()
        await caller.batch("two")

        await asyncio.wait_for(waiting, 5)


async def test_the_clock_stands_still_until_it_is_advanced() -> None:
    """A test decides when a song is done."""
    async with called_relay() as (relay, caller):
        relay.add(song("song", takes=120))
        assert (await caller.task("song"))["status"] == "NOT_START"

        relay.clock.advance(119)
        assert (await caller.task("song"))["status"] == "IN_PROGRESS"
        relay.clock.advance(1)
        assert (await caller.task("song"))["status"] == "SUCCESS"


async def test_the_clock_may_run_faster_than_real_time() -> None:
    """A demo need not wait two minutes for a song."""
    async with called_relay(speed=100_000) as (relay, caller):
        relay.add(song("song", takes=120))
        await asyncio.sleep(0.01)

        assert (await caller.task("song"))["status"] == "SUCCESS"


def test_a_clock_never_runs_backwards() -> None:
    """Neither a speed nor an advance may be negative."""
    with pytest.raises(ValueError, match="backwards"):
        Clock(speed=-1)
    with pytest.raises(ValueError, match="turned back"):
        Clock().advance(-1)


async def test_a_task_added_again_starts_anew() -> None:
    """Its submission time is now."""
    async with called_relay() as (relay, caller):
        relay.add(song("song"))
        relay.clock.advance(300)
        relay.add(song("song"))

        task = await caller.task("song")

        assert (task["status"], task["submit_time"]) == ("NOT_START", int(relay.clock.now()))


async def test_a_forgotten_task_is_unknown() -> None:
    """It is unknown as after the retention time of a real relay."""
    async with called_relay() as (relay, caller):
        relay.add(song("song"))
        relay.remove("song")
        relay.remove("song")

        assert (await caller.batch("song"))["data"] == []


async def test_a_relay_that_is_down_cuts_every_connection() -> None:
    """Requests during an outage are recorded, and succeed after it."""
    async with called_relay() as (relay, caller):
        relay.start_outage()
        with pytest.raises(aiohttp.ClientError):
            await caller.batch("one")
        relay.end_outage()

        assert (await caller.batch("one"))["data"] == []
        assert [request.status for request in relay.requests] == [0, 200]


async def test_the_address_is_available_only_while_the_relay_runs() -> None:
    """Reading it earlier raises an error with an explanation."""
    relay = LocalRelay()
    with pytest.raises(RuntimeError, match="before it is entered"):
        _ = relay.base_url


async def test_a_relay_may_be_given_its_port_and_its_key() -> None:
    """A parent process can pass the address to another one in advance."""
    async with LocalRelay() as first:
        port = int(first.base_url.rpartition(":")[2])

    async with called_relay(port=port, key="sk-mine") as (relay, caller):
        assert relay.base_url == f"http://127.0.0.1:{port}"
        assert (await caller.batch("one"))["data"] == []


async def test_closing_does_not_wait_for_open_requests() -> None:
    """Open requests of a client are aborted."""
    async with called_relay() as (relay, caller):
        relay.faults.add(faults.slow_headers())
        hanging = asyncio.create_task(caller.batch("one"))
        await relay.wait_for_requests()

        await asyncio.wait_for(relay.__aexit__(), 5)

        with pytest.raises(aiohttp.ClientError):
            await hanging


@pytest.mark.parametrize(
    ("shape", "data"),
    [(ResponseFormat(), []), (ResponseFormat(nothing=None), None)],
    ids=["empty", "null"],
)
async def test_an_empty_result_is_an_empty_list_or_null(
    shape: ResponseFormat, data: object
) -> None:
    """Both forms occur among relays."""
    async with called_relay() as (relay, caller):
        relay.response_format = shape

        assert (await caller.batch("one"))["data"] == data


async def test_a_batch_may_have_other_envelopes() -> None:
    """Nested, without a code, with the data as text, with account fields, in any order."""
    async with called_relay() as (relay, caller):
        relay.add(song("one"), song("two"))
        relay.response_format = ResponseFormat(
            code=None,
            double_envelope=True,
            data_as_text=True,
            account=True,
            reversed_order=True,
            unrequested=({"task_id": "stranger"},),
        )

        answer = await caller.batch("one", "two")

        assert answer.keys() == answer["data"].keys() == {"data"}
        tasks = answer["data"]["data"]
        assert [task["task_id"] for task in tasks] == ["two", "one", "stranger"]
        assert tasks[0]["data"] == "null"
        assert tasks[0]["quota"] == 5000


async def test_the_action_is_honoured_on_request() -> None:
    """By default it is ignored, as by the open relays."""
    async with called_relay() as (relay, caller):
        relay.add(song("song"))
        assert len((await caller.batch("song", action="LYRICS"))["data"]) == 1
        relay.response_format = ResponseFormat(filters_by_action=True)

        assert (await caller.batch("song", action="LYRICS"))["data"] == []
        assert len((await caller.batch("song", action="MUSIC"))["data"]) == 1


@pytest.mark.parametrize("form", list(SingleLookupFormat))
async def test_a_single_look_up_takes_every_form(form: SingleLookupFormat) -> None:
    """With or without the envelope, the task and its status."""
    async with called_relay() as (relay, caller):
        relay.response_format = ResponseFormat(fetch=form)
        relay.add(lyrics_task("words"))
        relay.clock.advance(60)
        task = await caller.task("words")

        _, answer = await caller.ask("GET", "/suno/fetch/words")

        assert (
            answer
            == {
                SingleLookupFormat.TASK: {"code": "success", "message": "", "data": task},
                SingleLookupFormat.BARE_TASK: task,
                SingleLookupFormat.DATA: {"code": "success", "message": "", "data": task["data"]},
                SingleLookupFormat.BARE_DATA: task["data"],
                SingleLookupFormat.NESTED: {
                    "code": "success",
                    "message": "",
                    "data": {**task, "data": task},
                },
                SingleLookupFormat.STATUS_AND_DATA: {
                    "code": "success",
                    "message": "",
                    "data": {"status": "SUCCESS", "data": task["data"]},
                },
            }[form]
        )


async def test_lyrics_have_a_path_of_their_own_without_a_code_level() -> None:
    """Songs are unknown on that path; the feed's path knows both."""
    async with called_relay() as (relay, caller):
        relay.add(song("song"), lyrics_task("words"))
        relay.clock.advance(300)

        status, words = await caller.ask("GET", "/suno/lyrics/words")

        assert (status, words["status"], "code" in words) == (200, "complete", False)
        assert (await caller.ask("GET", "/suno/lyrics/song"))[0] == 400
        assert (await caller.ask("GET", "/suno/feed/song"))[0] == 200


@pytest.mark.parametrize(
    ("unknown", "status", "code"),
    [
        (UnknownTaskFormat.NOT_EXIST, 400, "task_not_exist"),
        (UnknownTaskFormat.INVALID, 400, "invalid_request"),
        (UnknownTaskFormat.NOT_FOUND, 404, "not_found"),
        (UnknownTaskFormat.PLAIN, 404, None),
    ],
)
async def test_an_unknown_task_is_denied_in_several_ways(
    unknown: UnknownTaskFormat, status: int, code: str | None
) -> None:
    """A single look-up cannot omit a task, and relays deny it in several forms."""
    async with called_relay() as (relay, caller):
        relay.response_format = ResponseFormat(task_with_id_only=unknown)

        answered, answer = await caller.ask("GET", "/suno/fetch/nobody's")

        assert (answered, answer.get("code")) == (status, code)


@pytest.mark.parametrize(
    ("elsewhere", "status", "start"),
    [
        (
            UnknownPathFormat.INVALID_URL,
            404,
            "{'error': {'message': 'Invalid URL (PUT /suno/fetch)'",
        ),
        (UnknownPathFormat.HTML, 404, "<!DOCTYPE html>"),
        (UnknownPathFormat.NOT_ALLOWED, 405, "<!DOCTYPE html>"),
        (UnknownPathFormat.FRONT_PAGE, 200, "<!DOCTYPE html>"),
        (UnknownPathFormat.NO_PAGE, 404, "404 page not found"),
        (UnknownPathFormat.INVALID_ACTION, 404, "404 page not found"),
        (UnknownPathFormat.REPEATED, 404, "{'message': 'PUT /suno/fetch not found'"),
    ],
)
async def test_other_paths_do_not_exist(
    elsewhere: UnknownPathFormat, status: int, start: str
) -> None:
    """Relays report a missing path in several forms."""
    async with called_relay() as (relay, caller):
        relay.response_format = ResponseFormat(unknown_path=elsewhere)

        answered, answer = await caller.ask("PUT", "/suno/fetch")

        assert answered == status
        assert str(answer).startswith(start)
