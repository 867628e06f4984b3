"""Discord's rate limits: for the whole bot, and a bucket for each kind of request and place."""

import math
import re
from dataclasses import dataclass, field
from hashlib import sha256

from sandbox.discord.clock import Clock

_MAJOR_PARAMETERS = ("channel", "webhook", "token")
"""The parameters of a path that have buckets of their own, as Discord calls them."""

_EXEMPT_FROM_GLOBAL_LIMIT = ("/interactions/", "/webhooks/")
"""Requests that authenticate with an interaction's token; the bot's global limit spares them."""


@dataclass(slots=True)
class Limit:
    """How many requests a bucket takes, and in how many seconds it empties."""

    most: int
    seconds: float


def _default_limits() -> dict[str, Limit]:
    """Return the limits by request. Discord publishes none; these are from its headers."""
    message = "/channels/{channel}/messages/{message}"
    answer = "/webhooks/{webhook}/{token}"
    return {
        "POST /channels/{channel}/messages": Limit(5, 5.0),
        "GET /channels/{channel}/messages": Limit(5, 5.0),
        "POST /channels/{channel}/threads": Limit(5, 5.0),
        "GET /channels/{channel}/threads/archived/public": Limit(5, 5.0),
        f"PATCH {message}": Limit(5, 5.0),
        f"GET {message}": Limit(5, 5.0),
        f"DELETE {message}": Limit(5, 1.0),
        "POST /channels/{channel}/typing": Limit(5, 5.0),
        "POST /users/@me/channels": Limit(10, 10.0),
        f"POST {answer}": Limit(5, 2.0),
        f"GET {answer}/messages/{{message}}": Limit(5, 2.0),
        f"PATCH {answer}/messages/{{message}}": Limit(5, 2.0),
        f"DELETE {answer}/messages/{{message}}": Limit(5, 2.0),
    }


@dataclass(frozen=True, slots=True)
class RateLimitDecision:
    """Whether a request is allowed, or rejected for ``retry_after`` seconds."""

    headers: dict[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    scope: str = "user"


@dataclass(slots=True)
class _Window:
    """A bucket as Discord has them: a window that starts with a request."""

    ends: float = 0.0
    count: int = 0

    def remaining(self, now: float, seconds: float, most: int) -> int:
        """Return how many more requests fit, after resetting an expired bucket."""
        if now >= self.ends:
            self.ends, self.count = now + seconds, 0
        return most - self.count


class RateLimits:
    """Counts requests: 50 a second for the whole bot, and what ``limits`` say in each place.

    While not ``enabled`` nothing is counted and no header is sent.
    """

    def __init__(self, clock: Clock, *, enabled: bool) -> None:
        self.enabled = enabled
        self.requests_per_second = 50
        self.limits = _default_limits()
        """The limit of each request, which a test may change."""
        self.speed = 1.0
        """How many times faster than at Discord buckets are emptied."""
        self._clock = clock
        self._patterns = {request: _pattern(request) for request in self.limits}
        self._global_window = _Window()
        self._buckets: dict[tuple[str, ...], _Window] = {}
        self._blocked_until = 0.0

    def block_globally(self, seconds: float) -> None:
        """Answer every request with a global 429 for some seconds, also when limits are off.

        Responses to interactions are exempt, as at Discord.
        """
        self._blocked_until = self._clock.now() + seconds

    def enter(self, method: str, path: str) -> RateLimitDecision:
        """Count a request, or reject it without counting."""
        now = self._clock.now()
        of_the_bot = not path.startswith(_EXEMPT_FROM_GLOBAL_LIMIT)
        if of_the_bot and now < self._blocked_until:
            return RateLimitDecision(retry_after=self._blocked_until - now, scope="global")
        if not self.enabled:
            return RateLimitDecision()
        if of_the_bot and not self._global_window.remaining(now, 1.0, self.requests_per_second):
            return RateLimitDecision(retry_after=self._global_window.ends - now, scope="global")
        decision = self._enter_bucket(f"{method} {path}", now)
        if of_the_bot and decision.retry_after is None:
            self._global_window.count += 1
        return decision

    def _enter_bucket(self, asked: str, now: float) -> RateLimitDecision:
        for request, pattern in self._patterns.items():
            found = pattern.fullmatch(asked)
            if found:
                window = self._buckets.setdefault((request, *found.groups()), _Window())
                return self._count(request, window, now)
        return RateLimitDecision()

    def _count(self, request: str, window: _Window, now: float) -> RateLimitDecision:
        limit = self.limits[request]
        remaining = window.remaining(now, limit.seconds / self.speed, limit.most)
        fits = remaining > 0
        if fits:
            window.count += 1
            remaining -= 1
        reset_after = math.ceil((window.ends - now) * 1000) / 1000
        headers = {
            "X-RateLimit-Bucket": sha256(request.encode()).hexdigest()[:32],
            "X-RateLimit-Limit": str(limit.most),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": f"{window.ends:.3f}",
            "X-RateLimit-Reset-After": f"{reset_after:.3f}",
        }
        return RateLimitDecision(headers, None if fits else reset_after)


def _pattern(request: str) -> re.Pattern[str]:
    """Return the pattern of a request, with a group for each parameter that has its own bucket."""
    parts = re.split(r"\{(\w+)\}", request)
    names = parts[1::2]
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = ["([^/]+)" if name in _MAJOR_PARAMETERS else "[^/]+" for name in names]
    return re.compile("".join(parts))
