"""Measures how long the parser takes for a batch of any shape, against msgspec on the same bytes.

100 tasks each: songs of two clips, finished and streaming, modelled on the documented samples;
lyrics, failures, and queued tasks. msgspec decodes the same bytes into Structs with the fields that
the bot reads of the documented shapes, and concludes nothing. An additional field in the envelope
disables the parser's cache.
"""

import json
import statistics
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import GenericAlias
from typing import Any

import msgspec

from benchmarks.rows import Row, ratios, seconds
from bot.relay.parsing.reader import read_batch

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
TASKS = 100
ROUNDS = 60
LYRICS = "[Verse]\n" + "A lamp in the harbour, a light on the sea\n" * 30


def rows(quick: bool) -> list[Row]:
    """Measure every shape of answers."""
    rounds = 5 if quick else ROUNDS
    return [_compare(kind, body, rounds) for kind, body in bodies().items()]


def bodies() -> dict[str, bytes]:
    """Return a response of each shape."""
    times = {"submit_time": 1730000000, "start_time": 1730000001, "finish_time": 1730000090}
    ended = {"action": "MUSIC", "fail_reason": "", "progress": "100%", **times}
    lyrics = {"id": "1", "text": LYRICS, "title": "Harbour Lamp", "status": "complete"}
    return {
        "finished songs": songs(finished=True),
        "streaming songs": songs(finished=False),
        "lyrics": _batch(ended | {"status": "SUCCESS", "data": lyrics}),
        "failures": _batch(ended | {"status": "FAILURE", "fail_reason": "no", "data": None}),
        "waiting tasks": _batch(ended | {"status": "QUEUED", "finish_time": 0, "data": None}),
    }


def _batch(task: dict[str, Any]) -> bytes:
    tasks = [{"task_id": str(uuid.UUID(int=number))} | task for number in range(TASKS)]
    answer = {"code": "success", "message": "", "data": tasks, "time": 1730000000}
    return json.dumps(answer, separators=(",", ":")).encode()


def songs(finished: bool, tasks: int = TASKS) -> bytes:
    """Return a response with that many songs, each with ids and links of its own."""
    name = "single" if finished else "batch"
    found = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["data"]
    song = found if finished else found[0]
    batch = [_renamed(song, number) for number in range(tasks)]
    answer = {"code": "success", "message": "", "data": batch, "time": 1730000000}
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def _renamed(song: dict[str, Any], number: int) -> dict[str, Any]:
    text = json.dumps(song, ensure_ascii=False)
    for part in (song, *song["data"]):
        known = part.get("task_id") or part["id"]
        text = text.replace(known, str(uuid.uuid5(uuid.NAMESPACE_URL, f"{known}/{number}")))
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def msgspec_decoder() -> Callable[[bytes], Any]:
    """Return msgspec's decoder of a batch."""

    def struct(name: str, **fields: Any) -> type:
        made: type = msgspec.defstruct(name, list(fields.items()))
        return made

    text, number = str | None, float | None
    metadata = struct("Metadata", tags=text, prompt=text, duration=number)
    links = {"audio_url": text, "video_url": text, "image_large_url": text}
    clip = struct("Clip", id=str, title=text, status=text, **links, metadata=metadata)
    times = {"submit_time": number, "start_time": number, "finish_time": number}
    lyrics = struct("Lyrics", id=str, text=str, title=text, status=text)
    words = dict.fromkeys(("action", "status", "progress", "fail_reason"), text)
    data = GenericAlias(list, clip) | lyrics | None
    task = struct("Task", task_id=str, **words, **times, data=data)
    batch = struct("Batch", code=str, data=GenericAlias(list, task))
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(batch).decode
    return decode


def _compare(kind: str, body: bytes, rounds: int) -> Row:
    """Decode a batch with both, alternately, that many times."""
    decode = msgspec_decoder()
    ours, theirs = zip(
        *(
            (
                _seconds(lambda: read_batch(200, None, body, ids=TASKS)),
                _seconds(lambda: decode(body)),
            )
            for _ in range(rounds)
        ),
        strict=True,
    )
    return Row(
        topic="decode",
        measure=f"a batch of {kind}, bytes to values",
        ours=seconds(statistics.median(ours)),
        theirs=f"{seconds(statistics.median(theirs))}: msgspec, same bytes",
        ratios=ratios(ours, theirs),
        size=f"{TASKS} tasks, {len(body):,} bytes, {rounds} ×",
        at_most=10,
    )


def _seconds(read: Callable[[], object], times: int = 5) -> float:
    """Return the time of one call: the best of a few, as other programs can only slow it down."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        read()
        taken.append(time.perf_counter() - started)
    return min(taken)
