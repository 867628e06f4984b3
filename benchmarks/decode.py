"""How long the bot takes to read a batch of songs, against msgspec on the same bytes.

``python -m benchmarks.decode`` measures 100 tasks of two clips each, once finished and once
streaming, made after the documents' samples. msgspec decodes the same bytes into Structs that have
the fields the bot reads, and concludes nothing from them. It is no dependency of the bot; where it
is missing the program says how to install it.
"""

import argparse
import json
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import GenericAlias
from typing import Any

from bot.suno.answers import read_batch

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
TASKS = 100
ROUNDS = 60
MISSING = "msgspec is not installed. To compare with it: python -m pip install 'msgspec==0.22.*'\n"


@dataclass(frozen=True)
class Comparison:
    """What was measured; times are seconds for one batch, medians of all rounds."""

    tasks: int
    size: int
    """Bytes of the batch."""
    ours: float
    theirs: float
    ratio: float
    """The median of the rounds' ratios, ours to theirs."""
    spread: tuple[float, float]
    """The ratios below which a tenth of the rounds lie, and nine tenths."""


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
    """Return msgspec's decoder of a batch. Raises ``ImportError`` where msgspec is missing."""
    msgspec: Any = import_module("msgspec")

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


def compare(body: bytes, rounds: int = ROUNDS) -> Comparison:
    """Decode a batch with both, in turn, that many times.

    Raises ``ImportError`` where msgspec is missing.
    """
    decode = msgspec_decoder()
    tasks = len(read_batch(200, None, body))
    pairs = [
        (_seconds(lambda: read_batch(200, None, body)), _seconds(lambda: decode(body)))
        for _ in range(rounds)
    ]
    ratios = [ours / theirs for ours, theirs in pairs]
    tenths = statistics.quantiles(ratios, n=10)
    return Comparison(
        tasks=tasks,
        size=len(body),
        ours=statistics.median(ours for ours, _ in pairs),
        theirs=statistics.median(theirs for _, theirs in pairs),
        ratio=statistics.median(ratios),
        spread=(tenths[0], tenths[-1]),
    )


def _seconds(read: Callable[[], object], times: int = 5) -> float:
    """Return the time of one call: the best of a few, for other programs can only slow it down."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        read()
        taken.append(time.perf_counter() - started)
    return min(taken)


def main() -> int:
    """Run the program; return its exit code: 2 where msgspec is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=TASKS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    for kind in ("finished", "streaming"):
        try:
            found = compare(songs(kind == "finished", options.tasks), options.rounds)
        except ImportError:
            sys.stderr.write(MISSING)
            return 2
        sys.stdout.write(
            f"{kind:9}  {found.tasks} tasks, {found.size:,} bytes, {options.rounds} rounds:"
            f" {found.ours * 1000:.2f} ms, msgspec {found.theirs * 1000:.2f} ms,"
            f" ratio {found.ratio:.2f} ({found.spread[0]:.2f} to {found.spread[1]:.2f})\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
