"""Plans the rounds of a chaos test of several processes from a seed."""

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from tests.e2e.chaos.creation_plan import (
    CreationPlan,
    PlannedCreation,
    plan_creations,
)
from tests.e2e.chaos.plan import RELAYS, FaultKind, NewTask, PlannedAction, PlannedFault
from tests.e2e.chaos.user_actions import Command
from tests.support.task_endings import TaskEnding

USER_COUNT = 6
"""Those who watch tasks; all others, too, create."""
OWNER_COUNT = 2
"""Those who have an account of their own, with which they create also in direct messages."""
CHANNEL_COUNT = 6
"""Text channels of a server on every shard, besides each user's direct messages."""
RELAY, OWN_RELAY = RELAYS[0], RELAYS[3]
"""The relay of the operator, and that of the accounts of owners."""

_PARTS = 3
"""How many parts of a round have creations, each a second after the last."""
_SUBMISSION_FAULT_RATE = 0.25

_RECENT_TASKS = 14
"""How many of the last tasks users still run commands for."""


class ProcessFault(StrEnum):
    """What happens to the processes, or to the database server."""

    LEADER_KILLED = "leader killed"
    FOLLOWER_KILLED = "follower killed"
    LEADER_PAUSED = "leader paused"
    LEADER_DISCONNECTED = "leader's sessions ended"
    ALL_DISCONNECTED = "all sessions ended"
    DATABASE_RESTARTED = "PostgreSQL restarted"
    DATABASE_DOWN = "PostgreSQL down for long"
    ROLLING_RESTART = "rolling restart"


@dataclass(frozen=True, slots=True)
class PlannedProcessFault:
    """A fault of processes or of the database."""

    kind: ProcessFault
    delay: float
    """Seconds after the beginning of the round."""
    downtime: float
    """Seconds before what was killed starts again, or a paused leader goes on that was replaced."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round. All times are in real seconds."""

    number: int
    tasks: tuple[NewTask, ...]
    actions: tuple[PlannedAction, ...]
    creation: CreationPlan
    process_faults: tuple[PlannedProcessFault, ...]
    request_faults: tuple[PlannedFault, ...]
    duration: float
    """How long the round takes at least."""


_PROCESS_FAULT_WEIGHTS = {
    ProcessFault.LEADER_KILLED: 6,
    ProcessFault.FOLLOWER_KILLED: 3,
    ProcessFault.LEADER_PAUSED: 3,
    ProcessFault.LEADER_DISCONNECTED: 4,
    ProcessFault.ALL_DISCONNECTED: 2,
    ProcessFault.DATABASE_RESTARTED: 3,
    ProcessFault.DATABASE_DOWN: 1,
    ProcessFault.ROLLING_RESTART: 1,
}
_ENDING_WEIGHTS = {
    TaskEnding.SONG: 8,
    TaskEnding.LYRICS: 3,
    TaskEnding.FAILED: 3,
    TaskEnding.HALF: 3,
}
_REQUEST_FAULTS = (
    *(FaultKind.POST_FAILS_BEFORE, FaultKind.POST_FAILS_AFTER, FaultKind.POST_UNAVAILABLE),
    *(FaultKind.POST_CUT_BEFORE, FaultKind.POST_CUT_AFTER, FaultKind.POST_SLOW),
    *(FaultKind.POST_LIMITED, FaultKind.HISTORY_FAILS, FaultKind.DM_FAILS, FaultKind.EDIT_FAILS),
    *(FaultKind.REPLY_FAILS, FaultKind.REPLY_CUT, FaultKind.GATEWAY_DROPPED),
    *(FaultKind.SESSION_FORGOTTEN, FaultKind.RELAY_FAILS, FaultKind.RELAY_CUT),
)


def plan(seed: int, rounds: int) -> list[Round]:
    """Return the rounds of a seed; a longer plan begins with the same rounds as a shorter one."""
    task_count = 0
    planned = []
    for number in range(1, rounds + 1):
        random = Random(f"{seed}/{number}")  # noqa: S311 # has to be repeatable
        for_creations = Random(f"{seed}/{number}/creations")  # noqa: S311 # as above
        creation = _creation(for_creations, number)
        planned.append(_round(random, number, task_count, creation))
        task_count += len(planned[-1].tasks)
    return planned


def _round(random: Random, number: int, task_count: int, creation: CreationPlan) -> Round:
    tasks = tuple(_task(random, task_count + index) for index in range(random.randint(1, 4)))
    actions = {
        (action.task, action.user): action
        for action in (_action(random, task_count, len(tasks)) for _ in range(random.randint(3, 8)))
    }
    return Round(
        number,
        tasks,
        tuple(actions.values()),
        creation,
        tuple(_process_fault(random) for _ in range(random.choice((1, 1, 1, 2)))),
        tuple(_request_fault(random) for _ in range(random.choice((0, 0, 1, 1, 2)))),
        random.uniform(1.0, 4.0),
    )


def _creation(random: Random, number: int) -> CreationPlan:
    """Plan what users create in the parts of a round. Nobody deletes what is stored about them."""
    users, channels = USER_COUNT + OWNER_COUNT, CHANNEL_COUNT + 1
    first = number * _PARTS
    parts = [
        _later(plan_creations(random, each, users, channels, _SUBMISSION_FAULT_RATE), each - first)
        for each in range(first, first + _PARTS)
    ]
    return CreationPlan(
        tuple(_by_owner(each) for part in parts for each in part.creations),
        tuple(each for part in parts for each in part.repeats),
        parts[0].stops,
        erasure=None,
    )


def _later(planned: CreationPlan, seconds: float) -> CreationPlan:
    return CreationPlan(
        tuple(replace(each, delay=each.delay + seconds) for each in planned.creations),
        tuple(replace(each, delay=each.delay + seconds) for each in planned.repeats),
        tuple(replace(each, delay=each.delay + seconds) for each in planned.stops),
        planned.erasure,
    )


def _by_owner(planned: PlannedCreation) -> PlannedCreation:
    """Let only owners of an account create in direct messages."""
    if planned.channel < CHANNEL_COUNT:
        return planned
    return replace(planned, user=USER_COUNT + planned.user % OWNER_COUNT)


def _task(random: Random, number: int) -> NewTask:
    (ending,) = random.choices(list(_ENDING_WEIGHTS), list(_ENDING_WEIGHTS.values()))
    return NewTask(number, RELAY, ending, random.choice((1.0, 2.0, 3.0, 5.0, 10.0)))


def _action(random: Random, old: int, new: int) -> PlannedAction:
    """Plan a command for one of ``new`` tasks of this round, or of the latest ``old`` ones."""
    newest = old + new - 1
    first = old if random.random() < 0.75 else max(0, newest - _RECENT_TASKS)
    return PlannedAction(
        Command.UNWATCH if random.random() < 0.15 else Command.WATCH,
        random.randint(first, newest),
        random.randrange(USER_COUNT),
        random.randrange(CHANNEL_COUNT + 1),
        random.uniform(0.0, 1.0),
    )


def _process_fault(random: Random) -> PlannedProcessFault:
    (kind,) = random.choices(list(_PROCESS_FAULT_WEIGHTS), list(_PROCESS_FAULT_WEIGHTS.values()))
    return PlannedProcessFault(kind, random.uniform(0.2, 2.5), random.uniform(0.0, 3.0))


def _request_fault(random: Random) -> PlannedFault:
    times = random.choice((1, 1, 2, 4))
    return PlannedFault(random.choice(_REQUEST_FAULTS), 1, times, channel=0, relay=RELAY)
