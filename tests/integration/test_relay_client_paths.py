"""How the client finds the paths that a relay has."""

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


def asked(relay: LocalRelay) -> list[str]:
    """Give the requests that the relay got, and forget them."""
    asked = [f"{look.method} {look.path}" for look in relay.requests]
    relay.requests.clear()
    return asked


@pytest.mark.parametrize("elsewhere", list(UnknownPathFormat))
async def test_another_batch_path_is_found_and_remembered(elsewhere: UnknownPathFormat) -> None:
    """However a relay says that a path is not there, the next look-up goes the right way."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(
            paths=frozenset({"/suno/submit/fetch"}), unknown_path=elsewhere
        )
        relay.add(song("song"))

        first = await client.look_up(["song"])
        detour = asked(relay)
        await client.look_up(["song"])

        assert first.tasks.keys() == {"song"}
        assert detour == ["POST /suno/fetch", "POST /suno/submit/fetch"]
        assert asked(relay) == ["POST /suno/submit/fetch"]


async def test_a_detour_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """The operator reads which path to configure, and reads it once."""
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
async def test_a_relay_without_batches_is_asked_singly(
    path: str, elsewhere: UnknownPathFormat
) -> None:
    """The paths of the single look-up document are found, too, and the detour is not repeated."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(
            paths=frozenset({path + "{id}"}), unknown_path=elsewhere
        )
        relay.add(song("one"), song("two"))

        first = await client.look_up(["one", "two"])
        asked(relay)
        second = await client.look_up(["one", "two"])

        assert first.tasks.keys() == second.tasks.keys() == {"one", "two"}
        assert asked(relay) == [f"GET {path}one", f"GET {path}two"]


async def test_a_relay_without_batches_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """It costs a request for each task, which the operator should know."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=SINGLE)
        relay.add(song("one"), song("two"))

        with caplog.at_level(logging.INFO, "bot.relay"):
            for _ in range(2):
                await client.look_up(["one", "two"])

    (message,) = (record.getMessage() for record in caplog.records)
    assert "no batch look-up at POST /suno/fetch" in message
    assert "a request for each" in message


async def test_lyrics_are_found_where_only_their_own_path_knows_them() -> None:
    """On ``/suno/lyrics`` the answer is the bare text, without a code level."""
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
    """Several ways to say so are known, and one of them looks like a wrong path."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=SINGLE, task_with_id_only=unknown)
        relay.add(song("song"))

        found = await client.look_up(["song", "nobody's"])

        assert found.tasks.keys() == {"song"}
        assert found.missing == {"nobody's"}


async def test_ids_that_nobody_knows_hide_no_task_where_only_single_lookups_work() -> None:
    """The first poll gives up after three of them; the next one begins with the others."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=SINGLE)
        relay.add(song("song"))
        ids = ["gone", "lost", "typo", "song"]
        with pytest.raises(EndpointNotFoundError):
            await client.look_up(ids)

        found = await client.look_up(ids)

        assert found.tasks.keys() == {"song"}
        assert found.missing == {"gone", "lost", "typo"}


async def test_a_relay_under_a_prefix_has_all_its_paths_there() -> None:
    """A proxy may serve several relays, each in a folder of its own."""
    async with client_at_relay(at="/eu/suno/fetch") as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset({"/eu/suno/fetch/{id}"}))
        relay.add(song("song"))

        found = await client.look_up(["song"])

        assert found.tasks.keys() == {"song"}
        assert asked(relay)[-1] == "GET /eu/suno/fetch/song"


SAID_FOR_SURE = [
    each
    for each in UnknownPathFormat
    if each not in (UnknownPathFormat.INVALID_ACTION, UnknownPathFormat.REPEATED)
]


@pytest.mark.parametrize("elsewhere", SAID_FOR_SURE)
async def test_a_wrong_address_is_no_proof_that_tasks_are_missing(
    elsewhere: UnknownPathFormat,
) -> None:
    """Where no path works, the look-up fails as a whole, after one try of each path."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset(), unknown_path=elsewhere)

        with pytest.raises(RelayError) as failure:
            await client.look_up(["one", "two", "three"])

        assert failure.value.kind is ErrorKind.NOT_FOUND
        assert asked(relay) == [
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
async def test_a_path_that_sounds_like_a_task_is_not_taken_for_one(
    at: str, under: str, elsewhere: UnknownPathFormat
) -> None:
    """Answers that repeat the path hold the word: nothing is concluded about the ids."""
    async with client_at_relay(at=at, under=under, backoff=NO_BACKOFF) as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset(), unknown_path=elsewhere)
        for ids in (["one"], ["two", "three"]):
            with pytest.raises(EndpointNotFoundError):
                await client.look_up(ids)
            with pytest.raises(EndpointNotFoundError):
                await client.look_up(ids, interactive=True)


@pytest.mark.parametrize("status", [200, 400, 404])
async def test_a_server_that_knows_no_task_is_not_taken_for_a_relay(status: int) -> None:
    """``/task/suno/fetch`` may be the task "suno" of some other service."""
    async with client_at_relay() as (relay, client):
        relay.faults.add(faults.answers(status, faults.suno_error("not_exist", "task not found")))

        with pytest.raises(EndpointNotFoundError) as failure:
            await client.look_up(["one", "two"])

        assert not failure.value.certain


@pytest.mark.parametrize("nothing", [b"[]", b'{"data": []}'])
async def test_nothing_is_concluded_before_a_path_has_shown_that_it_is_a_relay_s(
    nothing: bytes,
) -> None:
    """Any service may answer that; once a task was seen there, whatever is left out is missing."""
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
async def test_the_very_first_id_may_be_a_typing_error(nothing: Any, code: Any) -> None:
    """A success code with nothing in it is how relays answer an id that they do not know."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(nothing=nothing, code=code)

        assert (await client.look_up(["typo"])).missing == {"typo"}


@pytest.mark.parametrize("elsewhere", list(UnknownPathFormat))
async def test_where_no_path_works_the_others_are_tried_rarely(
    elsewhere: UnknownPathFormat,
) -> None:
    """new-api refuses whoever asks for many; the configured one alone is asked each time."""
    async with client_at_relay(backoff=NO_BACKOFF, reuse_ttl=0) as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset(), unknown_path=elsewhere)
        for _ in range(10):
            with pytest.raises(EndpointNotFoundError):
                await client.look_up(["one"], interactive=True)

        paths = Counter(look.path for look in relay.requests)
        assert paths["/suno/fetch"] == 10
        assert paths["/suno/submit/fetch"] == 1
        assert len(relay.requests) == 14


@pytest.mark.parametrize("elsewhere", list(UnknownPathFormat))
@pytest.mark.parametrize("interactive", [True, False])
async def test_the_operator_is_informed_at_once_that_no_path_works(
    elsewhere: UnknownPathFormat, interactive: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """At the first look-up, though it be for one id; and then not again."""
    async with client_at_relay(backoff=NO_BACKOFF) as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset(), unknown_path=elsewhere)
        for _ in range(5):
            with pytest.raises(EndpointNotFoundError):
                await client.look_up(["one"], interactive=interactive)

    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "SUNO_BASE_URL and SUNO_FETCH_PATH" in record.getMessage()


async def test_a_wrong_path_is_reported_though_the_relay_was_out_of_reach_before(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One trouble does not hide the other."""
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
    """Another path would not make the key any better."""
    async with client_at_relay(key="sk-wrong") as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset({"/suno/submit/fetch"}))

        with pytest.raises(RelayError) as failure:
            await client.look_up(["song"])

        assert failure.value.kind is ErrorKind.AUTH
        assert asked(relay) == ["POST /suno/fetch", "POST /suno/submit/fetch"]


async def test_a_failing_detour_goes_on_to_the_next_path() -> None:
    """A path that refuses everything is not the one that works."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=SINGLE)
        relay.faults.add(faults.bad_request(), path="/suno/submit/fetch")
        relay.add(song("song"))

        found = await client.look_up(["song"])

        assert found.tasks.keys() == {"song"}


async def test_a_page_takes_back_what_an_empty_answer_has_proven() -> None:
    """A proxy may have given that answer once; the right path is found all the same."""
    async with client_at_relay(backoff=NO_BACKOFF, negative_ttl=0.0) as (relay, client):
        relay.response_format = ResponseFormat(
            paths=frozenset({"/suno/submit/fetch"}), unknown_path=UnknownPathFormat.FRONT_PAGE
        )
        relay.add(song("song"))
        empty = faults.answers(200, {"code": "success", "data": []})
        relay.faults.add(empty, path="/suno/fetch", times=1)
        await client.look_up(["other"])

        assert (await client.look_up(["song"])).tasks.keys() == {"song"}


async def test_a_page_on_a_path_that_worked_is_trouble_and_no_detour() -> None:
    """A relay under maintenance shows its page everywhere; its path has not moved."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        await client.look_up(["song"])
        relay.faults.add(faults.answers(200, "<html>Back soon</html>"), times=1)
        asked(relay)

        with pytest.raises(RelayError) as failure:
            await client.look_up(["song"])

        assert failure.value.kind is ErrorKind.UNREADABLE
        assert asked(relay) == ["POST /suno/fetch"]
        assert (await client.look_up(["song"])).tasks.keys() == {"song"}


async def test_nothing_is_forgotten_when_a_relay_shows_404_for_a_while() -> None:
    """After an outage that looks like wrong paths, the first path is asked as before."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        await client.look_up(["song"])
        relay.faults.add(faults.answers(404, "<html>Not found</html>"))
        with pytest.raises(RelayError):
            await client.look_up(["song"])
        relay.faults.clear()
        asked(relay)

        found = await client.look_up(["song"])

        assert found.tasks.keys() == {"song"}
        assert asked(relay) == ["POST /suno/fetch"]


@pytest.mark.parametrize(
    ("status", "words"), [(404, "task_not_exist"), (400, "task_not_exist"), (200, "not found")]
)
async def test_a_batch_refused_for_unknown_tasks_is_an_answer(status: int, words: str) -> None:
    """Some relay may say of a batch what others say of a task: where its path has shown tasks."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        await client.look_up(["song"])
        refusal = faults.answers(status, faults.suno_error("no", words))
        relay.faults.add(refusal, path="/suno/fetch")

        found = await client.look_up(["gone"])

        assert found.missing == {"gone"}
        assert "POST /suno/submit/fetch" not in asked(relay)


@pytest.mark.parametrize("is_known", [True, False], ids=["path known", "first look"])
@pytest.mark.parametrize("status", [400, 404])
async def test_a_batch_refused_for_one_unknown_task_is_halved(status: int, is_known: bool) -> None:
    """The others are found; the unknown one is requested alone from then on."""
    async with client_at_relay() as (relay, client):
        ids = [f"song-{number}" for number in range(9)]
        relay.add(*map(song, ids))
        if is_known:
            await client.look_up(ids)
        no = faults.suno_error("task_not_exist", "task_not_exist")
        relay.faults.add(faults.answers(status, no, about="gone"))

        found = await client.look_up([*ids, "gone"])
        asked(relay)
        again = await client.look_up([*ids, "gone"])

        assert found.tasks.keys() == again.tasks.keys() == set(ids)
        assert found.missing == again.missing == {"gone"}
        assert asked(relay) == ["POST /suno/fetch"] * 3


async def test_single_paths_that_are_not_there_are_not_asked_again() -> None:
    """A relay with batches only costs the search for other paths once."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=frozenset({"/suno/fetch"}))
        await client.look_up(["one"])
        asked(relay)

        found = await client.look_up(["two"])

        assert found.missing == {"two"}
        assert asked(relay) == ["POST /suno/fetch", "POST /suno/fetch"]


async def test_a_single_path_that_is_not_allowed_does_not_stop_the_poller() -> None:
    """The key is good for batches: what a firewall says of another path is not about the key."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        for path in ("fetch", "feed", "lyrics"):
            relay.faults.add(faults.forbidden(), path=f"/suno/{path}/gone")

        found = await client.look_up(["song", "gone"])

        assert found.tasks.keys() == {"song"}
        assert found.missing == {"gone"}
        assert client.circuit_status.open_until is None


async def test_a_relay_that_fails_before_an_id_was_asked_for_singly_tells_nothing_of_it() -> None:
    """The id is not reported missing until its own look-up was answered."""
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
    """What was found until then is returned."""
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
        assert "GET /suno/fetch/three" not in asked(relay)


async def test_a_path_that_never_showed_a_task_proves_nothing_missing() -> None:
    """While the batch path is gone, ``/suno/feed`` may still answer that it knows nothing."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        await client.look_up(["song"])
        relay.response_format = ResponseFormat(paths=frozenset())
        relay.faults.add(faults.answers(200, []), path="/suno/feed/song")

        with pytest.raises(RelayError) as failure:
            await client.look_up(["song"])

        assert failure.value.kind is ErrorKind.NOT_FOUND


async def test_a_lapse_of_the_path_that_works_proves_nothing_missing() -> None:
    """Another path's ignorance does not outweigh it."""
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
    """Those that failed come last the next time."""
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
    """Where the first few fail alike, the rest is left for later."""
    async with client_at_relay() as (relay, client):
        relay.response_format = ResponseFormat(paths=SINGLE)
        ids = [f"bad-{number}" for number in range(9)]
        for each in ids:
            relay.faults.add(faults.refuses(each, garbage=True))
        relay.add(song("good"), *map(song, ids))
        await client.look_up(["good"])
        asked(relay)

        with pytest.raises(RelayError) as failure:
            await client.look_up(ids)

        assert failure.value.kind is ErrorKind.UNREADABLE
        fetched = [each for each in asked(relay) if each.startswith("GET /suno/fetch/")]
        assert len(fetched) == 3
