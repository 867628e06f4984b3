"""Garbles relay answers at random and checks what may never happen.

``python -m tests.unit.fuzz_answers --bodies 100000 --seed 1`` prints how many bodies led to which
conclusion, and ends with 1 after showing the first bodies that break a rule. Some of them are
bombs; the process may have 512 MiB of memory.
"""

import argparse
import copy
import json
import random
import re
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import astuple
from functools import partial
from types import FrameType
from typing import Any

from bot.relay.errors import RelayError
from bot.relay.explain import explain
from bot.relay.models import Clip, Outcome, Task, TaskStatus
from bot.relay.parsing.clip_actions import read_stems, read_timing, read_wav
from bot.relay.parsing.reader import read_batch, read_single, read_tasks
from bot.relay.parsing.submissions import MAX_TASKS, plausible_id, read_submission
from bot.relay.submission_errors import SubmissionRejected, SubmissionUncertain
from tests.support.paths import SAMPLES
from tests.support.payloads import PAYLOADS, body_of

GOOD_LINK = re.compile(r"https?://(?!none/)[^\s@/?#<>\"\\]{3,}[^\s<>\"\\]{0,2040}", re.IGNORECASE)
PLACEHOLDER = re.compile(r"(?:/|_)(?:none|null)\.\w+$|/api/forbidden|[?&]item_id=(?:none)?$", re.I)
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
FINAL = {TaskStatus.SUCCESS, TaskStatus.FAILURE, TaskStatus.UNKNOWN}
JUNK: list[Any] = [
    None, True, False, 0, 1, -1, 200, 1e300, 10**400, 1730000000000, 0.5, "", " ", "\0", "\ud83d",
    [], {}, [None], [[]], [{}], {"data": []}, "null", "[{}]", "SUCCESS", "FAILURE", "UNKNOWN",
    "IN_PROGRESS", "complete", "error", "streaming", "running", "MASTERING", "x" * 192, "success",
    "https://cdn1.suno.ai/None.mp3", "https://suno.example/api/forbidden", "https://", "ftp://a.b/c",
    "https://audiopipe.suno.ai/?item_id=x", "https://u:p@a.b/c", "https://a.b/c.mp3", "https://[::1",
    float("nan"), float("inf"),
]  # fmt: skip
KEYS = [
    "task_id", "taskId", "status", "state", "data", "clips", "code", "error", "message", "success",
    "fail_reason", "result_url", "audio_url", "audio", "metadata", "meta_data", "text", "lyrics",
    "prompt", "title", "id", "error_message", "tags", "duration", "progress", "submit_time",
    "lyric", "gpt_description_prompt", "audioUrl", "video_url", "videoUrl", "image_large_url",
    "image_url", "imageUrl", "finish_time",
]  # fmt: skip
BOMBS = [
    (b'{"code":"success","data":[', b"0,", b"0]}"),
    (b'{"code":"success","data":[', b"{},", b"{}]}"),
    (b'{"code":"success","data":[', b"[],", b"[]]}"),
    (b'{"code":"success","data":[', b"[[[[],[]],[]],", b"[]]}"),
    (b'{"code":"success","data":[', b'{"task_id":"a","data":[]},', b"{}]}"),
    (b'{"data":[{"task_id":"a","data":[', b'{"audio_url":"","error_message":"no"},', b"{}]}]}"),
    (b'{"data":{"task_id":"a","data":[{"audio_url":"","metadata":{"tags":[', b'"a",', b'"b"]}}]}}'),
    (b'{"task_id":"a","status":"SUCCESS","data":{"text":"', "a\u200d".encode(), b'"}}'),
    (b'{"task_id":"a","status":"SUCCESS","data":{"text":"', "\ufdfa".encode(), b'"}}'),
    (b'{"task_id":"a","status":"SUCCESS","data":{"text":"', b"\\ud83d", b'"}}'),
    (b'{"task_id":"a","status":"SUCCESS","data":{"title":"', b"\\n", b'"}}'),
    (b'{"message":"', b"task not ", b'"}'),
    (b"", b'{"data":', b"1"),
    (b"", b"[", b""),
    (b'{"data":', b"9", b"}"),
    (b'{"data":"', b'{\\"data\\":', b'"}'),
    (b"", b" ", b"{}"),
    (b"", b"\x00", b""),
    (b"<html>", b"<p>task", b"</html>"),
]  # fmt: skip
SUBMITTED = [
    {"code": "success", "message": "", "data": "346c5d10-a4a1-4f49-a851-66a7dae6cfaf"},
    {"code": "success", "message": "", "data": {"task_id": "task_0123456789abcdef"}},
    {"code": 1, "description": "submitted", "result": 1730776470123},
    {"code": "success", "data": {"task_ids": ["task-1", "task-2"]}},
    {"code": "success", "data": [{"id": "clip-1", "status": "submitted", "audio_url": ""}]},
    {"code": "fail_to_fetch_task", "message": '{"detail": "Moderation failure"}', "data": None},
    {"code": "success", "data": {"wav_file_url": "https://cdn1.suno.ai/clip-1.wav"}},
    {"aligned_words": [{"word": "[Verse]\nShips\n", "start_s": 1.5, "success": True}]},
    {"error": {"message": "user quota is not enough", "type": "new_api_error", "code": "quota"}},
]
BOMBS_AMONG_BODIES = 0.004
LONGEST = 5.0
"""Seconds of the processor that any body may take."""
NOISE = [b"\xff", b"\x00", b'"', b"{", b"}", b"[", b"]", b"\\", b"\\ud800", b",", b":", b"9" * 5000]


class BrokenRuleError(Exception):
    """Something that may never happen."""


def sources() -> list[bytes]:
    """Return the bodies from which the garbled ones are made."""
    samples = [path.read_bytes() for path in sorted(SAMPLES.glob("*.json"))]
    samples += [json.dumps(answer).encode() for answer in SUBMITTED]
    return samples * 10 + [body_of(json.loads(path.read_text())) for path in PAYLOADS]


def spots(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every list or dict in a value together with each of its keys."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from spots(value[key])


def garble_structure(value: Any, chance: random.Random) -> None:
    """Change one place of a JSON value."""
    found = list(spots(value))
    if not found:
        return
    place, key = chance.choice(found)
    match chance.randrange(7):
        case 0 | 1:
            place[key] = copy.deepcopy(chance.choice(JUNK))
        case 2:
            del place[key]
        case 3:
            place[key] = json.dumps(place[key])
        case 4:
            place[key] = chance.choice([[place[key]], {chance.choice(KEYS): place[key]}])
        case 5:
            other, other_key = chance.choice(found)
            place[key] = copy.deepcopy(other[other_key])
        case _ if isinstance(place, dict):
            place[chance.choice(KEYS)] = place.pop(key)


def garble_bytes(body: bytes, chance: random.Random) -> bytes:
    """Change, cut out, repeat or insert some bytes, or cut the body short."""
    start = chance.randrange(len(body) + 1)
    end = min(len(body), start + chance.randrange(1, 40))
    middle = chance.choice(
        [b"", body[start:end] * 2, chance.choice(NOISE), chance.randbytes(end - start)]
    )
    return body[:start] + middle + (b"" if chance.random() < 0.1 else body[end:])


def garbled(body: bytes, chance: random.Random) -> bytes:
    """Return a body with a few changes of its structure, its bytes, or both."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if value is not None and chance.random() < 0.8:
        for _ in range(chance.choice([1, 1, 1, 2, 3, 4])):
            garble_structure(value, chance)
        body = json.dumps(value).encode()
    for _ in range(chance.choice([0, 0, 0, 0, 0, 0, 0, 0, 1, 2])):
        body = garble_bytes(body, chance)
    return body


def require(rule: str, *, kept: bool) -> None:
    """Raise `BrokenRuleError` with the rule unless it was kept."""
    if not kept:
        raise BrokenRuleError(rule)


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in nested tuples."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from texts_in(part)


def check_clip(clip: Clip) -> None:
    """Raise `BrokenRuleError` for a clip that may not be shown to anyone."""
    for link in filter(None, (clip.audio_url, clip.video_url, clip.image_url)):
        require("links can be opened", kept=bool(GOOD_LINK.fullmatch(link)))
        require("no placeholder is a link", kept=not PLACEHOLDER.search(link))
    stream = "//audiopipe." in (clip.audio_url or "")
    require("a stream is never final", kept=not (stream and clip.audio_is_final))
    require("a final link is a link", kept=bool(clip.audio_url) or not clip.audio_is_final)
    require("songs last a while", kept=clip.duration is None or 0 < clip.duration < 86_400)


def check_task(task: Task) -> None:
    """Raise `BrokenRuleError` for a task that contradicts itself or cannot be stored."""
    for clip in task.clips:
        check_clip(clip)
    playable = [clip.playable for clip in task.clips]
    result = task.lyrics is not None or any(playable)
    require("final words end a task", kept=(task.status in FINAL) == task.terminal)
    if task.outcome is Outcome.SUCCESS:
        whole = task.lyrics is not None or (bool(playable) and all(playable))
        require("a success is whole", kept=whole)
    require("a failure has no result", kept=not (result and task.outcome is Outcome.FAILURE))
    failed = task.outcome in (Outcome.PARTIAL, Outcome.FAILURE)
    require("only failures have reasons", kept=failed or not task.reason)
    require("ids have a length", kept=len(task.id) <= 191)
    require("progress is per cent", kept=task.progress is None or 0 <= task.progress <= 100)
    text = "".join(texts_in(astuple(task)))
    require("no text holds NUL", kept="\0" not in text)
    require("no text holds half a character", kept=not HALF_CHARACTER.search(text))


def check_submission(status: int, body: bytes) -> str:
    """Return what a body means as the answer to a submission. Raises `BrokenRuleError`."""
    try:
        made = read_submission(status, body)
    except SubmissionRejected as error:
        require("a refusal is short", kept=len(error.words) <= 300)
        return "rejected"
    except SubmissionUncertain:
        return "uncertain"
    require("only 2xx begins something", kept=200 <= status < 300)
    require("something was begun", kept=bool(made.task_ids or made.task))
    require("ids are unique", kept=len(set(made.task_ids)) == len(made.task_ids) <= MAX_TASKS)
    require("ids are plausible", kept=all(plausible_id(each) == each for each in made.task_ids))
    names = [part.encode() for each in made.task_ids for part in each.split(",")]
    require("no id is invented", kept=b"\\" in body or all(name in body for name in names))
    if made.task is not None:
        require("a result has ended", kept=made.task.terminal)
        require("a result is named", kept=made.task.id == (*made.task_ids, "")[0])
        check_task(made.task)
    return "begun"


def check_clip_actions(body: bytes) -> None:
    """Raise `BrokenRuleError` for what may not be made of an answer about a clip."""
    with suppress(RelayError):
        link = read_wav(200, None, body)
        require("links can be opened", kept=not link or bool(GOOD_LINK.fullmatch(link)))
    with suppress(RelayError):
        for clip in read_stems(200, None, body) or ():
            check_clip(clip)
            require("stems can be played", kept=clip.playable)
    with suppress(RelayError):
        timed = read_timing(200, None, body)
        file = timed.to_lrc() if timed else "\n"
        require(
            "a file has a line a line",
            kept=file.count("\n") == max(1, len(timed.lines if timed else ())),
        )


def check(body: bytes) -> str:
    """Return what is concluded from a body. Raises `BrokenRuleError`."""
    check_clip_actions(body)
    check_submission(500, body)
    check_submission(200, body)
    json.dumps(explain(200, None, body), allow_nan=False)
    with suppress(RelayError):
        read_single("task-1", 200, None, body)
    with suppress(RelayError):
        read_batch(500, None, body)
    try:
        tasks = read_tasks(200, None, body)
    except RelayError as error:
        return f"error: {error.kind}"
    for task in tasks:
        check_task(task)
    outcomes = sorted({task.outcome or "not finished" for task in tasks})
    return " and ".join(outcomes) or "no task"


def bomb(chance: random.Random) -> bytes:
    """Return up to eight MiB of one thing: many, deep, long, or all of them."""
    size = chance.choice([10_000, 300_000, 8 << 20])
    begin, piece, end = chance.choice(BOMBS)
    body = (begin + piece * max(1, size // len(piece)))[:size]
    return body + (end if chance.random() < 0.8 else b"")


def within(seconds: float, work: Callable[[], str]) -> str:
    """Return what ``work`` returns. Raises ``BrokenRuleError`` if it computes longer."""

    def late(_number: int, _frame: FrameType | None) -> None:
        raise BrokenRuleError(f"no body takes {seconds:g} s")

    signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def run(bodies: int, seed: int, say: Callable[[str], object]) -> int:
    """Check that many bodies; return how many broke a rule."""
    chance = random.Random(seed)  # noqa: S311 # a repeatable choice of bodies, no secret
    origin, conclusions, broken = sources(), Counter[str](), 0
    started, slowest = time.perf_counter(), 0.0
    for _ in range(bodies):
        is_bomb = chance.random() < BOMBS_AMONG_BODIES
        body = bomb(chance) if is_bomb else garbled(chance.choice(origin), chance)
        begun = time.perf_counter()
        try:
            conclusions[within(LONGEST, partial(check, body))] += 1
        except Exception as error:  # noqa: BLE001 # any exception is the finding that is looked for
            broken += 1
            if broken <= 5:
                say(f"{type(error).__name__}: {error}\n  {body[:2000]!r}")
        slowest = max(slowest, time.perf_counter() - begun)
    for conclusion, count in conclusions.most_common():
        say(f"{count:8}  {conclusion}")
    took = time.perf_counter() - started
    say(f"{bodies:8}  bodies, {broken} broke a rule; {took:.0f} s, slowest {slowest * 1000:.0f} ms")
    return broken


def main() -> int:
    """Run the program; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory", type=int, default=512, help="MiB that the process may have")
    options = parser.parse_args()
    limit = options.memory << 20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    return 1 if run(options.bodies, options.seed, lambda line: sys.stdout.write(line + "\n")) else 0


if __name__ == "__main__":
    sys.exit(main())
