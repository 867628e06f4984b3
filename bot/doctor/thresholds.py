"""The values beyond which the doctor warns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Sizes are in bytes, durations in seconds."""

    low_space: int = 512 << 20
    critical_space: int = 32 << 20
    """Below it the lack of disk space is a problem."""
    notice_delay: float = 120.0
    """Age of the oldest notice that could be posted."""
    poll_delay: float = 900.0
    """Time since the last poll, while a task is watched."""
    low_connections: int = 5
    """Connections that a database server still allows: what one more process needs."""


THRESHOLDS = Thresholds()
