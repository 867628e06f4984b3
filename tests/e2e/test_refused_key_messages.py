"""Kills the bot while it tells somebody that a key is refused: the message still comes, once."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.encryption import Cipher, parse_keys
from bot.storage.database import DatabaseThread
from bot.storage.models import AccountOwner
from bot.storage.outbox import Outbox
from bot.storage.relay_accounts import RelayAccountStore
from sandbox.bot_process import ENCRYPTION_KEY, BotProcess
from tests.support.account_harness import until
from tests.support.builders import NOON, connect_account
from tests.support.sandbox_session import SandboxSession

POST = "POST /channels/{id}/messages"
KEY_ENDING = "7a1b"


async def refuse_a_key(path: Path, user_id: int) -> None:
    """Store an account whose key the relay refuses; nobody was told."""
    async with DatabaseThread(path) as database:
        accounts = RelayAccountStore(database, Outbox(database))
        owner = AccountOwner(user_id=user_id)
        cipher = Cipher(parse_keys(ENCRYPTION_KEY))
        account = await connect_account(
            accounts, owner, cipher=cipher, key_ending=KEY_ENDING, connected_by=user_id
        )
        assert await accounts.set_rejected(account, NOON)


def told_at(path: Path) -> float | None:
    """Return when somebody was told, as the database says."""
    with closing(sqlite3.connect(path)) as connection:
        (at,) = connection.execute("SELECT rejection_told_at FROM relay_accounts").fetchone()
        return None if at is None else float(at)


@pytest.mark.parametrize(
    "fault",
    [{"status": 503}, {"drop": True, "when": "after"}],
    ids=["before Discord has it", "after Discord has it"],
)
async def test_a_refused_key_is_told_once_wherever_the_bot_is_killed(
    sandbox: SandboxSession, fault: Mapping[str, Any]
) -> None:
    """Discord recognizes the repeated message by its nonce."""
    path = sandbox.folder / "suno.db"
    await refuse_a_key(path, sandbox.ada.id)
    direct = sandbox.discord.open_dm(sandbox.ada)
    sandbox.discord.faults.add(POST, times=None, **fault)
    bot = BotProcess(sandbox.folder, sandbox.environment)
    await bot.start()
    asked = f"/channels/{direct.id}/messages"
    await sandbox.discord.wait_for(
        lambda: any(each.path == asked for each in sandbox.discord.requests), 30
    )
    await bot.kill()
    assert told_at(path) is None
    await sandbox.discord.wait_until_disconnected()
    sandbox.discord.faults.clear()
    await bot.start()
    await sandbox.discord.wait_until_ready(timeout=120)

    async def is_told() -> bool:
        return told_at(path) is not None

    await until(is_told)
    assert await bot.stop() == 0
    (message,) = direct.messages
    assert KEY_ENDING in message.content
