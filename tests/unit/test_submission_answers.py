"""What answers to submissions mean: begun, certainly not begun, or uncertain."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.relay.creation import CreationKind, CreationRequest, RejectionReason, Submission
from bot.relay.errors import RelayError
from bot.relay.models import Outcome
from bot.relay.parsing.submissions import MAX_TASKS, plausible_id, read_submission
from bot.relay.quotes import RequestQuotes
from bot.relay.submission_errors import SubmissionRejected, SubmissionUncertain
from tests.unit.fuzz_answers import check_submission

ID = "346c5d10-a4a1-4f49-a851-66a7dae6cfaf"
OTHER = "task_abcdefghijklmnopqrstuvwxyzabcdef"
CLIP = {
    "id": "e9893d04-6a63-4007-8473-64b706eca4d1",
    "title": "Harbour",
    "status": "complete",
    "audio_url": "https://cdn1.suno.ai/e9893d04.mp3",
}
STREAMING = {**CLIP, "status": "streaming", "audio_url": "https://audiopipe.suno.ai/?item_id=e98"}
LYRICS = {"id": ID, "text": "[Verse]\nShips", "title": "Harbour", "status": "complete"}


DESCRIPTION = "our secret engagement in Vienna"
QUOTES = {
    f'prompt: "{DESCRIPTION}"': 'prompt: "…"',
    "rejected: our secret\nengagement in V...": "rejected: …...",
    f"{DESCRIPTION} and {DESCRIPTION}": "… and …",
    "banned word: Vienna": "banned word: Vienna",
    "tags folk rock are not allowed": "tags … are not allowed",
    "敏感内容：维也纳的秘密订婚。": "敏感内容：…。",
    "敏感词：秘密": "敏感词：秘密",
    "the title Harbour is taken": "the title Harbour is taken",
    "no  credit\nleft": "no  credit\nleft",
    f'prompt: "{DESCRIPTION.upper()}"': 'prompt: "…"',
    "Fähre: OUR SECRET ENGAGEMENT, İstanbul": "Fähre: …, İstanbul",
    '{"prompt": "我们在维也纳的秘密订婚\\\\n没有人知道"}': '{"prompt": "…"}',
    r"prompt \u6211\u4eec\u5728\u7ef4\u4e5f\u7eb3\u7684": "prompt …",
    "tags &quot;folk &#114;ock&quot;": 'tags "…"',
    r"see C:\new\users, 50 &lt; 60": r"see C:\new\users, 50 &lt; 60",
}


@pytest.mark.parametrize(("said", "shown"), QUOTES.items())
def test_what_a_relay_quotes_of_a_request_is_hidden(said: str, shown: str) -> None:
    """Long parts are, also short texts as a whole; single words, the title and the rest stay."""
    request = CreationRequest(
        CreationKind.CUSTOM,
        description=DESCRIPTION,
        title="Harbour",
        style="folk rock",
        lyrics="我们在维也纳的秘密订婚\n没有人知道",
    )
    assert RequestQuotes(request).hide(said) == shown


def read(answer: Any, status: int = 200) -> Submission:
    """Read an answer; text and bytes are the body as it is."""
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return read_submission(status, body)


def rejection_of(answer: Any, status: int = 200) -> SubmissionRejected:
    """Return the rejection that an answer is read as."""
    with pytest.raises(SubmissionRejected) as rejected:
        read(answer, status)
    return rejected.value


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "success", "message": "", "data": ID},
        {"code": "success", "message": "", "data": {"task_id": ID}},
        {"code": "success", "data": {"taskId": ID, "status": "SUBMITTED"}},
        {"code": 200, "data": {"id": ID, "status": "queued"}},
        {"code": 1, "description": "submitted", "result": ID},
        {"code": 22, "description": "in the queue, 3 before it", "result": ID},
        {"code": "success", "data": {"task_ids": [ID, ID]}},
        {"code": "success", "data": [ID]},
        {"code": "success", "data": json.dumps({"task_id": ID})},
        {"code": "success", "data": {"code": "success", "data": ID}},
        {"code": "success", "data": {"data": {"task_id": ID}}},
        {"task_id": ID},
        {"id": ID},
        {"task_id": ID, "status": "NOT_START", "data": None, "fail_reason": ""},
        {"code": "success", "data": {"task_id": ID, "status": "IN_PROGRESS", "data": [STREAMING]}},
        {"code": "success", "data": [{**STREAMING, "task_id": ID}]},
        {"code": "success", "data": f" {ID} ", "message": "success"},
        {"code": "success", "data": ID, "id": "request-17"},
        {"code": 0, "msg": "提交成功,请稍后查询", "data": {"task_id": ID}},
        {"code": "success", "data": {"task_id": ID, "message": "任务已提交，请稍后查询"}},
        {"code": 0, "message": "ok, current quota: 20", "data": ID},
        {"code": "submitted_ok", "message": "2 of 3 concurrent tasks", "data": ID},
        {"msg": "提交成功,请稍后查询", "task_id": ID},
    ],
)
def test_the_id_is_found_in_every_known_form(answer: Any) -> None:
    """Relays name the task in many places."""
    assert read(answer) == Submission((ID,))


@pytest.mark.parametrize(
    ("answer", "ids"),
    [
        ({"code": 1, "result": 1730776470123}, ("1730776470123",)),
        ({"data": {"task_id": 1730776470123}}, ("1730776470123",)),
        ({"code": "success", "data": {"task_ids": [ID, OTHER]}}, (ID, OTHER)),
        ({"code": "success", "data": [{"task_id": ID}, {"task_id": OTHER}]}, (ID, OTHER)),
        ({"code": "success", "data": [ID, "no id at all"]}, (ID,)),
        ({"code": "success", "data": [STREAMING, {**STREAMING, "id": "clip-2"}]},
         (f"{CLIP['id']},clip-2",)),
        ([STREAMING], (CLIP["id"],)),
    ],
)  # fmt: skip
def test_numbers_several_tasks_and_clips_without_a_task_are_named(
    answer: Any, ids: tuple[str, ...]
) -> None:
    """Where only clips are known, the relay looks them up by their ids, separated by commas."""
    assert read(answer) == Submission(ids)


def test_finished_clips_in_the_answer_are_the_result() -> None:
    """The song need not be looked up."""
    made = read({"code": "success", "data": {"task_id": ID, "data": [CLIP]}})

    assert made.task is not None
    assert (made.task_ids, made.task.id, made.task.outcome) == ((ID,), ID, Outcome.SUCCESS)


@pytest.mark.parametrize("answer", [LYRICS, {"code": "success", "data": LYRICS}])
def test_finished_lyrics_in_the_answer_are_the_result(answer: Any) -> None:
    """Some relays answer only when the lyrics are finished."""
    made = read(answer)

    assert made.task is not None
    assert made.task.lyrics is not None
    assert (made.task_ids, made.task.lyrics.title) == ((ID,), "Harbour")


def test_lyrics_without_a_name_are_a_result_too() -> None:
    """There is nothing to watch, and nothing is missing."""
    made = read({"code": "success", "data": {"text": "[Verse]\nShips", "status": "complete"}})

    assert made.task_ids == ()
    assert made.task is not None
    assert (made.task.id, made.task.outcome) == ("", Outcome.SUCCESS)


def test_a_task_that_failed_at_once_was_begun() -> None:
    """It has an id and may have been charged; its failure is told as any other."""
    failed = {"task_id": ID, "status": "FAILURE", "fail_reason": "moderation", "data": None}
    made = read({"code": "success", "data": failed})

    assert made.task is not None
    assert (made.task.outcome, made.task.reason) == (Outcome.FAILURE, "moderation")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'"' + ID.encode() + b'"',
        b"<html>" + ID.encode(),
        b'{"code": "success", "data": "346c5',
        b"\xff\xfe",
        {"code": "success", "data": None},
        {"code": "success", "data": None, "id": "request-17"},
        {"code": "success", "data": ""},
        {"code": "success", "data": "queued"},
        {"code": "success", "data": True},
        {"code": "success", "data": 0},
        {"code": "success", "data": 200},
        {"code": "success", "data": -5000},
        {"code": "success", "data": 12345.5},
        {"code": "success", "data": "x1" * 96},
        {"code": "success", "data": "two words 1"},
        {"code": "success", "data": "https://relay.example/1234"},
        {"code": "success", "data": "1234\u202e"},
        {"code": "success", "data": "<b>1234</b>"},
        {"code": "success", "data": {"task_id": "x1" * 96, "data": [CLIP]}},
        {"code": "success", "data": [f"{ID}{number}" for number in range(MAX_TASKS + 1)]},
        {"code": 0, "message": "ok"},
        {"code": 3, "message": "done"},
        {"message": "your request was received"},
        {"code": "fail", "message": "no", "data": ID},
        {"error": {"message": "late"}, "task_id": ID},
        {"code": "fail_to_fetch_task", "message": '{"detail": "upstream timed out"}'},
        {"code": 0, "msg": "任务已提交，请稍后", "data": "queued"},
        {"code": 0, "message": "your current quota is 20"},
        {"code": 22, "message": "accepted, required credits: 10"},
        {"code": 20000, "message": "2 concurrent jobs of 3 are running"},
        {"code": 20000, "message": "it needs more points, not enough for two", "job": ID},
        {"code": "submitted_ok", "message": "任务已提交，请稍后查询", "data": {"job_id": ID}},
        {"message": "Your song is being made, please try again later to fetch it"},
        {"status": "queued", "message": "an api key is required to listen"},
    ],
)
def test_an_answer_that_names_no_task_is_uncertain(answer: Any) -> None:
    """It was sent and may be charged: neither a success nor a refusal."""
    with pytest.raises(SubmissionUncertain):
        read(answer)


@pytest.mark.parametrize(
    "status", [0, 99, 101, 302, 303, 408, 499, 500, 502, 503, 504, 520, 522, 524, 530]
)
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>Bad gateway</html>",
        {"message": "Endpoint request timed out"},
        {"code": 502, "message": "bad gateway"},
        {"error": "Internal Server Error", "status": 500},
        {"code": "fail_to_fetch_task", "message": "no", "data": ID},
        {"code": "do_request_failed", "message": "context deadline exceeded"},
        {"error": {"message": "上游请求超时", "type": "new_api_error"}},
    ],
)
def test_a_status_of_something_in_front_of_the_relay_is_uncertain(status: int, answer: Any) -> None:
    """A gateway may give up after the relay has begun."""
    with pytest.raises(SubmissionUncertain):
        read(answer, status)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429, 301, 307])
def test_a_task_named_beside_an_error_status_is_uncertain(status: int) -> None:
    """What names a task may have begun it."""
    with pytest.raises(SubmissionUncertain):
        read({"code": "timeout", "message": "it takes long", "data": {"task_id": ID}}, status)


@pytest.mark.parametrize("status", [200, 400, 422, 424, 429, 500, 503])
@pytest.mark.parametrize(
    "words",
    ["upstream request timed out, try again later", "Post https://upstream: unexpected EOF",
     "read: connection reset by peer", "socket hang up, please try again later",
     "read ECONNRESET", "request failed: write EPIPE",
     "Server disconnected without sending a response.",
     "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
     "peer closed connection without sending complete message body, server busy",
     "http2: client connection lost", "http2: server sent GOAWAY and closed the connection",
     "net/http: HTTP/1.x transport connection broken: malformed HTTP response",
     "An existing connection was forcibly closed by the remote host", "上游连接中断，请稍后再试"],
)  # fmt: skip
def test_an_upstream_that_was_lost_is_uncertain_with_any_status(status: int, words: str) -> None:
    """It may have begun."""
    with pytest.raises(SubmissionUncertain):
        read({"code": "fail_to_fetch_task", "message": words}, status)


@pytest.mark.parametrize("status", [200, 400, 500, 502])
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("insert_task_failed", "Error 1040: Too many connections"),
        ("insert_task_failed", "database is locked"),
        ("unmarshal_response_body_failed", "invalid character '<' looking for beginning of value"),
        ("read_response_body_failed", "http2: stream closed, please try again later"),
        ("invalid_response", "task_id is empty"),
        ("fail_to_fetch_task", "<html><head><title>503 Service Temporarily Unavailable</title>"),
        ("fail_to_fetch_task", "<title>relay.example | 520: unknown error</title> rate limit"),
        ("fail_to_fetch_task", "error code: 524"),
        ("fail_to_fetch_task", "502 Bad Gateway, try again later"),
    ],
)
def test_what_may_fail_after_the_upstream_has_begun_is_uncertain(
    status: int, code: str, words: str
) -> None:
    """Whatever kept the relay from reading or storing it, or the upstream's gateway."""
    for answer in ({"code": code, "message": words}, {"error": {"code": code, "message": words}}):
        with pytest.raises(SubmissionUncertain):
            read(answer, status)


R = RejectionReason


@pytest.mark.parametrize(
    ("status", "answer", "reason", "words"),
    [
        (400, {"code": "invalid_request", "message": "prompt is empty"}, R.INVALID,
         "prompt is empty"),
        (400, b"", R.INVALID, ""),
        (400, {"code": "task_not_exist", "message": "task_origin_not_exist"}, R.INVALID,
         "task_origin_not_exist"),
        (422, {"detail": [{"msg": "field required"}]}, R.INVALID, "field required"),
        (401, {"error": {"message": "无效的令牌", "type": "new_api_error"}}, R.KEY, "无效的令牌"),
        (401, b"", R.KEY, ""),
        (401, {"error": {"message": "该令牌额度已用尽", "type": "new_api_error"}}, R.CREDIT,
         "该令牌额度已用尽"),
        (402, b"<html>", R.CREDIT, ""),
        (403, {"code": "quota_not_enough", "message": "用户额度不足"}, R.CREDIT, "用户额度不足"),
        (403, {"error": {"message": "x", "code": "insufficient_user_quota"}}, R.CREDIT, "x"),
        (403, {"error": {"message": "该令牌无权访问模型 suno_music"}}, R.UNSUPPORTED,
         "该令牌无权访问模型 suno_music"),
        (403, b"<html>blocked by the firewall</html>", R.FAILED, ""),
        (403, {"code": "fail_to_fetch_task", "message": "<title>403 Forbidden</title>"}, R.KEY,
         "<title>403 Forbidden</title>"),
        (404, b"404 page not found", R.UNSUPPORTED, ""),
        (404, {"error": {"message": "Invalid URL (POST /suno/submit/music)", "type": "x"}},
         R.UNSUPPORTED, "Invalid URL (POST /suno/submit/music)"),
        (405, b"", R.UNSUPPORTED, ""),
        (400, {"code": "invalid_request", "message": "invalid action"}, R.UNSUPPORTED,
         "invalid action"),
        (429, b"", R.BUSY, ""),
        (429, {"error": {"message": "You exceeded your current quota"}}, R.CREDIT,
         "You exceeded your current quota"),
        (503, {"error": {"message": "当前分组 default 下对于模型 suno_music 无可用渠道",
                         "type": "new_api_error", "code": "model_not_found"}}, R.BUSY,
         "当前分组 default 下对于模型 suno_music 无可用渠道"),
        (503, {"code": "do_request_failed", "message": "x"}, R.BUSY, "x"),
        (500, {"code": "do_request_failed", "message": "dial tcp: refused"}, R.FAILED,
         "dial tcp: refused"),
        (500, {"code": "error", "message": "connect ECONNREFUSED 10.0.0.1:443"}, R.FAILED,
         "connect ECONNREFUSED 10.0.0.1:443"),
        (500, {"code": "error", "message": "Suno account disconnected"}, R.FAILED,
         "Suno account disconnected"),
        (500, {"code": "fail_to_fetch_task", "message": '{"detail": "Moderation failure"}'},
         R.MODERATION, "Moderation failure"),
        (500, {"code": "fail_to_fetch_task",
               "message": 'status 400: {"code": "x", "message": "{\\"error\\": \\"敏感词\\"}"}'},
         R.MODERATION, "敏感词"),
        (500, {"code": "fail_to_fetch_task", "message": '{"error": '}, R.FAILED, '{"error":'),
        (400, {"code": "x", "message": "Tags contained artist name: prince"}, R.MODERATION,
         "Tags contained artist name: prince"),
        (400, {"code": "x", "message": "入力に不適切な表現があります"}, R.MODERATION,
         "入力に不適切な表現があります"),
        (400, {"code": "x", "message": "Das ist ein unzulässiger Text"}, R.MODERATION,
         "Das ist ein unzulässiger Text"),
        (400, {"code": "x", "message": "model chirp-v3-0 is not available"}, R.UNSUPPORTED,
         "model chirp-v3-0 is not available"),
        (200, {"code": "insufficient_user_quota", "message": "no"}, R.CREDIT, "no"),
        (200, {"code": "content_policy_violation", "message": "no"}, R.MODERATION, "no"),
        (200, {"code": "task_not_exist", "message": "no"}, R.INVALID, "no"),
        (200, {"code": "server_maintenance", "message": "no"}, R.FAILED, "no"),
        (200, {"code": 401, "message": "no", "data": None}, R.KEY, "no"),
        (200, {"code": 24, "description": "banned", "message": "内容包含敏感词"}, R.MODERATION,
         "内容包含敏感词"),
        (200, {"success": False, "message": "账户余额不足"}, R.CREDIT, "账户余额不足"),
        (200, {"error": "Insufficient credits"}, R.CREDIT, "Insufficient credits"),
        (200, {"detail": "Insufficient credits."}, R.CREDIT, "Insufficient credits."),
        (200, {"status": "error", "message": "something broke"}, R.FAILED, "something broke"),
        (200, {"code": "success", "data": {"code": "fail", "message": "too many requests"}}, R.BUSY,
         "too many requests"),
        (307, b"", R.UNSUPPORTED, ""),
    ],
)  # fmt: skip
def test_a_refusal_is_classified_by_status_code_and_message(
    status: int, answer: Any, reason: RejectionReason, words: str
) -> None:
    """People and managers get the advice that helps."""
    rejected = rejection_of(answer, status)

    assert (rejected.reason, rejected.words) == (reason, words)


def test_what_was_submitted_does_not_decide_why_it_is_refused() -> None:
    """An upstream may repeat the text of the song in its answer."""
    said = json.dumps(
        {"error": "prompt too long", "body": {"prompt": "sensitive words, no credits"}}
    )
    rejected = rejection_of({"code": "fail_to_fetch_task", "message": said}, 400)

    assert rejected.reason is RejectionReason.INVALID


@pytest.mark.parametrize(
    "enter",
    [
        lambda typed: CreationRequest(CreationKind.DESCRIPTION, description=typed),
        lambda typed: CreationRequest(CreationKind.CUSTOM, title=typed),
        lambda typed: CreationRequest(CreationKind.CUSTOM, style=typed),
        lambda typed: CreationRequest(CreationKind.CUSTOM, lyrics=f"La\n{typed}\nla"),
    ],
)
@pytest.mark.parametrize(
    "typed",
    ["insufficient funds blues", "too many requests, try again later", "the api key is missing"],
)
@pytest.mark.parametrize("status", [200, 400])
def test_what_a_relay_quotes_does_not_decide_why_it_refuses(
    enter: Callable[[str], CreationRequest], typed: str, status: int
) -> None:
    """Else people could have a manager told that the account has no credit."""
    answer = {"code": "invalid_request", "message": f'the text "{typed}" is not allowed'}
    with pytest.raises(SubmissionRejected) as rejected:
        read_submission(status, json.dumps(answer).encode(), enter(typed))

    assert rejected.value.reason in (RejectionReason.INVALID, RejectionReason.MODERATION)


def test_the_words_of_a_relay_are_short_and_hide_keys() -> None:
    """They are shown to people."""
    said = "sk-abcdef123 [sk-abc***xyz] " + "long\n" * 500
    rejected = rejection_of({"code": "x", "message": said}, 400)

    assert len(rejected.words) <= 300
    assert "abc" not in rejected.words
    assert "xyz" not in rejected.words
    assert "\n" not in rejected.words


def test_a_pause_in_the_body_is_read() -> None:
    """Some relays name it there instead of in a header."""
    rejected = rejection_of({"code": "x", "message": "busy", "retry_after": 7}, 429)

    assert rejected.retry_after == 7


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from([ID, OTHER, "success", "", "queued", "error", "[]", '{"task_id": "a1b2"}'])
)
NAMES = st.sampled_from(
    ["code", "data", "task_id", "task_ids", "id", "result", "error", "message", "status", "clips",
     "text", "audio_url", "success", "ids", "detail", "metadata"]
)  # fmt: skip
ANSWERS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner),
    max_leaves=20,
)


@given(st.sampled_from([200, 202, 301, 400, 404, 429, 500, 503]), ANSWERS)
def test_no_answer_breaks_the_reader(status: int, answer: Any) -> None:
    """It returns plausible ids, or raises one of its two errors."""
    check_submission(status, json.dumps(answer).encode())


@given(st.integers(min_value=100, max_value=999), st.binary(max_size=200))
def test_no_bytes_break_the_reader(status: int, body: bytes) -> None:
    """Not even those that are no text."""
    check_submission(status, body)


@given(st.text())
def test_a_text_is_an_id_or_nothing(text: str) -> None:
    """What is taken for an id can be stored and put into a path."""
    found = plausible_id(text)

    assert found == "" or (found == text.strip() and found.isascii() and len(found) <= 191)


def test_the_log_gets_no_text_of_an_answer_that_cannot_be_read() -> None:
    """It may repeat what a person has written."""
    with pytest.raises(SubmissionUncertain) as uncertain:
        read({"code": "success", "data": None, "prompt": "my secret", "secret words": 1})

    assert "secret" not in str(uncertain.value)
    assert "code, data, prompt" in str(uncertain.value)


def test_both_errors_are_errors_of_a_relay() -> None:
    """Callers that only want to go on need to know one class."""
    assert issubclass(SubmissionRejected, RelayError)
    assert issubclass(SubmissionUncertain, RelayError)
