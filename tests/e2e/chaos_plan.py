"""What a seed makes of a day: the rounds of a chaos, drawn before the first of them begins.

Nothing in here depends on how the bot behaves, so that a seed means the same rounds every time.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.e2e.chaos_audit import Fate, Verb

PEOPLE = 6
PUBLIC_PLACES = 4
"""Three channels and a thread."""

_RECENT = 14
"""How many of the last tasks people still ask about."""


class End(StrEnum):
    """How the bot's life ends in a round, if it does."""

    KILLED = "killed at some moment"
    KILLED_AFTER_ANSWER = "killed when somebody had read an answer"
    KILLED_AT_MESSAGE = "killed when Discord took a message"
    KILLED_AT_LOOK = "killed when the relay had answered"
    STOPPED = "stopped in an orderly way"


class Trouble(StrEnum):
    """What goes wrong for a while. What each does is in ``chaos_troubles``."""

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
    DIRECT_FAILS = "direct messages fail"
    DIRECT_TOO_FAST = "direct messages opened too fast"
    EDIT_FAILS = "edit fails"
    EDIT_MODERATED = "edit stopped by AutoMod"
    ANSWER_FAILS = "answers fail"
    ANSWER_CUT = "answers are cut"
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
    RELAY_SILENT = "relay silent"
    RELAY_EMPTY = "relay batch empty"
    RELAY_STRANGERS = "relay answers with strangers"
    RELAY_REFUSES_KEY = "relay 401"
    MUTED = "may not send"
    TIMED_OUT = "timed out"
    BLIND = "may not see"
    PLAIN = "may not embed"
    LOCKED = "thread locked"
    ARCHIVED = "thread archived"


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task that somebody makes at the relay; ``takes`` is in seconds."""

    number: int
    fate: Fate
    takes: float


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What one person types; places beyond the public ones are the person's direct message."""

    verb: Verb
    task: int
    person: int
    place: int
    after: float
    """Real seconds after the beginning of the round."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """A trouble, how many rounds it lasts at most, and how often it strikes where it counts."""

    trouble: Trouble
    rounds: int
    times: int
    place: int


@dataclass(frozen=True, slots=True)
class Round:
    """One round. Times are in seconds."""

    number: int
    tasks: tuple[NewTask, ...]
    wishes: tuple[WatchOptions, ...]
    mishaps: tuple[Mishap, ...]
    quiet: float
    """Real seconds before anything passes: in most rounds, enough to be answered."""
    passes: tuple[float, ...]
    """What passes, bit by bit, by everybody's clock."""
    end: End | None
    end_after: float
    """Real seconds."""
    passes_dead: float
    """What passes while the bot is dead."""


_FATES = (Fate.SONG, Fate.LYRICS, Fate.FAILED, Fate.HALF, Fate.STUCK, Fate.NEVER)
_OFTEN = (8, 3, 3, 3, 1, 2)


def nonce_window(seed: int) -> float:
    """Return for how many seconds Discord knows a nonce again: it only says "a few minutes"."""
    return Random(f"{seed}/nonce").uniform(60.0, 300.0)  # noqa: S311 # has to be repeatable


def plan(seed: int, rounds: int) -> list[Round]:
    """Return the rounds of a seed; a longer plan begins with the same rounds as a shorter one."""
    made = 0
    planned = []
    for number in range(1, rounds + 1):
        random = Random(f"{seed}/{number}")  # noqa: S311 # has to be repeatable
        one = _round(random, number, made)
        made += len(one.tasks)
        planned.append(one)
    return planned


def _round(random: Random, number: int, made: int) -> Round:
    count = random.choice((0, 1, 1, 2, 2, 3)) if made else 2
    tasks = tuple(_task(random, made + nth) for nth in range(count))
    wishes = {
        (wish.task, wish.person): wish
        for wish in (_wish(random, made, count) for _ in range(random.randint(1, 6)))
    }
    chance = random.random()
    end = random.choice(list(End)[:4]) if chance < 0.4 else End.STOPPED if chance < 0.47 else None
    return Round(
        number,
        tasks,
        tuple(wishes.values()),
        tuple(_mishap(random) for _ in range(random.choice((0, 1, 1, 1, 2, 2, 3)))),
        random.choice((0.1, 0.5, 0.5, 0.5)),
        tuple(_span(random) for _ in range(random.randint(1, 3))),
        end,
        random.uniform(0.0, 0.6),
        random.choice((0.0, 0.0, 5.0, 40.0, 120.0, 400.0)),
    )


def _task(random: Random, number: int) -> NewTask:
    (fate,) = random.choices(_FATES, _OFTEN)
    return NewTask(number, fate, random.choice((5.0, 20.0, 60.0, 120.0, 200.0)))


def _wish(random: Random, made: int, count: int) -> WatchOptions:
    newest = made + count - 1
    fresh = count and random.random() < 0.75
    first = made if fresh else max(0, newest - _RECENT)
    return WatchOptions(
        Verb.UNWATCH if random.random() < 0.15 else Verb.WATCH,
        random.randint(first, newest),
        random.randrange(PEOPLE),
        random.randrange(PUBLIC_PLACES + 1),
        random.uniform(0.0, 0.3),
    )


def _mishap(random: Random) -> Mishap:
    return Mishap(
        random.choice(list(Trouble)),
        random.randint(1, 3),
        random.choice((1, 1, 2, 4)),
        random.randrange(PUBLIC_PLACES),
    )


def _span(random: Random) -> float:
    chance = random.random()
    if chance < 0.5:
        return random.uniform(0.5, 10.0)
    return random.uniform(10.0, 50.0) if chance < 0.9 else random.uniform(90.0, 700.0)
