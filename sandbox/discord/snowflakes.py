"""Ids as Discord makes them: a time in milliseconds, and a counter below it."""

from sandbox.discord.clock import Clock

DISCORD_EPOCH = 1_420_070_400_000
"""The first millisecond of 2015: a snowflake counts from here."""

_FIRST_SEASON = 1_735_689_600_000
"""The first guild, user or role of every local Discord is as old as the first day of 2025."""


LARGEST = 2**63 - 1


def read_snowflake(text: str) -> int | None:
    """Give the id that a text is; None for anything else, digits of other scripts included."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST))):
        return None
    return identity if (identity := int(text)) <= LARGEST else None


def snowflake_at(milliseconds: int, counter: int = 0) -> int:
    """Give the id of something made at that millisecond since 1970."""
    return ((milliseconds - DISCORD_EPOCH) << 22) | counter


class SnowflakeGenerator:
    """Two sequences of ids, each strictly rising and without chance.

    Settled things (guilds, users, roles, channels) get the same ids in every run. Messages and
    interactions carry the time they were made at, because clients read it from the id.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._settled = 0
        self._last_timed = 0

    def settled(self) -> int:
        """Give the next id of a lasting thing; neighbours fall on different shards."""
        self._settled += 1
        return snowflake_at(_FIRST_SEASON + self._settled * 61_001, self._settled % 4096)

    def timed(self) -> int:
        """Give the next id of something that happens now."""
        identity = snowflake_at(int(self._clock.now() * 1000))
        self._last_timed = max(identity, self._last_timed + 1)
        return self._last_timed
