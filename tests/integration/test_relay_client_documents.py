"""Tests against the five public API documents, with their responses unchanged."""

import pytest

from bot.relay.models import Outcome, TaskKind, TaskStatus
from sandbox.relay import ResponseFormat, faults, replay, sample
from tests.support.client_at_relay import client_at_relay

STREAMING = "346c5d10-a4a1-4f49-a851-66a7dae6cfaf"


def only(*paths: str) -> ResponseFormat:
    """Return the shape of a relay that has no other paths than these."""
    return ResponseFormat(paths=frozenset(paths))


async def test_the_generic_batch_document_shows_a_song_that_streams() -> None:
    """A streaming song has no playable clip, because its links expire when it is done."""
    async with client_at_relay() as (local, client):
        local.response_format = only("/suno/fetch")
        local.add(*replay("batch"))
        local.clock.advance(60)

        task = (await client.look_up([STREAMING])).tasks[STREAMING]

        assert (task.status, task.outcome) == (TaskStatus.IN_PROGRESS, None)
        assert [clip.playable for clip in task.clips] == [False, False]
        assert (task.submitted_at, task.finished_at) == (1716191749, None)


async def test_the_single_lookup_document_shows_a_finished_song() -> None:
    """The paths of a relay without batch look-up are found without a setting."""
    task_id = sample("single")["data"]["task_id"]
    async with client_at_relay() as (local, client):
        local.response_format = only("/suno/fetch/{id}", "/suno/feed/{id}", "/suno/lyrics/{id}")
        local.add(*replay("single"))
        local.clock.advance(120)

        task = (await client.look_up([task_id])).tasks[task_id]

        assert (task.outcome, task.title) == (Outcome.SUCCESS, "City Lights")
        assert [clip.audio_url for clip in task.clips] == [
            clip["audio_url"] for clip in sample("single")["data"]["data"]
        ]


async def test_the_submit_fetch_document_shows_lyrics_and_a_song_in_one_response() -> None:
    """One request returns both tasks, and their kinds follow from their data."""
    words, song = (task["task_id"] for task in sample("submit-fetch")["data"])
    async with client_at_relay(at="/suno/submit/fetch") as (local, client):
        local.response_format = only("/suno/submit/fetch")
        local.add(*replay("submit-fetch"))
        local.clock.advance(120)

        tasks = (await client.look_up([words, song])).tasks

        assert (tasks[words].kind, tasks[song].kind) == (TaskKind.LYRICS, TaskKind.MUSIC)
        assert tasks[words].title == "喵星摇滚"
        assert [clip.playable for clip in tasks[song].clips] == [True, True]
        assert [request.path for request in local.requests] == ["/suno/submit/fetch"]


@pytest.mark.parametrize("name", ["deerapi", "openai-hub"])
async def test_a_known_relay_is_requested_as_its_document_says(name: str) -> None:
    """The provider's name selects the path; the song first streams and then ends."""
    async with client_at_relay(name=name) as (local, client):
        local.response_format = only("/suno/fetch")
        local.add(*replay(name))
        local.clock.advance(60)
        streaming = (await client.look_up([STREAMING])).tasks[STREAMING]
        local.clock.advance(60)
        ended = (await client.look_up([STREAMING])).tasks[STREAMING]

        assert [clip.audio_is_final for clip in streaming.clips] == [False, False]
        assert ended.outcome is Outcome.SUCCESS
        assert {(request.method, request.path) for request in local.requests} == {
            ("POST", "/suno/fetch")
        }


@pytest.mark.parametrize("field", ["code", "message"])
async def test_every_field_of_the_envelope_may_be_missing(field: str) -> None:
    """OpenAI-Hub's document declares every field of the envelope optional."""
    async with client_at_relay(name="openai-hub") as (local, client):
        answer = {name: value for name, value in sample("openai-hub").items() if name != field}
        local.faults.add(faults.answers(200, answer))

        found = await client.look_up([STREAMING])

        assert found.tasks[STREAMING].status is TaskStatus.IN_PROGRESS


@pytest.mark.parametrize("field", ["notify_hook", "action", "status", "progress", "data"])
async def test_every_field_of_a_task_but_its_id_may_be_missing(field: str) -> None:
    """A task with only an id is found, is not finished and shows no details."""
    async with client_at_relay(name="openai-hub") as (local, client):
        local.response_format = ResponseFormat(
            rewrite=lambda task: {name: value for name, value in task.items() if name != field}
        )
        local.add(*replay("openai-hub"))
        local.clock.advance(60)

        found = await client.look_up([STREAMING])

        assert found.tasks[STREAMING].outcome is None
