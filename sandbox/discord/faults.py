"""Faults of the API: requests that fail, hang or are dropped, as often as configured."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from sandbox.discord.channels import Channel
from sandbox.discord.errors import Payload

BEFORE: Literal["before"] = "before"
AFTER: Literal["after"] = "after"

When = Literal["before", "after"]
"""Whether the fault is applied before the request is handled, or to its response."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault for one kind of request; ``hits`` counts how often it was applied."""

    pattern: re.Pattern[str]
    status: int | None = None
    code: int = 0
    text: str = ""
    html: bool = False
    """Answer with a proxy's HTML page instead of JSON."""
    headers: dict[str, str] = field(default_factory=dict)
    """Further headers of the answer."""
    retry_after: float | None = None
    """Answer 429, to be tried again after these seconds."""
    scope: Literal["user", "global", "shared"] = "user"
    via: bool = True
    """Whether a 429 comes from Discord itself, or from the proxy in front of it."""
    drop: bool = False
    delay: float = 0.0
    when: When = BEFORE
    channel_id: int | None = None
    where: Callable[[Payload], bool] | None = None
    """Whether a request with that JSON body is meant."""
    times: int | None = 1
    probability: float = 1.0
    random: Random | None = None
    hits: int = 0

    def __post_init__(self) -> None:
        """Raise ``ValueError`` when it is not clear what shall go wrong."""
        outcomes = (self.status is not None) + (self.retry_after is not None) + self.drop
        if outcomes > 1 or (outcomes == 0 and not self.delay):
            raise ValueError("say one of status, retry_after, drop; or delay alone")
        if self.probability < 1.0 and self.random is None:
            raise ValueError("a probability needs a random.Random to draw from")

    def matches(self, method: str, path: str, body: Payload) -> bool:
        """Whether the fault applies to this request; counts it if so."""
        if self.times is not None and self.hits >= self.times:
            return False
        if not self._applies_to(method, path, body):
            return False
        if self.random is not None and self.random.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def _applies_to(self, method: str, path: str, body: Payload) -> bool:
        if not self.pattern.fullmatch(f"{method} {path}"):
            return False
        if self.channel_id is not None and f"/channels/{self.channel_id}" not in path:
            return False
        return self.where is None or self.where(body)

    @property
    def is_outcome(self) -> bool:
        """Whether the request fails instead of only being delayed."""
        return self.drop or self.status is not None or self.retry_after is not None


class Faults:
    """The active faults, in the order in which they were added."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(
        self,
        request: str,
        *,
        status: int | None = None,
        code: int = 0,
        text: str = "",
        html: bool = False,
        retry_after: float | None = None,
        scope: Literal["user", "global", "shared"] = "user",
        via: bool = True,
        drop: bool = False,
        delay: float = 0.0,
        when: When = BEFORE,
        channel: Channel | None = None,
        where: Callable[[Payload], bool] | None = None,
        headers: dict[str, str] | None = None,
        times: int | None = 1,
        probability: float = 1.0,
        random: Random | None = None,
    ) -> Fault:
        """Make requests like ``POST /channels/{id}/messages`` fail.

        A word in braces stands for any one segment of the path, ``*`` for any method. Exactly one
        of these says how it goes wrong, and ``delay`` (seconds) can come with each or alone:

        - ``status`` (any) with ``code`` and ``text``, as JSON or as an ``html`` page
        - ``retry_after``: a 429 with that ``scope``, with or without a ``via`` header or a ``code``
        - ``drop``: the connection is closed without an answer

        The answer carries further ``headers``. Only requests of a ``channel``, or ``where`` that is
        true of the JSON body (``body_contains("word")``), are hit.

        With ``when="after"`` the request is carried out first, only its answer goes wrong. The
        fault strikes ``times`` times (None: always), each time with ``probability`` as drawn from
        ``random``. Raises ValueError when it is not clear what shall go wrong.
        """
        fault = Fault(
            pattern=_pattern(request),
            status=status,
            code=code,
            text=text,
            html=html,
            retry_after=retry_after,
            scope=scope,
            via=via,
            drop=drop,
            delay=delay,
            when=when,
            channel_id=None if channel is None else channel.id,
            where=where,
            headers=headers or {},
            times=times,
            probability=probability,
            random=random,
        )
        self._faults.append(fault)
        return fault

    @property
    def need_bodies(self) -> bool:
        """Whether any fault depends on the body of a request."""
        return any(fault.where is not None for fault in self._faults)

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def matching(self, method: str, path: str, body: Payload) -> Iterator[Fault]:
        """Yield the faults that apply to a request: any delays, and at most one that fails it."""
        failed = False
        for fault in self._faults:
            if failed and fault.is_outcome:
                continue
            if fault.matches(method, path, body):
                failed = failed or fault.is_outcome
                yield fault


def _pattern(request: str) -> re.Pattern[str]:
    method, _, path = request.partition(" ")
    if not path.startswith("/"):
        raise ValueError(f"not a method and a path: {request!r}")
    segments = [
        "[^/]+" if part.startswith("{") and part.endswith("}") else re.escape(part)
        for part in path.split("/")
    ]
    return re.compile(f"{'[A-Z]+' if method == '*' else method} {'/'.join(segments)}")


def body_contains(*words: str) -> Callable[[Payload], bool]:
    """Return a condition for ``where``: a text of the body contains one of the words, in any case.

    With ``status=400, code=200000`` that is what AutoMod does.
    """
    wanted = [word.casefold() for word in words]
    return lambda body: any(word in text.casefold() for text in _texts(body) for word in wanted)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
