"""What a relay says again, byte for byte, is not read again.

A task that runs looks the same in most looks: new-api, on which most relays are built, refreshes
it only every 15 seconds, and writes no progress between "0%" and "100%". So a batch is cut into
the objects of its tasks, and an object whose fingerprint the caller has kept is left unread.

A cut is made only where ``{"task_id":`` follows an object, and a piece counts only if it is one
whole JSON object by itself, or the same bytes were one before. So no cut can be in a wrong place:
inside a text the quote would be escaped, and the pieces of a nested object are not whole. A
fingerprint is Python's hash of the bytes, of 64 bits and with a key that each process draws anew:
no relay can make two alike.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.suno.reading.documented import read_one
from bot.suno.reading.shapes import RelayObject
from bot.suno.tasks import Task

_BEGIN = b'{"task_id":'
_ENVELOPE = re.compile(rb'\{"code": ?"success", ?"message": ?"", ?"data":( ?)\[' + _BEGIN)
_END = b"}]}"


@dataclass(frozen=True, slots=True)
class Reading:
    """The tasks in an answer."""

    tasks: tuple[Task, ...]
    """In its order, without those that are unchanged."""
    unchanged: frozenset[str] = frozenset()
    """The ids of tasks that still run, and of which it says what it said before."""
    fingerprints: Mapping[str, int] = field(default_factory=dict)
    """By id, what stands for the bytes of a task that still runs, as long as this process does."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A batch in the documented envelope, cut into its tasks."""

    unchanged: frozenset[str]
    fresh: tuple[tuple[int, Task | RelayObject], ...]
    """The fingerprints and the objects of the others, in their order."""


def read_pieces(body: bytes, known: Mapping[int, str]) -> Pieces | None:
    """Read those tasks whose fingerprint is not ``known``, which gives the id of each that is.

    None where anything is not exactly as the documents show it; then the body is to be read as a
    whole. Never raises.
    """
    head, end = _ENVELOPE.match(body), body.rstrip(b" \t\r\n")
    if head is None or not end.endswith(_END):
        return None
    # From the right: the brace that the search then begins with is rare, which halves its time.
    pieces = end.rsplit(b"}," + head[1] + _BEGIN)
    pieces[0] = pieces[0][head.end() :]
    pieces[-1] = pieces[-1][: -len(_END)]
    unchanged, fresh = [], []
    for piece in pieces:
        fingerprint = hash(piece)
        task_id = known.get(fingerprint)
        if task_id is not None:
            unchanged.append(task_id)
            continue
        read = read_one(_BEGIN + piece + b"}")
        if read is None or not (isinstance(read, Task) or read.is_task):
            return None
        fresh.append((fingerprint, read))
    return Pieces(frozenset(unchanged), tuple(fresh))
