"""A batch in the documented envelope, cut into its tasks: the same bytes are not read again.

A running task looks the same in most look-ups: new-api, on which most relays are built, refreshes
it every 15 seconds only. So the tasks of the last pieces are remembered by their bytes.

A cut is made only where ``{"task_id":`` follows an object, and every piece must be one whole JSON
object by itself, so that no cut can be in a wrong place: inside a text the quotes would be escaped,
and the pieces of a nested object are not whole.
"""

import re
from functools import lru_cache

from pydantic_core import from_json

from bot.relay.models import Task
from bot.relay.parsing.payload import Bounds, is_task
from bot.relay.parsing.tasks import parse_task

_LONGEST_BODY = 1024 * 1024
"""Bytes. Longer bodies are read as a whole, which looks at their bounds first."""
_LONGEST_REMEMBERED = 8 * 1024
"""Bytes of a piece that is remembered, and how many are: a few MiB in all."""
_REMEMBERED = 2048
_BEGIN = b'{"task_id":'
_ENVELOPE = re.compile(rb'\{"code": ?"success", ?"message": ?"", ?"data":( ?)\[' + _BEGIN)
_END = b"}]}"
_BOUNDS = Bounds.for_ids(1)


def read_pieces(body: bytes, bounds: Bounds) -> tuple[Task, ...] | None:
    """Return the tasks of a batch; None where anything is not exactly as documented.

    Then the body is to be read as a whole. Never raises.
    """
    head, end = _ENVELOPE.match(body), body.rstrip(b" \t\r\n")
    if head is None or not end.endswith(_END) or len(body) > _LONGEST_BODY:
        return None
    # From the right: the brace that the search then begins with is rare, which halves its time.
    pieces = end.rsplit(b"}," + head[1] + _BEGIN)
    if len(pieces) > bounds.tasks:
        return None
    pieces[0] = pieces[0][head.end() :]
    pieces[-1] = pieces[-1][: -len(_END)]
    tasks = []
    for piece in pieces:
        task = _remembered(piece) if len(piece) <= _LONGEST_REMEMBERED else _task_of(piece)
        if task is None:
            return None
        tasks.append(task)
    return tuple(tasks)


def _task_of(piece: bytes) -> Task | None:
    try:
        item = from_json(_BEGIN + piece + b"}", cache_strings="keys")
    except ValueError:
        return None
    return parse_task(item, _BOUNDS) if type(item) is dict and is_task(item) else None


_remembered = lru_cache(_REMEMBERED)(_task_of)
