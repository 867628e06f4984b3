"""How a submission can fail, by whether something may have been created and charged."""

from collections.abc import Callable

from bot.relay.creation import RejectionReason
from bot.relay.errors import OPERATOR_KINDS, ErrorKind, NotSentError, RelayError

_REFUSALS = OPERATOR_KINDS | {ErrorKind.RATE_LIMIT, ErrorKind.NOT_FOUND}


class SubmissionRejected(RelayError):
    """The relay certainly created nothing: it answered with an error, or nothing was sent.

    ``words`` are the relay's own, for people: hostile, short, and "" where there are none. They may
    quote the request, which belongs to its author: unlike ``detail``, they are never logged.
    ``retry_after`` is the pause in seconds that the relay, or the open circuit, asks for.
    ``was_sent`` says whether the relay got the request at all.
    """

    def __init__(
        self,
        reason: RejectionReason,
        kind: ErrorKind,
        detail: str,
        *,
        words: str = "",
        retry_after: float | None = None,
        was_sent: bool = True,
    ) -> None:
        super().__init__(kind, detail, retry_after=retry_after)
        self.reason = reason
        self.words = words
        self.was_sent = was_sent

    def redact(self, redact: Callable[[str], str]) -> None:
        """Pass all that may quote the relay through ``redact``."""
        super().redact(redact)
        self.words = redact(self.words)


class SubmissionUncertain(RelayError):
    """It was sent, and nothing says what became of it: it may be charged. Never repeat it."""


def is_certain_refusal(error: RelayError) -> bool:
    """Whether no file was made, and so nothing charged: refused for certain, or never sent."""
    if isinstance(error, SubmissionUncertain):
        return False
    return isinstance(error, NotSentError) or error.kind in _REFUSALS
