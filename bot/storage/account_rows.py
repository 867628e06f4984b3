"""Reads the rows of relay accounts, and disconnects an account: SQL within a transaction."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from bot.storage.creation_cancellation import settle_with_account
from bot.storage.engine import Connection
from bot.storage.errors import NoRelayAccount
from bot.storage.key_value import read_value, write_value
from bot.storage.models import ACCOUNT_PREFIX, AccountOwner, EndReason, RelayAccount
from bot.storage.poll_results import PollContext, end_all

_OWNED = "guild_id IS ? AND user_id IS ?"


@dataclass(frozen=True, slots=True)
class DisconnectedAccount:
    """An account that was deleted."""

    account: str
    """Its id."""
    watches: int
    """How many watches ended with it."""


def is_connected(account: str) -> bool:
    """Whether an id is that of a connected account; the operator's is the name of a relay."""
    return account.startswith(ACCOUNT_PREFIX)


def read_accounts(db: Connection) -> list[RelayAccount]:
    """Within a transaction: return every account, the oldest first."""
    rows = db.query("SELECT * FROM relay_accounts ORDER BY connected_at, id")
    return [load_account(row) for row in rows]


def read_account(db: Connection, owner: AccountOwner) -> RelayAccount | None:
    """Within a transaction: return the account of a server or a user."""
    rows = db.query(
        f"SELECT * FROM relay_accounts WHERE {_OWNED}",  # noqa: S608 # names of ours
        [owner.guild_id, owner.user_id],
    )
    return next(map(load_account, rows), None)


def disconnect_account(
    db: Connection, owner: AccountOwner, now: float
) -> DisconnectedAccount | None:
    """Within a transaction: delete the account of an owner, and end the watches of its tasks."""
    account = read_account(db, owner)
    if account is None:
        return None
    (watches,) = db.execute(
        "SELECT count(*) FROM watches WHERE account = ? AND delivery_id IS NULL", [account.id]
    ).fetchone()
    settle_with_account(db, account.id, now)
    end_all(db, PollContext(account.id, "", now, now), EndReason.DISCONNECTED)
    db.execute("DELETE FROM relay_accounts WHERE id = ?", [account.id])
    for name in (last_answer_key(account.id), _pause_key(account.id)):
        db.execute("DELETE FROM key_values WHERE name = ?", [name])
    return DisconnectedAccount(account.id, watches)


def account_exists(db: Connection, account: str) -> bool:
    """Within a transaction: whether an account was not disconnected meanwhile."""
    if not is_connected(account):
        return True
    row = db.execute("SELECT 1 FROM relay_accounts WHERE id = ?", [account]).fetchone()
    return row is not None


def require_account(db: Connection, account: str) -> None:
    """Within a transaction: raise ``NoRelayAccount`` if an account was disconnected meanwhile."""
    if not account_exists(db, account):
        raise NoRelayAccount


def last_answer_key(account: str) -> str:
    """Return the name of the stored time at which the relay last answered a poll."""
    return f"{account} answered at"


def write_pause(db: Connection, account: str, fingerprint: str, until: float) -> None:
    """Within a transaction: store until when a relay wants no request (Unix seconds).

    ``fingerprint``: of the address and the key that it has asked to wait. Nothing is stored for an
    account that was disconnected meanwhile.
    """
    if account_exists(db, account):
        write_value(db, _pause_key(account), json.dumps([fingerprint, until]))


def read_pause(db: Connection, account: str, fingerprint: str) -> float | None:
    """Within a transaction: return what was stored for this key, if anything."""
    stored = read_value(db, _pause_key(account))
    asked, until = json.loads(stored) if stored else ("", None)
    return until if asked == fingerprint else None


def _pause_key(account: str) -> str:
    return f"{account} pauses until"


def load_account(row: dict[str, Any]) -> RelayAccount:
    """Return the account in a row."""
    owner = AccountOwner(row.pop("guild_id"), row.pop("user_id"))
    return RelayAccount(owner=owner, **row)


def insert_account(db: Connection, account: RelayAccount) -> None:
    """Within a transaction: insert the row of an account."""
    row = asdict(account)
    row |= row.pop("owner")
    columns, names = ", ".join(row), ", ".join(f":{name}" for name in row)
    db.execute(f"INSERT INTO relay_accounts ({columns}) VALUES ({names})", row)  # noqa: S608 # names of ours
