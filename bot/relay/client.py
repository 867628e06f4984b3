"""The client of one relay: looks up tasks, and keeps both the relay and the key from harm.

The way of a look-up: `gathering` joins those of people, `batching` makes requests of ids
(`narrowing` finds the one that spoils a batch), `singles` asks for what no batch holds, `routes`
knows the paths, `asking` sends in turn (`rate_limiter`) unless the relay is left alone (`breaker`),
`wire` is the exchange itself.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import SystemRandom
from types import MappingProxyType

import aiohttp
from pydantic import SecretStr

from bot.relay.circuit_breaker import BackoffLimits, CircuitBreaker, CircuitStatus
from bot.relay.endpoints import EndpointDiscovery
from bot.relay.errors import ErrorKind, RelayError
from bot.relay.lookup import MOST_IN_VAIN, BatchLookup
from bot.relay.lookup_result import LookupResult
from bot.relay.models import TaskKind
from bot.relay.providers import RelayProfile
from bot.relay.purpose import RequestPurpose
from bot.relay.rate_limiter import RateLimiter
from bot.relay.request_coalescer import RequestCoalescer
from bot.relay.requester import Requester, RequestStats
from bot.relay.single_lookup import SingleLookup
from bot.relay.transport import ResponseLimits, Transport, check_reachable
from bot.relay.ttl_cache import TTLCache

LIMITS = ResponseLimits()
BACKOFF_LIMITS = BackoffLimits()
MOST_SINGLES = 20
"""Missing ids that one look-up of the poller asks for on their own; a later one goes on."""
NOTHING_KNOWN: Mapping[str, TaskKind] = MappingProxyType({})


class RelayClient:
    """Asks one relay for tasks. The session stays the caller's: it is not closed here.

    At most ``requests_per_second`` requests are sent, with ``batch_size`` ids in each.
    Interactive look-ups that arrive within ``coalescing_window`` seconds share requests, and their
    result is reused for ``reuse_ttl`` seconds. For ``negative_ttl`` seconds a missing id is
    reported missing to people without another request; this is short because a relay may show a
    task a moment after it handed out its id. ``clock`` is what the rate limiter measures time with.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        relay: RelayProfile,
        key: SecretStr,
        *,
        batch_size: int = 100,
        requests_per_second: float = 2.0,
        limits: ResponseLimits = LIMITS,
        backoff: BackoffLimits = BACKOFF_LIMITS,
        coalescing_window: float = 0.05,
        reuse_ttl: float = 2.0,
        negative_ttl: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        random = SystemRandom()
        self._breaker = CircuitBreaker(relay.name, backoff, random)
        self._limiter = RateLimiter(requests_per_second, clock)
        wire = Transport(session, relay.base_url, key, limits)
        self._base_url = relay.base_url
        self._asking = Requester(wire, self._limiter, self._breaker)
        routes = EndpointDiscovery(self._asking, relay)
        self._batches = BatchLookup(routes, self._breaker, batch_size, random)
        self._singles = SingleLookup(routes)
        self._asking_singly = asyncio.Lock()
        self._missed: TTLCache[bool] = TTLCache(negative_ttl)
        self._gathering = RequestCoalescer(
            partial(self._batches.look_up, purpose=RequestPurpose.INTERACTIVE),
            window=coalescing_window,
            fresh=reuse_ttl,
        )

    @property
    def circuit_status(self) -> CircuitStatus:
        """When the relay answered well and badly, and how long it is left alone."""
        return self._breaker.circuit_status

    @property
    def request_stats(self) -> RequestStats:
        """How many requests were sent so far, and what became of them."""
        return self._asking.request_stats

    def on_success(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every good answer, whoever asked: the relay is no longer down.

        An answer to a request that was sent before the last failure does not count.
        """
        self._breaker.on_success(listener)

    async def warn_if_unreachable(self) -> None:
        """Say in the log if the relay cannot be reached now; asks it for nothing."""
        try:
            await check_reachable(self._base_url)
        except RelayError as error:
            self._breaker.warn(error)

    async def wait_for_slot(self) -> None:
        """Wait until the next look-up may be sent at once."""
        await self._limiter.reserve()

    async def look_up(
        self,
        ids: Collection[str],
        *,
        kinds: Mapping[str, TaskKind] = NOTHING_KNOWN,
        interactive: bool = False,
        singly: bool = True,
        proven: bool = True,
    ) -> LookupResult:
        """Ask what the relay knows of these ids; ``kinds`` tells what is known already.

        ``interactive`` is for people who wait: they take turns with the poller, share requests and
        answers with each other, and are let through now and then while the poller is held back.
        What they ask for in vain is limited: an id that was missing is not asked for again for a
        few seconds, and at most three unknown ids are asked for on their own.

        An id that was not found is ``missing`` only after every way to ask for it has said so, and
        never before some task was seen at this relay, or an answer that can only be a relay's.
        ``proven`` says that the relay has named these ids before. What goes wrong with others, and
        whatever goes wrong for people, does not hold back the poller, unless the relay limits the
        rate: somebody may have typed an id that brings it about.

        Without ``singly``, what no batch holds stays ``unlisted`` (see `look_up_singly`).

        Raise SunoError where nothing at all could be learned: the key is refused, the relay is
        down, limits the rate, answers nothing readable, or is left alone after such an error
        (then without a request, and ``retry_after`` tells for how long); NoSuchPathError where the
        address or the path seems to be wrong.
        """
        if interactive:
            found = await self._look_up_for_people(ids, kinds)
        else:
            purpose = RequestPurpose.POLL if proven else RequestPurpose.UNPROVEN
            found = await self._batches.look_up(ids, kinds, purpose=purpose)
            if singly:
                found = await self._completed(found, kinds, purpose, most=MOST_SINGLES)
        for each in self._missed.among(found.tasks):
            self._missed.forget(each)
        return found

    async def look_up_singly(
        self,
        ids: Sequence[str],
        *,
        kinds: Mapping[str, TaskKind] = NOTHING_KNOWN,
        proven: bool = True,
    ) -> LookupResult:
        """Ask on their own for ids that were ``unlisted``, which may take as many requests.

        Only one such look-up is under way at a time, and it ends with the 20th id that it finds to
        be missing: other ids have ``failed`` then. Raise SunoError as ``look_up`` does.
        """
        if self._asking_singly.locked():
            return _left_for_later(ids)
        async with self._asking_singly:
            purpose = RequestPurpose.POLL if proven else RequestPurpose.UNPROVEN
            found = await self._singles.look_up(ids, kinds, purpose=purpose, most=MOST_SINGLES)
        return found.completed_by(_left_for_later(found.unlisted))

    async def aclose(self) -> None:
        """End what is under way; people who wait get a SunoError."""
        await self._gathering.aclose()
        await self._limiter.aclose()

    async def _look_up_for_people(
        self, ids: Collection[str], kinds: Mapping[str, TaskKind]
    ) -> LookupResult:
        missed = self._missed.among(ids)
        fresh = [each for each in ids if each not in missed]
        found = await self._gathering.look_up(fresh, kinds)
        found = await self._completed(found, kinds, RequestPurpose.INTERACTIVE, most=MOST_IN_VAIN)
        for each in found.missing:
            self._missed.note(each, True)
        return replace(found, missing=found.missing | missed)

    async def _completed(
        self,
        found: LookupResult,
        kinds: Mapping[str, TaskKind],
        purpose: RequestPurpose,
        *,
        most: int,
    ) -> LookupResult:
        """Ask on their own for the ids that no batch holds, before they are called missing."""
        if not found.unlisted or not self._batches.routes.has_batches:
            return found
        try:
            alone = await self._singles.look_up(found.unlisted, kinds, purpose=purpose, most=most)
        except RelayError as error:
            if not (found.tasks or found.missing or found.failed):
                raise
            alone = LookupResult(failed=dict.fromkeys(found.unlisted, error))
        return found.completed_by(alone)


def _left_for_later(ids: Sequence[str]) -> LookupResult:
    said = "in no batch; its own look-up has to wait for others"
    return LookupResult(failed=dict.fromkeys(ids, RelayError(ErrorKind.UNAVAILABLE, said)))
