"""The client of one relay: looks up tasks, and keeps both the relay and the key from harm.

The way of a look-up: `gathering` joins those of people, `batching` makes requests of ids
(`narrowing` finds the one that spoils a batch), `routes` knows the paths, `asking` sends in turn
(`rate_limiter`) unless the relay is left alone (`breaker`), `wire` is the exchange itself.
"""

import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from random import SystemRandom
from types import MappingProxyType

import aiohttp
from pydantic import SecretStr

from bot.suno.errors import SunoError
from bot.suno.relays import Relay
from bot.suno.requesting.asking import Asking
from bot.suno.requesting.batching import Batches
from bot.suno.requesting.breaker import Breaker, Pauses, RelayHealth
from bot.suno.requesting.findings import LookUp
from bot.suno.requesting.gathering import Gathering
from bot.suno.requesting.rate_limiter import RateLimiter
from bot.suno.requesting.reaching import reach
from bot.suno.requesting.routes import Routes
from bot.suno.requesting.traffic import Traffic
from bot.suno.requesting.wire import Limits, Wire
from bot.suno.tasks import TaskKind

__all__ = ["Limits", "LookUp", "Pauses", "RelayHealth", "SunoClient", "Traffic"]

LIMITS = Limits()
PAUSES = Pauses()
NOTHING_KNOWN: Mapping[str, TaskKind] = MappingProxyType({})
NOTHING_SEEN: Mapping[int, str] = MappingProxyType({})


class SunoClient:
    """Asks one relay for tasks. The session stays the caller's: it is not closed here.

    At most ``requests_per_second`` requests are sent, ``batch_size`` ids in each. ``join_within``
    and ``share_for`` are seconds: how close together look-ups of people must come to travel as
    one, and how long their answers are shared. ``clock`` gives the time by which requests are
    spaced.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        relay: Relay,
        key: SecretStr,
        *,
        batch_size: int = 100,
        requests_per_second: float = 2.0,
        limits: Limits = LIMITS,
        pauses: Pauses = PAUSES,
        join_within: float = 0.05,
        share_for: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        random = SystemRandom()
        self._breaker = Breaker(relay.name, pauses, random)
        self._limiter = RateLimiter(requests_per_second, clock)
        wire = Wire(session, relay.base_url, key, limits)
        self._base_url = relay.base_url
        self._asking = Asking(wire, self._limiter, self._breaker)
        routes = Routes(self._asking, relay)
        self._batches = Batches(routes, self._breaker, batch_size, random)
        self._gathering = Gathering(
            partial(self._batches.look_up, seen=NOTHING_SEEN, urgent=True),
            window=join_within,
            fresh=share_for,
        )

    @property
    def health(self) -> RelayHealth:
        """When the relay answered well and badly, and how long it is left alone."""
        return self._breaker.health

    @property
    def traffic(self) -> Traffic:
        """How many requests were sent so far, and what became of them."""
        return self._asking.traffic

    def on_success(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every good answer, whoever asked: the relay is no longer down.

        An answer to a request that was sent before the last failure does not count.
        """
        self._breaker.on_success(listener)

    async def greet(self) -> None:
        """Say in the log if the relay cannot be reached now; asks it for nothing."""
        try:
            await reach(self._base_url)
        except SunoError as error:
            self._breaker.warn(error)

    async def ready(self) -> None:
        """Wait until the next look-up may be sent at once."""
        await self._limiter.reserve()

    async def look_up(
        self,
        ids: Collection[str],
        *,
        kinds: Mapping[str, TaskKind] = NOTHING_KNOWN,
        urgent: bool = False,
        seen: Mapping[int, str] = NOTHING_SEEN,
    ) -> LookUp:
        """Ask what the relay knows of these ids; ``kinds`` tells what is known already.

        ``urgent`` is for people who wait: they take turns with the poller, share requests and
        answers with each other, and are let through now and then while the poller is held back.

        ``seen`` are, by the ``fingerprints`` of earlier look-ups, the ids of running tasks of which
        the caller has kept what it saw (see `Seen`): one that looks the same still comes as
        ``unchanged``, and not as a task. People who wait always get the task.

        Raise SunoError where nothing at all could be learned: the key is refused, the relay is
        down, limits the rate, answers nothing readable, or is left alone after such an error
        (then without a request, and ``retry_after`` tells for how long). An id that was not found
        is ``missing`` only after every way to ask for it has said so.
        """
        if urgent:
            return await self._gathering.look_up(ids, kinds)
        return await self._batches.look_up(ids, kinds, seen=seen, urgent=False)

    async def aclose(self) -> None:
        """End what is under way; people who wait get a SunoError."""
        await self._gathering.aclose()
        await self._limiter.aclose()
