"""The fast way of reading songs: what it takes, what it leaves to care, and that both agree."""

import copy
import json
import pickle
import re
from dataclasses import FrozenInstanceError, asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import decode
from bot.suno.answers import read_batch
from bot.suno.reading import links
from bot.suno.reading.documented import read_documented
from bot.suno.reading.shapes import RelayObject
from bot.suno.tasks import Clip, Task
from tests.test_samples import sample

FINISHED = json.loads(sample("single"))["data"]
STREAMING = json.loads(sample("batch"))["data"][0]


def finished(place: str = "", value: Any = None) -> dict[str, Any]:
    """Return the documents' finished song, with a value at ``task.…``, ``clip.…`` or the like."""
    return _with(copy.deepcopy(FINISHED), place, value)


def streaming(place: str = "", value: Any = None) -> dict[str, Any]:
    """Return the documents' streaming song, changed likewise."""
    return _with(copy.deepcopy(STREAMING), place, value)


def waiting(name: str = "action", value: Any = "MUSIC") -> dict[str, Any]:
    """Return a task that has not begun, with that value."""
    begun = {"status": "NOT_START", "start_time": 0, "finish_time": 0, "data": None}
    return {**streaming(), **begun, name: value}


def _with(song: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    where, _, name = place.partition(".")
    clip = song["data"][0]
    objects = {"task": song, "clip": clip, "metadata": clip["metadata"], "": {}}
    objects[where][name] = value
    return song


def body_with(song: dict[str, Any], **envelope: Any) -> bytes:
    """Return the answer of a relay that knows this song."""
    return json.dumps({"code": "success", "message": "", "data": [song], **envelope}).encode()


def first_look(song: dict[str, Any]) -> Task | RelayObject:
    """Return what the fast way makes of a song."""
    found = read_documented(body_with(song))
    assert found is not None
    return found[0]


def read_with_care(song: dict[str, Any]) -> tuple[Task, ...]:
    """Return the tasks as read where the envelope holds a field that no document shows."""
    return read_batch(200, None, body_with(song, unheard_of=1))


READ_FAST = {
    "finished": finished(),
    "streaming": streaming(),
    "one clip done, one streaming": streaming("clip.status", "streaming"),
    "a relay's own host": finished("clip.audio_url", "https://media.relay.example/a/b-1.mp3"),
    "a host that begins with a": finished("clip.audio_url", "http://audio.relay.example/song.mp3"),
    "a numbered file": finished("clip.audio_url", "https://a.example/clip_12_b.mp3"),
    "instrumental": finished("metadata.prompt", ""),
    "words without a heading": finished("metadata.prompt", "la la la"),
    "no description": finished("metadata.gpt_description_prompt", "a song"),
    "streams for a while": streaming("metadata.duration", 12.5),
    "finish time not yet": finished("task.finish_time", 0),
    "video not yet": finished("clip.video_url", ""),
    "done though a clip streams": {**streaming(), "status": "SUCCESS"},
    "one clip is done": {**streaming(), "data": [FINISHED["data"][0], STREAMING["data"][0]]},
    "runs without a clip": streaming("task.data", None),
    "waits": waiting(),
    "is in the queue": waiting("status", "QUEUED"),
    "lyrics that run": waiting("action", "LYRICS"),
    "a task of no known kind": waiting("action", None),
}
LEFT_TO_CARE = {
    "a placeholder": finished("clip.audio_url", "https://cdn1.suno.ai/None.mp3"),
    "a cover that is a placeholder": finished(
        "clip.image_large_url", "https://cdn2.suno.ai/image_large_null.png"
    ),
    "a stream that calls itself done": finished(
        "clip.audio_url", "https://audiopipe.suno.ai/song1.mp3"
    ),
    "a link that is too long": finished("clip.audio_url", f"https://a.example/{'x' * 2048}.mp3"),
    "NUL in the words": finished("metadata.prompt", "[Verse]\0"),
    "NUL in the title": finished("clip.title", "a\0b"),
    "NUL in the style": finished("metadata.tags", "a\0b"),
    "another video": streaming("clip.videoUrl", "https://cdn1.suno.ai/1.mp4"),
    "a duration beside the metadata": streaming("clip.duration", 12),
    "a failed clip": finished("clip.status", "error"),
    "a word for the status that is no clip's": finished("clip.status", "mastering"),
    "no style in the metadata": finished("metadata.tags", ""),
    "a finish time before all time": finished("task.finish_time", -1),
    "an id that is too long": finished("task.task_id", "x" * 192),
    "no data": finished("task.data", None),
    "waits, in other words": waiting("status", "PENDING"),
    "a year that no calendar has": waiting("submit_time", 300_000_000_000),
    **{
        f"{name} in place of the data": waiting(name, {"tags": "la"} if "meta" in name else "la la")
        for name in ("text", "lyrics", "lyric", "audio_url", "video_url", "metadata", "meta_data")
    },
    "clips in place of the data": waiting("clips", FINISHED["data"]),
    "no clips": finished("task.data", []),
    "progress in other words": finished("task.progress", 100),
    "a failure": finished("task.status", "FAILURE"),
}
OTHER_WORDS = ["text", "lyrics", "lyric", "gpt_description_prompt"]


@pytest.mark.parametrize("song", READ_FAST.values(), ids=READ_FAST.keys())
def test_songs_like_the_documents_are_read_fast(song: dict[str, Any]) -> None:
    """The fast way takes them, and concludes what care would."""
    found = first_look(song)
    assert isinstance(found, Task)
    assert repr((found,)) == repr(read_with_care(song))


@pytest.mark.parametrize("song", LEFT_TO_CARE.values(), ids=LEFT_TO_CARE.keys())
def test_what_is_odd_is_left_to_care(song: dict[str, Any]) -> None:
    """The fast way hands it on instead of guessing."""
    assert not isinstance(first_look(song), Task)
    assert repr(read_batch(200, None, body_with(song))) == repr(read_with_care(song))


def test_an_envelope_with_more_in_it_is_left_to_care() -> None:
    """An error may stand in it."""
    assert read_documented(body_with(finished(), error="no")) is None


@pytest.mark.parametrize("prompt", ["", " \n", "about a lamp", "[Verse] a lamp", "la la"])
@pytest.mark.parametrize("description", ["about a lamp", "[Verse] a lamp", "", None])
@pytest.mark.parametrize("name", [*OTHER_WORDS, "unheard_of"])
def test_words_are_the_same_both_ways(prompt: str, description: str | None, name: str) -> None:
    """Other words of a clip count only where its own are a description or blank."""
    for beside in ("about a lamp", "", None):
        song = finished("metadata.prompt", prompt)
        song["data"][0]["metadata"]["gpt_description_prompt"] = description
        song["data"][0][name] = beside
        assert read_batch(200, None, body_with(song)) == read_with_care(song)


def test_a_value_that_was_read_fast_is_like_any_other() -> None:
    """It can be compared, changed by copy, hashed and pickled, but not written to."""
    (fast,) = read_batch(200, None, body_with(finished()))
    (careful,) = read_with_care(finished())
    assert fast == careful
    assert hash(fast) == hash(careful)
    assert asdict(fast) == asdict(careful)
    assert replace(fast, id="x") == replace(careful, id="x")
    assert pickle.loads(pickle.dumps(fast)) == careful  # noqa: S301 # our own bytes
    for value in (fast, fast.clips[0]):
        with pytest.raises(FrozenInstanceError):
            value.reason = "none"  # type: ignore[misc] # what is frozen must say so


@given(st.from_regex(re.compile(f"{links.FILE}|{links.STREAM}", re.ASCII), fullmatch=True))
def test_a_plain_link_is_one_that_care_would_take(link: str) -> None:
    """Whatever has the form of a file or of a stream is usable, and only streams are streams."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(links, "_PLAIN", re.compile("(?!)"))
        assert links.usable(link) == (link if len(link) <= links.MAX_LENGTH else None)
    assert links.is_stream(link) == (re.fullmatch(links.STREAM, link) is not None)


def test_the_benchmark_measures_songs_that_are_all_different() -> None:
    """As many as asked for, of two clips with words each, no two with the same id or link."""
    for kind in (True, False):
        tasks = read_batch(200, None, decode.songs(kind, 20))
        clips: list[Clip] = [clip for task in tasks for clip in task.clips]
        assert len({task.id for task in tasks}) == 20
        assert len({clip.id for clip in clips}) == len({clip.audio_url for clip in clips}) == 40
        assert all(clip.lyrics for clip in clips)
