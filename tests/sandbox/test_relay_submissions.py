"""The local relay begins tasks, and keeps the account of what they cost."""

from typing import Any

import pytest

from sandbox.relay import faults, song
from sandbox.relay.submissions import SubmissionFormat, invented_style, invented_title
from tests.support.relay_caller import RelayCaller, called_relay

MUSIC = "/suno/submit/music"
LYRICS = "/suno/submit/lyrics"


async def submit(caller: RelayCaller, path: str = MUSIC, **body: Any) -> tuple[int, Any]:
    """Submit a body."""
    return await caller.ask("POST", path, json=body)


async def test_a_song_is_begun_with_the_texts_of_its_body() -> None:
    """It goes through the life of every song."""
    async with called_relay() as (relay, caller):
        _, answer = await submit(caller, prompt="[Verse]\nShips", title="Harbour", tags="folk")
        waiting = await caller.task(answer["data"])
        relay.clock.advance(200)
        finished = await caller.task(answer["data"])

    assert (waiting["status"], finished["status"]) == ("NOT_START", "SUCCESS")
    assert len(finished["data"]) == 2
    clip = finished["data"][0]
    assert (clip["title"], clip["metadata"]["tags"]) == ("Harbour", "folk")
    assert clip["metadata"]["prompt"] == "[Verse]\nShips"


async def test_a_described_song_gets_a_title_and_lyrics() -> None:
    """The relay invents both."""
    async with called_relay() as (relay, caller):
        _, answer = await submit(caller, gpt_description_prompt="a song about ships, at night")
        relay.clock.advance(200)
        clip = (await caller.task(answer["data"]))["data"][0]

    assert clip["title"] == invented_title("a song about ships") == "A Song About Ships"
    assert clip["metadata"]["prompt"]


async def test_lyrics_are_written_about_their_topic() -> None:
    """They need one."""
    async with called_relay() as (relay, caller):
        refused, _ = await submit(caller, LYRICS)
        _, answer = await submit(caller, LYRICS, prompt="ships")
        relay.clock.advance(20)
        task = await caller.task(answer["data"])

    assert refused == 400
    assert "ships" in task["data"]["text"]
    assert len(relay.submissions.charges) == 1


async def test_only_a_known_song_can_be_continued() -> None:
    """As new-api demands."""
    async with called_relay() as (relay, caller):
        body: dict[str, Any] = {"continue_clip_id": "clip", "task_id": "song", "continue_at": 60}
        status, refusal = await submit(caller, **body)
        relay.add(song("song"))
        begun, _ = await submit(caller, **body)

    assert (status, refusal["code"], begun) == (400, "task_not_exist", 200)


async def test_the_same_body_is_a_double_charge_for_a_while() -> None:
    """A bot must never cause one; people may, later."""
    async with called_relay() as (relay, caller):
        for title in ("Harbour", "Ships", "Harbour"):
            await submit(caller, title=title)
        relay.clock.advance(relay.submissions.repeat_window + 1)
        await submit(caller, title="Harbour")

    assert len(relay.submissions.charges) == 4
    assert [each.body for each in relay.submissions.double_charges] == [{"title": "Harbour"}]


@pytest.mark.parametrize(("charges", "count"), [(False, 0), (True, 1)])
async def test_a_fault_hits_before_or_after_the_charge(charges: bool, count: int) -> None:
    """What was begun goes on, whoever does not know of it."""
    async with called_relay() as (relay, caller):
        fault = faults.server_error(502)
        relay.faults.add(faults.after_charging(fault) if charges else fault, path=MUSIC)
        status, _ = await submit(caller, title="Harbour")

    assert status == 502
    assert [each.body for each in relay.submissions.recorded] == [{"title": "Harbour"}]
    assert len(relay.submissions.charges) == len(relay.tasks) == count


async def test_a_wrong_key_costs_nothing() -> None:
    """It is refused before the body is read."""
    async with called_relay() as (relay, caller):
        caller.key = "sk-other"
        status, _ = await submit(caller, title="Harbour")

    assert status == 401
    assert relay.submissions.charges == []


async def test_two_tasks_of_one_submission_are_one_charge() -> None:
    """Each has one version of the song."""
    async with called_relay() as (relay, caller):
        relay.submissions.format = SubmissionFormat.TWO_TASKS
        _, answer = await submit(caller, title="Harbour")
        relay.clock.advance(200)
        tasks = (await caller.batch(*answer["data"]["task_ids"]))["data"]

    assert [len(task["data"]) for task in tasks] == [1, 1]
    assert len(relay.submissions.charges) == 1


@pytest.mark.parametrize("action", ["wav", "timing", "stems"])
async def test_an_action_needs_a_finished_clip(action: str) -> None:
    """And has to be available."""
    async with called_relay() as (relay, caller):
        _, answer = await submit(caller, prompt="[Verse]\nShips", title="Harbour")
        relay.clock.advance(60)
        clip = (await caller.task(answer["data"]))["data"][0]["id"]
        early, _ = await caller.ask("GET", f"/suno/act/{action}/{clip}")
        relay.clock.advance(60)
        done, _ = await caller.ask("GET", f"/suno/act/{action}/{clip}")
        relay.actions.available = frozenset()
        gone, _ = await caller.ask("GET", f"/suno/act/{action}/{clip}")

    assert (early, done, gone) == (400, 200, 404)


@pytest.mark.parametrize("colon", [": ", "："])
def test_the_relay_takes_the_style_from_behind_a_colon(colon: str) -> None:
    """What stands before it becomes the title."""
    description = f"City lights at midnight{colon}slow, warm"
    assert invented_title(description) == "City Lights At Midnight"
    assert invented_style(description) == "slow, warm"
    assert invented_style("a song about ships") == "acoustic pop"
