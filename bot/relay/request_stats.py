"""What went over the wire to a relay, in numbers."""

from collections import Counter
from dataclasses import dataclass, field

from bot.relay.errors import ErrorKind


@dataclass(slots=True)
class Traffic:
    """Every request to a relay since the start, the poller's and people's."""

    requests: int = 0
    seconds: float = 0.0
    """How long all of them took together, without waiting for their turn."""
    errors: Counter[ErrorKind] = field(default_factory=Counter)
    """How many of them came to nothing, by kind."""
