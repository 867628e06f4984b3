"""Tests of the life cycles of the local relay's tasks."""

import json
from typing import Any

import pytest

from bot.relay.models import TaskKind
from sandbox.relay import RelayTask, failing, half_success, lyrics_task, replay, sample, song, stuck
from sandbox.relay.samples import FOLDER

SUBMITTED = 1_700_000_000


def states(task: RelayTask, *moments: float) -> list[dict[str, Any]]:
    """Return the task's JSON at each number of seconds after its submission."""
    return [task.at(SUBMITTED + moment, submitted_at=SUBMITTED) for moment in moments]


def test_a_song_waits_runs_streams_and_succeeds() -> None:
    """While it streams, it has stream links and no duration."""
    waiting, running, streaming, done = states(song(takes=120), 0, 10, 30, 120)

    assert [state["status"] for state in (waiting, running, streaming, done)] == [
        "NOT_START",
        "IN_PROGRESS",
        "IN_PROGRESS",
        "SUCCESS",
    ]
    assert waiting["data"] is running["data"] is None
    assert [clip["status"] for clip in streaming["data"]] == ["streaming", "streaming"]
    for before, after in zip(streaming["data"], done["data"], strict=True):
        assert before["audio_url"] == f"https://audiopipe.suno.ai/?item_id={after['id']}"
        assert after["audio_url"] == f"https://cdn1.suno.ai/{after['id']}.mp3"
        assert before["metadata"]["duration"] is None


def test_times_are_zero_until_they_are_known() -> None:
    """Times are Unix seconds, and 0 before the event, as at real relays."""
    waiting, running, done = states(song(takes=120), 9.9, 10, 200)

    names = ("submit_time", "start_time", "finish_time")
    assert [waiting[name] for name in names] == [SUBMITTED, 0, 0]
    assert [running[name] for name in names] == [SUBMITTED, SUBMITTED + 10, 0]
    assert [done[name] for name in names] == [SUBMITTED, SUBMITTED + 10, SUBMITTED + 120]


def test_a_song_has_the_given_content() -> None:
    """Its texts, its clips and its media host are parameters."""
    made = song("mine", title="T", lyrics="L", style="S", clips=4, media="http://127.0.0.1:1")
    [done] = states(made, 999)

    assert done["task_id"] == "mine"
    assert len({clip["id"] for clip in done["data"]}) == 4
    clip = done["data"][0]
    assert (clip["title"], clip["metadata"]["prompt"], clip["metadata"]["tags"]) == (
        "T",
        "L",
        "S",
    )
    assert clip["audio_url"].startswith("http://127.0.0.1:1/")


def test_lyrics_are_an_object() -> None:
    """The data of lyrics is an object, that of a song an array of clips."""
    [done] = states(lyrics_task("words", title="T", text="L"), 10)

    assert (done["action"], done["status"]) == ("LYRICS", "SUCCESS")
    assert done["data"] == {"id": "words", "text": "L", "title": "T", "status": "complete"}


@pytest.mark.parametrize("kind", list(TaskKind))
def test_a_failing_task_fails_with_its_reason(kind: TaskKind) -> None:
    """It has a reason and no clips."""
    before, after = states(failing(reason="no", kind=kind, takes=30), 29, 30)

    assert (before["status"], before["fail_reason"]) == ("IN_PROGRESS", "")
    assert (after["status"], after["fail_reason"], after["data"]) == ("FAILURE", "no", None)
    assert after["action"] == kind.action


def test_a_stuck_task_never_ends() -> None:
    """Only the bot's own deadline ends its watch."""
    [state] = states(stuck(), 10**8)

    assert (state["status"], state["finish_time"]) == ("IN_PROGRESS", 0)


def test_a_half_success_fails_with_one_playable_clip() -> None:
    """The other clip has the placeholder link and the reason."""
    streaming, done = states(half_success(reason="no", takes=120), 60, 120)

    assert [clip["status"] for clip in streaming["data"]] == ["streaming", "streaming"]
    assert (done["status"], done["fail_reason"]) == ("FAILURE", "no")
    good, bad = done["data"]
    assert (good["status"], bad["status"]) == ("complete", "error")
    assert bad["audio_url"] == "https://cdn1.suno.ai/None.mp3"
    assert bad["metadata"]["error_message"] == "no"


@pytest.mark.parametrize("name", ["single", "submit-fetch"])
def test_a_finished_sample_ends_exactly_as_in_its_document(name: str) -> None:
    """Ids, links, statuses and times are those of the document."""
    data = sample(name)["data"]
    documented = data if isinstance(data, list) else [data]

    for task, end in zip(replay(name), documented, strict=True):
        before, after = states(task, 119, 120)

        assert after == end
        assert (before["status"], before["finish_time"]) == ("IN_PROGRESS", 0)
        assert before["submit_time"] == end["submit_time"]


@pytest.mark.parametrize("name", ["batch", "deerapi", "openai-hub"])
def test_a_streaming_sample_streams_exactly_as_in_its_document(name: str) -> None:
    """Queued and running states precede it; the end, which the document lacks, follows."""
    [task] = replay(name)
    waiting, running, streaming, done = states(task, 0, 10, 30, 120)

    assert [streaming] == sample(name)["data"]
    assert (waiting["status"], running["data"]) == ("NOT_START", None)
    assert done["status"] == "SUCCESS"
    assert done["finish_time"] == streaming["start_time"] + 120
    assert [clip["audio_url"] for clip in done["data"]] == [
        f"https://cdn1.suno.ai/{clip['id']}.mp3" for clip in streaming["data"]
    ]


def test_samples_are_found_in_the_checkout() -> None:
    """They are found from any working directory."""
    assert json.loads((FOLDER / "batch.json").read_text(encoding="utf-8")) == sample("batch")


def test_a_missing_sample_is_reported_by_name() -> None:
    """The error contains the folder that was searched."""
    with pytest.raises(FileNotFoundError, match=r"no sample 'nothing'.*nothing\.json is missing"):
        sample("nothing")
