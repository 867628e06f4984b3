"""Plans the rounds of a chaos test from a seed, before the first of them begins.

The plan does not depend on the bot's behaviour, so that a seed means the same rounds every time.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.e2e.chaos.creation_plan import CreationPlan, plan_creations
from tests.e2e.chaos.user_actions import Command
from tests.support.task_endings import TaskEnding

USER_COUNT = 6
CHANNEL_COUNT = 6
"""Text channels of two servers and, last, a thread, besides each user's direct messages."""
RELAYS = ("operator", "first", "second", "own")
"""The relays: the operator's, that of each server, and a user's own.

They have tasks with the same ids, which are different songs.
"""

_RECENT_TASKS = 14
"""How many of the last tasks users still run commands for."""


class BotExit(StrEnum):
    """How the bot's process ends in a round."""

    KILLED = "killed after a random time"
    KILLED_AFTER_REPLY = "killed after a reply"
    KILLED_AFTER_MESSAGE = "killed after a message"
    KILLED_AFTER_LOOKUP = "killed after a look-up"
    STOPPED = "stopped"


class FaultKind(StrEnum):
    """The faults that ``faults`` can inject."""

    POST_FAILS_BEFORE = "post fails before"
    POST_FAILS_AFTER = "post fails after"
    POST_UNAVAILABLE = "post 503 html"
    POST_CUT_BEFORE = "post cut before"
    POST_CUT_AFTER = "post cut after"
    POST_SLOW = "post answered late"
    POST_LIMITED = "post 429"
    POST_LIMITED_BY_PROXY = "post 429 without via"
    POST_REFUSED_CONTENT = "post 50035"
    POST_UNAUTHORIZED = "post 401"
    POST_MODERATED = "post stopped by AutoMod"
    POST_FORBIDDEN_BY_PROXY = "post 403 html"
    POST_NOT_FOUND_BY_PROXY = "post 404 html"
    DISCORD_LIMITED = "global 429 for everything"
    HISTORY_FAILS = "history fails"
    DM_FAILS = "opening direct messages fails"
    DM_LIMITED = "direct messages opened too fast"
    EDIT_FAILS = "edit fails"
    EDIT_MODERATED = "edit stopped by AutoMod"
    REPLY_FAILS = "replies fail"
    REPLY_CUT = "replies are cut"
    GATEWAY_DROPPED = "gateway dropped"
    GATEWAY_CLOSED = "gateway closed"
    GATEWAY_RECONNECT = "gateway asks to reconnect"
    SESSION_INVALID = "session invalid"
    SESSION_RESUMABLE = "session invalid but resumable"
    SESSION_FORGOTTEN = "session forgotten"
    GUILD_DOWN = "server down"
    RELAY_LIMITED = "relay 429"
    RELAY_FAILS = "relay 502 html"
    RELAY_BROKEN = "relay 500"
    RELAY_CUT = "relay cut"
    RELAY_CUT_IN_BODY = "relay cut in body"
    RELAY_JSON_CUT = "relay json cut"
    RELAY_DOWN = "relay down"
    RELAY_SLOW = "relay sends no headers"
    RELAY_EMPTY = "relay batch empty"
    RELAY_UNREQUESTED = "relay returns unrequested tasks"
    RELAY_REFUSES_KEY = "relay 401"
    SEND_DENIED = "may not send"
    TIMED_OUT = "bot timed out"
    VIEW_DENIED = "may not view"
    EMBED_DENIED = "may not embed"
    THREAD_LOCKED = "thread locked"
    THREAD_ARCHIVED = "thread archived"


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task that is created at a relay; ``takes`` is its duration in seconds."""

    number: int
    relay: str
    ending: TaskEnding
    takes: float


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """A command that a user runs; all numbers are indexes."""

    command: Command
    task: int
    user: int
    channel: int
    """``CHANNEL_COUNT`` stands for the user's direct messages."""
    delay: float
    """Real seconds after the beginning of the round."""


@dataclass(frozen=True, slots=True)
class PlannedAccountChange:
    """A relay account that is connected with another key, or disconnected."""

    relay: str
    connects: bool
    delay: float
    """Real seconds after the beginning of the round."""


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault that is injected at the beginning of a round."""

    kind: FaultKind
    rounds: int
    """How many rounds a lasting fault stays."""
    times: int
    """How many requests a fault of requests affects."""
    channel: int
    relay: str


@dataclass(frozen=True, slots=True)
class Round:
    """One round. All times are in seconds."""

    number: int
    tasks: tuple[NewTask, ...]
    actions: tuple[PlannedAction, ...]
    account_changes: tuple[PlannedAccountChange, ...]
    creation: CreationPlan
    faults: tuple[PlannedFault, ...]
    pause: float
    """Real seconds before the clocks advance: in most rounds, enough for the replies."""
    clock_steps: tuple[float, ...]
    """The steps by which the clocks advance."""
    bot_exit: BotExit | None
    bot_exit_delay: float
    """Real seconds before the bot's process ends."""
    downtime: float
    """By how much the clocks advance while the bot is not running."""


_ENDING_WEIGHTS = {
    TaskEnding.SONG: 8,
    TaskEnding.LYRICS: 3,
    TaskEnding.FAILED: 3,
    TaskEnding.HALF: 3,
    TaskEnding.STUCK: 1,
    TaskEnding.NEVER: 2,
}


def nonce_window(seed: int) -> float:
    """Return for how many seconds Discord recognizes a nonce: it documents "a few minutes" only."""
    return Random(f"{seed}/nonce").uniform(60.0, 300.0)  # noqa: S311 # has to be repeatable


def plan(seed: int, rounds: int) -> list[Round]:
    """Return the rounds of a seed; a longer plan begins with the same rounds as a shorter one."""
    task_count = 0
    rounds_planned = []
    for number in range(1, rounds + 1):
        random = Random(f"{seed}/{number}")  # noqa: S311 # has to be repeatable
        for_creations = Random(f"{seed}/{number}/creations")  # noqa: S311 # as above
        creation = plan_creations(for_creations, number, USER_COUNT, CHANNEL_COUNT + 1)
        planned = _round(random, number, task_count, creation)
        task_count += len(planned.tasks) // len(RELAYS)
        rounds_planned.append(planned)
    return rounds_planned


def _round(random: Random, number: int, task_count: int, creation: CreationPlan) -> Round:
    new = random.choice((0, 1, 1, 2, 2, 3)) if task_count else 2
    tasks = tuple(
        _task(random, task_count + index, relay) for index in range(new) for relay in RELAYS
    )
    actions = {
        (action.task, action.user): action
        for action in (_action(random, task_count, new) for _ in range(random.randint(1, 6)))
    }
    bot_exit = _bot_exit(random)
    return Round(
        number,
        tasks,
        tuple(actions.values()),
        tuple(_account_change(random) for _ in range(random.choice((0, 0, 1, 1, 2)))),
        creation,
        tuple(_fault(random) for _ in range(random.choice((0, 1, 1, 1, 2, 2, 3)))),
        random.choice((0.1, 0.5, 0.5, 0.5)),
        tuple(_clock_step(random) for _ in range(random.randint(1, 3))),
        bot_exit,
        random.uniform(0.0, 0.6),
        random.choice((0.0, 0.0, 5.0, 40.0, 120.0, 400.0)),
    )


def _bot_exit(random: Random) -> BotExit | None:
    chance = random.random()
    if chance < 0.4:
        return random.choice(list(BotExit)[:4])
    return BotExit.STOPPED if chance < 0.47 else None


def _task(random: Random, number: int, relay: str) -> NewTask:
    (ending,) = random.choices(list(_ENDING_WEIGHTS), list(_ENDING_WEIGHTS.values()))
    return NewTask(number, relay, ending, random.choice((5.0, 20.0, 60.0, 120.0, 200.0)))


def _action(random: Random, old: int, new: int) -> PlannedAction:
    """Plan a command for one of ``new`` tasks of this round, or of the latest ``old`` ones."""
    newest = old + new - 1
    for_new_task = new and random.random() < 0.75
    first = old if for_new_task else max(0, newest - _RECENT_TASKS)
    return PlannedAction(
        Command.UNWATCH if random.random() < 0.15 else Command.WATCH,
        random.randint(first, newest),
        random.randrange(USER_COUNT),
        random.randrange(CHANNEL_COUNT + 1),
        random.uniform(0.0, 0.3),
    )


def _account_change(random: Random) -> PlannedAccountChange:
    return PlannedAccountChange(
        random.choice(RELAYS[1:]), random.random() < 0.7, random.uniform(0.0, 0.3)
    )


def _fault(random: Random) -> PlannedFault:
    return PlannedFault(
        random.choice(list(FaultKind)),
        random.randint(1, 3),
        random.choice((1, 1, 2, 4)),
        random.randrange(CHANNEL_COUNT),
        random.choice(RELAYS),
    )


def _clock_step(random: Random) -> float:
    chance = random.random()
    if chance < 0.5:
        return random.uniform(0.5, 10.0)
    return random.uniform(10.0, 50.0) if chance < 0.9 else random.uniform(90.0, 700.0)
