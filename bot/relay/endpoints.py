"""Discovers which paths of a relay work by requesting them; remembers it while the bot runs.

A path is *confirmed* once it has shown a task. A batch path is confirmed, too, by the response with
which relays say that nothing matched (``is_empty_batch``), so that a bot whose very first id is a
typing error can report that the relay does not know it. Any other response of an unconfirmed path,
such as "task not found" with status 404, may come from any web server at a wrong address. Nothing
is concluded from it about a task: the other known paths are tried, and an
``EndpointNotFoundError`` is raised where none of them works either.
"""

import logging
import re
import time
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from bot.relay.errors import (
    RELAY_WIDE_KINDS,
    EndpointNotFoundError,
    ErrorKind,
    RelayError,
    UnknownTaskError,
    is_relay_wide,
    may_refuse_ids,
)
from bot.relay.models import Task, TaskKind
from bot.relay.parsing.errors import without_paths
from bot.relay.parsing.reader import is_empty_batch, read_batch, read_single
from bot.relay.providers import RelayProfile
from bot.relay.requester import Requester, RequestPurpose
from bot.relay.transport import RelayResponse

log = logging.getLogger(__name__)

_ABOUT_TASK = re.compile(r"task|任务", re.IGNORECASE)
_ABOUT_PATH = re.compile(
    r"invalid (?:url|action)|page not found|cannot (?:get|post)|no route"
    r"|(?:route|path|endpoint) not found",
    re.IGNORECASE,
)
RETRY_ABSENT = 600.0
"""Seconds after which an absent path is tried again at a relay with a confirmed path."""
RETRY_ABSENT_UNCONFIRMED = 120.0
"""Seconds after which it is tried again where no path is confirmed yet.

new-api lets an address ask for 60 unknown paths within 180 seconds: so only the configured path is
asked at every look-up, and the four others rarely.
"""


class _NoTaskShownError(RelayError):
    """A response without any task, which may be a relay's or not."""

    def __init__(self) -> None:
        super().__init__(ErrorKind.NOT_FOUND, "an answer without any task")


class EndpointDiscovery:
    """Requests tasks on the paths of one relay, and learns which of them exist."""

    def __init__(self, requester: Requester, relay: RelayProfile, log_id: str) -> None:
        self._log_id = log_id
        self._requester = requester
        self._relay = relay
        self._batch_path = relay.fetch_path
        self._confirmed: set[str] = set()
        self._has_shown_task: set[str] = set()
        """Those of the confirmed paths that have shown a task, and not only an empty batch."""
        self._absent_until: dict[str, float] = {}
        self._single_only_until = 0.0

    @property
    def has_batches(self) -> bool:
        """Whether the batch look-up is known to work."""
        return self._batch_path in self._confirmed and not self._is_single_only()

    @property
    def batch_path(self) -> str:
        """The path of the batch look-up in use."""
        return self._batch_path

    def other_batch_paths(self) -> Iterator[str]:
        """Yield the other paths that are worth a try where the one in use does not work."""
        for path in self._relay.batch_paths:
            if path != self._batch_path and not (self._is_single_only() or self._is_absent(path)):
                yield path

    def is_confirmed(self, path: str) -> bool:
        """Whether a path has shown that it is a relay's."""
        return path in self._confirmed

    async def request_batch(
        self, path: str, ids: Sequence[str], kind: TaskKind, *, purpose: RequestPurpose
    ) -> tuple[Task, ...]:
        """Request several tasks at once; the relay leaves out those that it does not know.

        As long as the path is not confirmed, an id that is left out may still exist.

        Raises ``EndpointNotFoundError`` where the relay has no batch look-up at this path,
        ``UnknownTaskError`` where it refuses all ids because it does not know one, and any other
        ``RelayError`` for its response.
        """
        if self._is_single_only():
            raise EndpointNotFoundError("the relay has no batch look-up", certain=True)

        def read(response: RelayResponse) -> tuple[Task, ...]:
            return self._read_batch(path, response, len(ids))

        payload = {"ids": list(ids), "action": kind.action}
        try:
            tasks = await self._requester.send("POST", path, read, purpose=purpose, payload=payload)
        except _NoTaskShownError:
            return ()
        self._confirm(path, has_shown_task=bool(tasks))
        self._single_only_until = 0.0
        return tasks

    def use_batch_path(self, path: str) -> None:
        """Request batches on another path from now on."""
        self._log_detour(f"POST {path} instead; SUNO_FETCH_PATH={path} would save the detour")
        self._batch_path = path

    def mark_absent(self, path: str) -> None:
        """Record that a path certainly does not exist, so that it is not tried for a while."""
        delay = RETRY_ABSENT if self._confirmed else RETRY_ABSENT_UNCONFIRMED
        self._absent_until[path] = time.monotonic() + delay

    async def request_single(
        self, task_id: str, kind: TaskKind | None, *, purpose: RequestPurpose
    ) -> Task | None:
        """Request one task, on every path that may know it; return None where the relay does not.

        Raises ``EndpointNotFoundError`` where there is no such path, or where that cannot be told
        from an unknown task: as long as no single look-up has shown a task, none proves that one is
        unknown. Raises any other ``RelayError`` for the relay's response.
        """
        errors: list[RelayError] = []
        confirmed_error: RelayError | None = None
        answered = False
        for path in self._single_paths(task_id, kind):
            try:
                task = await self._request_single_on(path, task_id, purpose)
            except RelayError as error:
                if is_relay_wide(error):
                    raise
                errors.append(error)
                if path in self._confirmed:
                    confirmed_error = confirmed_error or error
                continue
            answered = True
            if task is not None:
                return task
        if confirmed_error is not None:
            raise confirmed_error
        if answered and not self._confirmed.isdisjoint(self._relay.single_paths):
            return None
        raise _no_single_path(errors, answered=answered)

    def use_single_lookups(self) -> None:
        """Record that single look-ups work where batches do not: no more batches for a while."""
        if not self._single_only_until:
            self._log_detour("for every task on its own, which takes a request for each")
        self._single_only_until = time.monotonic() + RETRY_ABSENT

    def _single_paths(self, task_id: str, kind: TaskKind | None) -> Iterator[str]:
        """Yield the paths that may know a task, the likeliest first."""
        if not task_id.strip("."):
            return  # would be another path, not an id
        fetch, feed, lyrics = self._relay.single_paths
        likely = {
            TaskKind.MUSIC: (fetch, feed),
            TaskKind.LYRICS: (fetch, lyrics, feed),
            None: (fetch, feed, lyrics),
        }
        yield from (path for path in likely[kind] if not self._is_absent(path))

    async def _request_single_on(
        self, path: str, task_id: str, purpose: RequestPurpose
    ) -> Task | None:
        def read(response: RelayResponse) -> Task | None:
            return self._read_single(path, response, task_id)

        whole_path = path + quote(task_id, safe="", errors="replace")
        try:
            task = await self._requester.send("GET", whole_path, read, purpose=purpose)
        except EndpointNotFoundError as error:
            if error.certain and path not in self._confirmed:
                self.mark_absent(path)
            raise
        if task is not None:
            self._confirm(path, has_shown_task=True)
        return task

    def _read_batch(self, path: str, response: RelayResponse, ids: int) -> tuple[Task, ...]:
        try:
            tasks = read_batch(response.status, response.content_type, response.body, ids=ids)
        except RelayError as error:
            meaning = self._interpret(path, response, error)
            is_only_id = ids == 1 and path in self._confirmed
            if isinstance(meaning, UnknownTaskError) and is_only_id:
                return ()
            raise meaning from error.__cause__
        if not tasks and path not in self._confirmed and not is_empty_batch(response.body):
            raise _NoTaskShownError
        return tasks

    def _read_single(self, path: str, response: RelayResponse, task_id: str) -> Task | None:
        try:
            return read_single(task_id, response.status, response.content_type, response.body)
        except RelayError as error:
            meaning = self._interpret(path, response, error)
            if isinstance(meaning, UnknownTaskError):
                return None
            raise meaning from error.__cause__

    def _confirm(self, path: str, *, has_shown_task: bool) -> None:
        self._confirmed.add(path)
        if has_shown_task:
            self._has_shown_task.add(path)

    def _interpret(self, path: str, response: RelayResponse, error: RelayError) -> RelayError:
        """Return what an error means for the path or for the task, else the error itself.

        A page instead of JSON means that a path does not exist, if it has never worked: new-api
        serves its own site, with status 200, on every unknown path. A page also revokes a
        confirmation by an empty batch only, which may have come from a proxy.
        """
        is_page = response.is_html
        if is_page and path not in self._has_shown_task:
            self._confirmed.discard(path)
        is_confirmed = path in self._confirmed
        if not is_confirmed:
            if error.kind is ErrorKind.UNREADABLE and is_page:
                return EndpointNotFoundError(error.detail, certain=True)
            # Other paths work with this key: that this one does not says nothing of the relay.
            if self._confirmed and error.kind in RELAY_WIDE_KINDS - {ErrorKind.RATE_LIMIT}:
                return EndpointNotFoundError(error.detail, certain=False, may_refuse_ids=True)
        is_about_path = bool(_ABOUT_PATH.search(error.detail))
        if error.kind is ErrorKind.BAD_REQUEST and is_about_path and not is_confirmed:
            return EndpointNotFoundError(error.detail, certain=True)
        if error.kind is not ErrorKind.NOT_FOUND:
            return error
        if is_page or response.status == 405 or is_about_path:
            return EndpointNotFoundError(error.detail, certain=True)
        return self._interpret_not_found(path, response.status, error.detail)

    def _interpret_not_found(self, path: str, status: int, detail: str) -> RelayError:
        """Tell "no such task" from "no such path"."""
        words = without_paths(detail)
        is_single = path in self._relay.single_paths
        is_about_task = status < 300 or status == 400 or (is_single and path in self._confirmed)
        if is_about_task or _ABOUT_TASK.search(words):
            return UnknownTaskError(detail)
        # "Not found" alone may be said of one task, but neither of many nor together with a path.
        certain = not is_single or words != detail
        return EndpointNotFoundError(detail, certain=certain, may_refuse_ids=not certain)

    def _is_single_only(self) -> bool:
        return time.monotonic() < self._single_only_until

    def _is_absent(self, path: str) -> bool:
        return time.monotonic() < self._absent_until.get(path, 0.0)

    def _log_detour(self, alternative: str) -> None:
        log.warning(
            "Relay has no batch look-up at POST %s: %s. From now on the bot asks %s",
            self._batch_path,
            self._log_id,
            alternative,
        )


def _no_single_path(errors: Sequence[RelayError], *, answered: bool) -> EndpointNotFoundError:
    """Return the error where no path has shown the requested task or any other.

    ``answered``: a path has answered as if it did not know the task.
    """
    if answered:
        detail = "no single look-up has shown a task yet"
        return EndpointNotFoundError(detail, certain=False, may_refuse_ids=True, answered=True)
    certain = all(isinstance(each, EndpointNotFoundError) and each.certain for each in errors)
    detail = errors[0].detail if errors else "the relay has no single look-up"
    is_refusal = any(may_refuse_ids(each) for each in errors)
    return EndpointNotFoundError(detail, certain=certain, may_refuse_ids=is_refusal)
