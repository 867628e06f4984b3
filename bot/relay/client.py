"""The client of one relay: looks up and creates tasks, and protects both the relay and the key.

A look-up passes through ``request_coalescer`` (interactive ones share requests) and then
``batch_lookup`` (ids to batches). ``batch_bisection`` finds the id that makes a batch fail, and
``quarantine`` remembers it; ``single_lookup`` requests the ids that no batch holds, and
``single_fallback`` those of a relay without batches. Each request passes through ``endpoints``
(which paths exist), ``requester`` with ``circuit_breaker`` and ``rate_limiter``, and ``transport``
(the HTTP exchange). ``submission`` sends what creates something, once;
``clip_actions`` has files made of clips.
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

from bot.relay.batch_lookup import BatchLookup
from bot.relay.circuit_breaker import BackoffLimits, CircuitBreaker, CircuitStatus
from bot.relay.clip_actions import ClipActions
from bot.relay.creation import CreationRequest, Submission
from bot.relay.endpoints import EndpointDiscovery
from bot.relay.errors import ErrorKind, RelayError
from bot.relay.lookup_result import LookupResult
from bot.relay.models import Clip, TaskKind
from bot.relay.providers import RelayProfile
from bot.relay.rate_limiter import RateLimiter
from bot.relay.request_coalescer import RequestCoalescer
from bot.relay.requester import (
    BeforeSending,
    Requester,
    RequestPurpose,
    RequestStats,
    send_at_once,
)
from bot.relay.single_fallback import MAX_MISSING_INTERACTIVE
from bot.relay.single_lookup import SingleLookup
from bot.relay.submission import LYRICS_TIMEOUT, MUSIC_TIMEOUT, Submitter
from bot.relay.timed_lyrics import TimedLyrics
from bot.relay.transport import ResponseLimits, Transport, check_reachable
from bot.relay.ttl_cache import TTLCache

RESPONSE_LIMITS = ResponseLimits()
BACKOFF_LIMITS = BackoffLimits()
MAX_MISSING_POLLED = 20
"""Missing ids that one look-up of the poller requests singly; a later one continues."""
NO_KINDS: Mapping[str, TaskKind] = MappingProxyType({})


class RelayClient:
    """Looks up tasks at one relay, and creates them.

    The session stays the caller's: it is not closed here.

    At most ``requests_per_second`` requests are sent, with ``batch_size`` ids in each.
    Interactive look-ups that arrive within ``coalescing_window`` seconds share requests, and their
    result is reused for ``reuse_ttl`` seconds. For ``negative_ttl`` seconds a missing id is
    reported missing to people without another request; this is short because a relay may show a
    task a moment after it handed out its id. ``clock`` is what the rate limiter measures time with,
    ``wall_clock`` that of the times in the status.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        relay: RelayProfile,
        key: SecretStr,
        *,
        batch_size: int = 100,
        requests_per_second: float = 2.0,
        limits: ResponseLimits = RESPONSE_LIMITS,
        backoff: BackoffLimits = BACKOFF_LIMITS,
        coalescing_window: float = 0.05,
        reuse_ttl: float = 2.0,
        negative_ttl: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        account: str | None = None,
        stats: RequestStats | None = None,
        music_timeout: float = MUSIC_TIMEOUT,
        lyrics_timeout: float = LYRICS_TIMEOUT,
    ) -> None:
        """``account``: the id of a connected account, for the log; ``None`` for the operator's.

        ``stats``: where requests are counted, if not for this client alone. ``music_timeout`` and
        ``lyrics_timeout``: seconds that the answer to a submission may take.
        """
        log_id = f"relay={relay.name}" if account is None else f"account={account}"
        random = SystemRandom()
        self.profile = relay
        """What can be asked of this relay."""
        self._breaker = CircuitBreaker(
            log_id, backoff, random, is_operators=account is None, clock=wall_clock
        )
        self._limiter = RateLimiter(requests_per_second, clock)
        transport = Transport(session, relay.base_url, key, limits)
        self._requester = Requester(
            transport, self._limiter, self._breaker, RequestStats() if stats is None else stats
        )
        endpoints = EndpointDiscovery(self._requester, relay, log_id)
        self._batches = BatchLookup(endpoints, self._breaker, batch_size, random)
        self._singles = SingleLookup(endpoints)
        self._submitter = Submitter(
            self._requester, relay, music_timeout=music_timeout, lyrics_timeout=lyrics_timeout
        )
        self._clip_actions = ClipActions(self._requester, relay)
        self._singles_lock = asyncio.Lock()
        self._missing: TTLCache[bool] = TTLCache(negative_ttl)
        self._coalescer = RequestCoalescer(
            partial(self._batches.look_up, purpose=RequestPurpose.INTERACTIVE),
            window=coalescing_window,
            ttl=reuse_ttl,
        )

    @property
    def circuit_status(self) -> CircuitStatus:
        """When the relay last worked, and until when the circuit is open."""
        return self._breaker.status

    @property
    def batch_path(self) -> str:
        """The path of the batch look-up in use."""
        return self._batches.endpoints.batch_path

    @property
    def request_stats(self) -> RequestStats:
        """How many requests were counted so far, and how they ended."""
        return self._requester.stats

    def on_success(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every successful response, whoever asked: the relay works.

        A response to a request that was sent before the last failure does not count.
        """
        self._breaker.on_success(listener)

    async def warn_if_unreachable(self) -> None:
        """Log a warning if no connection to the relay can be opened now; sends no request."""
        try:
            await check_reachable(self.profile.base_url)
        except RelayError as error:
            self._breaker.warn(error)

    def pause(self, seconds: float) -> None:
        """Send nothing for some seconds: the relay has asked an earlier client to wait."""
        self._breaker.pause(seconds)

    async def wait_for_slot(self) -> None:
        """Wait until the rate limit lets the next look-up be sent at once."""
        await self._limiter.reserve()

    async def look_up(
        self,
        ids: Collection[str],
        *,
        kinds: Mapping[str, TaskKind] = NO_KINDS,
        interactive: bool = False,
        singly: bool = True,
        proven: bool = True,
    ) -> LookupResult:
        """Return what the relay knows of the ids; ``kinds`` holds what is known of them already.

        ``interactive``: a person waits. Such look-ups alternate with the poller's, share requests
        and results, and are admitted now and then while the circuit is open for the poller. They
        request a missing id again only after a few seconds, and at most three ids singly.

        An id is ``missing`` only if every way to request it says so, and never before this relay
        has shown some task or sent a response that can only be a relay's.

        ``proven``: the relay has named these ids before. Errors about other ids, and of interactive
        look-ups, do not open the circuit for the poller unless the relay limits the rate: somebody
        may have typed an id that causes them.

        Without ``singly``, ids that no batch holds stay ``unlisted`` (see ``look_up_singly``).

        Raises ``RelayError`` where nothing at all was learned: the key is refused, the relay is
        down, limits the rate or sends nothing readable, or the circuit is open (then nothing is
        requested, and ``retry_after`` says for how long). Raises ``EndpointNotFoundError`` where
        the address or the path seems to be wrong.
        """
        if interactive:
            found = await self._look_up_interactively(ids, kinds)
        else:
            purpose = RequestPurpose.POLL if proven else RequestPurpose.UNPROVEN
            found = await self._batches.look_up(ids, kinds, purpose=purpose)
            if singly:
                found = await self._complete(found, kinds, purpose, MAX_MISSING_POLLED)
        for each in self._missing.intersection(found.tasks):
            self._missing.discard(each)
        return found

    async def look_up_singly(
        self,
        ids: Sequence[str],
        *,
        kinds: Mapping[str, TaskKind] = NO_KINDS,
        proven: bool = True,
    ) -> LookupResult:
        """Look up ids that were ``unlisted``, which may take one request for each.

        Only one such look-up runs at a time, and it ends with the 20th missing id: the other ids
        have ``failed`` then. Raises ``RelayError`` as ``look_up`` does.
        """
        if self._singles_lock.locked():
            return _deferred(ids)
        async with self._singles_lock:
            purpose = RequestPurpose.POLL if proven else RequestPurpose.UNPROVEN
            found = await self._singles.look_up(
                ids, kinds, purpose=purpose, max_missing=MAX_MISSING_POLLED
            )
        return found.completed_by(_deferred(found.unlisted))

    async def submit(
        self, request: CreationRequest, before_sending: BeforeSending = send_at_once
    ) -> Submission:
        """Have something created, which is charged; the request is sent once, or not at all.

        Until ``before_sending`` has returned, certainly nothing was sent; what it raises is raised
        here. Raises ``SubmissionRejected`` where certainly nothing was created, and
        ``SubmissionUncertain`` where that cannot be told. Both are a ``RelayError``.
        """
        return await self._submitter.submit(request, before_sending)

    async def wav(self, clip_id: str) -> str | None:
        """Return the link to a WAV file of a clip; ``None`` while it is made, "" if it is none.

        This and what follows raise ``RelayError``; ``NotSentError`` where the profile of the relay
        does not declare it.
        """
        return await self._clip_actions.wav(clip_id)

    async def timing(self, clip_id: str) -> TimedLyrics | None:
        """Return when each line of a clip is sung; ``None`` while it is not ready."""
        return await self._clip_actions.timing(clip_id)

    async def stems(self, clip_id: str) -> tuple[Clip, ...] | None:
        """Return the voices and instruments of a clip; ``None`` while any of them is made."""
        return await self._clip_actions.stems(clip_id)

    async def aclose(self) -> None:
        """Cancel what is under way; people who wait get a ``RelayError``."""
        await self._coalescer.aclose()
        await self._limiter.aclose()

    async def _look_up_interactively(
        self, ids: Collection[str], kinds: Mapping[str, TaskKind]
    ) -> LookupResult:
        missing = self._missing.intersection(ids)
        others = [each for each in ids if each not in missing]
        found = await self._coalescer.look_up(others, kinds)
        found = await self._complete(
            found, kinds, RequestPurpose.INTERACTIVE, MAX_MISSING_INTERACTIVE
        )
        for each in found.missing:
            self._missing.set(each, True)
        return replace(found, missing=found.missing | missing)

    async def _complete(
        self,
        found: LookupResult,
        kinds: Mapping[str, TaskKind],
        purpose: RequestPurpose,
        max_missing: int,
    ) -> LookupResult:
        """Request the ids that no batch holds singly, before they count as missing."""
        if not found.unlisted or not self._batches.endpoints.has_batches:
            return found
        try:
            singles = await self._singles.look_up(
                found.unlisted, kinds, purpose=purpose, max_missing=max_missing
            )
        except RelayError as error:
            if not (found.tasks or found.missing or found.failed):
                raise
            singles = LookupResult(failed=dict.fromkeys(found.unlisted, error))
        return found.completed_by(singles)


def _deferred(ids: Sequence[str]) -> LookupResult:
    detail = "in no batch; its single look-up has to wait for others"
    return LookupResult(failed=dict.fromkeys(ids, RelayError(ErrorKind.UNAVAILABLE, detail)))
