"""Looks up ids in batches, with as few requests as the relay allows."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from random import Random

from bot.relay.batch_bisection import bisect_batch
from bot.relay.circuit_breaker import CircuitBreaker
from bot.relay.endpoints import EndpointDiscovery
from bot.relay.errors import (
    REQUEST_KINDS,
    AmbiguousError,
    EndpointNotFoundError,
    ErrorKind,
    RelayError,
    UnknownTaskError,
    is_relay_wide,
    may_be_caused_by_id,
    may_refuse_ids,
)
from bot.relay.lookup_result import LookupAccumulator, LookupResult
from bot.relay.models import TaskKind
from bot.relay.quarantine import Quarantine
from bot.relay.requester import RequestPurpose
from bot.relay.single_fallback import SingleFallback
from bot.relay.ttl_cache import TTLCache

MAX_UNPROVEN_FAILURES = 5
"""Consecutive failed requests after which a poll of unproven ids is aborted."""
DOUBTFUL_TTL = 3600.0
"""Seconds in which an id is requested after the others that was unknown on unconfirmed paths."""


class BatchLookup:
    """Looks up any number of ids in batches; ids that make batches fail are quarantined."""

    def __init__(
        self, endpoints: EndpointDiscovery, breaker: CircuitBreaker, size: int, random: Random
    ) -> None:
        if size < 1:
            raise ValueError("A batch must hold at least one id.")
        self.endpoints = endpoints
        self.size = size
        self.random = random
        self.quarantine = Quarantine()
        self.doubtful: TTLCache[bool] = TTLCache(DOUBTFUL_TTL)
        """Ids that were unknown where no path has shown a task yet."""
        self._breaker = breaker

    async def look_up(
        self, ids: Collection[str], kinds: Mapping[str, TaskKind], *, purpose: RequestPurpose
    ) -> LookupResult:
        """Look up all of the ids; those that no batch holds are ``unlisted`` in the result.

        Otherwise the same contract as ``RelayClient.look_up``.
        """
        search = _BatchSearch(self, ids, kinds, purpose)
        await search.run()
        found = search.found
        try:
            result = found.result()
            if purpose is RequestPurpose.UNPROVEN and len(result.failed) == len(found.ids) > 0:
                raise _relay_error_first(result.failed.values())
        except RelayError as error:
            self._record_failure(error, purpose, len(found.ids))
            raise
        else:
            return result
        finally:
            for failure in found.failed.values():
                if isinstance(failure, EndpointNotFoundError):
                    self._breaker.warn(failure)

    def _record_failure(self, error: RelayError, purpose: RequestPurpose, ids: int) -> None:
        # What people type may be refused for what it is: that says nothing of the relay.
        is_refused = error.kind in REQUEST_KINDS and purpose.trips_breaker and ids > 1
        is_wrong_address = (
            isinstance(error, EndpointNotFoundError) and error.certain and purpose.trips_breaker
        )
        if is_wrong_address or is_refused or isinstance(error, AmbiguousError):
            self._breaker.record_failure(error, trips_breaker=purpose.trips_breaker)


class _BatchSearch:
    """One look-up of a ``BatchLookup`` while it runs."""

    def __init__(
        self,
        batches: BatchLookup,
        ids: Collection[str],
        kinds: Mapping[str, TaskKind],
        purpose: RequestPurpose,
    ) -> None:
        self.found = LookupAccumulator(ids)
        self._batches = batches
        self._endpoints = batches.endpoints
        self._quarantine = batches.quarantine
        self._kinds = kinds
        self._purpose = purpose
        self._unproven_failures_left = MAX_UNPROVEN_FAILURES
        self._single_fallback = SingleFallback(
            batches.endpoints, batches.quarantine, batches.doubtful, self.found, purpose
        )

    async def run(self) -> None:
        """Look up all ids; ids of unconfirmed paths again once other ids have confirmed one."""
        await self._look_up(self.found.ids)
        doubtful = [
            each
            for each, error in self.found.failed.items()
            if isinstance(error, EndpointNotFoundError)
        ]
        if doubtful and self.found.tasks and self.found.abort_error is None:
            for each in doubtful:
                del self.found.failed[each]
            await self._look_up(doubtful)

    async def _look_up(self, ids: Sequence[str]) -> None:
        """Request songs first, then lyrics; an id of unknown kind is requested as both."""
        lyrics = [each for each in ids if self._kinds.get(each) is TaskKind.LYRICS]
        songs: Sequence[str] = ids
        if lyrics:
            songs = [each for each in ids if self._kinds.get(each) is not TaskKind.LYRICS]
        await self._request_batches(songs, TaskKind.MUSIC)
        unknown_kind = [each for each in self.found.unresolved(songs) if each not in self._kinds]
        await self._request_batches([*lyrics, *unknown_kind], TaskKind.LYRICS)

    async def _request_batches(self, ids: Sequence[str], kind: TaskKind) -> None:
        for batch in self._split(ids):
            if self.found.abort_error is not None:
                return
            await self._request_batch(batch, kind)

    def _split(self, ids: Sequence[str]) -> Iterator[Sequence[str]]:
        """Split the ids into batches; quarantined ones come last, each alone, and seldom."""
        quarantined = self._quarantine.intersection(ids)
        others = [each for each in ids if each not in quarantined] if quarantined else ids
        for start in range(0, len(others), self._batches.size):
            yield others[start : start + self._batches.size]
        alone = [each for each in ids if each in quarantined]
        if self._purpose is RequestPurpose.UNPROVEN:
            # Which of them is requested must not depend on which others are refused.
            self._batches.random.shuffle(alone)
        for each in alone:
            refusal = None if self._purpose.interactive else self._quarantine.recent_refusal(each)
            if refusal is None:
                yield [each]
            else:
                self.found.failed[each] = refusal

    async def _request_batch(self, ids: Sequence[str], kind: TaskKind) -> None:
        """Request a batch, if need be on the relay's other paths, and singly where none works."""
        error = await self._request_on(self._endpoints.batch_path, ids, kind)
        if error is None:
            self._count_unproven_failures(ids)
            return
        if not isinstance(error, EndpointNotFoundError):
            self._fail_batch(ids, error)
            return
        for path in self._endpoints.other_batch_paths():
            other = await self._request_on(path, ids, kind)
            if other is None:
                self._endpoints.use_batch_path(path)
                return
            if is_relay_wide(other):
                self.found.abort(other)
                return
            if isinstance(other, EndpointNotFoundError) and other.certain:
                self._endpoints.mark_absent(path)
            else:  # it may be refused because of the ids
                is_refusal = may_refuse_ids(error) or may_refuse_ids(other)
                error = EndpointNotFoundError(
                    error.detail, certain=False, may_refuse_ids=is_refusal
                )
        await self._single_fallback.request(ids, self._kinds, error)

    def _fail_batch(self, ids: Sequence[str], error: RelayError) -> None:
        """Abort the look-up, unless one unproven id may keep others from a response.

        Such ids are requested one by one from the next look-up on.
        """
        if self._purpose is not RequestPurpose.UNPROVEN or error.kind is ErrorKind.RATE_LIMIT:
            self.found.abort(error)
            return
        unresolved = self.found.unresolved(ids)
        self.found.failed |= dict.fromkeys(unresolved, error)
        self._quarantine.add(unresolved)
        self._count_unproven_failures(ids)

    def _count_unproven_failures(self, ids: Sequence[str]) -> None:
        """Abort a look-up of unproven ids after several consecutive batches that failed."""
        if self._purpose is not RequestPurpose.UNPROVEN:
            return
        failed = self.found.failed
        if not all(each in failed for each in ids):
            self._unproven_failures_left = MAX_UNPROVEN_FAILURES
            return
        self._unproven_failures_left -= 1
        if self._unproven_failures_left == 0:
            self.found.abort(failed[ids[0]])

    async def _request_on(self, path: str, ids: Sequence[str], kind: TaskKind) -> RelayError | None:
        """Request a batch on a path; ids that make it fail are found and quarantined.

        Return what is wrong with the path or the relay, None where the path works.
        """
        try:
            await self._request(path, ids, kind)
        except RelayError as error:
            if not may_be_caused_by_id(error):
                return error
            return await self._bisect(path, ids, kind, error)
        if not self._endpoints.is_confirmed(path):
            detail = "an answer without any task"
            return EndpointNotFoundError(detail, certain=False, may_refuse_ids=True)
        return None

    async def _bisect(
        self, path: str, ids: Sequence[str], kind: TaskKind, error: RelayError
    ) -> RelayError | None:
        """Find the ids that make a batch fail, unless the cause may be an unconfirmed path."""

        async def request(part: Sequence[str]) -> None:
            await self._request(path, part, kind)

        try:
            culprits, left = await bisect_batch(ids, error, request, self._batches.random)
        except RelayError as relay_error:
            if self._is_certain(path, relay_error):
                return relay_error
            return _doubtful_path(relay_error)
        if not self._is_certain(path, error):
            return _doubtful_path(error)
        self._fail_ids(culprits, quarantine=len(culprits) + len(left) < len(ids))
        if isinstance(error, UnknownTaskError):
            error = RelayError(ErrorKind.UNAVAILABLE, f"refused with others: {error.detail}")
            self._quarantine.add(self.found.unresolved(ids))  # what the relay does not know
        self.found.failed |= dict.fromkeys(left, error)
        return None

    def _is_certain(self, path: str, error: RelayError) -> bool:
        """Whether an error certainly comes from a relay, and not from a wrong path."""
        is_about_ids = error.kind in REQUEST_KINDS or isinstance(error, UnknownTaskError)
        return self._endpoints.is_confirmed(path) or not is_about_ids

    async def _request(self, path: str, ids: Sequence[str], kind: TaskKind) -> None:
        self.found.add(await self._endpoints.request_batch(path, ids, kind, purpose=self._purpose))
        quarantined = self._quarantine.intersection(ids)
        self._quarantine.release(quarantined & self.found.tasks.keys())

    def _fail_ids(self, errors: Mapping[str, RelayError], *, quarantine: bool) -> None:
        """Record ids that are refused; ``quarantine``: the relay read others at the same time."""
        for each, error in errors.items():
            if isinstance(error, UnknownTaskError):
                continue  # said before the path was confirmed: not refused, but unknown
            self.found.failed[each] = error
            if quarantine or each in self._quarantine:
                self._quarantine.add_refused(each, error)


def _doubtful_path(error: RelayError) -> EndpointNotFoundError:
    """Return what an error means that either the path or the requested ids may have caused."""
    return EndpointNotFoundError(error.detail, certain=False, may_refuse_ids=may_refuse_ids(error))


def _relay_error_first(errors: Iterable[RelayError]) -> RelayError:
    """Return an error that may be the relay's rather than an id's, if there is one."""
    return min(errors, key=lambda error: error.kind in REQUEST_KINDS)
