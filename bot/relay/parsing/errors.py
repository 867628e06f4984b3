"""Classifies the responses of failed look-ups: which ``ErrorKind`` a relay's message means."""

import re
from typing import Any

from bot.relay.errors import ErrorKind, RelayError
from bot.relay.models import TaskStatus
from bot.relay.parsing.scalars import JsonObject, first_present, number, text, word
from bot.relay.parsing.statuses import task_status

_SUCCESS_CODES = frozenset({"", "success", "1", "200"})
_MAX_QUOTE = 300
"""Characters of a relay's message in a log line."""
_MAX_MESSAGE = 2000
"""Code points of each of a relay's messages that are searched."""

_PATH = re.compile(r"(?:https?:/|(?<![A-Za-z0-9_]))/[\w.~%:@!$&'*+,;=/-]*", re.ASCII)
_HTTP_ERROR = re.compile(r"[45]\d\d")
_KEY = re.compile(r"\bsk-[\w*…-]{4,}")
_PATTERNS = (
    (ErrorKind.NOT_FOUND, r"task.{0,4}not.{0,3}(?:exist|found)|任务不存在"),
    (ErrorKind.QUOTA, r"insufficient|your current quota|quota_exceeded|billing|余额|额度|欠费"),
    (ErrorKind.RATE_LIMIT, r"rate.{0,3}limit|too.many.requests|过于频繁|频率"),
    (
        ErrorKind.AUTH,
        r"\b(?:invalid|incorrect|missing|no).{0,3}(?:api|access|auth)?.{0,3}(?:key|token)"
        r"|unauthori[sz]ed|authentication|access.denied|令牌|未登录",
    ),
    (ErrorKind.NOT_FOUND, r"not.{0,3}(?:exist|found)|invalid url|不存在"),
    (ErrorKind.BAD_REQUEST, r"invalid|bad.request|参数"),
)
_BY_STATUS = {
    401: ErrorKind.AUTH,
    402: ErrorKind.QUOTA,
    403: ErrorKind.AUTH,
    404: ErrorKind.NOT_FOUND,
    405: ErrorKind.NOT_FOUND,
    408: ErrorKind.UNAVAILABLE,
    410: ErrorKind.NOT_FOUND,
    425: ErrorKind.UNAVAILABLE,
    429: ErrorKind.RATE_LIMIT,
}
"""Other statuses from 400 to 499 are classified by their message."""


def error_by_status(status: int, content: Any, body: bytes) -> RelayError:
    """Return the error of an HTTP status other than 2xx, with the message in the body."""
    answer = content if isinstance(content, dict) else {}
    explanation = _explanation(answer)
    quote = explanation or ("a web page" if is_web_page(body) else _start(body) or "no explanation")
    return RelayError(
        _kind_by_status(status, explanation),
        f"HTTP {status}: {quoted(quote)}",
        retry_after=pause_of(answer),
    )


def is_success(answer: JsonObject) -> bool:
    """Whether a response has a code that means success."""
    code = code_of(answer).lower()
    return code != "" and code in _SUCCESS_CODES and not is_error(answer)


def without_paths(explanation: str) -> str:
    """Return the message of a relay without the paths and addresses in it.

    Many servers repeat an unknown path, and ``/suno/tasks/fetch`` would be read as an unknown task.
    """
    return _PATH.sub("", explanation)


def is_error(answer: JsonObject) -> bool:
    """Whether a response with HTTP 200 says that the look-up failed.

    It does so by a code other than success, by ``error``, by ``success: false``, or by holding only
    a message. The code 0, a success at some relays, counts as one if there are data.
    """
    code = code_of(answer)
    if code not in _SUCCESS_CODES:
        code = code.lower()
        if code not in _SUCCESS_CODES and not (code == "0" and _has_data(answer)):
            return True
    if first_present(answer, "task_id", "taskId") and answer.get("status"):
        return False
    return (
        answer.get("success") is False
        or bool(error_field(answer.get("error")))
        or _is_only_message(answer, code)
    )


def is_bare_failure(answer: JsonObject) -> bool:
    """Whether a response, or an item of a list, says that something failed, and nothing of a task.

    A gateway in front of the relay may answer so, also in a word that no task has. What an envelope
    holds is about the task.
    """
    said = (word(answer.get("status")) or word(answer.get("state"))).strip().lower()
    status = task_status(said)
    if not _OF_A_TASK.isdisjoint(answer):
        return False
    if status is TaskStatus.UNRECOGNIZED:
        return said not in (*_SUCCESS_CODES, "ok") and "data" not in answer
    data = answer.get("data")
    has_data = _has_data(answer) and not (isinstance(data, dict) and _OF_A_TASK.isdisjoint(data))
    return status in (TaskStatus.FAILURE, TaskStatus.UNKNOWN) and not has_data


def error_in_body(answer: JsonObject) -> RelayError:
    """Return the error that a response with HTTP 200 reports."""
    explanation = _explanation(answer)
    code = code_of(answer)
    kind = (
        _kind_by_status(int(code), explanation)
        if _HTTP_ERROR.fullmatch(code)
        else _kind_by_text(explanation)
    )
    return RelayError(
        kind or ErrorKind.UNAVAILABLE,
        f"the relay says: {quoted(explanation or 'no')}",
        retry_after=pause_of(answer),
    )


def truncated_response(body: bytes) -> RelayError:
    """Return the error for JSON that ends too early."""
    return RelayError(ErrorKind.UNAVAILABLE, f"the answer was cut short after {len(body)} bytes")


def too_large_response(body: bytes, what: str) -> RelayError:
    """Return the error for a response that holds more than any response to the request can."""
    return RelayError(ErrorKind.UNREADABLE, f"the answer of {len(body)} bytes is refused: {what}")


def unreadable_response(content_type: str | None, body: bytes) -> RelayError:
    """Return the error for a body that holds neither tasks nor an error."""
    is_page = is_web_page(body) or "html" in (content_type or "").lower()
    what = "a web page instead of JSON" if is_page else "no answer of a relay"
    return RelayError(ErrorKind.UNREADABLE, f"{what}: {quoted(_start(body)) or 'empty'}")


def is_web_page(body: bytes) -> bool:
    """Whether a body is HTML or XML."""
    return body[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _start(body: bytes) -> str:
    return body[:_MAX_QUOTE].decode("utf-8", "replace").strip()


def _kind_by_status(status: int, explanation: str) -> ErrorKind:
    if 300 <= status < 400:
        return ErrorKind.NOT_FOUND
    if not 400 <= status < 500:
        return ErrorKind.UNAVAILABLE
    by_text = _kind_by_text(explanation)
    if status in (401, 403, 429) and by_text is ErrorKind.QUOTA:
        return ErrorKind.QUOTA
    return _BY_STATUS.get(status) or by_text or ErrorKind.BAD_REQUEST


def _kind_by_text(explanation: str) -> ErrorKind | None:
    explanation = without_paths(explanation)
    found = (kind for kind, pattern in _PATTERNS if re.search(pattern, explanation, re.IGNORECASE))
    return next(found, None)


def _explanation(answer: JsonObject) -> str:
    """Return the codes, types and messages of a response, codes first."""
    error = answer.get("error")
    inner = error if isinstance(error, dict) else {"message": error}
    parts = (
        code_of(inner),
        code_of(answer),
        _text(inner.get("type")),
        _text(answer.get("type")),
        message_of(inner),
        message_of(answer),
    )
    return " ".join(dict.fromkeys(filter(None, parts)))


def message_of(answer: JsonObject) -> str:
    """Return the message of one level of a response; "" if there is none."""
    return _text(first_present(answer, "message", "msg", "detail"))


def _text(value: Any) -> str:
    return text(value, _MAX_MESSAGE).strip()


def code_of(answer: JsonObject) -> str:
    """Return the code of one level of a response, a number as text; "" if there is none."""
    code = answer.get("code")
    if type(code) is str:
        return _text(code)
    found = number(code)
    return "" if found is None else f"{found:.0f}"


def _has_data(answer: JsonObject) -> bool:
    data = answer.get("data")
    return any(isinstance(item, dict) for item in data) if isinstance(data, list) else bool(data)


def _is_only_message(answer: JsonObject, code: str) -> bool:
    return (
        not code
        and not _has_data(answer)
        and message_of(answer).lower() not in ("", "ok", "success")
        and not any(name in answer for name in _RESULTS)
        and first_present(answer, "fail_reason", "failReason") is None
        and task_status(word(answer.get("status")) or "error") is TaskStatus.FAILURE
    )


_RESULTS = ("clips", "text", "lyrics", "lyric", "audio_url", "audio", "video_url", "metadata")
_OF_A_TASK = frozenset(
    [
        *_RESULTS,
        *("id", "task_id", "taskId", "action", "progress", "fail_reason", "failReason"),
        *("submit_time", "submitTime", "start_time", "startTime", "finish_time", "finishTime"),
        *("error_message", "errorMessage", "error_type", "errorType"),
    ]
)


def error_field(error: Any) -> str:
    """Return what the field ``error`` of a response says; "" where it says nothing."""
    explanation = _explanation(error) if isinstance(error, dict) else _text(error)
    return "" if explanation == "0" else explanation


def pause_of(answer: JsonObject) -> float | None:
    """Return the pause in seconds that a response names in its body, if any."""
    error = answer.get("error")
    inner = error.get("retry_after") if isinstance(error, dict) else None
    seconds = number(answer.get("retry_after")) or number(inner)
    return seconds if seconds is not None and seconds > 0 else None


def quoted(explanation: str) -> str:
    """Return a message as one short line without anything that looks like a key."""
    return _KEY.sub("sk-…", " ".join(explanation.split()))[:_MAX_QUOTE]
