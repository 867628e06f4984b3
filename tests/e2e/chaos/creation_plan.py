"""Plans what users create in the rounds of a chaos test, repeat, stop and delete.

Users and channels are numbers, as in ``plan``.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random


class SubmissionFault(StrEnum):
    """What goes wrong with the next request to create something, at every relay."""

    LOST = "charged, and the connection cut"
    FAILS = "502 html"
    REFUSED = "400 moderation"
    BUSY = "503 no channel"
    LIMITED = "429"
    LIMITED_FOR_SECONDS = "429 with Retry-After"
    SLOW = "answered late"


@dataclass(frozen=True, slots=True)
class PlannedCreation:
    """Something that a user creates; ``user`` and ``channel`` as in ``PlannedAction``."""

    mark: str
    """What stands in its text."""
    is_song: bool
    user: int
    channel: int
    delay: float
    """Real seconds after the beginning of the round."""
    fault: SubmissionFault | None


@dataclass(frozen=True, slots=True)
class PlannedRepeat:
    """A user who presses *Try again* under one of the messages that stand there then.

    ``choice``, from 0 to 1, says under which of them.
    """

    choice: float
    user: int
    delay: float
    """Real seconds after the beginning of the round."""
    fault: SubmissionFault | None


@dataclass(frozen=True, slots=True)
class PlannedStop:
    """The user of a request that is under way then does not wait for it any more.

    ``choice``, from 0 to 1, says of which of them; 0 is the newest. ``channel``: where they say so.
    """

    choice: float
    channel: int
    delay: float
    """Real seconds after the beginning of the round."""


@dataclass(frozen=True, slots=True)
class PlannedErasure:
    """A user who deletes at the end of a round what is stored about them."""

    user: int
    channel: int


@dataclass(frozen=True, slots=True)
class CreationPlan:
    """What happens in a round with what users create."""

    creations: tuple[PlannedCreation, ...]
    repeats: tuple[PlannedRepeat, ...]
    stops: tuple[PlannedStop, ...]
    erasure: PlannedErasure | None


def plan_creations(
    random: Random, number: int, users: int, channels: int, fault_rate: float = 0.15
) -> CreationPlan:
    """Return what happens in a round with what so many users create in so many channels.

    ``fault_rate`` is how probably something goes wrong with a request.
    """
    return CreationPlan(
        tuple(
            _creation(random, f"{number:05}-{index}", users, channels, fault_rate)
            for index in range(random.choice((0, 1, 1, 2)))
        ),
        tuple(
            PlannedRepeat(
                random.random(),
                random.randrange(users),
                random.uniform(0.0, 0.5),
                _submission_fault(random, fault_rate),
            )
            for _ in range(random.choice((0, 0, 1, 1, 2)))
        ),
        tuple(
            PlannedStop(
                random.random() ** 2,
                random.randrange(channels),
                random.uniform(0.1, 0.8),
            )
            for _ in range(random.choice((0, 0, 0, 1)))
        ),
        _erasure(random, users, channels) if random.random() < 0.05 else None,
    )


def _creation(
    random: Random, number: str, users: int, channels: int, fault_rate: float
) -> PlannedCreation:
    return PlannedCreation(
        f"wish-{number}-of-chaos",
        random.random() < 0.7,
        random.randrange(users),
        random.randrange(channels),
        random.uniform(0.0, 0.3),
        _submission_fault(random, fault_rate),
    )


def _submission_fault(random: Random, rate: float) -> SubmissionFault | None:
    return random.choice(list(SubmissionFault)) if random.random() < rate else None


def _erasure(random: Random, users: int, channels: int) -> PlannedErasure:
    """Plan an erasure by a user who manages no account: that is not an account's disconnection."""
    return PlannedErasure(random.randrange(1, users - 1), random.randrange(channels))
