"""From ids to requests: in batches, as songs and as lyrics, and on their own where need be."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from random import Random

from bot.suno.errors import ErrorKind, SunoError
from bot.suno.reading.again import Reading
from bot.suno.requesting.breaker import Breaker, InternalError, is_relay_wide
from bot.suno.requesting.findings import Findings, LookUp
from bot.suno.requesting.narrowing import ABOUT_THE_REQUEST, may_be_one_id, narrow
from bot.suno.requesting.recent import Recent
from bot.suno.requesting.routes import NoSuchPathError, Routes
from bot.suno.tasks import TaskKind

MOST_SINGLES = 20
"""Missing ids that one look-up asks for on their own; the next look-up goes on."""
PATIENCE = 3
"""Single look-ups that may fail before the first has succeeded; then the rest is left for later."""
SINGLY_AGAIN = 600.0
"""Seconds in which an id that was unknown on its own, too, is not asked for like that again."""
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
        self.unknown_singly: Recent[bool] = Recent(SINGLY_AGAIN)
        self.apart: Recent[bool] = Recent(APART)
        self.refused: Recent[tuple[ErrorKind, str]] = Recent(REFUSED_AGAIN)
        self._breaker = breaker

    async def look_up(
        self,
        ids: Collection[str],
        kinds: Mapping[str, TaskKind],
        *,
        seen: Mapping[int, str],
        urgent: bool,
    ) -> LookUp:
        """Ask for all of them; what is promised is told at ``SunoClient.look_up``."""
        search = _Search(self, ids, kinds, seen, urgent)
        await search.run()
        findings = search.findings
        try:
            return findings.conclude()
        except SunoError as error:
            nowhere = error.kind is ErrorKind.NOT_FOUND and error is findings.stopped
            # What people type may be refused for what it is: that says nothing of the relay.
            refused = error.kind in ABOUT_THE_REQUEST and not urgent and len(findings.ids) > 1
            if nowhere or refused or isinstance(error, InternalError):
                self._breaker.bad(error)
            raise

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
        seen: Mapping[int, str],
        urgent: bool,
    ) -> None:
        self.findings = Findings(ids)
        self._known = seen
        self._batches = batches
        self._routes = batches.routes
        self._kinds = kinds
        self._urgent = urgent

    async def run(self) -> None:
        ids = self.findings.ids
        lyrics = [each for each in ids if self._kinds.get(each) is TaskKind.LYRICS]
        songs: Sequence[str] = ids
        if lyrics:
            songs = [each for each in ids if self._kinds.get(each) is not TaskKind.LYRICS]
        await self._in_batches(songs, TaskKind.MUSIC)
        untold = [each for each in self.findings.unknown(songs) if each not in self._kinds]
        await self._in_batches([*lyrics, *untold], TaskKind.LYRICS)
        await self._missing_singly(self.findings.unknown(ids))

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
        async def ask(part: Sequence[str]) -> None:
            self.findings.found(
                await self._routes.batch(part, kind, self._known, urgent=self._urgent)
            )
            for each in self._batches.apart.among(part):
                self._batches.apart.forget(each)

        try:
            await ask(ids)
        except NoSuchPathError as error:
            await self._all_singly(ids, error)
        except SunoError as error:
            if not may_be_one_id(error):
                self.findings.stop(error)
                return
            try:
                culprits, left = await narrow(ids, error, ask, self._batches.random)
            except SunoError as whole:
                self.findings.stop(whole)
                return
            self._blame(culprits, remember=len(culprits) + len(left) < len(ids))
            self.findings.failed |= dict.fromkeys(left, error)

    def _blame(self, culprits: Mapping[str, SunoError], *, remember: bool) -> None:
        """Note which ids are refused; for later only if the relay read others at the same time."""
        self.findings.failed |= culprits
        for each, error in culprits.items():
            if remember or self._batches.is_apart(each):
                self._batches.set_apart(each, error)

    async def _all_singly(self, ids: Sequence[str], no_batch: NoSuchPathError) -> None:
        """Ask for each id on its own, where the relay has no batch look-up."""
        patience = PATIENCE
        for each in ids:
            try:
                await self._singly(each)
            except SunoError as error:
                nowhere = isinstance(error, NoSuchPathError) and error.sure
                if nowhere or is_relay_wide(error):
                    self.findings.stop(no_batch if nowhere else error)
                    return
                self._blame({each: error}, remember=True)
                patience -= 1
                if patience == 0:
                    self.findings.stop(error)
                    return
            else:
                self._routes.go_on_singly()
                patience = len(ids)

    async def _missing_singly(self, ids: Sequence[str]) -> None:
        """Ask on their own for the ids that no batch held, before they are called missing."""
        asked = 0
        for each in ids:
            if self._batches.unknown_singly.get(each):
                self.findings.missing.add(each)
            elif self.findings.stopped is not None:
                return
            elif asked == MOST_SINGLES:
                self.findings.failed[each] = SunoError(
                    ErrorKind.UNAVAILABLE, "in no batch; its own look-up has to wait for others"
                )
            else:
                asked += 1
                await self._one_missing(each)

    async def _one_missing(self, task_id: str) -> None:
        try:
            await self._singly(task_id)
        except SunoError as error:
            if is_relay_wide(error):
                self.findings.stop(error)
                return
            self.findings.missing.add(task_id)  # the batch's word stands
        if task_id in self.findings.missing:
            self._batches.unknown_singly.note(task_id, True)

    async def _singly(self, task_id: str) -> None:
        kind = self._kinds.get(task_id)
        task = await self._routes.single(task_id, kind, urgent=self._urgent)
        if task is None:
            self.findings.missing.add(task_id)
        else:
            self.findings.found(Reading((task,)))
