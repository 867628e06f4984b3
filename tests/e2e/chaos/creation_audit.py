"""Compares what users asked the bot to create with what was charged, stored and told.

Pure: the audit knows how often each wish was asked for and what the answers promised, the stored
requests, what the relays charged, and the messages that stand in channels.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.i18n.catalog import catalog_for
from bot.storage.models import CreationState
from sandbox.relay import RecordedSubmission
from tests.e2e.chaos.messages import PostedMessage

_MARK = re.compile(r"wish-[0-9]{5}-[0-9]-of-chaos")
_CATALOG = catalog_for("en-US")
_BULLET = "\N{BULLET}"


def beginnings(*keys: str) -> tuple[str, ...]:
    """Return what texts say before the title, the task or the number in them."""
    return tuple(
        _CATALOG.text(
            key, title=_BULLET, titled=titled, kind=kind, told="", counts="", tasks=_BULLET, count=1
        )
        .partition(_BULLET)[0]
        .strip(" *")
        for key in keys
        for titled in ("yes", "no")
        for kind in ("music", "lyrics", "task")
    )


def _endings(*keys: str) -> tuple[str, ...]:
    """Return what texts say after the title in them, or all that they say without one."""
    return tuple(
        _CATALOG.text(key, title=_BULLET, titled=titled, kind=kind, counts="")
        .rpartition(_BULLET)[2]
        .strip(" *")
        for key in keys
        for titled in ("yes", "no")
        for kind in ("music", "lyrics", "task")
    )


_TRUE = {
    CreationState.SUBMITTED: _endings(
        "notice-song-done",
        "notice-lyrics-done",
        "notice-disconnected",
        "notice-disconnected-partly",
        "notice-gave-up",
    ),
    CreationState.REJECTED: _endings("notice-rejected"),
    CreationState.CANCELLED: _endings("notice-cancelled"),
    CreationState.UNCONFIRMED: _endings("notice-unconfirmed"),
}
"""How messages end that tell of a request; accounts may be disconnected or their relays fail."""
MAY_BE_CHARGED = (CreationState.SUBMITTED, CreationState.UNCONFIRMED)
"""The states of requests that may be charged, and count for quotas."""


@dataclass(frozen=True, slots=True)
class Intent:
    """How a user asked for a wish: with a command, or with *Try again*."""

    mark: str
    user_id: int | None
    is_accepted: bool
    """Whether the answer was that it is being made."""


@dataclass(frozen=True, slots=True)
class StoredCreation:
    """A stored request. Of one that was forgotten, what is known from before."""

    number: int
    user_id: int | None
    mark: str
    state: CreationState
    task_ids: frozenset[str]
    """The id that stands for it, and those of the tasks that a relay has begun for it."""
    created_at: float = 0.0
    """Unix seconds."""
    least: int = 1
    """How many messages have to tell of it: none if its user may have stopped waiting for it."""
    most: int = 1
    """How many may: none if its user was told that they have stopped waiting."""


def mark_in(value: object) -> str:
    """Return the mark of a wish in a JSON value, empty without one."""
    found = _MARK.search(json.dumps(value))
    return found[0] if found else ""


def audit_creations(
    intents: Sequence[Intent],
    rows: Sequence[StoredCreation],
    submissions: Sequence[RecordedSubmission],
    notices: Sequence[PostedMessage],
) -> list[str]:
    """Return what was stored, charged or told wrongly, a line each."""
    found = [*_wrong_counts(intents, rows), *_wrong_charges(rows, submissions)]
    for row in rows:
        if row.state in (CreationState.QUEUED, CreationState.SUBMITTING):
            found.append(f"not settled: {row}")
        if row.mark:
            found += _wrong_notices(row, notices)
    return [*found, *_strange_notices(rows, submissions, notices)]


def _wrong_counts(intents: Sequence[Intent], rows: Sequence[StoredCreation]) -> Iterator[str]:
    """Yield where not every accepted intent is stored once, and no other more than once."""
    most = Counter((each.mark, each.user_id) for each in intents)
    least = Counter((each.mark, each.user_id) for each in intents if each.is_accepted)
    stored = Counter((row.mark, row.user_id) for row in rows if row.mark)
    for key in {*most, *stored}:
        if not least[key] <= stored[key] <= most[key]:
            yield f"{key} is stored {stored[key]} times, not {least[key]} to {most[key]}"


def _wrong_charges(
    rows: Sequence[StoredCreation], submissions: Sequence[RecordedSubmission]
) -> Iterator[str]:
    """Yield where charges differ from the requests that were submitted, or may have been.

    A request that was forgotten before anybody looked at it may be one for any wish.
    """
    charges = Counter(mark_in(each.body) for each in submissions if each.is_charged)
    begun = Counter(row.mark for row in rows if row.state is CreationState.SUBMITTED)
    possible = Counter(row.mark for row in rows if row.state in MAY_BE_CHARGED)
    for mark in {*charges, *begun} - {""}:
        if not begun[mark] <= charges[mark] <= possible[mark] + possible[""]:
            states = [str(row.state) for row in rows if row.mark == mark]
            yield f"{mark} is charged {charges[mark]} times: {states}"


def _wrong_notices(row: StoredCreation, notices: Sequence[PostedMessage]) -> Iterator[str]:
    """Yield how the messages about a request differ from a true one."""
    about = [each for each in notices if _names_any(each, row.task_ids) and not each.is_held_notice]
    certain = sum(not each.is_possible_duplicate for each in about)
    if len(about) < row.least or max(certain, min(len(about), 1)) > row.most:
        yield f"{len(about)} messages about {row}"
    for message in about:
        if not any(text in message.content for text in _TRUE.get(row.state, ())):
            yield f"untrue of {row}: {message.content!r}"


def _strange_notices(
    rows: Sequence[StoredCreation],
    submissions: Sequence[RecordedSubmission],
    notices: Sequence[PostedMessage],
) -> Iterator[str]:
    """Yield the messages about tasks that no request has begun."""
    known = frozenset().union(*(row.task_ids for row in rows))
    unknown = {task_id for each in submissions for task_id in each.task_ids} - known
    for message in notices:
        if _names_any(message, unknown):
            yield f"about nothing that was asked for: {message.content!r}"


def _names_any(message: PostedMessage, ids: frozenset[str] | set[str]) -> bool:
    return any(re.search(rf"\b{re.escape(task_id)}\b", message.text) for task_id in ids)
