"""Reads facts about one task and its deliveries, without texts that people and relays wrote.

The database is read from outside the bot, also while it runs (see ``inspection``). All times are
Unix seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.relay.models import TaskKind, TaskStatus
from bot.storage.account_facts import NO_ACCESS, AccountAccess, KeyProblem, key_problem
from bot.storage.account_rows import is_connected, read_accounts
from bot.storage.delivery_rows import VISIBLE_STATE, is_first, is_quiet
from bot.storage.engine import Connection
from bot.storage.inspection import run_query
from bot.storage.key_value import RelayAccess, read_fingerprint
from bot.storage.models import (
    CreationState,
    DeliveryPurpose,
    EndReason,
    RejectionReason,
    RelayAccount,
)
from bot.storage.task_rows import load_enum


@dataclass(frozen=True, slots=True)
class WatchedChannel:
    """A channel in which a running task is watched, and by how many people."""

    channel_id: int
    guild_id: int | None
    people: int


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    """The stored facts about one delivery."""

    id: int
    purpose: DeliveryPurpose
    channel_id: int | None
    """``None`` for a direct-message channel that is not opened yet."""
    guild_id: int | None
    people: int
    state: str
    """The state in the outbox; ``held`` also if the delivery waits for a blocked channel."""
    attempts: int
    reason: str | None
    redirected_from: int | None
    """The channel that did not take the message."""
    waits: bool
    """Whether an older delivery to the same channel has to be sent first."""
    created_at: float
    due_at: float | None
    sent_at: float | None
    message_id: int | None
    thread_id: int | None = None
    """The post that the message begins, in a forum."""


class OwnerKind(StrEnum):
    """Whose account it is that knows a task."""

    OPERATOR = "operator"
    SERVER = "server"
    USER = "user"
    UNKNOWN = "unknown"
    """It is not connected any more."""


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """The stored facts about one task of one account."""

    account: str
    running: bool
    kind: TaskKind | None
    status: TaskStatus | None
    """The latest status that the relay reported; ``None`` for a task of the history alone."""
    end_reason: EndReason | None
    known: bool
    """Whether the relay ever reported it."""
    other_key: bool
    """Whether it last did so under another address or API key than the current ones."""
    misses: int
    terminal_since: float | None
    """When the relay first reported that it has ended."""
    added_at: float | None
    polled_at: float | None
    changed_at: float | None
    """When the relay last reported something new."""
    next_poll_at: float | None
    deadline_at: float | None
    ended_at: float | None
    relay: str | None = None
    """The name of the account's relay; ``None`` if the account is not connected any more."""
    owner: OwnerKind = OwnerKind.OPERATOR
    key_problem: KeyProblem | None = None
    """Why the account cannot ask about the task."""
    creation: CreationState | None = None
    """How far the request to create it is; ``None`` if it was not created here."""
    rejection: RejectionReason | None = None
    """Why nothing was created."""
    places: tuple[WatchedChannel, ...] = ()
    deliveries: tuple[DeliveryFacts, ...] = ()


def task_facts(
    location: Path | str, task_id: str, time_limit: float, access: AccountAccess = NO_ACCESS
) -> list[TaskFacts]:
    """Return the facts about a task, one for each account at which it was watched.

    Raises ``UNREADABLE`` for a database that cannot be read or has the schema of another version.
    """
    return run_query(location, time_limit, lambda db: _read_facts(db, task_id, access))


def _read_facts(db: Connection, task_id: str, access: AccountAccess) -> list[TaskFacts]:
    connected = {each.id: each for each in read_accounts(db)}
    rows = db.query("SELECT * FROM tasks WHERE task_id = ? ORDER BY added_at", [task_id])
    facts = [_facts_of_task(db, row, access, connected) for row in rows]
    accounts = {each.account for each in facts}
    entries = db.query("SELECT * FROM history WHERE task_id = ?", [task_id])
    facts += [
        _facts_of_entry(db, row, connected) for row in entries if row["account"] not in accounts
    ]
    return facts


Connected = Mapping[str, RelayAccount]
"""The connected accounts by their ids."""


def _account_values(account: str, connected: Connected) -> dict[str, Any]:
    """Return the fields that tell whose account it is, and at which relay."""
    if not is_connected(account):
        return {"account": account, "relay": account, "owner": OwnerKind.OPERATOR}
    stored = connected.get(account)
    if stored is None:
        return {"account": account, "relay": None, "owner": OwnerKind.UNKNOWN}
    owner = OwnerKind.USER if stored.owner.guild_id is None else OwnerKind.SERVER
    return {"account": account, "relay": stored.relay, "owner": owner}


def _facts_of_task(
    db: Connection, row: dict[str, Any], access: AccountAccess, connected: Connected
) -> TaskFacts:
    stored = connected.get(row["account"])
    key_access = access.connected(stored) if stored else access.operator
    return TaskFacts(
        **{name: row[name] for name in _COLUMNS},
        **_account_values(row["account"], connected),
        running=row["state"] == "running",
        kind=load_enum(TaskKind, row["kind"]),
        status=load_enum(TaskStatus, row["status"]) or TaskStatus.UNRECOGNIZED,
        end_reason=load_enum(EndReason, row["end_reason"]),
        known=bool(row["known"]),
        other_key=_is_of_other_key(db, row, key_access),
        key_problem=key_problem(stored, key_access) if stored else None,
        **_creation_values(db, row),
        places=_places(db, row),
        deliveries=_deliveries(db, row),
    )


def _is_of_other_key(db: Connection, row: dict[str, Any], access: RelayAccess | None) -> bool:
    if access is None or access.account != row["account"] or not row["known"]:
        return False
    return row.get("fingerprint") != read_fingerprint(db, access)


_COLUMNS = (
    "misses",
    "terminal_since",
    "added_at",
    "polled_at",
    "changed_at",
    "next_poll_at",
    "deadline_at",
    "ended_at",
)


def _facts_of_entry(db: Connection, row: dict[str, Any], connected: Connected) -> TaskFacts:
    return TaskFacts(
        **_account_values(row["account"], connected),
        running=False,
        kind=load_enum(TaskKind, row["kind"]),
        status=None,
        end_reason=load_enum(EndReason, row["end_reason"]),
        known=True,
        other_key=False,
        misses=0,
        terminal_since=None,
        added_at=None,
        polled_at=None,
        changed_at=None,
        next_poll_at=None,
        deadline_at=None,
        ended_at=row["ended_at"],
        **_creation_values(db, row),
        deliveries=_deliveries(db, row),
    )


def _creation_values(db: Connection, row: dict[str, Any]) -> dict[str, Any]:
    """Return the fields about the request that began a task."""
    stored = db.execute(
        "SELECT state, rejection FROM creations WHERE id ="
        " (SELECT creation_id FROM creation_tasks WHERE account = ? AND task_id = ?)",
        [row["account"], row["task_id"]],
    ).fetchone()
    state, rejection = stored or (None, None)
    return {
        "creation": load_enum(CreationState, state),
        "rejection": load_enum(RejectionReason, rejection),
    }


def _places(db: Connection, row: dict[str, Any]) -> tuple[WatchedChannel, ...]:
    rows = db.query(
        "SELECT channel_id, max(guild_id) AS guild_id, count(*) AS people FROM watches"
        " WHERE account = ? AND task_id = ? AND delivery_id IS NULL"
        " GROUP BY channel_id ORDER BY min(id)",
        [row["account"], row["task_id"]],
    )
    return tuple(WatchedChannel(**destination) for destination in rows)


def _deliveries(db: Connection, row: dict[str, Any]) -> tuple[DeliveryFacts, ...]:
    rows = db.query(
        f"SELECT d.id, purpose, d.channel_id, d.guild_id, {VISIBLE_STATE} AS state, attempts,"  # noqa: S608 # names of ours
        " coalesce(CASE d.state WHEN 'due' THEN b.reason END, d.reason) AS reason,"
        " redirected_from,"
        " created_at, CASE WHEN d.state = 'due' THEN max(due_at, coalesce(b.next_probe_at, 0))"
        "  ELSE due_at END AS due_at, sent_at, message_id, thread_id,"
        " (SELECT count(*) FROM watches s WHERE s.delivery_id = d.id"
        "  AND s.task_id = d.task_id) AS people,"
        f" d.state IN ('due', 'held') AND NOT ({is_first('d')} AND {is_quiet('d')}) AS waits"
        " FROM task_deliveries d LEFT JOIN blocked_channels b ON b.channel_id = d.channel_id"
        " WHERE account = ? AND task_id = ? ORDER BY d.id",
        [row["account"], row["task_id"]],
    )
    return tuple(
        DeliveryFacts(
            **each | {"purpose": DeliveryPurpose(each["purpose"]), "waits": bool(each["waits"])}
        )
        for each in rows
    )
