"""Validates IDENTIFY, and limits how often one is accepted."""

from collections import deque
from typing import Any

from sandbox.discord.clock import Clock
from sandbox.discord.errors import Payload

DECODE_ERROR, AUTHENTICATION_FAILED = 4002, 4004
_INVALID_SHARD, _INVALID_INTENTS, _DISALLOWED_INTENTS = 4010, 4013, 4014

_PRESENCE_AND_MEMBER_INTENTS = 1 << 1 | 1 << 8
_CONTENT_INTENT = 1 << 15
_KNOWN_INTENTS = (1 << 26) - 1

_DAY = 86_400.0


class IdentifyLimits:
    """Limits the IDENTIFYs of a bot."""

    def __init__(self, clock: Clock) -> None:
        self.total = 1000
        """How many are taken within a day."""
        self.max_concurrency = 1
        """How many buckets there are; a shard is in that of its number modulo this."""
        self.seconds = 5.0
        """The time between two IDENTIFYs of one bucket."""
        self._clock = clock
        self._latest: dict[int, float] = {}
        self._today: deque[float] = deque()

    def admit(self, shard: int) -> bool:
        """Count an IDENTIFY and return True, or False if its bucket had one just before."""
        now, bucket = self._clock.now(), shard % self.max_concurrency
        if now - self._latest.get(bucket, -_DAY) < self.seconds:
            return False
        self._latest[bucket] = now
        self._today.append(now)
        return True

    def count_earlier(self, times: int) -> None:
        """Count IDENTIFYs that another process has sent earlier."""
        self._today.extend([self._clock.now()] * times)

    @property
    def exceeded(self) -> bool:
        """Whether there were more within a day than Discord allows."""
        return self._count() > self.total

    def payload(self) -> Payload:
        """Return the ``session_start_limit`` of ``GET /gateway/bot``."""
        used = self._count()
        oldest = self._today[0] if self._today else self._clock.now()
        return {
            "total": self.total,
            "remaining": max(0, self.total - used),
            "reset_after": int((oldest + _DAY - self._clock.now()) * 1000),
            "max_concurrency": self.max_concurrency,
        }

    def _count(self) -> int:
        while self._today and self._clock.now() - self._today[0] >= _DAY:
            self._today.popleft()
        return len(self._today)


def shard_of(data: Any) -> int:
    """Return the number of the shard that identifies."""
    shard = _shards_of(data)
    return 0 if shard is None else shard[0]


def _shards_of(data: Any) -> tuple[int, int] | None:
    """Return the number of a shard and of all shards, or None if they are invalid."""
    given = (data.get("shard") if isinstance(data, dict) else None) or [0, 1]
    if not isinstance(given, list) or len(given) != 2:
        return None
    number, count = given
    if not isinstance(number, int) or not isinstance(count, int) or not 0 <= number < count:
        return None
    return number, count


def identify_error(data: Any, token: str, *, sees_content: bool) -> int | None:
    """Return the close code that rejects an IDENTIFY, or None for a valid one."""
    if not isinstance(data, dict):
        return DECODE_ERROR
    intents = data.get("intents")
    if not isinstance(intents, int):
        return _INVALID_INTENTS
    if data.get("token") != token:
        return AUTHENTICATION_FAILED
    if _shards_of(data) is None:
        return _INVALID_SHARD
    if intents & ~_KNOWN_INTENTS:
        return _INVALID_INTENTS
    forbidden = _PRESENCE_AND_MEMBER_INTENTS | (0 if sees_content else _CONTENT_INTENT)
    return _DISALLOWED_INTENTS if intents & forbidden else None
