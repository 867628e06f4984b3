"""The rate limit of opening direct messages (40003)."""

from collections import deque

from sandbox.discord.clock import Clock


class DmRateLimit:
    """Counts the direct messages that the bot opened; one that is open already counts for nothing.

    Discord publishes no numbers for this limit; these are of the order that bots have met.
    """

    def __init__(self, clock: Clock) -> None:
        self.most = 10
        """How many may be opened within ``window``."""
        self.window = 600.0
        """Seconds."""
        self._clock = clock
        self._opened: deque[float] = deque()

    def admit(self) -> bool:
        """Count another opening and return True, or False if there were too many lately."""
        now = self._clock.now()
        while self._opened and now - self._opened[0] >= self.window:
            self._opened.popleft()
        if len(self._opened) >= self.most:
            return False
        self._opened.append(now)
        return True
