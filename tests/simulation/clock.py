"""The virtual clock that replaces the process's own, and the dice that replace its randomness.

``install`` must come before anything of the bot is imported: parts take ``time.time`` as a default
argument. A process that has installed them can only simulate.
"""

import os
import random
import secrets
import time

EPOCH = 1_760_000_000.0
"""Unix seconds at which every simulation begins."""


class VirtualClock:
    """Monotonic time that only the simulation moves, and a wall clock that can be set wrong."""

    def __init__(self) -> None:
        self.now = 1000.0
        """Monotonic seconds."""
        self.wall_error = 0.0
        """Seconds by which the machine's wall clock is ahead of the true time."""
        self.suspended_for = 0.0
        """Seconds for which the machine has been suspended; they do not count as monotonic."""

    def monotonic(self) -> float:
        """Return monotonic seconds as the bot's machine has them."""
        return self.now - self.suspended_for

    def true_time(self) -> float:
        """Return Unix seconds as the relay and Discord have them."""
        return EPOCH + self.now

    def wall(self) -> float:
        """Return Unix seconds as the bot's machine has them."""
        return EPOCH + self.now + self.wall_error


class _Machine:
    """The clock and the dice that this process has at the moment."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.rng = random.Random(0)


_machine = _Machine()


class _SystemRandom(random.Random):
    """Takes the place of ``random.SystemRandom``: as random, but the same for the same seed."""

    def __init__(self) -> None:
        super().__init__(_machine.rng.getrandbits(64))


def install() -> None:
    """Replace the clocks and the sources of randomness of this process."""
    time.time = lambda: _machine.clock.wall()
    time.monotonic = lambda: _machine.clock.monotonic()
    time.clock_gettime = lambda _: _machine.clock.now  # ``CLOCK_BOOTTIME`` is all that is read
    random.SystemRandom = _SystemRandom  # type: ignore[assignment,misc]  # what the bot draws from
    secrets.randbits = lambda k: _machine.rng.getrandbits(k)
    secrets.token_bytes = lambda nbytes=None: _machine.rng.randbytes(nbytes or 32)
    os.urandom = lambda size: _machine.rng.randbytes(size)


def begin(clock: VirtualClock, seed: int) -> None:
    """Let this process live by ``clock``, with dice of ``seed``."""
    _machine.clock = clock
    _machine.rng = random.Random(f"{seed}/machine")
    random.seed(f"{seed}/global")
