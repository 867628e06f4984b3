"""From ids to requests: in batches, as songs and as lyrics, or on their own where none exist."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from random import Random

from bot.suno.errors import ErrorKind, NoSuchPathError, SunoError
from bot.suno.requesting.breaker import Breaker, InternalError, is_relay_wide
from bot.suno.requesting.findings import Findings, LookUp
from bot.suno.requesting.narrowing import ABOUT_THE_REQUEST, may_be_one_id, narrow
from bot.suno.requesting.recent import Recent
from bot.suno.requesting.routes import Routes, UnknownTaskError
from bot.suno.tasks import TaskKind

MOST_IN_VAIN = 3
"""Unknown ids that one look-up of a person asks for on their own."""
PATIENCE = 3
"""Single look-ups that may fail before the first has succeeded; then the rest is left for later."""
APART = 3600.0
"""Seconds in which an id that was refused travels in no batch with others."""
REFUSED_AGAIN = 30.0
"""Seconds in which the poller does not ask again for an id that was refused."""


class Batches:
    """Looks up any number of ids in as few requests as the relay allows."""

    def __init__(self, routes: Routes, breaker: Breaker, size: int, random: Random) -> None:
        if size < 1:
            raise ValueError("A batch must hold at least one id.")
        self.routes = routes
        self.size = size
        self.random = random
        self.apart: Recent[bool] = Recent(APART)
        self.refused: Recent[tuple[ErrorKind, str]] = Recent(REFUSED_AGAIN)
        self._breaker = breaker

    async def look_up(
        self,
        ids: Collection[str],
        kinds: Mapping[str, TaskKind],
        *,
        urgent: bool,
    ) -> LookUp:
        """Ask for all of them; those that no batch holds come back ``unlisted``.

        Else it promises what ``SunoClient.look_up`` does.
        """
        search = _Search(self, ids, kinds, urgent)
        await search.run()
        findings = search.findings
        try:
            return findings.conclude()
        except SunoError as error:
            # What people type may be refused for what it is: that says nothing of the relay.
            refused = error.kind in ABOUT_THE_REQUEST and not urgent and len(findings.ids) > 1
            nowhere = isinstance(error, NoSuchPathError) and error.sure
            if nowhere or refused or isinstance(error, InternalError):
                self._breaker.bad(error)
            raise
        finally:
            for failure in findings.failed.values():
                if isinstance(failure, NoSuchPathError):
                    self._breaker.warn(failure)

    def is_apart(self, task_id: str) -> bool:
        """Whether this id spoiled a batch, or failed on its own, not long ago."""
        return self.apart.get(task_id) is not None

    def set_apart(self, task_id: str, error: SunoError) -> None:
        """Remember that this id, and not the relay, brings about this error."""
        self.apart.note(task_id, True)
        self.refused.note(task_id, (error.kind, error.detail))


class _Search:
    """One look-up under way."""

    def __init__(
        self,
        batches: Batches,
        ids: Collection[str],
        kinds: Mapping[str, TaskKind],
        urgent: bool,
    ) -> None:
        self.findings = Findings(ids)
        self._batches = batches
        self._routes = batches.routes
        self._kinds = kinds
        self._urgent = urgent
        self._in_vain = 0

    async def run(self) -> None:
        ids = self.findings.ids
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
        for each in (each for each in ids if each in apart):
            refusal = None if self._urgent else self._batches.refused.get(each)
            if refusal is None:
                yield [each]
            else:
                self.findings.failed[each] = SunoError(*refusal)

    async def _part(self, ids: Sequence[str], kind: TaskKind) -> None:
        try:
            await self._ask(ids, kind)
        except NoSuchPathError as error:
            await self._elsewhere(ids, kind, error)
        except SunoError as error:
            if may_be_one_id(error):
                await self._bisect(ids, kind, error)
            else:
                self.findings.stop(error)

    async def _ask(self, ids: Sequence[str], kind: TaskKind) -> None:
        self.findings.found(await self._routes.batch(ids, kind, urgent=self._urgent))
        for each in self._batches.apart.among(ids):
            if each in self.findings.tasks:
                self._batches.apart.forget(each)

    async def _bisect(self, ids: Sequence[str], kind: TaskKind, error: SunoError) -> None:
        """Find out which ids spoil a batch, unless it is the path that is wrong."""

        async def ask(part: Sequence[str]) -> None:
            await self._ask(part, kind)

        try:
            culprits, left = await narrow(ids, error, ask, self._batches.random)
        except SunoError as whole:
            if self._may_be_elsewhere(whole):
                await self._elsewhere(ids, kind, _no_path(whole))
            else:
                self.findings.stop(whole)
            return
        answered = len(culprits) + len(left) < len(ids)
        if not answered and self._may_be_elsewhere(error):
            await self._elsewhere(ids, kind, _no_path(error))
            return
        refused = {
            each: refusal
            for each, refusal in culprits.items()
            if not isinstance(refusal, UnknownTaskError)
        }
        self._blame(refused, remember=answered)
        if isinstance(error, UnknownTaskError):
            error = SunoError(ErrorKind.UNAVAILABLE, f"refused with others: {error.detail}")
            for each in self.findings.unknown(ids):
                self._batches.apart.note(each, True)
        self.findings.failed |= dict.fromkeys(left, error)

    def _may_be_elsewhere(self, error: SunoError) -> bool:
        """Whether it may be the path that was refused and not the ids: it has never worked."""
        return not self._routes.has_batches and (
            error.kind in ABOUT_THE_REQUEST or error.kind is ErrorKind.NOT_FOUND
        )

    def _blame(self, culprits: Mapping[str, SunoError], *, remember: bool) -> None:
        """Note which ids are refused; for later only if the relay read others at the same time."""
        self.findings.failed |= culprits
        for each, error in culprits.items():
            if remember or self._batches.is_apart(each):
                self._batches.set_apart(each, error)

    async def _elsewhere(
        self, ids: Sequence[str], kind: TaskKind, no_batch: NoSuchPathError
    ) -> None:
        """Ask on the relay's other batch paths, and if there is none that works, singly."""
        try:
            tasks = await self._routes.other_batch(ids, kind, urgent=self._urgent)
        except SunoError as error:
            self.findings.stop(error)
            return
        if tasks is None:
            await self._all_singly(ids, no_batch)
        else:
            self.findings.found(tasks)

    async def _all_singly(self, ids: Sequence[str], no_batch: NoSuchPathError) -> None:
        """Ask for each id on its own, where the relay has no batch look-up."""
        patience = PATIENCE
        for each in ids:
            if self._urgent and self._in_vain == MOST_IN_VAIN:
                return
            try:
                task = await self._routes.single(each, self._kinds.get(each), urgent=self._urgent)
            except SunoError as error:
                if isinstance(error, NoSuchPathError):
                    # A batch path that has worked was surely not refused because of the ids.
                    if error.sure or self._routes.has_batches:
                        self.findings.stop(no_batch)
                        return
                    singly = error.singly and no_batch.sure
                    error = NoSuchPathError(no_batch.detail, sure=False, singly=singly)
                    self.findings.failed[each] = error
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


def _no_path(error: SunoError) -> NoSuchPathError:
    if isinstance(error, NoSuchPathError):
        return error
    return NoSuchPathError(error.detail, sure=False)
