"""Faults: what goes wrong with which requests, for how long."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Side(StrEnum):
    """Who is asked."""

    DISCORD = "discord"
    RELAY = "relay"


@dataclass(slots=True)
class Request:
    """One HTTP request of the bot, with what faults may be bound to."""

    side: Side
    method: str
    path: str
    """Below the base URL, without the query."""
    route: str
    """The path with a name in place of every id, as ``channels/ID/messages``."""
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)
    key: str = ""
    """The ``Authorization`` header."""
    host: str = ""
    """Of a relay."""
    channel_id: int | None = None
    user_id: int | None = None
    task_ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.host}{self.path}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answers."""

    status: int
    body: bytes = b""
    content_type: str | None = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which the process does not run, and does not notice that."""

    seconds: float
    suspended: bool
    """Whether the whole machine sleeps, so that its monotonic clock stands still."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of a request that a fault strikes."""

    applied: bool = False
    """Whether the server does all the same what it is asked to."""
    applied_after: float = 0.0
    """Seconds after which it does, where something else is answered, or nothing."""
    reply: Reply | None = None
    """What is answered in place of the server's own answer."""
    cut: bool = False
    """The connection breaks in place of an answer."""
    refused: bool = False
    """Nobody accepts a connection, so that nothing is sent."""
    silent: bool = False
    """No answer ever comes."""
    delay: float = 0.0
    """Seconds by which whatever comes is late."""
    pause: Pause | None = None
    """The process does not run, from soon after the answer on."""


@dataclass(slots=True)
class Fault:
    """Something that goes wrong until it is removed, or for ``times`` requests."""

    name: str
    strikes: Callable[[Request], bool]
    effect: Effect
    probability: float = 1.0
    times: int | None = None


class FaultInjector:
    """The faults that are active now."""

    def __init__(self, rng: random.Random) -> None:
        self._dice = rng
        self._active: list[Fault] = []
        self.applied: dict[str, int] = {}
        """How often each fault has struck, by its name."""

    def add(self, fault: Fault) -> None:
        """Let a fault begin."""
        self._active.append(fault)

    def remove(self, fault: Fault) -> None:
        """Let a fault end, if it has not."""
        self._active = [each for each in self._active if each is not fault]

    def clear(self) -> None:
        """Let everything work again."""
        self._active.clear()

    def strike(self, request: Request) -> Fault | None:
        """Return the fault that this request meets, if any."""
        for fault in self._active:
            if not fault.strikes(request):
                continue
            if fault.probability < 1 and self._dice.random() >= fault.probability:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    self.remove(fault)
            self.applied[fault.name] = self.applied.get(fault.name, 0) + 1
            return fault
        return None
