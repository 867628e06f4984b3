"""Controls the relay from the page: starts tasks, advances time, switches faults on."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle
from typing import Any

from sandbox.page.generated_media import AUDIO_SECONDS
from sandbox.page.sample_songs import CHINESE_TITLE, SONGS, Song, long_chinese_lyrics
from sandbox.relay import LocalRelay, RelayTask, failing, half_success, lyrics_task, song, stuck
from sandbox.relay.faults import (
    Fault,
    after_charging,
    cut_before_headers,
    rate_limited,
    refuses_submission,
    server_error,
)
from sandbox.relay.submissions import SUBMIT_PATHS

SONG_DURATION = 45.0
"""Seconds: long enough to follow, short enough to wait for."""
LYRICS_DURATION = 12.0
"""Seconds."""

_STREAMS = "https://audiopipe.suno.ai/?item_id="
_ENDED = frozenset({"SUCCESS", "FAILURE"})

FAULTS: dict[str, Callable[[], Fault]] = {
    "429": lambda: rate_limited("5"),
    "502": lambda: server_error(502),
    "html": lambda: server_error(200),
}
"""The faults by name; ``down``, which answers nothing at all, is treated apart."""

SUBMISSION_FAULTS: dict[str, Callable[[], Fault]] = {
    "moderation": lambda: refuses_submission("400 moderation"),
    "credit": lambda: refuses_submission("403 quota_not_enough"),
    "lost": lambda: after_charging(cut_before_headers()),
}
"""What becomes of requests to create, by name; with ``slow`` they are answered late."""
SLOW_ANSWER = 10.0
"""Seconds."""
_TEXTS = {"gpt_description_prompt", "title", "tags", "prompt", "mv", "continue_at"}
"""The fields of requests to create that the page shows."""
_LONGEST_TEXT = 80


class RelayControls:
    """The local relay as the page controls it. ``media`` is the address of covers and audio."""

    def __init__(self, relay: LocalRelay) -> None:
        self.relay = relay
        self.media = ""
        self.fault = "none"
        self.submission_fault = "none"
        relay.submissions.song_takes = SONG_DURATION
        relay.submissions.lyrics_take = LYRICS_DURATION
        relay.submissions.prepare = lambda task: with_local_media(task, self.media)
        self._songs = cycle(SONGS)
        self._kinds: dict[str, Callable[[Song], RelayTask]] = {
            "song": self._song,
            "lyrics": lambda one: lyrics_task(
                title=one.title, text=one.lyrics, takes=LYRICS_DURATION
            ),
            "failing": lambda _: failing(takes=LYRICS_DURATION),
            "stuck": lambda _: stuck(),
            "half": lambda one: half_success(title=one.title, takes=SONG_DURATION),
            "long": lambda _: lyrics_task(
                title=CHINESE_TITLE, text=long_chinese_lyrics(), takes=LYRICS_DURATION
            ),
        }

    def start(self, kind: str) -> str:
        """Start a task of a kind; return its id. Raises LookupError for an unknown kind."""
        task = with_local_media(self._kinds[kind](next(self._songs)), self.media)
        self.relay.add(task)
        return task.id

    def _song(self, sample: Song) -> RelayTask:
        return song(
            title=sample.title,
            lyrics=sample.lyrics,
            style=sample.style,
            takes=SONG_DURATION,
            media=self.media,
        )

    def advance(self, seconds: float) -> None:
        """Advance the age of every task by ``seconds``."""
        self.relay.age(seconds)

    def set_fault(self, fault: str) -> None:
        """Switch one fault on, or with ``none`` off. Raises LookupError for an unknown fault."""
        added = None if fault in ("none", "down") else FAULTS[fault]()
        self.relay.faults.clear()
        self.relay.end_outage()
        if fault == "down":
            self.relay.start_outage()
        if added is not None:
            self.relay.faults.add(added)
        self.fault = fault
        self._add_submission_fault()

    def set_submission_fault(self, fault: str) -> None:
        """Change what becomes of requests to create; ``none``: they are accepted.

        Raises LookupError for an unknown name.
        """
        if fault not in ("none", "slow", *SUBMISSION_FAULTS):
            raise LookupError("The relay has no such fault.")
        self.submission_fault = fault
        self.set_fault(self.fault)

    def _add_submission_fault(self) -> None:
        slow = self.submission_fault == "slow"
        self.relay.submissions.answer_delay = SLOW_ANSWER if slow else 0.0
        if self.submission_fault in SUBMISSION_FAULTS:
            for path in SUBMIT_PATHS:
                self.relay.faults.add(SUBMISSION_FAULTS[self.submission_fault](), path=path)

    def description(self) -> dict[str, Any]:
        """Return the key, the tasks, newest first, the requests so far, charges and faults."""
        return {
            "key": self.relay.key,
            "tasks": list(self._tasks()),
            "requests": len(self.relay.requests),
            "last": self.relay.requests[-1].status if self.relay.requests else None,
            "fault": self.fault,
            "charges": len(self.relay.submissions.charges),
            "submission": self._last_submission(),
            "submissionFault": self.submission_fault,
        }

    def _last_submission(self) -> dict[str, Any] | None:
        """Return what the newest request to create asked for, and whether it was charged."""
        recorded = self.relay.submissions.recorded
        if not recorded:
            return None
        last = recorded[-1]
        body = last.body if isinstance(last.body, dict) else {}
        shown = {name: _shortened(body[name]) for name in body if name in _TEXTS and body[name]}
        return {"kind": last.kind.value, "charged": last.is_charged, "body": shown}

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


def _shortened(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


def with_local_media(task: RelayTask, media: str) -> RelayTask:
    """Return a task whose streams, audio and covers are served below ``media``.

    The durations of its clips are those of the audio that is served.
    """
    stages = (
        replace(stage, fields=_local_links(dict(stage.fields), media)) for stage in task.stages
    )
    return replace(task, stages=tuple(stages))


def _local_links(value: Any, media: str) -> Any:
    """Return JSON data with every link of Suno replaced by one of the page's server."""
    if isinstance(value, dict):
        replaced = {key: _local_links(one, media) for key, one in value.items()}
        if isinstance(replaced.get("duration"), float):
            replaced["duration"] = float(AUDIO_SECONDS)
        return replaced
    if isinstance(value, list):
        return [_local_links(one, media) for one in value]
    if not isinstance(value, str) or value.endswith("/None.mp3"):
        return value
    if value.startswith(_STREAMS):
        return f"{media}/stream-{value.removeprefix(_STREAMS)}.mp3"
    return value.replace("https://cdn1.suno.ai", media)


def _title(task: RelayTask) -> str:
    """Return the title that a task will have, or an empty string."""
    data = task.stages[-1].fields.get("data")
    known = data[0] if isinstance(data, list) and data else data
    return str(known.get("title", "")) if isinstance(known, dict) else ""
