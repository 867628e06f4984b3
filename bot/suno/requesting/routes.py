"""Which of a relay's paths work, found out by asking and remembered while the bot runs."""

import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from bot.suno.answers import read_batch_again, read_single
from bot.suno.errors import ErrorKind, SunoError
from bot.suno.reading.again import Reading
from bot.suno.relays import Relay
from bot.suno.requesting.asking import Asking
from bot.suno.requesting.breaker import RELAY_WIDE, is_relay_wide
from bot.suno.requesting.recent import Recent
from bot.suno.requesting.wire import Answer
from bot.suno.tasks import Task, TaskKind

logger = logging.getLogger(__name__)

ABOUT_A_TASK = re.compile(r"task|任务", re.IGNORECASE)
ABSENT = 600.0
"""Seconds after which a path that was not there is tried again."""


class NoSuchPathError(SunoError):
    """The relay does not have this path; ``sure`` unless it may have meant the task."""

    def __init__(self, detail: str, *, sure: bool) -> None:
        super().__init__(ErrorKind.NOT_FOUND, detail)
        self.sure = sure


class Routes:
    """Asks for tasks on the paths of one relay."""

    def __init__(self, asking: Asking, relay: Relay) -> None:
        self._asking = asking
        self._relay = relay
        self._batch_path = relay.fetch_path
        self._worked: set[str] = set()
        self._absent: Recent[bool] = Recent(ABSENT)
        self._singly_until = 0.0
        self._has_shown_a_task_singly = False

    async def batch(
        self, ids: Sequence[str], kind: TaskKind, known: Mapping[int, str], *, urgent: bool
    ) -> Reading:
        """Ask for several tasks at once; those that the relay does not know are left out.

        ``known`` are ids by the fingerprints of what the caller has seen of them.

        Raise NoSuchPathError where the relay has no batch look-up (``single`` may still work), and
        any other SunoError for what it answered.
        """
        if time.monotonic() < self._singly_until:
            raise NoSuchPathError("the relay has no batch look-up", sure=True)
        try:
            return await self._batch(self._batch_path, ids, kind, known, urgent)
        except NoSuchPathError as error:
            first_error = error
        for path in self._relay.batch_paths:
            if path == self._batch_path:
                continue
            try:
                reading = await self._batch(path, ids, kind, known, urgent)
            except SunoError as error:
                if is_relay_wide(error):
                    raise
                continue
            self._say_detour(f"POST {path} instead; SUNO_FETCH_PATH={path} would save the detour")
            self._batch_path = path
            return reading
        raise first_error

    async def single(self, task_id: str, kind: TaskKind | None, *, urgent: bool) -> Task | None:
        """Ask for one task, on every path that may know it; None where the relay does not.

        Raise NoSuchPathError where there is no such path, or where that cannot be told from an
        unknown task: as long as no single look-up has ever shown a task, none proves that one is
        unknown. Raise any other SunoError for what the relay answered.
        """
        answered = False
        trouble: SunoError | None = None
        lapse: SunoError | None = None
        for path in self._single_paths(task_id, kind):
            try:
                task = await self._single(path, task_id, urgent)
            except SunoError as error:
                if is_relay_wide(error):
                    raise
                trouble = trouble or error
                if path in self._worked:
                    lapse = lapse or error
                continue
            answered = True
            if task is not None:
                self._has_shown_a_task_singly = True
                return task
        if lapse is not None:
            raise lapse
        if answered and self._has_shown_a_task_singly:
            return None
        if answered:
            raise NoSuchPathError("no single look-up has shown a task yet", sure=False)
        raise trouble or NoSuchPathError("the relay has no single look-up", sure=True)

    def go_on_singly(self) -> None:
        """Note that single look-ups work where no batch does: no more batches for a while."""
        if not self._singly_until:
            self._say_detour("for every task on its own, which takes a request for each")
        self._singly_until = time.monotonic() + ABSENT

    def _single_paths(self, task_id: str, kind: TaskKind | None) -> Iterator[str]:
        """Give the paths worth asking, the likeliest first."""
        if not task_id.strip("."):
            return  # would be another path, not an id
        fetch, feed, lyrics = self._relay.single_paths
        likely = {
            TaskKind.MUSIC: (fetch, feed),
            TaskKind.LYRICS: (fetch, lyrics, feed),
            None: (fetch, feed, lyrics),
        }
        yield from (path for path in likely[kind] if not self._absent.get(path))

    async def _batch(
        self,
        path: str,
        ids: Sequence[str],
        kind: TaskKind,
        known: Mapping[int, str],
        urgent: bool,
    ) -> Reading:
        def read(answer: Answer) -> Reading:
            try:
                return read_batch_again(answer.status, answer.content_type, answer.body, known)
            except SunoError as error:
                if self._means_unknown(path, answer, error):
                    return Reading(())
                raise

        payload = {"ids": list(ids), "action": kind.action}
        reading = await self._asking.ask("POST", path, read, urgent=urgent, payload=payload)
        self._worked.add(path)
        self._singly_until = 0.0
        return reading

    async def _single(self, path: str, task_id: str, urgent: bool) -> Task | None:
        def read(answer: Answer) -> Task | None:
            try:
                return read_single(task_id, answer.status, answer.content_type, answer.body)
            except SunoError as error:
                if self._means_unknown(path, answer, error):
                    return None
                raise

        whole = path + quote(task_id, safe="", errors="replace")
        try:
            task = await self._asking.ask("GET", whole, read, urgent=urgent)
        except NoSuchPathError as error:
            if error.sure and self._worked and path not in self._worked:
                self._absent.note(path, True)
            raise
        self._worked.add(path)
        return task

    def _means_unknown(self, path: str, answer: Answer, error: SunoError) -> bool:
        """Tell whether an error means that the relay knows no such task.

        Raise NoSuchPathError where it means that the relay has no such path. A page instead of
        JSON means that, too, on a path that has never worked: new-api serves its own site, with
        status 200, on every path that it does not know.
        """
        page = answer.is_html
        if path not in self._worked:
            if error.kind is ErrorKind.UNREADABLE and page:
                raise NoSuchPathError(error.detail, sure=True)
            # Other paths work with this key: that this one does not says nothing of the relay.
            if self._worked and error.kind in RELAY_WIDE - {ErrorKind.RATE_LIMIT}:
                raise NoSuchPathError(error.detail, sure=False)
        if error.kind is not ErrorKind.NOT_FOUND:
            return False
        if answer.status < 300 or answer.status == 400:
            return True
        invalid_url = "invalid url" in error.detail.lower()
        sure = page or invalid_url or answer.status == 405
        if not sure and (ABOUT_A_TASK.search(error.detail) or path in self._worked):
            return True
        raise NoSuchPathError(error.detail, sure=sure)

    def _say_detour(self, way: str) -> None:
        logger.warning(
            "Relay %s has no POST %s. From now on the bot asks %s.",
            self._relay.name,
            self._batch_path,
            way,
        )
