"""Which ids spoil a batch that was refused as a whole."""

from collections.abc import Awaitable, Callable, Sequence
from random import Random

from bot.relay.circuit_breaker import AmbiguousError
from bot.relay.endpoints import UnknownTaskError
from bot.relay.errors import ErrorKind, RelayError

FEW = 4
"""Ids whose halves cost no more than finding out whether halving makes sense."""
MOST_PARTS = 48
"""Requests that one refused batch may cost; two bad ids among a hundred need about 25."""

ABOUT_THE_REQUEST = frozenset({ErrorKind.BAD_REQUEST, ErrorKind.UNREADABLE})

Ask = Callable[[Sequence[str]], Awaitable[None]]
"""Asks for some of the ids and keeps what it finds; raises SunoError where that fails."""


def may_be_one_id(error: RelayError) -> bool:
    """Whether a single id may have brought this error upon a whole batch."""
    return error.kind in ABOUT_THE_REQUEST or isinstance(error, AmbiguousError | UnknownTaskError)


async def narrow(
    ids: Sequence[str], error: RelayError, ask: Ask, random: Random
) -> tuple[dict[str, RelayError], list[str]]:
    """Halve a batch that ended in ``error`` until the ids to blame stand alone.

    Return those with their errors, and the ids that were not reached within ``MOST_PARTS``
    requests. Raise SunoError where the relay answers two ids alike that were drawn at random and
    asked for alone, for then it is the relay and not an id; or where it fails in another way.
    """
    if len(ids) == 1:
        return {ids[0]: error}, []
    culprits: dict[str, RelayError] = {}
    parts = _halves(ids) if len(ids) <= FEW else await _sounded(ids, ask, random, culprits)
    requests = 0
    while parts and requests < MOST_PARTS:
        part = parts.pop()
        requests += 1
        refusal = await _refusal(part, ask)
        if refusal is None:
            continue
        if len(part) == 1:
            culprits[part[0]] = refusal
        else:
            parts += _halves(part)
    return culprits, [each for part in parts for each in part]


async def _sounded(
    ids: Sequence[str], ask: Ask, random: Random, culprits: dict[str, RelayError]
) -> list[Sequence[str]]:
    """Ask for one or two ids alone, and give the parts that are still to be asked."""
    one, other = random.sample(ids, 2)
    first = await _refusal([one], ask)
    if first is None:
        return _halves([each for each in ids if each != one])
    second = await _refusal([other], ask)
    if second is not None:
        raise second
    culprits[one] = first
    return [[each for each in ids if each not in (one, other)]]


async def _refusal(part: Sequence[str], ask: Ask) -> RelayError | None:
    try:
        await ask(part)
    except RelayError as error:
        if not may_be_one_id(error):
            raise
        return error
    return None


def _halves(ids: Sequence[str]) -> list[Sequence[str]]:
    middle = len(ids) // 2
    return [ids[:middle], ids[middle:]]
