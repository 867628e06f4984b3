"""Reads what relays make of a clip: a WAV file, the times of its words, its stems. Pure."""

import math
import re
from collections.abc import Iterator
from typing import Any

from bot.relay.errors import RelayError
from bot.relay.models import MAX_LYRICS, Clip, ClipStatus
from bot.relay.parsing import urls
from bot.relay.parsing.errors import (
    code_of,
    error_by_status,
    error_in_body,
    is_error,
    is_success,
    message_of,
    unreadable_response,
)
from bot.relay.parsing.payload import Bounds, Content, decode, decode_nested
from bot.relay.parsing.rejections import UNCERTAIN_STATUSES, is_interrupted
from bot.relay.parsing.results import parse_results
from bot.relay.parsing.scalars import MAX_DURATION, JsonObject, first_present, number, text
from bot.relay.submission_errors import SubmissionUncertain
from bot.relay.timed_lyrics import TimedLyrics, TimedWord, align_lines

MAX_WORDS = 20_000
_MAX_DEPTH = 4
_BOUNDS = Bounds.for_ids(10)
_UNFINISHED = re.compile(
    r"not.{0,3}ready|processing|in.progress|pending|queued|生成中|处理中|處理中|排队", re.IGNORECASE
)


def read_wav(status: int, content_type: str | None, body: bytes) -> str | None:
    """Return the link to a WAV file; ``None`` while it is made, "" if nobody can open it.

    Raises ``RelayError``.
    """
    content = _result(status, content_type, body)
    names = ("wav_file_url", "wavFileUrl", "wav_url", "url")
    link = first_present(content, *names) if isinstance(content, dict) else None
    return (urls.usable(link) or "") if link else None


def read_timing(status: int, content_type: str | None, body: bytes) -> TimedLyrics | None:
    """Return when each line is sung; ``None`` while it is found out, no lines if none is.

    Raises ``RelayError``.
    """
    content = _result(status, content_type, body)
    if isinstance(content, dict):
        content = decode_nested(first_present(content, "aligned_words", "alignedWords"), _BOUNDS)
    items = content if isinstance(content, list) else []
    is_known = any("word" in item for item in items)
    return align_lines(_words(items)) if is_known else None


def read_stems(status: int, content_type: str | None, body: bytes) -> tuple[Clip, ...] | None:
    """Return the stems of a clip that can be played; ``None`` while any of all is made.

    Raises ``RelayError``.
    """
    clips = parse_results(_result(status, content_type, body), _BOUNDS).clips
    if not clips or any(_is_being_made(clip) for clip in clips):
        return None
    return tuple(clip for clip in clips if clip.playable)


def _result(status: int, content_type: str | None, body: bytes) -> Content:
    """Return what the envelopes hold; ``None`` where the relay says that it is not ready."""
    try:
        content = decode(body, _BOUNDS)
    except ValueError:
        content = None
    if not 200 <= status < 300:
        raise _failure(error_by_status(status, content, body), status, content)
    if content is None:
        raise unreadable_response(content_type, body)
    for _ in range(_MAX_DEPTH):
        if not isinstance(content, dict):
            break
        if _is_unfinished(content):
            return None
        if is_error(content):
            raise _failure(error_in_body(content), status, content)
        if "data" not in content:
            break
        data = content["data"]
        content = decode_nested(data, _BOUNDS)
        if content is None and isinstance(data, str):
            return {"url": data}  # instead of an object with it
    return content


def _failure(error: RelayError, status: int, content: Content) -> RelayError:
    """Return the error of an answer, as uncertain where the file may be made all the same."""
    is_lost = isinstance(content, dict) and is_interrupted(content)
    if is_lost or status in UNCERTAIN_STATUSES:
        return SubmissionUncertain(error.kind, error.detail, retry_after=error.retry_after)
    return error


def _is_being_made(clip: Clip) -> bool:
    return not clip.settled and clip.status is not ClipStatus.COMPLETE


def _is_unfinished(answer: JsonObject) -> bool:
    said = f"{code_of(answer)} {message_of(answer)} {text(answer.get('status'), 100)}"
    has_data = bool(answer.get("data")) or "aligned_words" in answer
    return not has_data and not is_success(answer) and _UNFINISHED.search(said) is not None


def _words(items: list[dict[str, Any]]) -> Iterator[TimedWord]:
    left = MAX_LYRICS
    for item in items[:MAX_WORDS]:
        word = text(item.get("word"), left)
        left -= len(word)
        yield TimedWord(word, _start(item))
        if left <= 0:
            return


def _start(item: JsonObject) -> float | None:
    found = number(first_present(item, "start_s", "startS", "start"))
    is_aligned = item.get("success") is not False
    known = found is not None and math.isfinite(found) and 0 <= found < MAX_DURATION
    return found if known and is_aligned else None
