"""Discord's rate limits, as far as a bot that posts meets them."""

import math
from dataclasses import dataclass, field

from bot.local.discord.clock import Clock


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request stands: refused until ``retry_after`` seconds are over, or let through."""

    headers: dict[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    scope: str = "user"


@dataclass(slots=True)
class _Window:
    """A bucket as Discord has them: it begins with a request, and empties all at once."""

    ends: float = 0.0
    count: int = 0

    def remaining(self, now: float, seconds: float, most: int) -> int:
        """Say how many more requests fit, after emptying the bucket if its time is over."""
        if now >= self.ends:
            self.ends, self.count = now + seconds, 0
        return most - self.count


class RateLimits:
    """Counts requests: 50 a second for the whole bot, 5 in 5 s for the messages of one channel.

    Off unless ``enabled``: then nothing is counted and no header is sent. Interaction callbacks
    and their webhooks do not count against the bot's 50.
    """

    def __init__(self, clock: Clock) -> None:
        self.enabled = False
        self.requests_per_second = 50
        self.messages_per_channel = 5
        self.channel_window = 5.0
        """Seconds in which ``messages_per_channel`` may be posted."""
        self._clock = clock
        self._whole_bot = _Window()
        self._blocked_until = 0.0
        self._channels: dict[str, _Window] = {}

    def block_globally(self, seconds: float) -> None:
        """Refuse the whole bot for so long, also when limits are off: a global 429 for everything.

        What answers interactions still goes through, as at Discord.
        """
        self._blocked_until = self._clock.now() + seconds

    def enter(self, method: str, path: str) -> Standing:
        """Count a request, or refuse it without counting."""
        if path.startswith(("/interactions/", "/webhooks/")):
            return Standing()
        now = self._clock.now()
        if now < self._blocked_until:
            return Standing(retry_after=self._blocked_until - now, scope="global")
        if not self.enabled:
            return Standing()
        if not self._whole_bot.remaining(now, 1.0, self.requests_per_second):
            return Standing(retry_after=self._whole_bot.ends - now, scope="global")
        standing = Standing()
        parts = path.strip("/").split("/")
        if method == "POST" and parts[0] == "channels" and parts[2:] == ["messages"]:
            standing = self._enter_channel(parts[1], now)
        if standing.retry_after is None:
            self._whole_bot.count += 1
        return standing

    def _enter_channel(self, channel: str, now: float) -> Standing:
        window = self._channels.setdefault(channel, _Window())
        remaining = window.remaining(now, self.channel_window, self.messages_per_channel)
        fits = remaining > 0
        if fits:
            window.count += 1
            remaining -= 1
        reset_after = math.ceil((window.ends - now) * 1000) / 1000
        headers = {
            "X-RateLimit-Bucket": "local-channel-messages",
            "X-RateLimit-Limit": str(self.messages_per_channel),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": f"{window.ends:.3f}",
            "X-RateLimit-Reset-After": f"{reset_after:.3f}",
        }
        return Standing(headers, None if fits else reset_after)
