"""Classifies the answers of relays that created nothing: which ``RejectionReason`` they mean."""

import re

from bot.relay.creation import RejectionReason
from bot.relay.errors import ErrorKind
from bot.relay.parsing.errors import (
    code_of,
    error_field,
    is_web_page,
    message_of,
    pause_of,
    quoted,
    without_paths,
)
from bot.relay.parsing.payload import Bounds, decode_nested
from bot.relay.parsing.scalars import JsonObject, word
from bot.relay.quotes import RequestQuotes
from bot.relay.submission_errors import SubmissionRejected

UNCERTAIN_STATUSES = frozenset({302, 303, 408, 499})
"""Statuses below 500 that servers also send after a request was passed on."""

_ACCEPTING_WORDS = frozenset(
    {"", "success", "ok", "accepted", "created", "submitted", "queued", "pending", "processing"}
)
_MAX_QUOTED = 3
"""Errors within errors: each relay may quote the next one."""
_MAX_DETAILS = 4

_PATTERNS = (
    (
        RejectionReason.MODERATION,
        r"moderat|nsfw|content.{0,3}policy|policy.violation|usage.policies|copyright|artist.name"
        r"|producer.tag|inappropriate|offensive|profanity|flagged"
        r"|(?:sensitive|prohibited|forbidden|banned|blocked|bad|illegal).{0,4}(?:word|content|prompt"
        r"|text|lyric|term)|(?:word|content|prompt|text|lyric|term)s?.{0,12}not.allowed"
        r"|敏感|违规|違規|违禁|違禁|屏蔽词|不合规|未通过审核|内容审核|版权|版權|不適切|ポリシー"
        r"|부적절|금지어|inapropriad|inapropiad|inapproprié|unzulässig|недопустим|запрещ[её]нн",
    ),
    (RejectionReason.BUSY, r"per.(?:minute|second|hour)|no.{0,3}available.{0,3}channel|无可用渠道"),
    (
        RejectionReason.CREDIT,
        r"insufficient(?!.{0,3}(?:perm|priv|scope))|current.quota|billing|payment.required"
        r"|(?:quota|balance|credit|point)s?.{0,8}(?:not.{0,3}enough|exceed|exhaust|used.up|run.out)"
        r"|(?:not.{0,3}enough|out.of|no.more|run.out.of).{0,6}(?:quota|balance|credit|point)"
        r"|余额|餘額|额度|額度|欠费|欠費|积分不足|點數不足|点数不足|残高|クレジット不足|잔액",
    ),
    (
        RejectionReason.BUSY,
        r"rate.{0,3}limit|too.many|overload|saturat|at.capacity|no.{0,12}channel|queue.{0,6}full"
        r"|concurren|try.again.later|\bbusy\b|频繁|頻繁|频率|繁忙|稍后|稍後|饱和|飽和|渠道|并发|上限",
    ),
    (
        RejectionReason.UNSUPPORTED,
        r"model.{0,24}(?:not|no.longer|deprecat|disabled|unsupported|unavailable|invalid)"
        r"|(?:unsupported|unknown|invalid|no.access.to).{0,6}(?:model|mv\b|action)"
        r"|模型.{0,12}(?:不存在|不可用|不支持|下线|已停用)|(?:不支持|无权访问).{0,6}模型"
        r"|invalid.(?:url|action)|not.implemented|page.not.found",
    ),
    (RejectionReason.INVALID, r"task.{0,4}not.{0,3}(?:exist|found)|任务不存在"),
    (
        RejectionReason.KEY,
        r"\b(?:invalid|incorrect|missing|no|expired|disabled).{0,3}(?:api|access|auth)?.{0,3}"
        r"(?:key|token)|unauthori[sz]ed|authentication|access.denied|令牌|未登录|封禁",
    ),
    (
        RejectionReason.INVALID,
        r"invalid|bad.request|required|too.long|malformed|missing|参数|參數|不能为空|过长",
    ),
)
_BY_STATUS = {
    401: RejectionReason.KEY,
    402: RejectionReason.CREDIT,
    403: RejectionReason.KEY,
    404: RejectionReason.UNSUPPORTED,
    405: RejectionReason.UNSUPPORTED,
    410: RejectionReason.UNSUPPORTED,
    425: RejectionReason.BUSY,
    429: RejectionReason.BUSY,
    501: RejectionReason.UNSUPPORTED,
    503: RejectionReason.BUSY,
}
"""What a status means whose message says nothing else; of the others, see ``_by_status``."""
_DECISIVE = frozenset({401, 402, 429})
"""Statuses that mean the same whatever the message says, unless it says that credit is lacking."""
_KINDS = {
    RejectionReason.MODERATION: ErrorKind.BAD_REQUEST,
    RejectionReason.KEY: ErrorKind.AUTH,
    RejectionReason.CREDIT: ErrorKind.QUOTA,
    RejectionReason.BUSY: ErrorKind.UNAVAILABLE,
    RejectionReason.INVALID: ErrorKind.BAD_REQUEST,
    RejectionReason.UNSUPPORTED: ErrorKind.NOT_FOUND,
    RejectionReason.FAILED: ErrorKind.UNAVAILABLE,
}
_INTERRUPTED = re.compile(
    r"time.?out|timed.out|deadline.exceeded|超时|超時|\bEOF\b"
    r"|connection.(?:reset|closed|aborted|lost|broken|terminated)|closed.(?:the.)?connection"
    r"|ECONNRESET|ECONNABORTED|\bEPIPE\b|socket.hang.up|server.disconnected|goaway|malformed.http"
    r"|forcibly.closed|连接(?:中断|断开|被?重置|已?关闭)"
    r"|reset.by.peer|broken.pipe|server.closed|stream.error|context.cancell?ed"
    r"|\b(?:read|unmarshal|close|invalid)_response|\binsert_task_failed"
    r"|<title>[^<]{0,80}\b5\d\d\b|bad.gateway|error.code:.{0,2}5\d\d",
    re.IGNORECASE,
)
_FAILED_CODE = re.compile(
    r"fail|err|invalid|illegal|insufficient|limit|exceed|den[iy]|refus|reject|forbid|auth|busy"
    r"|overload|too.?many|exhaust|violat|maintenance|expire|disable|banned|blocked|bad|miss"
    r"|un(?:known|supported|available)|\bno_|not_(?!start)",
    re.IGNORECASE,
)
"""Parts of the codes in words with which relays report an error."""
_SUCCESS_NUMBERS = frozenset({"0", "1", "200"})
_FIELDS_OF_ERRORS = frozenset(
    {"code", "message", "msg", "description", "detail", "details", "fail_reason", "type", "param"}
    | {"success", "error", "request_id", "requestId", "timestamp", "retry_after"}
)
"""What an answer may hold that certainly names no task."""
_ACCEPTANCE = re.compile(
    r"accept|submit|success|queue|process|creat|started|成功|提交|排队|排隊|生成中|处理中|處理中",
    re.IGNORECASE,
)
_HTTP_ERROR = re.compile(r"[45]\d\d")
_QUOTED_JSON = re.compile(r"[{\[].*[}\]]", re.DOTALL)
_BOUNDS = Bounds.for_ids(1)


def rejection(
    status: int, answer: JsonObject, body: bytes, quotes: RequestQuotes
) -> SubmissionRejected:
    """Return the error of an answer to a request that says that nothing was created.

    What it quotes of the request is ignored, or its author would decide why it is refused. An
    answer with HTTP 200 counts as one with the status that its code names.
    """
    code = code_of(answer)
    if 200 <= status < 300 and _HTTP_ERROR.fullmatch(code):
        status = int(code)
    words, said = _words(answer)
    searched = quotes.hide(said)
    reason = _reason(status, without_paths(searched), is_page=is_web_page(body))
    is_rate_limit = status == 429 and reason is RejectionReason.BUSY
    page = " (a web page)" if is_web_page(body) else ""
    return SubmissionRejected(
        reason,
        ErrorKind.RATE_LIMIT if is_rate_limit else _KINDS[reason],
        f"HTTP {status}{page}",  # for logs: the words may quote what the person has written
        words=quoted(words),
        retry_after=pause_of(answer),
    )


def reports_error(answer: JsonObject, quotes: RequestQuotes) -> bool:
    """Whether one level of an answer with HTTP 200 says clearly that the submission failed.

    Relays use many codes, also for "accepted" and "queued", and polite messages of success speak of
    quotas, limits and "later". So a code that is unknown says nothing, and a message only where the
    answer holds nothing else.
    """
    if answer.get("success") is False or error_field(answer.get("error")):
        return True
    code = code_of(answer).lower()
    if _HTTP_ERROR.fullmatch(code):
        return True
    if code and not code.lstrip("-").isdigit():
        return code not in _ACCEPTING_WORDS and _is_failed_code(code)
    return _has_failed_word(answer) or (
        code not in _SUCCESS_NUMBERS and _is_refusal(answer, quotes)
    )


def is_relays_error(answer: JsonObject) -> bool:
    """Whether an answer has the form in which relays report errors, unlike gateways before them.

    That is a code in words with a message, or an error in OpenAI style.
    """
    error = answer.get("error")
    if isinstance(error, dict):
        return bool(message_of(error)) and ("type" in error or "code" in error)
    code = code_of(answer)
    return bool(message_of(answer)) and any(map(str.isalpha, code))


def is_interrupted(answer: JsonObject) -> bool:
    """Whether an error says that the relay has lost its upstream, or has waited for it in vain.

    Or that it could not read or store what the upstream has answered, or has got the page of a
    gateway before it. The upstream may have begun. What it quotes of the request counts, too: who
    writes such words must not have a charge told as none.
    """
    return _INTERRUPTED.search(" ".join(_words(answer))) is not None


def _is_refusal(answer: JsonObject, quotes: RequestQuotes) -> bool:
    """Whether an answer is nothing but a message, and this one refuses the request for good.

    "Accepted; 10 credits are required" does not, and "try again later" may be said of a task that
    was begun.
    """
    said = message_of(answer)
    has_more = any(value and name not in _FIELDS_OF_ERRORS for name, value in answer.items())
    if has_more or _ACCEPTANCE.search(said):
        return False
    reason = _reason_by_text(quotes.hide(said))
    return reason not in (None, RejectionReason.BUSY)


def _is_failed_code(code: str) -> bool:
    is_reason = _reason_by_text(code) not in (None, RejectionReason.BUSY)
    return is_reason or _FAILED_CODE.search(code) is not None


def _has_failed_word(answer: JsonObject) -> bool:
    status = word(answer.get("status")).lower()
    return status in ("error", "fail", "failed") and "data" not in answer and bool(_said(answer))


def _reason(status: int, searched: str, *, is_page: bool) -> RejectionReason:
    by_text = None if is_page else _reason_by_text(searched)
    if status in _DECISIVE and by_text is not RejectionReason.CREDIT:
        return _BY_STATUS[status]
    if is_page and status == 403:
        return RejectionReason.FAILED  # a firewall in front of the relay, which never saw the key
    return by_text or _BY_STATUS.get(status) or _by_status(status)


def _by_status(status: int) -> RejectionReason:
    if 300 <= status < 400:
        return RejectionReason.UNSUPPORTED
    return RejectionReason.INVALID if 400 <= status < 500 else RejectionReason.FAILED


def _reason_by_text(said: str) -> RejectionReason | None:
    found = (reason for reason, pattern in _PATTERNS if re.search(pattern, said, re.IGNORECASE))
    return next(found, None)


def _words(answer: JsonObject) -> tuple[str, str]:
    """Return the message of the innermost error, and that with all codes, to be searched.

    A message may quote the upstream's JSON. It may also repeat what was submitted: only its error
    is read.
    """
    codes, message = [], ""
    for _ in range(_MAX_QUOTED):
        message = _said(answer)
        codes += [code_of(answer), *_inner_codes(answer)]
        quoted_json = _QUOTED_JSON.search(message)
        inner = decode_nested(quoted_json[0], _BOUNDS) if quoted_json else None
        if not isinstance(inner, dict) or not _said(inner):
            break
        answer = inner
    return message, " ".join([*filter(None, codes), message])


def _said(answer: JsonObject) -> str:
    """Return the message of an answer or of the error in it."""
    error = answer.get("error")
    inner = message_of(error) if isinstance(error, dict) else error_field(error)
    return inner or message_of(answer) or _validation_message(answer) or _description(answer)


def _validation_message(answer: JsonObject) -> str:
    """Return the messages of a list of details, as FastAPI reports invalid fields."""
    details = answer.get("detail")
    if not isinstance(details, list):
        return ""
    return "; ".join(
        word(each.get("msg")) for each in details[:_MAX_DETAILS] if isinstance(each, dict)
    )


def _description(answer: JsonObject) -> str:
    return word(answer.get("description")) or word(answer.get("fail_reason"))


def _inner_codes(answer: JsonObject) -> list[str]:
    error = answer.get("error")
    return [code_of(error), word(error.get("type"))] if isinstance(error, dict) else []
