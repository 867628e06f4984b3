"""From ids to requests: in batches, as songs and as lyrics, or on their own where none exist."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from random import Random

from bot.relay.batch_bisection import ABOUT_THE_REQUEST, may_be_one_id, narrow
from bot.relay.circuit_breaker import AmbiguousError, CircuitBreaker, is_relay_wide
from bot.relay.endpoints import EndpointDiscovery, UnknownTaskError
from bot.relay.errors import EndpointNotFoundError, ErrorKind, RelayError
from bot.relay.lookup_result import Findings, LookupResult
from bot.relay.models import TaskKind
from bot.relay.purpose import RequestPurpose
from bot.relay.ttl_cache import TTLCache

MOST_IN_VAIN = 3
"""Unknown ids that one look-up of a person asks for on their own."""
PATIENCE_WITH_STRANGERS = 5
"""Requests that one look-up of the poller sends in vain, in a row, for ids that the relay has never
named."""
PATIENCE = 3
"""Single look-ups that may fail before the first has succeeded; then the rest is left for later."""
APART = 3600.0
"""Seconds in which an id that was refused travels in no batch with others."""
REFUSED_AGAIN = 30.0
"""Seconds in which the poller does not ask again for an id that was refused."""


class BatchLookup:
    """Looks up any number of ids in as few requests as the relay allows."""

    def __init__(
        self, routes: EndpointDiscovery, breaker: CircuitBreaker, size: int, random: Random
    ) -> None:
        if size < 1:
            raise ValueError("A batch must hold at least one id.")
        self.routes = routes
        self.size = size
        self.random = random
        self.apart: TTLCache[bool] = TTLCache(APART)
        self.refused: TTLCache[tuple[ErrorKind, str]] = TTLCache(REFUSED_AGAIN)
        self.unconfirmed: TTLCache[bool] = TTLCache(APART)
        """Ids that were unknown where no path has shown a task yet."""
        self._breaker = breaker

    async def look_up(
        self,
        ids: Collection[str],
        kinds: Mapping[str, TaskKind],
        *,
        purpose: RequestPurpose,
    ) -> LookupResult:
        """Ask for all of them; those that no batch holds come back ``unlisted``.

        Else it promises what ``RelayClient.look_up`` does.
        """
        search = _BatchSearch(self, ids, kinds, purpose)
        await search.run()
        findings = search.findings
        try:
            found = findings.conclude()
            if purpose is RequestPurpose.UNPROVEN and len(found.failed) == len(findings.ids) > 0:
                raise _most_telling(found.failed.values())
        except RelayError as error:
            # What people type may be refused for what it is: that says nothing of the relay.
            refused = (
                error.kind in ABOUT_THE_REQUEST and purpose.trips_breaker and len(findings.ids) > 1
            )
            nowhere = (
                isinstance(error, EndpointNotFoundError) and error.sure and purpose.trips_breaker
            )
            if nowhere or refused or isinstance(error, AmbiguousError):
                self._breaker.bad(error, trips_breaker=purpose.trips_breaker)
            raise
        else:
            return found
        finally:
            for failure in findings.failed.values():
                if isinstance(failure, EndpointNotFoundError):
                    self._breaker.warn(failure)

    def is_apart(self, task_id: str) -> bool:
        """Whether this id spoiled a batch, or failed on its own, not long ago."""
        return self.apart.get(task_id) is not None

    def set_apart(self, task_id: str, error: RelayError) -> None:
        """Remember that this id, and not the relay, brings about this error."""
        self.apart.note(task_id, True)
        self.refused.note(task_id, (error.kind, error.detail))


class _BatchSearch:
    """One look-up under way."""

    def __init__(
        self,
        batches: BatchLookup,
        ids: Collection[str],
        kinds: Mapping[str, TaskKind],
        purpose: RequestPurpose,
    ) -> None:
        self.findings = Findings(ids)
        self._batches = batches
        self._routes = batches.routes
        self._kinds = kinds
        self._errand = purpose
        self._patience = PATIENCE_WITH_STRANGERS
        self._in_vain = 0

    async def run(self) -> None:
        await self._ask_for(self.findings.ids)
        unconfirmed = [
            each
            for each, error in self.findings.failed.items()
            if isinstance(error, EndpointNotFoundError)
        ]
        if unconfirmed and self.findings.tasks and self.findings.stopped is None:
            # Other ids have shown since that a path works.
            for each in unconfirmed:
                del self.findings.failed[each]
            await self._ask_for(unconfirmed)

    async def _ask_for(self, ids: Sequence[str]) -> None:
        lyrics = [each for each in ids if self._kinds.get(each) is TaskKind.LYRICS]
        songs: Sequence[str] = ids
        if lyrics:
            songs = [each for each in ids if self._kinds.get(each) is not TaskKind.LYRICS]
        await self._in_batches(songs, TaskKind.MUSIC)
        untold = [each for each in self.findings.unknown(songs) if each not in self._kinds]
        await self._in_batches([*lyrics, *untold], TaskKind.LYRICS)

    async def _in_batches(self, ids: Sequence[str], kind: TaskKind) -> None:
        for part in self._parts(ids):
            if self.findings.stopped is not None:
                return
            await self._part(part, kind)

    def _parts(self, ids: Sequence[str]) -> Iterator[Sequence[str]]:
        """Split the ids into batches; one that was refused comes last, alone, and seldom."""
        apart = self._batches.apart.among(ids)
        together = [each for each in ids if each not in apart] if apart else ids
        for start in range(0, len(together), self._batches.size):
            yield together[start : start + self._batches.size]
        alone = [each for each in ids if each in apart]
        if (
            self._errand is RequestPurpose.UNPROVEN
        ):  # whose turn it is must not depend on who is refused
            self._batches.random.shuffle(alone)
        for each in alone:
            refusal = None if self._errand.interactive else self._batches.refused.get(each)
            if refusal is None:
                yield [each]
            else:
                self.findings.failed[each] = RelayError(*refusal)

    async def _part(self, ids: Sequence[str], kind: TaskKind) -> None:
        """Ask for a batch, on the relay's other paths if need be, and where none works singly."""
        trouble = await self._ask_on(self._routes.batch_path, ids, kind)
        if trouble is None:
            self._grow_impatient(ids)
            return
        if not isinstance(trouble, EndpointNotFoundError):
            self._give_up(ids, trouble)
            return
        for path in self._routes.other_batch_paths():
            other = await self._ask_on(path, ids, kind)
            if other is None:
                self._routes.go_on_at(path)
                return
            if is_relay_wide(other):
                self.findings.stop(other)
                return
            if isinstance(other, EndpointNotFoundError) and other.sure:
                self._routes.note_absent(path)
            else:  # it may be refused for the ids
                trouble = EndpointNotFoundError(trouble.detail, sure=False)
        await self._all_singly(ids, trouble)

    def _give_up(self, ids: Sequence[str], trouble: RelayError) -> None:
        """End the search, unless one id that somebody typed may keep others from an answer.

        Such ids are asked for one by one from the next look on.
        """
        if self._errand is not RequestPurpose.UNPROVEN or trouble.kind is ErrorKind.RATE_LIMIT:
            self.findings.stop(trouble)
            return
        for each in self.findings.unknown(ids):
            self.findings.failed[each] = trouble
            self._batches.apart.note(each, True)
        self._grow_impatient(ids)

    def _grow_impatient(self, ids: Sequence[str]) -> None:
        """End a search for ids that the relay never named if it answers none of several."""
        if self._errand is not RequestPurpose.UNPROVEN:
            return
        failed = self.findings.failed
        if not all(each in failed for each in ids):
            self._patience = PATIENCE_WITH_STRANGERS
            return
        self._patience -= 1
        if self._patience == 0:
            self.findings.stop(failed[ids[0]])

    async def _ask_on(self, path: str, ids: Sequence[str], kind: TaskKind) -> RelayError | None:
        """Ask for a batch on a path, and find out which ids spoil it, if it is them.

        Return what is wrong with the path or the relay, None where it is one that answers.
        """
        try:
            await self._ask(path, ids, kind)
        except RelayError as error:
            return await self._bisect(path, ids, kind, error) if may_be_one_id(error) else error
        if not self._routes.is_proven(path):
            return EndpointNotFoundError("an answer without any task", sure=False)
        return None

    async def _bisect(
        self, path: str, ids: Sequence[str], kind: TaskKind, error: RelayError
    ) -> RelayError | None:
        """Find out which ids spoil a batch, unless it may be the path: it has never worked."""

        async def ask(part: Sequence[str]) -> None:
            await self._ask(path, part, kind)

        try:
            culprits, left = await narrow(ids, error, ask, self._batches.random)
        except RelayError as whole:
            return whole if self._is_the_relays(path, whole) else _doubt(whole)
        if not self._is_the_relays(path, error):
            return _doubt(error)
        self._blame(culprits, remember=len(culprits) + len(left) < len(ids))
        if isinstance(error, UnknownTaskError):
            error = RelayError(ErrorKind.UNAVAILABLE, f"refused with others: {error.detail}")
            for each in self.findings.unknown(ids):
                self._batches.apart.note(each, True)  # what the relay does not know
        self.findings.failed |= dict.fromkeys(left, error)
        return None

    def _is_the_relays(self, path: str, error: RelayError) -> bool:
        """Whether an error is surely one of a relay, and does not come from a wrong path."""
        about_ids = error.kind in ABOUT_THE_REQUEST or isinstance(error, UnknownTaskError)
        return self._routes.is_proven(path) or not about_ids

    async def _ask(self, path: str, ids: Sequence[str], kind: TaskKind) -> None:
        self.findings.found(await self._routes.batch(path, ids, kind, purpose=self._errand))
        for each in self._batches.apart.among(ids):
            if each in self.findings.tasks:
                self._batches.apart.forget(each)

    def _blame(self, culprits: Mapping[str, RelayError], *, remember: bool) -> None:
        """Note which ids are refused; for later only if the relay read others at the same time."""
        for each, error in culprits.items():
            if isinstance(error, UnknownTaskError):
                continue  # said before the path was known to work: it is not refused, but unknown
            self.findings.failed[each] = error
            if remember or self._batches.is_apart(each):
                self._batches.set_apart(each, error)

    async def _all_singly(self, ids: Sequence[str], no_batch: EndpointNotFoundError) -> None:
        """Ask for each id on its own, where the relay has no batch look-up."""
        patience = PATIENCE
        unconfirmed = self._batches.unconfirmed.among(ids)
        for each in sorted(ids, key=unconfirmed.__contains__):  # the others may show that it works
            if self._errand.interactive and self._in_vain == MOST_IN_VAIN:
                return
            try:
                task = await self._routes.single(each, self._kinds.get(each), purpose=self._errand)
            except RelayError as error:
                if isinstance(error, EndpointNotFoundError):
                    # A batch path that has worked was surely not refused because of the ids.
                    if (error.sure and no_batch.sure) or self._routes.has_batches:
                        self.findings.stop(no_batch)
                        return
                    if error.sure:
                        self.findings.failed |= dict.fromkeys(self.findings.unknown(ids), no_batch)
                        return
                    singly = error.singly and no_batch.sure
                    error = EndpointNotFoundError(no_batch.detail, sure=False, singly=singly)
                    self.findings.failed[each] = error
                    self._batches.unconfirmed.note(each, True)
                elif is_relay_wide(error):
                    self.findings.stop(error)
                    return
                else:
                    self._blame({each: error}, remember=True)
                patience -= 1
                if patience == 0:
                    self.findings.stop(error)
                    return
                continue
            self._routes.go_on_singly()
            patience = len(ids)
            if task is None:
                self._in_vain += 1
                self.findings.missing.add(each)
            else:
                self.findings.found([task])


def _most_telling(errors: Iterable[RelayError]) -> RelayError:
    """Return the error that may be the relay's rather than an id's, if there is one."""
    return min(errors, key=lambda error: error.kind in ABOUT_THE_REQUEST)


def _doubt(error: RelayError) -> EndpointNotFoundError:
    return EndpointNotFoundError(error.detail, sure=False)
