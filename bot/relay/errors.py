"""The errors of a look-up, by what the caller should do about them."""

from collections.abc import Callable
from enum import StrEnum


class ErrorKind(StrEnum):
    """Why a look-up failed. It never means that a task failed."""

    AUTH = "auth"
    """The key is refused: stop asking, inform the operator."""
    QUOTA = "quota"
    """The account has no credit: stop asking, inform the operator."""
    RATE_LIMIT = "rate_limit"
    """Too many requests: pause."""
    NOT_FOUND = "not_found"
    """The relay does not know this path or, in a response about one task, that task."""
    BAD_REQUEST = "bad_request"
    """The relay does not accept the request, perhaps because of one id."""
    UNAVAILABLE = "unavailable"
    """The relay is down, slow or cut the connection: try again later."""
    UNREADABLE = "unreadable"
    """A response came, but it cannot be read as one of a relay."""


OPERATOR_KINDS = frozenset({ErrorKind.AUTH, ErrorKind.QUOTA})
"""Errors that only the operator can fix."""
RELAY_WIDE_KINDS = OPERATOR_KINDS | {ErrorKind.RATE_LIMIT, ErrorKind.UNAVAILABLE}
"""Errors that usually concern every id alike."""
REQUEST_KINDS = frozenset({ErrorKind.BAD_REQUEST, ErrorKind.UNREADABLE})
"""Errors that one of the requested ids may have caused."""


class RelayError(Exception):
    """A look-up that failed.

    ``detail`` is English, for the log. It may quote the relay, so it is hostile text; it never
    holds the key. ``retry_after`` is the pause in seconds that the relay named, if any.
    """

    def __init__(self, kind: ErrorKind, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{kind.value}: {detail}")
        self.kind = kind
        self.detail = detail
        self.retry_after = retry_after

    def redact(self, redact: Callable[[str], str]) -> None:
        """Pass all that may quote the relay through ``redact``."""
        self.detail = redact(self.detail)
        self.args = (f"{self.kind.value}: {self.detail}",)


class AmbiguousError(RelayError):
    """An error that either the relay as a whole or one of the requested ids has caused.

    Raised for HTTP 500, and for nearly every error about ids that the relay has never named.
    """


class NotSentError(RelayError):
    """Nothing was sent: no connection could be opened, the circuit is open, or the bot stops."""


class UnknownTaskError(RelayError):
    """The relay says that it does not know at least one of the requested tasks."""

    def __init__(self, detail: str) -> None:
        super().__init__(ErrorKind.NOT_FOUND, detail)


class EndpointNotFoundError(RelayError):
    """None of the known paths has shown a task: the relay's address or path is wrong.

    ``certain``: the response is certainly about the path; otherwise it may as well be about the
    requested task, of which nothing is concluded until some path has shown a task.
    ``may_refuse_ids``: a response may be a relay's refusal of the ids; never if it is certain.
    ``answered``: a single look-up was answered as if the relay did not know the task.
    ``single_only``: it was, and the relay certainly has no batch look-up.
    """

    def __init__(
        self,
        detail: str,
        *,
        certain: bool,
        may_refuse_ids: bool = False,
        answered: bool = False,
        single_only: bool = False,
    ) -> None:
        super().__init__(ErrorKind.NOT_FOUND, detail)
        self.certain = certain
        self.may_refuse_ids = may_refuse_ids
        self.answered = answered
        self.single_only = single_only


def is_relay_wide(error: RelayError) -> bool:
    """Whether an error concerns every id alike, however they are requested."""
    return error.kind in RELAY_WIDE_KINDS and not isinstance(error, AmbiguousError)


def may_be_caused_by_id(error: RelayError) -> bool:
    """Whether a single id may have caused the error of a whole batch."""
    return error.kind in REQUEST_KINDS or isinstance(error, AmbiguousError | UnknownTaskError)


def may_refuse_ids(error: RelayError) -> bool:
    """Whether the relay did answer, and may have refused the ids: that is no outage."""
    if isinstance(error, EndpointNotFoundError):
        return error.may_refuse_ids
    if isinstance(error, UnknownTaskError):
        return True
    return error.kind is ErrorKind.BAD_REQUEST and error.retry_after is None
