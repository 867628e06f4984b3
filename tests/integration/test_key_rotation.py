"""``suno-bot new-key`` and ``suno-bot rotate-keys``, run as an operator runs them."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.encryption import Cipher, DecryptionError, new_key, parse_keys
from bot.storage.database import DatabaseThread
from bot.storage.models import AccountOwner, RelayAccount
from bot.storage.outbox import Outbox
from bot.storage.relay_accounts import RelayAccountStore
from sandbox.bot_process import without_settings
from tests.support.builders import RELAY_KEY, connect_account
from tests.support.databases import location
from tests.support.paths import ROOT

OWNERS = (AccountOwner(guild_id=50), AccountOwner(user_id=7))


async def run_command(
    folder: Path, command: str, *arguments: str, **settings: str
) -> tuple[int, str]:
    """Run a command of the program in a folder; return its exit code and all of its output."""
    needed = {"DISCORD_TOKEN": "a-token", "SUNO_API_KEY": "sk-of-the-operator"}
    environment = without_settings(os.environ) | needed | {"DATABASE_PATH": str(folder / "suno.db")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        command,
        *arguments,
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT)} | settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def connect_accounts(folder: Path, keys: Sequence[str]) -> list[RelayAccount]:
    """Store an account for each owner, its key encrypted with the next of ``keys``."""
    async with DatabaseThread(folder / "suno.db") as database:
        store = RelayAccountStore(database, Outbox(database))
        return [
            await connect_account(store, owner, Cipher(parse_keys(key)))
            for owner, key in zip(OWNERS, keys, strict=True)
        ]


@asynccontextmanager
async def in_use(database: DatabaseThread) -> AsyncIterator[None]:
    """Use a database as a running bot does: the server ends sessions that nobody uses."""

    async def use() -> None:
        while True:
            await database.run(lambda db: db.execute("SELECT 1"))
            await asyncio.sleep(0.5)

    using = asyncio.create_task(use())
    try:
        yield
    finally:
        using.cancel()
        await asyncio.wait([using])


def stored_keys(folder: Path) -> dict[str, bytes]:
    """Return the encrypted key of each account."""
    with closing(sqlite3.connect(folder / "suno.db")) as database:
        return dict(database.execute("SELECT id, encrypted_key FROM relay_accounts").fetchall())


async def test_a_new_key_can_be_used_at_once(tmp_path: Path) -> None:
    """It is printed alone on a line; two are never the same."""
    printed = [await run_command(tmp_path, "new-key") for _ in range(2)]
    assert [code for code, _ in printed] == [0, 0]
    first, second = (output.removesuffix("\n") for _, output in printed)
    assert first != second
    cipher = Cipher(parse_keys(f"{first},{second}"))
    assert cipher.decrypt(cipher.encrypt(SecretStr("secret"), "a"), "a") == SecretStr("secret")


async def test_a_rotation_makes_the_old_key_useless(tmp_path: Path) -> None:
    """All keys are encrypted with the new one, and the files hold no old ciphertext."""
    old, new = new_key(), new_key()
    accounts = await connect_accounts(tmp_path, (old, old))
    code, output = await run_command(tmp_path, "rotate-keys", ENCRYPTION_KEY=f"{new},{old}")
    assert (code, output) == (
        0,
        "Relay keys encrypted with the first key of ENCRYPTION_KEY: 2\n",
    )
    rotated, contents = stored_keys(tmp_path), contents_of(tmp_path)
    for account in accounts:
        key = Cipher(parse_keys(new)).decrypt(rotated[account.id], account.id)
        assert key.get_secret_value() == RELAY_KEY
        with pytest.raises(DecryptionError):
            Cipher(parse_keys(old)).decrypt(rotated[account.id], account.id)
        assert account.encrypted_key not in contents
    code, output = await run_command(tmp_path, "rotate-keys", ENCRYPTION_KEY=new)
    assert (code, output.split(": ")[1]) == (0, "2\n")


def contents_of(folder: Path) -> bytes:
    """Return what the files of the database hold."""
    return b"".join(file.read_bytes() for file in folder.glob("suno.db*"))


async def test_a_key_that_cannot_be_decrypted_stops_the_rotation(tmp_path: Path) -> None:
    """It is named by its account and its owner, and no other key is changed either."""
    lost, old, new = new_key(), new_key(), new_key()
    unreadable, readable = await connect_accounts(tmp_path, (lost, old))
    before = stored_keys(tmp_path)
    code, output = await run_command(tmp_path, "rotate-keys", ENCRYPTION_KEY=f"{new},{old}")
    assert code == 1
    assert "Nothing was changed" in output
    assert f"{unreadable.id} of server 50" in output
    assert readable.id not in output
    assert "connected again" in output
    assert stored_keys(tmp_path) == before
    for secret in (lost, old, new, RELAY_KEY):
        assert secret not in output
    code, _ = await run_command(tmp_path, "rotate-keys", ENCRYPTION_KEY=f"{new},{old},{lost}")
    assert code == 0


async def test_a_running_bot_has_to_be_stopped_first(tmp_path: Path) -> None:
    """It goes on to use the keys that it has read."""
    old, new = new_key(), new_key()
    await connect_accounts(tmp_path, (old, old))
    before = stored_keys(tmp_path)
    async with DatabaseThread(tmp_path / "suno.db"):
        code, output = await run_command(tmp_path, "rotate-keys", ENCRYPTION_KEY=f"{new},{old}")
    assert code == 1
    assert "A bot is running" in output
    assert "stop it" in output
    assert stored_keys(tmp_path) == before


@pytest.mark.usefixtures("on_postgres")
async def test_every_process_on_postgresql_has_to_be_stopped_first(tmp_path: Path) -> None:
    """Those that know only the old key could use no account any more."""
    url, old, new = str(location(tmp_path / "suno.db")), new_key(), new_key()
    async with DatabaseThread(url) as running:
        store = RelayAccountStore(running, Outbox(running))
        account = await connect_account(store, OWNERS[0], Cipher(parse_keys(old)))
        settings = {"ENCRYPTION_KEY": f"{new},{old}", "DATABASE_URL": url}
        async with in_use(running):
            code, output = await run_command(tmp_path, "rotate-keys", **settings)
        assert code == 1
        assert "A bot is running" in output
        assert await store.all() == [account]


async def test_a_write_that_fails_changes_no_key(tmp_path: Path) -> None:
    """The first account is taken back if the second cannot be written."""
    old, new = new_key(), new_key()
    _, last = await connect_accounts(tmp_path, (old, old))
    before = stored_keys(tmp_path)
    with closing(sqlite3.connect(tmp_path / "suno.db")) as database, database:
        database.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON relay_accounts"
            f" WHEN old.id = '{last.id}' BEGIN SELECT raise(ABORT, 'the disk is full'); END"
        )
    code, output = await run_command(tmp_path, "rotate-keys", ENCRYPTION_KEY=f"{new},{old}")
    assert code == 1
    assert "Nothing was changed" in output
    assert "the disk is full" in output
    assert "Traceback" not in output
    assert stored_keys(tmp_path) == before


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ENCRYPTION_KEY": ""}, "ENCRYPTION_KEY is not set"),
        ({"ENCRYPTION_KEY": "too-short"}, "must be keys made by `suno-bot new-key`"),
        ({"ENCRYPTION_KEY": new_key()}, "There is no database at"),
        ({"DISCORD_TOKEN": "", "ENCRYPTION_KEY": new_key()}, "DISCORD_TOKEN is missing"),
    ],
)
async def test_what_prevents_a_rotation_is_said(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    """In a line, and no database is created."""
    code, output = await run_command(tmp_path, "rotate-keys", **settings)
    assert code == 1
    assert said in output
    assert "Traceback" not in output
    assert not (tmp_path / "suno.db").exists()  # a look at a test's folder
