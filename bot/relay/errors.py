"""What can go wrong at a relay, sorted by what the caller should do about it."""

from enum import StrEnum


class ErrorKind(StrEnum):
    """What went wrong when a relay was asked. Never says that a task failed."""

    AUTH = "auth"
    """The key is refused: stop asking, tell the operator."""
    QUOTA = "quota"
    """The account has no credit: stop asking, tell the operator."""
    RATE_LIMIT = "rate_limit"
    """Too many requests: pause."""
    NOT_FOUND = "not_found"
    """This path is not known there, or in an answer about one task, that task."""
    BAD_REQUEST = "bad_request"
    """The relay does not accept what was asked, perhaps because of one id."""
    UNAVAILABLE = "unavailable"
    """The relay is down, slow or cut the connection: try again later."""
    UNREADABLE = "unreadable"
    """An answer came, but nothing in it can be read as one."""


class RelayError(Exception):
    """A look-up that failed.

    ``detail`` is English for the log; it may quote the relay, so it is hostile text, and it never
    holds the key. ``retry_after`` is in seconds, when the relay named a pause.
    """

    def __init__(self, kind: ErrorKind, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{kind.value}: {detail}")
        self.kind = kind
        self.detail = detail
        self.retry_after = retry_after


class EndpointNotFoundError(RelayError):
    """No known path of the relay has shown a task: its address or its path is wrong.

    ``sure`` where it said so itself. Else it may as well have meant what it was asked for; but as
    no path has shown a task yet, nothing can be concluded about one. ``singly`` where it surely has
    no batch look-up, but answered a single one as if it did not know the task.
    """

    def __init__(self, detail: str, *, sure: bool, singly: bool = False) -> None:
        super().__init__(ErrorKind.NOT_FOUND, detail)
        self.sure = sure
        self.singly = singly
