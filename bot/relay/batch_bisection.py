"""Finds the ids because of which a relay refuses a whole batch, by halving the batch."""

from collections.abc import Awaitable, Callable, Sequence
from random import Random

from bot.relay.errors import RelayError, may_be_caused_by_id

SMALL_BATCH = 4
"""Ids: halving so few costs no more than probing whether halving makes sense."""
MAX_REQUESTS = 48
"""Requests that one refused batch may cost; two bad ids among a hundred need about 25."""

RequestBatch = Callable[[Sequence[str]], Awaitable[None]]
"""Requests some of the ids and keeps what it finds; raises ``RelayError`` where that fails."""


async def bisect_batch(
    ids: Sequence[str], error: RelayError, request: RequestBatch, random: Random
) -> tuple[dict[str, RelayError], list[str]]:
    """Halve a batch that failed with ``error`` until each id that causes a failure stands alone.

    Return those ids with their errors, and the ids that were not reached within ``MAX_REQUESTS``.
    Raises ``RelayError`` where two ids that were drawn at random and requested alone fail alike,
    because then the relay is the cause and not an id; or where the relay fails in another way.
    """
    if len(ids) == 1:
        return {ids[0]: error}, []
    culprits: dict[str, RelayError] = {}
    if len(ids) <= SMALL_BATCH:
        parts = _halves(ids)
    else:
        parts = await _probe(ids, request, random, culprits)
    requests = 0
    while parts and requests < MAX_REQUESTS:
        part = parts.pop()
        requests += 1
        failure = await _try_part(part, request)
        if failure is None:
            continue
        if len(part) == 1:
            culprits[part[0]] = failure
        else:
            parts += _halves(part)
    return culprits, [each for part in parts for each in part]


async def _probe(
    ids: Sequence[str], request: RequestBatch, random: Random, culprits: dict[str, RelayError]
) -> list[Sequence[str]]:
    """Request one or two ids alone, and return the parts that are still to be requested."""
    one, other = random.sample(ids, 2)
    first = await _try_part([one], request)
    if first is None:
        return _halves([each for each in ids if each != one])
    second = await _try_part([other], request)
    if second is not None:
        raise second
    culprits[one] = first
    return [[each for each in ids if each not in (one, other)]]


async def _try_part(part: Sequence[str], request: RequestBatch) -> RelayError | None:
    """Return the error of a part that an id may have caused, None on success; raise any other."""
    try:
        await request(part)
    except RelayError as error:
        if not may_be_caused_by_id(error):
            raise
        return error
    return None


def _halves(ids: Sequence[str]) -> list[Sequence[str]]:
    middle = len(ids) // 2
    return [ids[:middle], ids[middle:]]
