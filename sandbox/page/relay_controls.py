"""The relay's side of the page: starts tasks, lets time pass, lets things go wrong."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle
from typing import Any

from sandbox.page.generated_media import TUNE_SECONDS
from sandbox.page.sample_songs import CHINESE_TITLE, SONGS, Song, long_chinese_words
from sandbox.relay import LocalRelay, RelayTask, failing, half_success, lyrics_task, song, stuck
from sandbox.relay.faults import Fault, rate_limited, server_error

SONG_TAKES = 45.0
"""Seconds: long enough to watch, short enough to wait for."""
LYRICS_TAKE = 12.0

_STREAMS = "https://audiopipe.suno.ai/?item_id="
_ENDED = frozenset({"SUCCESS", "FAILURE"})

FAULTS: dict[str, Callable[[], Fault]] = {
    "429": lambda: rate_limited("5"),
    "502": lambda: server_error(502),
    "html": lambda: server_error(200),
}
"""Ways to answer wrongly; ``down``, which answers nothing, is beside them."""


class RelayControls:
    """Holds the local relay for the page. ``media`` is where covers and tunes are served."""

    def __init__(self, relay: LocalRelay) -> None:
        self.relay = relay
        self.media = ""
        self.fault = "none"
        self._songs = cycle(SONGS)
        self._kinds: dict[str, Callable[[Song], RelayTask]] = {
            "song": self._song,
            "lyrics": lambda one: lyrics_task(title=one.title, text=one.words, takes=LYRICS_TAKE),
            "failing": lambda _: failing(takes=LYRICS_TAKE),
            "stuck": lambda _: stuck(),
            "half": lambda one: half_success(title=one.title, takes=SONG_TAKES),
            "long": lambda _: lyrics_task(
                title=CHINESE_TITLE, text=long_chinese_words(), takes=LYRICS_TAKE
            ),
        }

    def start(self, kind: str) -> str:
        """Start a task of a kind; return its id. LookupError for a kind that is not known."""
        task = served_here(self._kinds[kind](next(self._songs)), self.media)
        self.relay.add(task)
        return task.id

    def _song(self, asked: Song) -> RelayTask:
        return song(
            title=asked.title,
            lyrics=asked.words,
            style=asked.style,
            takes=SONG_TAKES,
            media=self.media,
        )

    def advance(self, seconds: float) -> None:
        """Let every task be older by ``seconds``."""
        self.relay.age(seconds)

    def fail(self, fault: str) -> None:
        """Fail from now on in one way; ``none`` heals. LookupError for a way not known."""
        self.relay.faults.clear()
        self.relay.come_back()
        if fault == "down":
            self.relay.go_down()
        elif fault != "none":
            self.relay.faults.add(FAULTS[fault]())
        self.fault = fault

    def described(self) -> dict[str, Any]:
        """Say which tasks there are, newest first, how often the bot looked, what goes wrong."""
        return {
            "tasks": list(self._tasks()),
            "looks": len(self.relay.requests),
            "last": self.relay.requests[-1].status if self.relay.requests else None,
            "fault": self.fault,
        }

    def _tasks(self) -> Iterator[dict[str, Any]]:
        now = self.relay.clock.now()
        for task, submitted in reversed(self.relay.tasks):
            state = task.at(now, submitted_at=submitted)
            ended = state["status"] in _ENDED
            length = task.stages[-1].at
            done = (now - submitted) / length if task.stages[-1].fields["status"] in _ENDED else 0
            yield {
                "id": task.id,
                "kind": task.kind.value,
                "title": _title(task),
                "status": state["status"],
                "ended": ended,
                "percent": 100 if ended else int(100 * min(done, 1)),
                "stuck": task.stages[-1].fields["status"] not in _ENDED,
            }


def served_here(task: RelayTask, media: str) -> RelayTask:
    """Return a task whose streams, audio and covers are served below ``media``.

    Its tunes are as long as they really are.
    """
    stages = (replace(stage, fields=_served(dict(stage.fields), media)) for stage in task.stages)
    return replace(task, stages=tuple(stages))


def _served(value: Any, media: str) -> Any:
    """Return JSON data with every link of Suno's turned into one of ours."""
    if isinstance(value, dict):
        served = {key: _served(one, media) for key, one in value.items()}
        if isinstance(served.get("duration"), float):
            served["duration"] = float(TUNE_SECONDS)
        return served
    if isinstance(value, list):
        return [_served(one, media) for one in value]
    if not isinstance(value, str) or value.endswith("/None.mp3"):
        return value
    if value.startswith(_STREAMS):
        return f"{media}/stream-{value.removeprefix(_STREAMS)}.mp3"
    return value.replace("https://cdn1.suno.ai", media)


def _title(task: RelayTask) -> str:
    """Give the title that a task will have, empty where it has none."""
    data = task.stages[-1].fields.get("data")
    known = data[0] if isinstance(data, list) and data else data
    return str(known.get("title", "")) if isinstance(known, dict) else ""
