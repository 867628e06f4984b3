"""The errors of Discord's API."""

from typing import Any

Payload = dict[str, Any]
"""A JSON object as it goes over the wire."""

Path = tuple[str | int, ...]
"""Where in a request something is: names, and indexes of lists."""

_KNOWN: dict[int, tuple[int, str]] = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    20012: (403, "You are not authorized to perform this action on this application"),
    40003: (403, "You are opening direct messages too fast"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    40066: (400, "There are no tags available that can be set by non-moderators"),
    40067: (400, "A tag is required to create a forum post in this channel"),
    40094: (400, "This interaction has reached the maximum number of follow-up messages"),
    50001: (403, "Missing Access"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50013: (403, "Missing Permissions"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    50278: (403, "Cannot send messages to this user due to having no mutual guilds"),
    160002: (400, "Cannot reply without permission to read message history"),
    160004: (400, "A thread has already been created for this message"),
    160005: (400, "Thread is locked"),
    160006: (400, "Maximum number of active threads reached"),
}


class ApiError(Exception):
    """An error response: HTTP status, code, text, and for 50035 the invalid fields."""

    def __init__(self, status: int, code: int, text: str, errors: Payload | None = None) -> None:
        super().__init__(f"{status} {code}: {text}")
        self.status = status
        self.code = code
        self.text = text
        self.errors = errors

    def body(self) -> Payload:
        """Return the JSON body of the response."""
        body: Payload = {"message": self.text, "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        return body


def api_error(code: int) -> ApiError:
    """Return the error with a code. Raises KeyError for a code that only faults use."""
    status, text = _KNOWN[code]
    return ApiError(status, code, text)


def not_found() -> ApiError:
    """Return the error for an unknown path."""
    return ApiError(404, 0, "404: Not Found")


def unauthorized() -> ApiError:
    """Return the error for a request without the right token."""
    return ApiError(401, 0, "401: Unauthorized")


class FieldErrors:
    """Collects the validation errors of a request by field."""

    def __init__(self) -> None:
        self._tree: Payload = {}
        self.count = 0
        """How many errors were recorded."""

    def add(self, path: Path, code: str, text: str) -> None:
        """Note a fault of the field at ``path``."""
        self.count += 1
        node = self._tree
        for step in path:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": code, "message": text})

    def __bool__(self) -> bool:
        return bool(self._tree)

    @property
    def tree(self) -> Payload:
        """The nested ``errors`` object of Discord's error 50035."""
        return self._tree

    def raise_if_any(self) -> None:
        """Raise ApiError 50035 if an error was recorded."""
        if self._tree:
            raise ApiError(400, 50035, "Invalid Form Body", self._tree)


def invalid(path: Path, code: str, text: str) -> ApiError:
    """Return the error for a single invalid field."""
    errors = FieldErrors()
    errors.add(path, code, text)
    return ApiError(400, 50035, "Invalid Form Body", errors.tree)


class ActionUnavailable(Exception):
    """A user tried what Discord's client does not allow; nothing was sent."""
