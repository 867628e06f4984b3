"""How long the bot takes to read a batch of songs, against msgspec on the same bytes.

100 tasks of two clips each, finished and streaming, made after the documents' samples. msgspec
decodes the same bytes into Structs that have the fields the bot reads, and concludes nothing.
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
from bot.suno.answers import read_batch

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
TASKS = 100
ROUNDS = 60


def rows(quick: bool) -> list[Row]:
    """Measure both kinds of answers."""
    rounds = 5 if quick else ROUNDS
    return [_compare(kind, songs(kind == "finished"), rounds) for kind in ("finished", "streaming")]


def songs(finished: bool, tasks: int = TASKS) -> bytes:
    """Return a relay's answer with that many songs, each with ids and links of its own."""
    name = "single" if finished else "batch"
    found = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["data"]
    song = found if finished else found[0]
    batch = [_renamed(song, number) for number in range(tasks)]
    answer = {"code": "success", "message": "", "data": batch}
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
    task = struct(
        "Task", task_id=str, status=text, progress=text, **times, data=GenericAlias(list, clip)
    )
    batch = struct("Batch", code=str, data=GenericAlias(list, task))
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(batch).decode
    return decode


def _compare(kind: str, body: bytes, rounds: int) -> Row:
    """Decode a batch with both, in turn, that many times."""
    decode = msgspec_decoder()
    ours, theirs = zip(
        *(
            (_seconds(lambda: read_batch(200, None, body)), _seconds(lambda: decode(body)))
            for _ in range(rounds)
        ),
        strict=True,
    )
    return Row(
        topic="decode",
        measure=f"a batch of {kind} songs, bytes to values",
        ours=seconds(statistics.median(ours)),
        theirs=f"{seconds(statistics.median(theirs))}: msgspec, same bytes",
        ratios=ratios(ours, theirs),
        size=f"{TASKS} tasks of 2 clips, {len(body):,} bytes, {rounds} ×",
        at_most=4,
    )


def _seconds(read: Callable[[], object], times: int = 5) -> float:
    """Return the time of one call: the best of a few, for other programs can only slow it down."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        read()
        taken.append(time.perf_counter() - started)
    return min(taken)
