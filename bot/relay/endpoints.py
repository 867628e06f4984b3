"""Which of a relay's paths work, found out by asking and remembered while the bot runs.

A path is *proven* once it has shown a task. A batch path is proven, too, by the answer with which
relays say that nothing matched (``is_empty_batch``): so a bot whose very first id is a typing error
can be told that the relay does not know it. Whatever else a path answers that is not proven, such
as "task not found" with status 404, may be said by any web server of an address that is wrong.
Nothing about a task is concluded from it: the other known paths are asked, and where none of them
works either, that is a NoSuchPathError.
"""

import logging
import re
import time
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from bot.relay.circuit_breaker import RELAY_WIDE, is_relay_wide
from bot.relay.errors import EndpointNotFoundError, ErrorKind, RelayError
from bot.relay.models import Task, TaskKind
from bot.relay.parsing.errors import without_paths
from bot.relay.parsing.reader import is_empty_batch, read_batch, read_single
from bot.relay.providers import RelayProfile
from bot.relay.purpose import RequestPurpose
from bot.relay.requester import Requester
from bot.relay.transport import RelayResponse

logger = logging.getLogger(__name__)

ABOUT_A_TASK = re.compile(r"task|任务", re.IGNORECASE)
ABOUT_A_PATH = re.compile(
    r"invalid (?:url|action)|page not found|cannot (?:get|post)|no route"
    r"|(?:route|path|endpoint) not found",
    re.IGNORECASE,
)
ABSENT = 600.0
"""Seconds after which a path that was not there is tried again, at a relay that has others."""
ABSENT_LIKE_ALL = 120.0
"""Seconds after which it is tried again where no path has worked yet.

new-api lets an address ask for 60 unknown paths within 180 seconds: so the configured path alone
is asked at every look, and the four others rarely.
"""


class UnknownTaskError(RelayError):
    """The relay says that it does not know a task, of one or more that it was asked for."""

    def __init__(self, detail: str) -> None:
        super().__init__(ErrorKind.NOT_FOUND, detail)


class _NothingShownError(RelayError):
    """An answer without any task, which may be a relay's or not."""

    def __init__(self) -> None:
        super().__init__(ErrorKind.NOT_FOUND, "an answer without any task")


class EndpointDiscovery:
    """Asks for tasks on the paths of one relay."""

    def __init__(self, asking: Requester, relay: RelayProfile) -> None:
        self._asking = asking
        self._relay = relay
        self._batch_path = relay.fetch_path
        self._proven: set[str] = set()
        self._shown: set[str] = set()
        """Those of the proven paths that have shown a task, and not only an empty answer."""
        self._absent_until: dict[str, float] = {}
        self._singly_until = 0.0

    @property
    def has_batches(self) -> bool:
        """Whether the batch look-up is known to work."""
        return self._batch_path in self._proven and not self._is_asked_singly()

    @property
    def batch_path(self) -> str:
        """Where batches are asked for."""
        return self._batch_path

    def other_batch_paths(self) -> Iterator[str]:
        """Give the other paths that are worth a try where that one does not work."""
        for path in self._relay.batch_paths:
            if path != self._batch_path and not (self._is_asked_singly() or self._is_absent(path)):
                yield path

    def is_proven(self, path: str) -> bool:
        """Whether a path has shown that it is a relay's."""
        return path in self._proven

    async def batch(
        self, path: str, ids: Sequence[str], kind: TaskKind, *, purpose: RequestPurpose
    ) -> tuple[Task, ...]:
        """Ask for several tasks at once; those that the relay does not know are left out.

        What is left out proves nothing where the path ``is_proven`` not even afterwards.

        Raise NoSuchPathError where the relay has no batch look-up at this path, UnknownTaskError
        where it refuses them all because it does not know one, and any other SunoError for what it
        answered.
        """
        if self._is_asked_singly():
            raise EndpointNotFoundError("the relay has no batch look-up", sure=True)

        def read(answer: RelayResponse) -> tuple[Task, ...]:
            try:
                tasks = read_batch(answer.status, answer.content_type, answer.body, ids=len(ids))
            except RelayError as error:
                meaning = self._meaning(path, answer, error)
                alone = len(ids) == 1 and path in self._proven
                if isinstance(meaning, UnknownTaskError) and alone:
                    return ()
                raise meaning from error.__cause__
            if not tasks and path not in self._proven and not is_empty_batch(answer.body):
                raise _NothingShownError
            return tasks

        payload = {"ids": list(ids), "action": kind.action}
        try:
            tasks = await self._asking.ask("POST", path, read, purpose=purpose, payload=payload)
        except _NothingShownError:
            return ()
        self._proven.add(path)
        if tasks:
            self._shown.add(path)
        self._singly_until = 0.0
        return tasks

    def go_on_at(self, path: str) -> None:
        """Ask for batches on another path from now on."""
        self._say_detour(f"POST {path} instead; SUNO_FETCH_PATH={path} would save the detour")
        self._batch_path = path

    def note_absent(self, path: str) -> None:
        """Note that a path is surely not there, so that it is left alone for a while."""
        seconds = ABSENT if self._proven else ABSENT_LIKE_ALL
        self._absent_until[path] = time.monotonic() + seconds

    async def single(
        self, task_id: str, kind: TaskKind | None, *, purpose: RequestPurpose
    ) -> Task | None:
        """Ask for one task, on every path that may know it; None where the relay does not.

        Raise NoSuchPathError where there is no such path, or where that cannot be told from an
        unknown task: as long as no single look-up has ever shown a task, none proves that one is
        unknown. Raise any other SunoError for what the relay answered.
        """
        trouble: list[RelayError] = []
        lapse: RelayError | None = None
        answered = False
        for path in self._single_paths(task_id, kind):
            try:
                task = await self._single(path, task_id, purpose)
            except RelayError as error:
                if is_relay_wide(error):
                    raise
                trouble.append(error)
                if path in self._proven:
                    lapse = lapse or error
                continue
            answered = True
            if task is not None:
                return task
        if lapse is not None:
            raise lapse
        if answered and not self._proven.isdisjoint(self._relay.single_paths):
            return None
        if answered:
            raise EndpointNotFoundError(
                "no single look-up has shown a task yet", sure=False, singly=True
            )
        sure = all(isinstance(error, EndpointNotFoundError) and error.sure for error in trouble)
        said = trouble[0].detail if trouble else "the relay has no single look-up"
        raise EndpointNotFoundError(said, sure=sure)

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
        yield from (path for path in likely[kind] if not self._is_absent(path))

    async def _single(self, path: str, task_id: str, purpose: RequestPurpose) -> Task | None:
        def read(answer: RelayResponse) -> Task | None:
            try:
                return read_single(task_id, answer.status, answer.content_type, answer.body)
            except RelayError as error:
                meaning = self._meaning(path, answer, error)
                if isinstance(meaning, UnknownTaskError):
                    return None
                raise meaning from error.__cause__

        whole = path + quote(task_id, safe="", errors="replace")
        try:
            task = await self._asking.ask("GET", whole, read, purpose=purpose)
        except EndpointNotFoundError as error:
            if error.sure and path not in self._proven:
                self.note_absent(path)
            raise
        if task is not None:
            self._proven.add(path)
            self._shown.add(path)
        return task

    def _meaning(self, path: str, answer: RelayResponse, error: RelayError) -> RelayError:
        """Return what an error says of the path or of the task, else the error itself.

        A page instead of JSON says that a path is not there, if it has never worked: new-api serves
        its own site, with status 200, on every path that it does not know. A page takes back what
        only an empty answer has proven: that may have come from a proxy.
        """
        page = answer.is_html
        if page and path not in self._shown:
            self._proven.discard(path)
        proven = path in self._proven
        if not proven:
            if error.kind is ErrorKind.UNREADABLE and page:
                return EndpointNotFoundError(error.detail, sure=True)
            # Other paths work with this key: that this one does not says nothing of the relay.
            if self._proven and error.kind in RELAY_WIDE - {ErrorKind.RATE_LIMIT}:
                return EndpointNotFoundError(error.detail, sure=False)
        about_the_path = bool(ABOUT_A_PATH.search(error.detail))
        if error.kind is ErrorKind.BAD_REQUEST and about_the_path and not proven:
            return EndpointNotFoundError(error.detail, sure=True)
        if error.kind is not ErrorKind.NOT_FOUND:
            return error
        if page or answer.status == 405 or about_the_path:
            return EndpointNotFoundError(error.detail, sure=True)
        words = without_paths(error.detail)
        single = path in self._relay.single_paths
        about_a_task = answer.status < 300 or answer.status == 400 or (single and proven)
        if about_a_task or ABOUT_A_TASK.search(words):
            return UnknownTaskError(error.detail)
        # "Not found" alone may be said of one task, but neither of many nor together with a path.
        return EndpointNotFoundError(error.detail, sure=not single or words != error.detail)

    def _is_asked_singly(self) -> bool:
        return time.monotonic() < self._singly_until

    def _is_absent(self, path: str) -> bool:
        return time.monotonic() < self._absent_until.get(path, 0.0)

    def _say_detour(self, way: str) -> None:
        logger.warning(
            "Relay %s has no POST %s. From now on the bot asks %s.",
            self._relay.name,
            self._batch_path,
            way,
        )
