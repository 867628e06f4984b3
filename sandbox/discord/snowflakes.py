"""Ids as Discord makes them: a time in milliseconds, and a counter below it."""

from sandbox.discord.clock import Clock

DISCORD_EPOCH = 1_420_070_400_000
"""The first millisecond of 2015: a snowflake counts from here."""

_STABLE_ID_EPOCH = 1_735_689_600_000
"""The first guild, user or role of every local Discord is as old as the first day of 2025."""


LARGEST = 2**63 - 1


def parse_snowflake(text: str) -> int | None:
    """Parse an id; return None for anything else, digits of other scripts included."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST))):
        return None
    return identity if (identity := int(text)) <= LARGEST else None


def snowflake_at(milliseconds: int, counter: int = 0) -> int:
    """Return the id of something made at that millisecond since 1970."""
    return ((milliseconds - DISCORD_EPOCH) << 22) | counter


class SnowflakeGenerator:
    """Generates two strictly increasing, deterministic sequences of ids.

    Lasting entities (guilds, users, roles, channels) get the same ids in every run. Messages and
    interactions carry the time they were made at, because clients read it from the id.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stable_count = 0
        self._last_timestamp_id = 0

    def stable_id(self) -> int:
        """Return the next id of a lasting entity; consecutive ids belong to different shards."""
        self._stable_count += 1
        return snowflake_at(
            _STABLE_ID_EPOCH + self._stable_count * 61_001, self._stable_count % 4096
        )

    def timestamp_id(self) -> int:
        """Return the next id of something created now."""
        identity = snowflake_at(int(self._clock.now() * 1000))
        self._last_timestamp_id = max(identity, self._last_timestamp_id + 1)
        return self._last_timestamp_id
