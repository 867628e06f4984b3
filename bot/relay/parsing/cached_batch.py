"""Reads a documented batch task by task, and reuses tasks whose bytes have not changed.

A running task looks the same in most look-ups: new-api, on which most relays are built, refreshes
it every 15 seconds only. So tasks are cached by their bytes.

The body is split only where ``{"task_id":`` follows an object, and every part must be one whole
JSON object by itself. So no split can be in a wrong place: inside a text the quotes would be
escaped, and parts of a nested object are not whole.
"""

import re

from pydantic_core import from_json

from bot.relay.models import Task
from bot.relay.parsing.payload import Bounds, is_task
from bot.relay.parsing.tasks import parse_task

_MAX_BODY = 1024 * 1024
"""Bytes. Longer bodies are read as a whole, which checks their bounds first."""
_MAX_CACHED_BYTES = 8 * 1024
"""Bytes of a task that is cached; with the size of the cache a few MiB in all."""
_CACHE_SIZE = 2048
_KEY_BYTES = 64
_BEGIN = b'{"task_id":'
_ENVELOPE = re.compile(rb'\{"code": ?"success", ?"message": ?"", ?"data":( ?)\[' + _BEGIN)
_END = b"}]}"
_BOUNDS = Bounds.for_ids(1)


def read_cached_batch(body: bytes, bounds: Bounds) -> tuple[Task, ...] | None:
    """Return the tasks of a batch, or None where anything is not exactly as documented.

    Then the body must be read as a whole. Never raises.
    """
    head, end = _ENVELOPE.match(body), body.rstrip(b" \t\r\n")
    if head is None or not end.endswith(_END) or len(body) > _MAX_BODY:
        return None
    # From the right: the brace with which the search begins then is rare, which halves its time.
    parts = end.rsplit(b"}," + head[1] + _BEGIN)
    if len(parts) > bounds.tasks:
        return None
    parts[0] = parts[0][head.end() :]
    parts[-1] = parts[-1][: -len(_END)]
    tasks = []
    for part in parts:
        task = _cache.read(part)
        if task is None:
            return None
        tasks.append(task)
    return tuple(tasks)


def _read_task(part: bytes) -> Task | None:
    try:
        item = from_json(_BEGIN + part + b"}", cache_strings="keys")
    except ValueError:
        return None
    return parse_task(item, _BOUNDS) if type(item) is dict and is_task(item) else None


class _TaskCache:
    """The last bytes of each task, and the task that was read from them.

    The key is the beginning of the bytes, with the id: to hash all of them would cost more than to
    compare them.
    """

    def __init__(self) -> None:
        self._entries: dict[bytes, tuple[bytes, Task]] = {}

    def read(self, part: bytes) -> Task | None:
        """Return the task of some bytes, None where they hold none."""
        key = part[:_KEY_BYTES]
        entry = self._entries.get(key)
        if entry is not None and entry[0] == part:
            return entry[1]
        task = _read_task(part)
        if task is not None and len(part) <= _MAX_CACHED_BYTES:
            self._entries.pop(key, None)
            self._entries[key] = (part, task)
            if len(self._entries) > _CACHE_SIZE:
                del self._entries[next(iter(self._entries))]
        return task


_cache = _TaskCache()
