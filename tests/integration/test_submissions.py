"""Submitting to a relay: what is sent, once only, and what the answers mean."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from bot.relay.circuit_breaker import BackoffLimits
from bot.relay.client import RelayClient
from bot.relay.creation import CreationKind, CreationRequest, RejectionReason
from bot.relay.errors import ErrorKind, NotSentError, RelayError
from bot.relay.models import Outcome
from bot.relay.providers import relay_profile
from bot.relay.submission_errors import SubmissionRejected, SubmissionUncertain
from bot.relay.transport import ResponseLimits, Transport
from sandbox.relay import LocalRelay, SubmissionFormat, faults, song
from sandbox.relay.faults import Fault
from tests.support.client_at_relay import client_at_relay

MUSIC = "/suno/submit/music"
SONG = CreationRequest(
    CreationKind.CUSTOM,
    title="Harbour",
    style="folk",
    lyrics="[Verse]\nShips come home",
    model="chirp-v4",
)
IDEA = CreationRequest(
    CreationKind.DESCRIPTION, description="a song about a harbour", model="chirp-v4"
)
WORDS = CreationRequest(CreationKind.LYRICS, description="a harbour")
REQUESTS = [SONG, IDEA, WORDS]


def bodies(relay: LocalRelay) -> list[Any]:
    """Return the body of every submission that the relay got."""
    return [each.body for each in relay.submissions.recorded]


async def test_a_custom_song_is_submitted_as_open_relays_expect_it() -> None:
    """The fields are those that the stock relays know; its task can be looked up then."""
    async with client_at_relay() as (relay, client):
        made = await client.submit(SONG)

        assert bodies(relay) == [
            {
                "prompt": "[Verse]\nShips come home",
                "tags": "folk",
                "title": "Harbour",
                "mv": "chirp-v4",
                "make_instrumental": False,
            }
        ]
        relay.clock.advance(300)
        [task_id] = made.task_ids
        found = await client.look_up([task_id])
        task = found.tasks[task_id]
        assert (task.title, task.text) == ("Harbour", SONG.lyrics)
        assert task.clips[0].style == "folk"


async def test_an_instrumental_song_is_submitted_without_lyrics() -> None:
    """Lyrics that were typed before are not sung, and not sent."""
    async with client_at_relay() as (relay, client):
        await client.submit(replace(SONG, instrumental=True))

        [body] = bodies(relay)
        assert (body["prompt"], body["make_instrumental"]) == ("", True)


async def test_a_description_is_submitted_alone() -> None:
    """Title and style are ignored beside it, so they are not sent."""
    async with client_at_relay() as (relay, client):
        await client.submit(replace(IDEA, title="ignored", style="ignored"))

        assert bodies(relay) == [
            {
                "gpt_description_prompt": "a song about a harbour",
                "mv": "chirp-v4",
                "make_instrumental": False,
            }
        ]


async def test_lyrics_are_submitted_to_their_own_path() -> None:
    """Only the topic is sent."""
    async with client_at_relay() as (relay, client):
        await client.submit(WORDS)

        assert bodies(relay) == [{"prompt": "a harbour"}]
        assert [each.path for each in relay.requests] == ["/suno/submit/lyrics"]


@pytest.mark.parametrize(
    ("at", "sent"),
    [(61.0, 61), (61.126, 61.12), (90.29, 90.29), (1.15, 1.15), (0.009, 0.0), (None, None)],
)
async def test_an_extension_names_the_song_that_it_continues(
    at: float | None, sent: float | None
) -> None:
    """The relay needs the task and the version; without a second, it continues at the end.

    It never continues after the second, which may be the end of the song.
    """
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        request = replace(
            SONG,
            kind=CreationKind.EXTENSION,
            extend_task_id="song",
            extend_clip_id="clip-1",
            extend_at=at,
        )
        await client.submit(request)

        [body] = bodies(relay)
        assert (body["task_id"], body["continue_clip_id"]) == ("song", "clip-1")
        assert body.get("continue_at") == sent
        assert "task" not in body


async def test_a_profile_can_name_the_task_of_an_extension() -> None:
    """Some forks want ``task: "extend"``; the stock relays drop it without a word."""
    async with LocalRelay() as relay, aiohttp.ClientSession() as session:
        profile = replace(relay_profile("custom", relay.base_url), extend_task="extend")
        client = RelayClient(session, profile, SecretStr(relay.key))
        relay.add(song("song"))
        await client.submit(
            replace(
                SONG, kind=CreationKind.EXTENSION, extend_task_id="song", extend_clip_id="clip-1"
            )
        )

        assert bodies(relay)[0]["task"] == "extend"


async def test_a_relay_under_a_prefix_gets_submissions_there() -> None:
    """The configured path of the batch look-up shows the prefix."""
    async with client_at_relay(at="/eu/suno/fetch") as (relay, client):
        with pytest.raises(SubmissionRejected):
            await client.submit(SONG)

        assert [each.path for each in relay.requests] == [f"/eu{MUSIC}"]


@pytest.mark.parametrize(
    "empty",
    [
        CreationRequest(CreationKind.CUSTOM, model="chirp-v4"),
        CreationRequest(CreationKind.DESCRIPTION, description=" \n", title="x", model="chirp-v4"),
        CreationRequest(CreationKind.LYRICS, lyrics="not sent"),
        CreationRequest(CreationKind.CUSTOM, lyrics="not sent", instrumental=True),
    ],
)
async def test_a_request_without_any_text_is_never_sent(empty: CreationRequest) -> None:
    """Relays accept and charge it."""
    async with client_at_relay() as (relay, client):
        with pytest.raises(ValueError, match="no text"):
            await client.submit(empty)

        assert relay.requests == []


@pytest.mark.parametrize("form", SubmissionFormat)
async def test_every_form_of_an_answer_leads_to_the_finished_song(form: SubmissionFormat) -> None:
    """Whatever the relay answers with, its songs can be looked up, or are there already."""
    async with client_at_relay() as (relay, client):
        relay.submissions.format = form
        made = await client.submit(SONG)
        relay.clock.advance(300)

        if form is SubmissionFormat.FINISHED:
            tasks = [made.task]
        else:
            found = await client.look_up(made.task_ids)
            tasks = [found.tasks[each] for each in made.task_ids]
            assert made.task is None
        assert [task and task.outcome for task in tasks] == [Outcome.SUCCESS] * len(tasks)
        assert len(tasks) == (2 if form is SubmissionFormat.TWO_TASKS else 1)
        assert len(relay.submissions.charges) == 1


async def test_lyrics_may_be_in_the_answer() -> None:
    """Some relays answer only when the lyrics are finished."""
    async with client_at_relay() as (relay, client):
        relay.submissions.format = SubmissionFormat.FINISHED
        made = await client.submit(WORDS)

        assert made.task is not None
        assert made.task.lyrics is not None
        assert made.task_ids == (made.task.id,)


LOST: list[Callable[[], Fault]] = [
    faults.cut_before_headers,
    faults.cut_in_body,
    faults.slow_headers,
    faults.slow_drip,
    faults.endless_body,
    faults.json_cut_short,
    lambda: faults.server_error(502),
    lambda: faults.server_error(504),
    lambda: faults.answers(500, {"message": "Endpoint request timed out"}),
    lambda: faults.answers(503, b""),
    lambda: faults.answers(408, faults.suno_error("timeout", "no answer in time")),
    lambda: faults.answers(204, b""),
    lambda: faults.answers(200, {"code": "success", "message": "", "data": None}),
    lambda: faults.answers(200, {"code": "success", "data": "queued"}),
    lambda: faults.answers(200, {"code": "success", "data": "x1" * 96}),
    lambda: faults.answers(200, "<!DOCTYPE html><title>Console</title>"),
    lambda: faults.redirects("/suno/submit/music", 302),
]


@pytest.mark.parametrize("lost", LOST, ids=lambda make: make().name)
@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: each.kind)
async def test_a_lost_answer_is_uncertain_and_nothing_is_sent_again(
    lost: Callable[[], Fault], request_: CreationRequest
) -> None:
    """The relay has charged it: a program that repeated it would pay twice."""
    async with client_at_relay(music_timeout=1, lyrics_timeout=1) as (relay, client):
        relay.faults.add(faults.after_charging(lost()), times=1)
        with pytest.raises(SubmissionUncertain):
            await client.submit(request_)

        assert len(relay.requests) == 1
        assert len(relay.submissions.charges) == 1


@pytest.mark.parametrize("name", faults.REFUSALS)
async def test_a_refusal_is_certain_and_nothing_is_sent_again(name: str) -> None:
    """The relay says in one of its ways that it has begun nothing."""
    reasons = {
        "invalid_request": RejectionReason.INVALID,
        "moderation": RejectionReason.MODERATION,
        "model": RejectionReason.UNSUPPORTED,
        "key": RejectionReason.KEY,
        "credit": RejectionReason.CREDIT,
        "quota_not_enough": RejectionReason.CREDIT,
        "upstream": RejectionReason.BUSY,
        "relay": RejectionReason.FAILED,
        "no channel": RejectionReason.BUSY,
        "code": RejectionReason.CREDIT,
        "error": RejectionReason.MODERATION,
    }
    async with client_at_relay() as (relay, client):
        relay.faults.add(faults.refuses_submission(name))
        with pytest.raises(SubmissionRejected) as rejected:
            await client.submit(SONG)

        assert rejected.value.reason is reasons[name.partition(" ")[2]]
        assert rejected.value.words
        assert rejected.value.was_sent
        assert len(relay.requests) == 1
        assert relay.submissions.charges == []


async def test_the_words_are_those_of_the_innermost_relay() -> None:
    """People are shown why, not the JSON in which one relay quotes another."""
    async with client_at_relay() as (relay, client):
        relay.faults.add(faults.refuses_submission("400 moderation"))
        with pytest.raises(SubmissionRejected) as rejected:
            await client.submit(SONG)

        assert rejected.value.words == "Song description contained artist name"


async def test_the_key_is_in_no_words_of_a_relay() -> None:
    """A relay may repeat the key that it refuses, also where JSON hides it."""
    async with client_at_relay(key="sk-secret/1") as (relay, client):
        said = b'{"error": {"message": "wrong: sk-secret\\/1", "code": "invalid_api_key"}}'
        relay.faults.add(faults.answers(401, said))
        with pytest.raises(SubmissionRejected) as rejected:
            await client.submit(SONG)

        assert "secret/1" not in f"{rejected.value} {rejected.value.words} {rejected.value!r}"


async def test_the_key_is_in_no_task_of_an_answer() -> None:
    """A relay that accepts a request may say at once that it failed, and quote the key."""
    async with client_at_relay(key="sk-secret/1") as (relay, client):
        task = b'{"task_id": "song-1", "status": "FAILURE", "fail_reason": "wrong: sk-secret\\/1"}'
        relay.faults.add(faults.answers(200, b'{"code": "success", "data": %b}' % task))
        made = await client.submit(SONG)

        assert made.task is not None
        assert made.task.reason == "wrong: ***"


@pytest.mark.parametrize("status", [307, 308, 301])
async def test_a_redirect_is_never_followed(status: int) -> None:
    """The body would be sent, and perhaps charged, a second time."""
    async with client_at_relay() as (relay, client):
        relay.faults.add(faults.redirects("/suno/submit/lyrics", status))
        with pytest.raises(SubmissionRejected) as rejected:
            await client.submit(SONG)

        assert rejected.value.reason is RejectionReason.UNSUPPORTED
        assert len(relay.requests) == 1


async def test_a_rate_limit_asks_for_its_pause_and_binds_look_ups() -> None:
    """A relay that limits the rate means every request."""
    async with client_at_relay(backoff=BackoffLimits()) as (relay, client):
        relay.faults.add(faults.rate_limited("60"), times=1)
        with pytest.raises(SubmissionRejected) as first:
            await client.submit(SONG)
        with pytest.raises(SubmissionRejected) as second:
            await client.submit(SONG)

        assert first.value.reason is second.value.reason is RejectionReason.BUSY
        assert (first.value.retry_after, first.value.was_sent) == (60, True)
        assert second.value.retry_after is not None
        assert not second.value.was_sent
        with pytest.raises(RelayError, match="not asked again yet"):
            await client.look_up(["song"])
        assert len(relay.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [(503, {"code": "busy", "message": "no channel"}), (503, "<html>"), (500, ""), (402, {})],
    ids=str,
)
async def test_a_pause_with_any_answer_binds_submissions_alone(answer: tuple[int, Any]) -> None:
    """Of whomever; the relay may be asked about what it has begun."""
    async with client_at_relay() as (relay, client):
        relay.add(song("song"))
        pause = faults.answers(*answer, headers={"Retry-After": "60"})
        relay.faults.add(pause, path=MUSIC, times=1)
        with pytest.raises((SubmissionRejected, SubmissionUncertain)) as first:
            await client.submit(SONG)
        assert first.value.retry_after == 60
        with pytest.raises(SubmissionRejected) as second:
            await client.submit(WORDS)
        assert (second.value.reason, second.value.was_sent) == (RejectionReason.BUSY, False)
        assert second.value.retry_after is not None
        assert 0 < second.value.retry_after <= 60

        assert len(relay.submissions.recorded) == 1
        assert (await client.look_up(["song"])).tasks.keys() == {"song"}


async def test_who_is_refused_for_a_text_makes_nobody_wait() -> None:
    """Whatever pause comes with that."""
    async with client_at_relay() as (relay, client):
        refusal = {"code": "invalid_request", "message": "sensitive words"}
        pause = faults.answers(400, refusal, headers={"Retry-After": "3600"})
        relay.faults.add(pause, path=MUSIC, times=1)
        with pytest.raises(SubmissionRejected):
            await client.submit(SONG)
        assert (await client.submit(SONG)).task_ids


async def test_other_failures_of_submissions_leave_look_ups_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is wrong with a submission may be the submission itself: no relay is suspected."""
    async with client_at_relay(backoff=BackoffLimits()) as (relay, client):
        relay.add(song("song"))
        for name in ("401 key", "402 credit", "500 relay", "503 no channel"):
            relay.faults.add(faults.refuses_submission(name), times=1)
            with pytest.raises(SubmissionRejected):
                await client.submit(SONG)
        relay.faults.add(faults.server_error(), times=4)
        for _ in range(4):
            with pytest.raises(SubmissionUncertain):
                await client.submit(SONG)

        assert caplog.records == []
        assert client.circuit_status.open_until is None
        assert (await client.look_up(["song"])).tasks.keys() == {"song"}


async def test_nothing_is_sent_while_the_circuit_is_open() -> None:
    """Polls have found out that the key is refused: the person learns that at once."""
    backoff = BackoffLimits(recheck_delay=600, interactive_delay=600)
    async with client_at_relay(backoff=backoff) as (relay, client):
        relay.faults.add(faults.unauthorized(), times=1)
        with pytest.raises(RelayError):
            await client.look_up(["song"])
        with pytest.raises(SubmissionRejected) as rejected:
            await client.submit(SONG)

        assert rejected.value.reason is RejectionReason.KEY
        assert not rejected.value.was_sent
        assert relay.submissions.recorded == []


async def test_a_pause_of_an_earlier_connection_holds_while_polls_fail() -> None:
    """The circuit is open for the poller alone then, and people may ask now and then."""
    backoff = BackoffLimits(min_delay=60, interactive_delay=0, failure_threshold=1)
    async with client_at_relay(backoff=backoff) as (relay, client):
        relay.faults.add(faults.server_error(), times=1)
        with pytest.raises(RelayError):
            await client.look_up(["song"])
        client.pause(300)
        with pytest.raises(SubmissionRejected) as rejected:
            await client.submit(SONG)

        assert rejected.value.retry_after is not None
        assert rejected.value.retry_after > 200
        assert relay.submissions.recorded == []


async def test_a_relay_without_a_connection_has_got_nothing() -> None:
    """Nothing can be charged then, so that it may be sent later."""
    async with LocalRelay() as relay:
        address = relay.base_url
    async with aiohttp.ClientSession() as session:
        client = RelayClient(session, relay_profile("custom", address), SecretStr("sk-key"))
        with pytest.raises(SubmissionRejected) as rejected:
            await client.submit(SONG)

    assert rejected.value.reason is RejectionReason.UNREACHABLE
    assert rejected.value.kind is ErrorKind.UNAVAILABLE
    assert not rejected.value.was_sent


async def test_a_connection_that_takes_too_long_has_sent_nothing() -> None:
    """The server accepts it and never agrees on encryption."""
    limits = ResponseLimits(total=60, connect=0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"https://127.0.0.1:{silent.getsockname()[1]}"
        async with aiohttp.ClientSession() as session:
            transport = Transport(session, address, SecretStr("sk-key"), limits)
            with pytest.raises(NotSentError, match="no connection"):
                await transport.exchange("POST", MUSIC, {"prompt": "x"})


@pytest.mark.parametrize("at", [-1.0, float("nan"), float("inf")])
async def test_a_second_that_no_song_has_is_never_sent(at: float) -> None:
    """JSON has no such numbers, and a relay would charge for whatever it makes of them."""
    async with client_at_relay() as (relay, client):
        request = replace(SONG, kind=CreationKind.EXTENSION, extend_clip_id="clip-1", extend_at=at)
        with pytest.raises(ValueError, match="seconds"):
            await client.submit(request)

        assert relay.requests == []


async def test_a_bot_that_stops_sends_no_waiting_submission() -> None:
    """It waits for the rate limit, and has cost nothing."""
    async with client_at_relay(requests_per_second=0.001) as (relay, client):
        await client.submit(SONG)
        waiting = asyncio.create_task(client.submit(IDEA))
        await asyncio.sleep(0)
        await client.aclose()
        with pytest.raises(SubmissionRejected) as rejected:
            await waiting

        assert not rejected.value.was_sent
        assert len(relay.submissions.recorded) == 1


async def test_a_kept_connection_that_closes_is_not_used_twice_for_one_submission() -> None:
    """A server may close an idle connection just when a request arrives: it is sent once."""
    arrived: list[tuple[int, bytes]] = []
    task = b'{"code": "success", "data": [{"task_id": "song", "status": "IN_PROGRESS"}]}'

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split()[0]))
            arrived.append((number, head.split()[1]))
            if number:
                writer.transport.abort()
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(task), task))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, aiohttp.ClientSession() as session:
        profile = relay_profile("custom", address)
        client = RelayClient(session, profile, SecretStr("sk-key"), requests_per_second=1000)
        await client.look_up(["song"])
        with pytest.raises(SubmissionUncertain):
            await client.submit(SONG)
        await client.aclose()

    assert arrived == [(0, b"/suno/fetch"), (1, MUSIC.encode())]


@pytest.mark.parametrize("body", [b"{}", b'{"mv": "chirp-v4"}'])
async def test_the_local_relay_charges_what_says_nothing(body: bytes) -> None:
    """As real relays do: the bot must not rely on being refused."""
    async with client_at_relay() as (relay, _), aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {relay.key}", "Content-Type": "application/json"}
        for _ in range(2):
            async with session.post(relay.base_url + MUSIC, data=body, headers=headers) as response:
                assert response.status == 200
        async with session.post(relay.base_url + MUSIC, data=b"null", headers=headers) as response:
            assert response.status == 500

        assert len(relay.submissions.charges) == 2
        assert len(relay.submissions.double_charges) == 1
