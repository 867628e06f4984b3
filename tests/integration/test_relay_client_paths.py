"""Tests of how the client finds the endpoints that a relay offers."""

import logging
from collections import Counter
from typing import Any

import pytest

from bot.relay.circuit_breaker import BackoffLimits
from bot.relay.errors import EndpointNotFoundError, ErrorKind, RelayError
from bot.relay.models import TaskKind
from sandbox.relay import (
    LocalRelay,
    ResponseFormat,
    UnknownPathFormat,
    UnknownTaskFormat,
    faults,
    lyrics_task,
    song,
)
from tests.support.client_at_relay import client_at_relay, wait_for_pause

NO_BACKOFF = BackoffLimits(failure_threshold=1000)
SINGLE = frozenset({"/suno/fetch/{id}"})


def take_requests(relay: LocalRelay) -> list[str]:
    """Return the requests that the relay got since the last call."""
    requests = [f"{request.method} {request.path}" for request in relay.requests]
    relay.requests.clear()
    return requests


@pytest.mark.parametrize("elsewhere", list(UnknownPathFormat))
async def test_another_batch_path_is_found_and_remembered(elsewhere: UnknownPathFormat) -> None:
    """Whatever a relay answers on a missing path, the next look-up uses the path that works."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(
            paths=frozenset({"/suno/submit/fetch"}), unknown_path=elsewhere
        )
        relay.add(song("song"))

        first = await client.look_up(["song"])
        fallback = take_requests(relay)
        await client.look_up(["song"])

        assert first.tasks.keys() == {"song"}
        assert fallback == ["POST /suno/fetch", "POST /suno/submit/fetch"]
        assert take_requests(relay) == ["POST /suno/submit/fetch"]


async def test_a_fallback_path_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The log says once which path the operator should configure."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset({"/suno/submit/fetch"}))
        relay.add(song("song"))

        with caplog.at_level(logging.INFO, "bot.relay"):
            for _ in range(3):
                await client.look_up(["song"])

    (message,) = (record.getMessage() for record in caplog.records)
    assert "no batch look-up at POST /suno/fetch" in message
    assert "SUNO_FETCH_PATH=/suno/submit/fetch" in message


@pytest.mark.parametrize("elsewhere", list(UnknownPathFormat))
@pytest.mark.parametrize("path", ["/suno/fetch/", "/suno/feed/"])
async def test_a_relay_without_batches_gets_single_lookups(
    path: str, elsewhere: UnknownPathFormat
) -> None:
    """The single look-up paths are found, and the search for them is not repeated."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(
            paths=frozenset({path + "{id}"}), unknown_path=elsewhere
        )
        relay.add(song("one"), song("two"))

        first = await client.look_up(["one", "two"])
        take_requests(relay)
        second = await client.look_up(["one", "two"])

        assert first.tasks.keys() == second.tasks.keys() == {"one", "two"}
        assert take_requests(relay) == [f"GET {path}one", f"GET {path}two"]


async def test_a_relay_without_batches_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The log says once that every task costs a request."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=SINGLE)
        relay.add(song("one"), song("two"))

        with caplog.at_level(logging.INFO, "bot.relay"):
            for _ in range(2):
                await client.look_up(["one", "two"])

    (message,) = (record.getMessage() for record in caplog.records)
    assert "no batch look-up at POST /suno/fetch" in message
    assert "a request for each" in message


async def test_lyrics_are_found_on_their_own_path() -> None:
    """On ``/suno/lyrics`` the response is the bare text, without a code level."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset({"/suno/lyrics/{id}"}))
        relay.add(lyrics_task("words", text="[Verse]\nLa la"))
        relay.clock.advance(60)

        found = await client.look_up(["words"], kinds={"words": TaskKind.LYRICS})

        lyrics = found.tasks["words"].lyrics
        assert lyrics is not None
        assert lyrics.text == "[Verse]\nLa la"


@pytest.mark.parametrize("unknown", list(UnknownTaskFormat))
async def test_an_unknown_task_is_missing_where_only_single_lookups_work(
    unknown: UnknownTaskFormat,
) -> None:
    """Relays deny a task in several forms, one of which resembles a wrong path."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=SINGLE, task_with_id_only=unknown)
        relay.add(song("song"))

        found = await client.look_up(["song", "nobody's"])

        assert found.tasks.keys() == {"song"}
        assert found.missing == {"nobody's"}


async def test_unknown_ids_do_not_starve_single_lookups() -> None:
    """The first poll stops after three unknown ids; the next begins with the others."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=SINGLE)
        relay.add(song("song"))
        ids = ["gone", "lost", "typo", "song"]
        with pytest.raises(EndpointNotFoundError):
            await client.look_up(ids)

        found = await client.look_up(ids)

        assert found.tasks.keys() == {"song"}
        assert found.missing == {"gone", "lost", "typo"}


async def test_all_paths_are_requested_under_the_prefix() -> None:
    """The paths of a relay that a proxy serves in a folder are relative to it."""
    async with client_at_relay(at="/eu/suno/fetch") as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset({"/eu/suno/fetch/{id}"}))
        relay.add(song("song"))

        found = await client.look_up(["song"])

        assert found.tasks.keys() == {"song"}
        assert take_requests(relay)[-1] == "GET /eu/suno/fetch/song"


SAID_FOR_SURE = [
    each
    for each in UnknownPathFormat
    if each not in (UnknownPathFormat.INVALID_ACTION, UnknownPathFormat.REPEATED)
]


@pytest.mark.parametrize("elsewhere", SAID_FOR_SURE)
async def test_a_wrong_address_does_not_make_tasks_missing(
    elsewhere: UnknownPathFormat,
) -> None:
    """If no path works, the look-up fails as a whole, after one request to each path."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset(), unknown_path=elsewhere)

        with pytest.raises(RelayError) as failure:
            await client.look_up(["one", "two", "three"])

        assert failure.value.kind is ErrorKind.NOT_FOUND
        assert take_requests(relay) == [
            "POST /suno/fetch",
            "POST /suno/submit/fetch",
            "GET /suno/fetch/one",
            "GET /suno/feed/one",
            "GET /suno/lyrics/one",
        ]


@pytest.mark.parametrize("elsewhere", list(UnknownPathFormat))
@pytest.mark.parametrize(
    ("at", "under"),
    [("/suno/tasks/fetch", ""), ("/task/not/found", ""), ("", "/task"), ("", "/suno/task")],
)
async def test_an_error_that_repeats_the_path_does_not_deny_a_task(
    at: str, under: str, elsewhere: UnknownPathFormat
) -> None:
    """An error message may contain the word "task" because the path does."""
    async with client_at_relay(at=at, under=under, backoff=NO_BACKOFF) as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset(), unknown_path=elsewhere)
        for ids in (["one"], ["two", "three"]):
            with pytest.raises(EndpointNotFoundError):
                await client.look_up(ids)
            with pytest.raises(EndpointNotFoundError):
                await client.look_up(ids, interactive=True)


@pytest.mark.parametrize("status", [200, 400, 404])
async def test_a_server_that_denies_every_task_is_not_taken_for_a_relay(status: int) -> None:
    """For another service, ``/task/suno/fetch`` may be a task called "suno"."""
    async with client_at_relay() as (relay, client):
        relay.faults.add(faults.answers(status, faults.suno_error("not_exist", "task not found")))

        with pytest.raises(EndpointNotFoundError) as failure:
            await client.look_up(["one", "two"])

        assert not failure.value.certain


@pytest.mark.parametrize("nothing", [b"[]", b'{"data": []}'])
async def test_a_path_proves_tasks_missing_only_after_it_returned_one(
    nothing: bytes,
) -> None:
    """Any service may deny a task; after a path returned one, omitted ids are missing."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset({"/suno/fetch"}))
        relay.add(song("song"))
        relay.faults.add(faults.answers(200, nothing, about="gone"))
        with pytest.raises(EndpointNotFoundError) as failure:
            await client.look_up(["gone"])
        assert not failure.value.certain
        await client.look_up(["song"])

        assert (await client.look_up(["gone"])).missing == {"gone"}


@pytest.mark.parametrize("nothing", [(), None])
@pytest.mark.parametrize("code", ["success", 1, 200])
async def test_the_first_id_may_be_mistyped(nothing: Any, code: Any) -> None:
    """A success code with no data is how relays answer for an unknown id."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(nothing=nothing, code=code)

        assert (await client.look_up(["typo"])).missing == {"typo"}


@pytest.mark.parametrize("elsewhere", list(UnknownPathFormat))
async def test_other_paths_are_tried_rarely_while_none_works(
    elsewhere: UnknownPathFormat,
) -> None:
    """new-api limits failed requests, so most look-ups request the configured path only."""
    async with client_at_relay(backoff=NO_BACKOFF, reuse_ttl=0) as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset(), unknown_path=elsewhere)
        for _ in range(10):
            with pytest.raises(EndpointNotFoundError):
                await client.look_up(["one"], interactive=True)

        paths = Counter(request.path for request in relay.requests)
        assert paths["/suno/fetch"] == 10
        assert paths["/suno/submit/fetch"] == 1
        assert len(relay.requests) == 14


@pytest.mark.parametrize("elsewhere", list(UnknownPathFormat))
@pytest.mark.parametrize("interactive", [True, False])
async def test_a_lookup_without_a_working_path_is_logged_once(
    elsewhere: UnknownPathFormat, interactive: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The first failed look-up is logged, even for one id, and later ones are not."""
    async with client_at_relay(backoff=NO_BACKOFF) as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset(), unknown_path=elsewhere)
        for _ in range(5):
            with pytest.raises(EndpointNotFoundError):
                await client.look_up(["one"], interactive=interactive)

    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "SUNO_BASE_URL and SUNO_FETCH_PATH" in record.getMessage()


async def test_a_wrong_path_is_logged_after_an_outage(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An earlier outage does not suppress the log line about a wrong path."""
    async with client_at_relay(backoff=BackoffLimits(0.001, 0.001, failure_threshold=1)) as (
        relay,
        client,
    ):
        relay.response_format = ResponseFormat(paths=frozenset())
        relay.start_outage()
        with pytest.raises(RelayError):
            await client.look_up(["one"])
        relay.end_outage()
        await wait_for_pause(client)
        with pytest.raises(EndpointNotFoundError):
            await client.look_up(["one"])

    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2
    assert "cannot be reached" in messages[0]
    assert "SUNO_FETCH_PATH" in messages[1]


async def test_a_refused_key_ends_the_search_for_a_path() -> None:
    """A refused key would be refused on every path, so no other is tried."""
    async with client_at_relay(key="sk-wrong") as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset({"/suno/submit/fetch"}))

        with pytest.raises(RelayError) as failure:
            await client.look_up(["song"])

        assert failure.value.kind is ErrorKind.AUTH
        assert take_requests(relay) == ["POST /suno/fetch", "POST /suno/submit/fetch"]


async def test_a_failing_fallback_path_is_skipped() -> None:
    """A path that refuses every request is not selected."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=SINGLE)
        relay.faults.add(faults.bad_request(), path="/suno/submit/fetch")
        relay.add(song("song"))

        found = await client.look_up(["song"])

        assert found.tasks.keys() == {"song"}


async def test_an_html_page_revokes_a_path_with_empty_responses_only() -> None:
    """The empty response may have come from a proxy; the right path is found later."""
    async with client_at_relay(backoff=NO_BACKOFF, negative_ttl=0.0) as (relay, client):
        relay.response_format = ResponseFormat(
            paths=frozenset({"/suno/submit/fetch"}), unknown_path=UnknownPathFormat.FRONT_PAGE
        )
        relay.add(song("song"))
        empty = faults.answers(200, {"code": "success", "data": []})
        relay.faults.add(empty, path="/suno/fetch", times=1)
        await client.look_up(["other"])

        assert (await client.look_up(["song"])).tasks.keys() == {"song"}


async def test_an_html_page_on_a_proven_path_is_an_outage() -> None:
    """A relay under maintenance shows its page on every path; no other path is tried."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        await client.look_up(["song"])
        relay.faults.add(faults.answers(200, "<html>Back soon</html>"), times=1)
        take_requests(relay)

        with pytest.raises(RelayError) as failure:
            await client.look_up(["song"])

        assert failure.value.kind is ErrorKind.UNREADABLE
        assert take_requests(relay) == ["POST /suno/fetch"]
        assert (await client.look_up(["song"])).tasks.keys() == {"song"}


async def test_the_proven_path_is_kept_through_an_outage_with_404() -> None:
    """After an outage that looks like wrong paths, the first path is requested as before."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        await client.look_up(["song"])
        relay.faults.add(faults.answers(404, "<html>Not found</html>"))
        with pytest.raises(RelayError):
            await client.look_up(["song"])
        relay.faults.clear()
        take_requests(relay)

        found = await client.look_up(["song"])

        assert found.tasks.keys() == {"song"}
        assert take_requests(relay) == ["POST /suno/fetch"]


@pytest.mark.parametrize(
    ("status", "words"), [(404, "task_not_exist"), (400, "task_not_exist"), (200, "not found")]
)
async def test_a_batch_refusal_for_unknown_tasks_denies_them(status: int, words: str) -> None:
    """On a path that has returned tasks, a refused batch means that its tasks are unknown."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        await client.look_up(["song"])
        refusal = faults.answers(status, faults.suno_error("no", words))
        relay.faults.add(refusal, path="/suno/fetch")

        found = await client.look_up(["gone"])

        assert found.missing == {"gone"}
        assert "POST /suno/submit/fetch" not in take_requests(relay)


@pytest.mark.parametrize("is_known", [True, False], ids=["path known", "first request"])
@pytest.mark.parametrize("status", [400, 404])
async def test_a_batch_refused_for_one_unknown_task_is_bisected(
    status: int, is_known: bool
) -> None:
    """The others are found; the unknown one is requested alone from then on."""
    async with client_at_relay() as (relay, client):
        ids = [f"song-{number}" for number in range(9)]
        relay.add(*map(song, ids))
        if is_known:
            await client.look_up(ids)
        no = faults.suno_error("task_not_exist", "task_not_exist")
        relay.faults.add(faults.answers(status, no, about="gone"))

        found = await client.look_up([*ids, "gone"])
        take_requests(relay)
        again = await client.look_up([*ids, "gone"])

        assert found.tasks.keys() == again.tasks.keys() == set(ids)
        assert found.missing == again.missing == {"gone"}
        assert take_requests(relay) == ["POST /suno/fetch"] * 3


async def test_missing_single_paths_are_not_requested_again() -> None:
    """The search for single look-up paths is made once."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset({"/suno/fetch"}))
        await client.look_up(["one"])
        take_requests(relay)

        found = await client.look_up(["two"])

        assert found.missing == {"two"}
        assert take_requests(relay) == ["POST /suno/fetch", "POST /suno/fetch"]


async def test_a_single_path_that_is_not_allowed_does_not_stop_the_poller() -> None:
    """A 403 on another path does not mean that the key is refused for batches."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        for path in ("fetch", "feed", "lyrics"):
            relay.faults.add(faults.forbidden(), path=f"/suno/{path}/gone")

        found = await client.look_up(["song", "gone"])

        assert found.tasks.keys() == {"song"}
        assert found.missing == {"gone"}
        assert client.circuit_status.open_until is None


async def test_an_id_is_not_missing_until_its_single_lookup_was_answered() -> None:
    """A relay failure before the single look-up leaves the id undecided."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        await client.look_up(["gone"])
        relay.faults.add(faults.rate_limited("0.05"), path="/suno/fetch/lost", times=1)

        found = await client.look_up(["song", "lost"])

        assert found.tasks.keys() == {"song"}
        assert found.missing == frozenset()
        assert found.failed["lost"].kind is ErrorKind.RATE_LIMIT
        await wait_for_pause(client)
        assert (await client.look_up(["lost"])).missing == {"lost"}


async def test_a_rate_limit_among_single_lookups_ends_them() -> None:
    """The tasks found until then are returned."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=SINGLE)
        relay.add(song("one"), song("two"), song("three"))
        relay.faults.add(faults.rate_limited(), path="/suno/fetch/two")

        found = await client.look_up(["one", "two", "three"])

        assert found.tasks.keys() == {"one"}
        assert {each: error.kind for each, error in found.failed.items()} == {
            "two": ErrorKind.RATE_LIMIT,
            "three": ErrorKind.RATE_LIMIT,
        }
        assert "GET /suno/fetch/three" not in take_requests(relay)


async def test_a_path_that_never_returned_a_task_proves_nothing_missing() -> None:
    """While the batch path is gone, a denial by ``/suno/feed`` does not count."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        await client.look_up(["song"])
        relay.response_format = ResponseFormat(paths=frozenset())
        relay.faults.add(faults.answers(200, []), path="/suno/feed/song")

        with pytest.raises(RelayError) as failure:
            await client.look_up(["song"])

        assert failure.value.kind is ErrorKind.NOT_FOUND


async def test_a_failure_of_the_proven_path_proves_nothing_missing() -> None:
    """While the proven path fails, a denial on another path does not count."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=SINGLE | {"/suno/feed/{id}"})
        relay.add(song("song"))
        await client.look_up(["song"])
        relay.faults.add(faults.answers(200, b"garbage"), path="/suno/fetch/song")
        relay.faults.add(faults.answers(200, []), path="/suno/feed/song")

        with pytest.raises(RelayError) as failure:
            await client.look_up(["song"])

        assert failure.value.kind is ErrorKind.UNREADABLE


async def test_refused_ids_do_not_keep_the_others_from_single_lookups() -> None:
    """Ids that failed come last in the next look-up."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=SINGLE)
        bad = [f"bad-{number}" for number in range(5)]
        for each in bad:
            relay.faults.add(faults.refuses(each, garbage=True))
        relay.add(song("good"))
        await client.look_up(["good"])
        with pytest.raises(RelayError):
            await client.look_up(bad)

        found = await client.look_up([*bad, "good"])

        assert found.tasks.keys() == {"good"}
        assert found.failed.keys() == set(bad)


async def test_single_lookups_that_all_fail_are_given_up() -> None:
    """If the first few fail alike, the rest is left for the next look-up."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=SINGLE)
        ids = [f"bad-{number}" for number in range(9)]
        for each in ids:
            relay.faults.add(faults.refuses(each, garbage=True))
        relay.add(song("good"), *map(song, ids))
        await client.look_up(["good"])
        take_requests(relay)

        with pytest.raises(RelayError) as failure:
            await client.look_up(ids)

        assert failure.value.kind is ErrorKind.UNREADABLE
        fetched = [each for each in take_requests(relay) if each.startswith("GET /suno/fetch/")]
        assert len(fetched) == 3
