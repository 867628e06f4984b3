"""Answers that hold no task: what a relay says when a look-up failed."""

import re

from bot.suno.errors import ErrorKind, SunoError
from bot.suno.reading.shapes import RelayObject, parse
from bot.suno.reading.statuses import task_status
from bot.suno.reading.values import clean, number
from bot.suno.tasks import TaskStatus

_SUCCESS_CODES = frozenset({"", "success", "1", "200"})
_MAX_QUOTE = 300
"""Characters of a relay's words that a log line can bear."""

_PATH = re.compile(r"(?:https?:/|(?<![A-Za-z0-9_]))/[\w.~%:@!$&'*+,;=/-]*", re.ASCII)
_HTTP_ERROR = re.compile(r"[45]\d\d")
_KEY = re.compile(r"\bsk-[\w-]{4,}")
_BY_WORDS = (
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
"""Other statuses from 400 to 499 are judged by their words."""


def refusal_by_status(status: int, body: bytes) -> SunoError:
    """Return the error that an HTTP status other than 2xx means, together with its body."""
    try:
        content = parse(body)
    except ValueError:
        content = None
    answer = content if isinstance(content, RelayObject) else RelayObject()
    words = _words(answer)
    quote = words or ("a web page" if _is_web_page(body) else _start(body) or "no explanation")
    return SunoError(
        _kind(status, words), f"HTTP {status}: {_quoted(quote)}", retry_after=_pause(answer)
    )


def is_success(answer: RelayObject) -> bool:
    """Whether an answer bears a code, and it is one of those for success."""
    code = _code(answer).lower()
    return code != "" and code in _SUCCESS_CODES and not is_refusal(answer)


def without_paths(words: str) -> str:
    """Return what a relay says without the paths and addresses in it.

    Many servers repeat the path that they do not know, and ``/suno/tasks/fetch`` would sound as if
    it were a task that they do not know.
    """
    return _PATH.sub("", words)


def is_refusal(answer: RelayObject) -> bool:
    """Whether an answer with HTTP 200 says that the look-up failed.

    It does so by a code that is no success code, by ``error``, by ``success: false``, or by holding
    nothing but a message. The code 0, a success at some relays, counts as one if data come with it.
    """
    code = _code(answer).lower()
    if code not in _SUCCESS_CODES and not (code == "0" and answer.data):
        return True
    if answer.task_id and answer.status:
        return False
    return answer.success is False or _is_error(answer.error) or _is_only_message(answer, code)


def refusal_within(answer: RelayObject) -> SunoError:
    """Return the error that an answer with HTTP 200 states (see `is_refusal`)."""
    words = _words(answer)
    code = _code(answer)
    kind = _kind(int(code), words) if _HTTP_ERROR.fullmatch(code) else _kind_of(words)
    return SunoError(
        kind or ErrorKind.UNAVAILABLE,
        f"the relay says: {_quoted(words or 'no')}",
        retry_after=_pause(answer),
    )


def cut_short(body: bytes) -> SunoError:
    """Return the error for JSON that ends too early."""
    return SunoError(ErrorKind.UNAVAILABLE, f"the answer was cut short after {len(body)} bytes")


def unreadable(content_type: str | None, body: bytes) -> SunoError:
    """Return the error for a body in which neither tasks nor an error can be found."""
    is_page = _is_web_page(body) or "html" in (content_type or "").lower()
    what = "a web page instead of JSON" if is_page else "no answer of a relay"
    return SunoError(ErrorKind.UNREADABLE, f"{what}: {_quoted(_start(body)) or 'empty'}")


def _is_web_page(body: bytes) -> bool:
    return body[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _start(body: bytes) -> str:
    return body[:_MAX_QUOTE].decode("utf-8", "replace").strip()


def _kind(status: int, words: str) -> ErrorKind:
    if 300 <= status < 400:
        return ErrorKind.NOT_FOUND
    if not 400 <= status < 500:
        return ErrorKind.UNAVAILABLE
    by_words = _kind_of(words)
    if status in (401, 403, 429) and by_words is ErrorKind.QUOTA:
        return ErrorKind.QUOTA
    return _BY_STATUS.get(status) or by_words or ErrorKind.BAD_REQUEST


def _kind_of(words: str) -> ErrorKind | None:
    words = without_paths(words)
    found = (kind for kind, pattern in _BY_WORDS if re.search(pattern, words, re.IGNORECASE))
    return next(found, None)


def _words(answer: RelayObject) -> str:
    """Return what an answer says about an error: its codes, types and messages, codes first."""
    error = answer.error
    inner = error if isinstance(error, RelayObject) else RelayObject(message=error)
    words = (_code(inner), _code(answer), inner.type, answer.type, inner.message, answer.message)
    return " ".join(dict.fromkeys(clean(word).strip() for word in words if clean(word).strip()))


def _code(answer: RelayObject) -> str:
    code = answer.code
    return f"{code:.0f}" if isinstance(code, float) else (code or "").strip()


def _is_only_message(answer: RelayObject, code: str) -> bool:
    return (
        clean(answer.message).strip().lower() not in ("", "ok", "success")
        and not code
        and not answer.data
        and not answer.has_result
        and answer.fail_reason is None
        and task_status(answer.status or "error") is TaskStatus.FAILURE
    )


def _is_error(error: RelayObject | str | None) -> bool:
    words = _words(error) if isinstance(error, RelayObject) else error
    return words not in (None, "", "0")


def _pause(answer: RelayObject) -> float | None:
    inner = answer.error.retry_after if isinstance(answer.error, RelayObject) else None
    seconds = number(answer.retry_after) or number(inner)
    return seconds if seconds is not None and seconds > 0 else None


def _quoted(words: str) -> str:
    """Return a relay's words as one short line without anything that looks like a key."""
    return _KEY.sub("sk-…", " ".join(words.split()))[:_MAX_QUOTE]
