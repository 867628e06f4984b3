"""The answers that the documents show, and what the bot concludes from them."""

import json
from pathlib import Path

import pytest

from bot.relay.models import ClipStatus, Outcome, Task, TaskKind, TaskStatus
from bot.relay.parsing.reader import read_batch, read_single
from tests.support.paths import SAMPLES


def sample(name: str) -> bytes:
    """Return the bytes of a sample answer."""
    return (SAMPLES / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", ["batch", "deerapi", "openai-hub"])
def test_a_song_that_streams_is_not_finished(name: str) -> None:
    """Three documents show the same running song: two streams, and words to read already."""
    (task,) = read_batch(200, "application/json", sample(name))
    assert task.id == "346c5d10-a4a1-4f49-a851-66a7dae6cfaf"
    assert (task.status, task.outcome) == (TaskStatus.IN_PROGRESS, None)
    assert (task.kind, task.title, task.progress) == (TaskKind.MUSIC, "Electric Dance Party", 0)
    assert (task.submitted_at, task.started_at, task.finished_at) == (1716191749, 1716191786, None)
    assert [clip.status for clip in task.clips] == [ClipStatus.STREAMING] * 2
    for clip in task.clips:
        assert clip.audio_url == f"https://audiopipe.suno.ai/?item_id={clip.id}"
        assert not clip.audio_is_final
        assert clip.video_url is None
        assert clip.image_url == f"https://cdn1.suno.ai/image_large_{clip.id}.png"
        assert clip.style == "club banger high-energy edm"
        assert clip.lyrics.startswith("[Verse]\n")
        assert clip.duration is None


def test_a_finished_song_has_two_clips_to_play() -> None:
    """The document of the single look-up shows a success."""
    task_id = "64dc8d98-5812-40f5-a99b-79a590452040"
    task = read_single(task_id, 200, "application/json", sample("single"))
    assert task is not None
    assert (task.status, task.outcome) == (TaskStatus.SUCCESS, Outcome.SUCCESS)
    assert (task.kind, task.title, task.progress) == (TaskKind.MUSIC, "City Lights", 100)
    assert task.settled
    assert task.finished_at == 1730776576
    for clip in task.clips:
        assert clip.playable
        assert clip.audio_url == f"https://cdn1.suno.ai/{clip.id}.mp3"
        assert clip.video_url == f"https://cdn1.suno.ai/{clip.id}.mp4"
        assert clip.image_url == f"https://cdn2.suno.ai/image_large_{clip.id}.jpeg"
        assert (clip.duration, clip.style) == (120, "emotional punk")
        assert "[Verse 2]" in clip.lyrics


def test_one_answer_holds_lyrics_and_a_song() -> None:
    """The document of the other batch path shows a task of each kind."""
    words, song = read_batch(200, "application/json", sample("submit-fetch"))
    assert (words.id, words.kind) == ("b85c241a-4d97-4ee4-1111-68c053509b24", TaskKind.LYRICS)
    assert words.lyrics is not None
    assert (words.outcome, words.title) == (Outcome.SUCCESS, "喵星摇滚")
    assert words.text.startswith("[Verse]\n")
    assert (song.id, song.kind) == ("bee8f32e1994417ba8d7485d1aaf3b26", TaskKind.MUSIC)
    assert (song.outcome, song.title) == (Outcome.SUCCESS, "City Lights")
    assert [clip.duration for clip in song.clips] == [125.44, 127.2]


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_what_is_read_fast_is_read_the_same_with_care(path: Path) -> None:
    """A field that no document shows in the envelope makes the bot take the careful way."""
    answer = json.loads(path.read_text())
    assert "unheard_of" not in answer
    carefully = json.dumps(answer | {"unheard_of": 1}).encode()
    found: tuple[Task, ...] = read_batch(200, None, path.read_bytes())
    assert found
    assert found == read_batch(200, None, carefully)
