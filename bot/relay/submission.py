"""Sends a request to create something, exactly once: a relay charges every one that it gets.

Nothing here, nor below, ever repeats a submission. ``Requester`` repeats only what may be repeated,
no redirect is followed, and ``Transport`` lets aiohttp repeat nothing that may be charged.
"""

import math
from functools import partial
from typing import Any

from bot.relay.creation import CreationKind, CreationRequest, RejectionReason, Submission
from bot.relay.errors import ErrorKind, NotSentError, RelayError
from bot.relay.models import TaskKind
from bot.relay.parsing.submissions import read_submission
from bot.relay.providers import RelayProfile
from bot.relay.requester import BeforeSending, Requester, RequestPurpose, send_at_once
from bot.relay.submission_errors import SubmissionRejected, SubmissionUncertain
from bot.relay.transport import CONNECT_TIMEOUT, RelayResponse, ResponseLimits

MUSIC_TIMEOUT = 60.0
"""Seconds; relays name the task at once, but some wait for the upstream's answer."""
LYRICS_TIMEOUT = 180.0
"""Seconds; some relays answer only when the lyrics are finished."""

_TEXTS = ("prompt", "gpt_description_prompt", "tags", "title", "continue_clip_id")
"""Fields of a body of which one must say something: relays charge one that says nothing, too."""
_NOT_SENT = {
    ErrorKind.AUTH: RejectionReason.KEY,
    ErrorKind.QUOTA: RejectionReason.CREDIT,
    ErrorKind.RATE_LIMIT: RejectionReason.BUSY,
}
"""Why the circuit is open; for everything else, the relay cannot be reached."""


class Submitter:
    """Submits requests to one relay."""

    def __init__(
        self,
        requester: Requester,
        profile: RelayProfile,
        *,
        music_timeout: float = MUSIC_TIMEOUT,
        lyrics_timeout: float = LYRICS_TIMEOUT,
    ) -> None:
        self._requester = requester
        self._profile = profile
        self._limits = {
            TaskKind.MUSIC: _limits(music_timeout),
            TaskKind.LYRICS: _limits(lyrics_timeout),
        }

    async def submit(
        self, request: CreationRequest, before_sending: BeforeSending = send_at_once
    ) -> Submission:
        """Send a request once, and return what the relay has begun.

        It waits for the rate limit as what people ask does; until ``before_sending`` has returned,
        certainly nothing was sent, and what it raises is raised here. Raises
        ``SubmissionRejected`` where certainly nothing was created, among others while the circuit
        is open, and ``SubmissionUncertain`` where it may have been: that must never be repeated by
        a program. Raises ``ValueError`` for a request without any text, which relays accept and
        charge.
        """
        kind = request.task_kind
        path, body = self._profile.submit_path(kind), submission_body(request, self._profile)
        try:
            return await self._requester.send(
                "POST",
                path,
                partial(_read, request),
                purpose=RequestPurpose.SUBMISSION,
                payload=body,
                limits=self._limits[kind],
                before_sending=before_sending,
            )
        except NotSentError as error:
            reason = _NOT_SENT.get(error.kind, RejectionReason.UNREACHABLE)
            raise SubmissionRejected(
                reason, error.kind, error.detail, retry_after=error.retry_after, was_sent=False
            ) from error
        except (SubmissionRejected, SubmissionUncertain):
            raise
        except RelayError as error:
            raise SubmissionUncertain(error.kind, error.detail) from error


def submission_body(request: CreationRequest, profile: RelayProfile) -> dict[str, Any]:
    """Return the JSON of a request: what open relays know, and what the profile adds.

    Raises ``ValueError`` where there would be no text in it, or no second at which a song goes on.
    """
    if request.kind is CreationKind.LYRICS:
        body: dict[str, Any] = {"prompt": request.description}
    elif request.kind is CreationKind.DESCRIPTION:
        body = {
            "gpt_description_prompt": request.description,
            "mv": request.model,
            "make_instrumental": request.instrumental,
        }
    else:
        body = _custom(request)
        if request.kind is CreationKind.EXTENSION:
            body |= _extension(request, profile)
    if not any(str(body.get(name, "")).strip() for name in _TEXTS):
        raise ValueError("A request to create something holds no text.")
    return body


def _custom(request: CreationRequest) -> dict[str, Any]:
    return {
        "prompt": "" if request.instrumental else request.lyrics,
        "tags": request.style,
        "title": request.title,
        "mv": request.model,
        "make_instrumental": request.instrumental,
    }


def _extension(request: CreationRequest, profile: RelayProfile) -> dict[str, Any]:
    body: dict[str, Any] = {
        "task_id": request.extend_task_id,
        "continue_clip_id": request.extend_clip_id,
    }
    if request.extend_at is not None:
        body["continue_at"] = _seconds(request.extend_at)
    if profile.extend_task:
        body["task"] = profile.extend_task
    return body


def _seconds(value: float) -> float | int:
    """Return seconds as relays write them: whole ones without a fraction, hundredths cut off.

    Rounded up, the end of a song would be after its end.
    """
    if not 0 <= value < math.inf:
        raise ValueError("A song can only be continued at one of its seconds.")
    if value.is_integer():
        return int(value)
    rounded = round(value, 2)
    return rounded if rounded <= value else round(rounded - 0.01, 2)


def _read(request: CreationRequest, response: RelayResponse) -> Submission:
    return read_submission(response.status, response.body, request)


def _limits(total: float) -> ResponseLimits:
    return ResponseLimits(total=total, body=2 << 20, redirects=None, connect=CONNECT_TIMEOUT)
