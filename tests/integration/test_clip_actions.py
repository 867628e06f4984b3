"""WAV files, timed lyrics and stems of a clip, where the relay's profile declares them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from bot.relay.client import RelayClient
from bot.relay.errors import ErrorKind, NotSentError, RelayError
from bot.relay.providers import Capability, relay_profile
from sandbox.relay import LocalRelay, faults, song
from sandbox.relay.lifecycles import clip_ids

ACTIONS = {Capability.WAV, Capability.TIMING, Capability.STEMS}
LYRICS = "[Verse]\nShips come\nhome\n\n[Chorus]\nAgain"
CLIP = clip_ids("song", 1)[0]


@asynccontextmanager
async def finished_song(
    capabilities: set[Capability] = ACTIONS, **fields: Any
) -> AsyncIterator[tuple[LocalRelay, RelayClient]]:
    """Start a relay with a finished song, and a client with a profile of these capabilities."""
    async with LocalRelay() as relay, aiohttp.ClientSession() as session:
        relay.add(song("song", title="Harbour", lyrics=LYRICS))
        relay.clock.advance(300)
        profile = relay_profile("custom", relay.base_url)
        profile = replace(profile, capabilities=frozenset(capabilities), **fields)
        client = RelayClient(session, profile, SecretStr(relay.key), requests_per_second=1000)
        yield relay, client
        await client.aclose()


@pytest.mark.parametrize("in_envelope", [False, True])
async def test_a_wav_file_is_a_link(in_envelope: bool) -> None:
    """Relays answer with or without an envelope."""
    async with finished_song() as (relay, client):
        relay.actions.in_envelope = in_envelope
        assert await client.wav(CLIP) == f"https://cdn1.suno.ai/{CLIP}.wav"
        assert relay.actions.requested == [("wav", CLIP)]


@pytest.mark.parametrize("in_envelope", [False, True])
async def test_timed_lyrics_have_lines_and_sections(in_envelope: bool) -> None:
    """As a file for players, and as the seconds at which sections begin."""
    async with finished_song() as (relay, client):
        relay.actions.in_envelope = in_envelope
        timed = await client.timing(CLIP)

        assert timed is not None
        assert timed.to_lrc() == "[00:02.00]Ships come\n[00:02.80]home\n[00:04.80]Again\n"
        assert [(each.start, each.text) for each in timed.sections] == [
            (2.0, "[Verse]"),
            (4.8, "[Chorus]"),
        ]


@pytest.mark.parametrize("in_envelope", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_stems_are_clips(in_envelope: bool, method: str) -> None:
    """Newer relays want POST; the profile says so."""
    async with finished_song(stems_method=method) as (relay, client):
        relay.actions.in_envelope = in_envelope
        stems = await client.stems(CLIP)

        assert stems is not None
        assert [stem.title for stem in stems] == ["Harbour (Vocals)", "Harbour (Instrumental)"]
        assert all(stem.playable for stem in stems)
        assert relay.requests[-1].method == method


async def test_what_is_not_ready_says_so() -> None:
    """It can be asked for again; nothing has failed."""
    async with finished_song() as (relay, client):
        relay.actions.is_ready = False

        assert await client.wav(CLIP) is None
        assert await client.timing(CLIP) is None
        assert await client.stems(CLIP) is None


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "processing", "message": "the file is being made", "data": None},
        {"status": "processing"},
        {"code": "error", "message": "处理中，请稍后"},
        {"code": "success", "data": {"wav_file_url": ""}},
        {"aligned_words": 7, "data": []},
        {"code": "success", "data": [{"id": "clip", "status": "streaming", "audio_url": ""}]},
    ],
)
async def test_an_answer_without_a_result_is_one_that_is_not_ready(answer: dict[str, Any]) -> None:
    """However relays say it."""
    async with finished_song() as (relay, client):
        relay.faults.add(faults.answers(200, answer))

        assert await client.wav(CLIP) is None
        assert await client.timing(CLIP) is None
        assert await client.stems(CLIP) is None


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "success", "data": {"wav_file_url": "https://cdn1.suno.ai/None.mp3"}},
        {"code": "success", "data": {"wav_file_url": "ftp://example.com/a.wav"}},
        {"code": "success", "data": "none"},
        {"wav_file_url": "javascript:alert(1)"},
        {"wav_file_url": "https://user:key@example.com/a.wav"},
        {"wav_file_url": 5},
    ],
)
async def test_a_link_that_nobody_can_open_is_not_being_made(answer: dict[str, Any]) -> None:
    """Links are checked as those of songs are; asking again would only cost again."""
    async with finished_song() as (relay, client):
        relay.faults.add(faults.answers(200, answer))
        assert await client.wav(CLIP) == ""


async def test_a_link_may_stand_where_an_object_should() -> None:
    """Some relays answer with nothing else."""
    async with finished_song() as (relay, client):
        link = "https://cdn1.suno.ai/clip.wav"
        relay.faults.add(faults.answers(200, {"code": "success", "data": link}))
        assert await client.wav(CLIP) == link


def stem(number: int, status: str, link: str = "") -> dict[str, Any]:
    """Return a stem as relays send it."""
    return {"id": f"stem-{number}", "title": "Stem", "status": status, "audio_url": link}


async def test_the_stems_that_can_be_played_are_the_result_once_all_have_ended() -> None:
    """One that has failed, or whose link is refused, will not come any more."""
    good = stem(1, "complete", "https://cdn1.suno.ai/1.mp3")
    ended = [stem(2, "error"), stem(3, "complete", "javascript:alert(1)")]
    async with finished_song() as (relay, client):
        for parts, expected in (
            ([good, *ended], ["stem-1"]),
            (ended, []),
            ([good, *ended, stem(4, "streaming")], None),
        ):
            relay.faults.add(faults.answers(200, {"code": "success", "data": parts}), times=1)
            stems = await client.stems(CLIP)
            assert expected == (None if stems is None else [each.id for each in stems])


async def test_words_without_times_are_no_timed_lyrics() -> None:
    """They are not being found out."""
    words = [{"word": " ", "start_s": 1}]
    async with finished_song() as (relay, client):
        relay.faults.add(faults.answers(200, {"aligned_words": words}))
        timed = await client.timing(CLIP)
        assert timed is not None
        assert timed.lines == ()


@pytest.mark.parametrize("action", ["wav", "timing", "stems"])
async def test_an_action_that_is_not_declared_is_never_requested(action: str) -> None:
    """Nothing is probed by a call that may cost."""
    async with finished_song(ACTIONS - {Capability(action)}) as (relay, client):
        with pytest.raises(NotSentError):
            await getattr(client, action)(CLIP)

        assert relay.requests == []


@pytest.mark.parametrize("action", ["wav", "timing", "stems"])
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.answers(404, "<html>"), ErrorKind.NOT_FOUND),
        (faults.answers(200, "<html>"), ErrorKind.UNREADABLE),
        (faults.answers(200, b"7"), ErrorKind.UNREADABLE),
        (faults.answers(200, faults.suno_error("quota", "余额不足")), ErrorKind.QUOTA),
        (faults.redirects("/suno/act/wav/other"), ErrorKind.NOT_FOUND),
        (faults.server_error(), ErrorKind.UNAVAILABLE),
        (faults.rate_limited(), ErrorKind.RATE_LIMIT),
    ],
    ids=lambda each: getattr(each, "name", str(each)),
)
async def test_an_error_is_a_relay_error(action: str, fault: faults.Fault, kind: ErrorKind) -> None:
    """People are told what it means, as for look-ups."""
    async with finished_song() as (relay, client):
        relay.faults.add(fault)
        with pytest.raises(RelayError) as error:
            await getattr(client, action)(CLIP)

        assert error.value.kind is kind
        assert len(relay.requests) == 1


async def test_an_unknown_clip_is_not_found() -> None:
    """An id of the person or of another relay changes nothing of the path."""
    async with finished_song() as (relay, client):
        with pytest.raises(RelayError) as error:
            await client.wav("../fetch/a b?c")

        assert error.value.kind is ErrorKind.NOT_FOUND
        assert relay.requests[-1].path == "/suno/act/wav/..%2Ffetch%2Fa%20b%3Fc"


@pytest.mark.parametrize(
    ("action", "method"), [("wav", "GET"), ("stems", "GET"), ("stems", "POST")]
)
@pytest.mark.parametrize("is_kept", [False, True])
async def test_a_cut_request_that_may_be_charged_is_not_repeated(
    action: str, method: str, is_kept: bool
) -> None:
    """Neither on a new connection nor on one that has been used before."""
    async with finished_song(stems_method=method) as (relay, client):
        if is_kept:
            await getattr(client, action)(CLIP)
        relay.faults.add(faults.cut_before_headers())
        with pytest.raises(RelayError):
            await getattr(client, action)(CLIP)

        assert len(relay.requests) == 1 + is_kept
