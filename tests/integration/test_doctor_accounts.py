"""What the doctor tells of the relay accounts that servers and users have connected."""

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from bot.doctor.report import Area, State
from bot.encryption import Cipher, new_key, parse_keys
from bot.storage.database import DatabaseThread
from bot.storage.key_value import RelayAccess, create_fingerprint
from bot.storage.models import AccountOwner, RelayAccount, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.relay_accounts import RelayAccountStore
from bot.storage.tasks import TaskStore
from tests.support.builders import HERE, NOON, RELAY_KEY, a_running_task, connect_account
from tests.support.doctor_harness import DoctorHarness, run_doctor_command
from tests.support.sandbox_session import SandboxSession

SERVER, USER = AccountOwner(guild_id=50), AccountOwner(user_id=7)
OLD, NEW = new_key(), new_key()


async def connect(
    path: Path, *owners: AccountOwner, encryption_key: str = NEW, relay: str = "deerapi"
) -> list[RelayAccount]:
    """Connect an account for each owner."""
    cipher = Cipher(parse_keys(encryption_key))
    async with DatabaseThread(path) as database:
        store = RelayAccountStore(database, Outbox(database))
        return [
            await connect_account(
                store, owner, cipher, relay=relay, connected_by=owner.guild_id or 7
            )
            for owner in owners
        ]


async def watch(path: Path, account: str, task_ids: Sequence[str], fingerprint: str = "") -> None:
    """Let somebody watch tasks of an account."""
    async with DatabaseThread(path) as database:
        tasks = TaskStore(database, Outbox(database), account, fingerprint=fingerprint)
        for task_id in task_ids:
            await tasks.add_watch(
                a_running_task(task_id), WatchRequest(7, HERE), NOON, known=True, deadline=1e10
            )


async def execute(path: Path, statement: str, *values: object) -> None:
    """Change the database."""
    async with DatabaseThread(path) as database:
        await database.write(statement, values)


async def test_accounts_are_counted_by_relay(doctor: DoctorHarness, database_path: Path) -> None:
    """Their tasks are not taken for those of another SUNO_RELAY."""
    server, _ = await connect(database_path, SERVER, USER)
    await connect(database_path, AccountOwner(guild_id=51), relay="custom")
    await watch(database_path, server.id, ["song"])
    run = await doctor.run(ENCRYPTION_KEY=NEW)
    assert run.not_ok(Area.DATABASE) == ["bot"]  # none runs
    assert run.result(Area.DATABASE, "accounts").text == (
        "3 relay accounts connected: deerapi 2, custom 1"
    )
    text = run.result(Area.SETTINGS, "ENCRYPTION_KEY").text
    assert text == "ENCRYPTION_KEY = set, 1 key (environment)"


async def test_without_an_encryption_key_the_settings_say_what_is_off(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """Accounts that are stored nevertheless are a problem."""
    run = await doctor.run(ENCRYPTION_KEY="")
    text = run.result(Area.SETTINGS, "ENCRYPTION_KEY").text
    assert text == "ENCRYPTION_KEY = not set: nobody can connect a relay account (default)"
    assert run.not_ok(Area.DATABASE) == []
    (account,) = await connect(database_path, SERVER)
    result = (await doctor.run(ENCRYPTION_KEY="")).result(Area.DATABASE, "account_keys")
    assert result.state is State.PROBLEM
    assert account.id in result.text


async def test_a_key_that_cannot_be_decrypted_is_a_problem(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """The account with the most tasks is named first; those that can be read are not named."""
    few, many = await connect(database_path, SERVER, USER, encryption_key=OLD)
    (readable,) = await connect(database_path, AccountOwner(guild_id=51))
    await watch(database_path, many.id, ["one", "two"])
    result = (await doctor.run(ENCRYPTION_KEY=NEW)).result(Area.DATABASE, "account_keys")
    assert result.state is State.PROBLEM
    assert result.text.endswith(f"{many.id} (deerapi, 2 tasks watched), {few.id} (deerapi)")
    assert readable.id not in result.text
    assert "after a comma" in result.advice
    both = await doctor.run(ENCRYPTION_KEY=f"{NEW},{OLD}")
    assert "account_keys" not in both.not_ok(Area.DATABASE)
    assert "set, 2 keys" in both.result(Area.SETTINGS, "ENCRYPTION_KEY").text


async def test_an_encryption_key_that_is_wrong_is_reported_once(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """As a setting, not as accounts that cannot be read."""
    await connect(database_path, SERVER)
    run = await doctor.run(ENCRYPTION_KEY="a-short-key")
    assert run.not_ok(Area.SETTINGS) == ["ENCRYPTION_KEY"]
    assert run.not_ok(Area.DATABASE) == []


async def test_keys_that_relays_reject_are_a_warning(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """Of many accounts, ten are named."""
    owners = [AccountOwner(guild_id=50 + number) for number in range(8)]
    accounts = await connect(database_path, *owners)
    accounts += await connect(database_path, *(AccountOwner(user_id=each) for each in (1, 2, 3)))
    await execute(database_path, "UPDATE relay_accounts SET rejected_since = 1700000000")
    result = (await doctor.run(ENCRYPTION_KEY=NEW)).result(Area.DATABASE, "account_rejected")
    assert result.state is State.WARNING
    assert sum(each.id in result.text for each in accounts) == 10
    assert result.text.endswith("1 more")
    assert "direct message" in result.advice


async def test_tasks_of_a_replaced_key_are_a_warning(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """They wait; the tasks that the present key does not return are no such case."""
    replaced, same = await connect(database_path, SERVER, USER)
    async with DatabaseThread(database_path) as database:
        access = RelayAccess(same.id, same.base_url, SecretStr(RELAY_KEY))
        fingerprint = await create_fingerprint(database, access)
    await watch(database_path, replaced.id, ["one", "two"], "of-an-earlier-key")
    await watch(database_path, same.id, ["one"], fingerprint)
    await execute(database_path, "UPDATE tasks SET misses = 1 WHERE task_id = 'one'")
    run = await doctor.run(ENCRYPTION_KEY=NEW)
    result = run.result(Area.DATABASE, "account_other_key")
    assert result.state is State.WARNING
    assert result.text.startswith("1 task not returned since the key was replaced")
    assert replaced.id in result.text
    assert same.id not in result.text


async def test_the_report_names_every_account_that_knows_a_task(
    sandbox: SandboxSession, database_path: Path
) -> None:
    """Whose it is, at which relay, and what is wrong with its key."""
    server, user, gone = await connect(database_path, SERVER, USER, AccountOwner(guild_id=51))
    for account in ("custom", server.id, user.id, gone.id):
        await watch(database_path, account, ["song"])
    await execute(database_path, "DELETE FROM relay_accounts WHERE id = ?", gone.id)
    await execute(
        database_path, "UPDATE relay_accounts SET rejected_since = 1 WHERE id = ?", user.id
    )
    code, output = await run_doctor_command(sandbox, "why", "song", "--json", ENCRYPTION_KEY=NEW)
    assert code == 0
    named = [
        (each["account"], each["owner"], each["relay"], each["key_problem"])
        for each in json.loads(output)["tasks"]
    ]
    assert named == [
        ("custom", "operator", "custom", None),
        (server.id, "server", "deerapi", None),
        (user.id, "user", "deerapi", "rejected"),
        (gone.id, "unknown", None, None),
    ]
    code, output = await run_doctor_command(sandbox, "why", "song", ENCRYPTION_KEY=OLD)
    assert code == 0
    assert "Account       the operator's" in output
    assert f"Account       {server.id}, of a server; no key" in output
    assert f"{user.id}, of a user; no key in ENCRYPTION_KEY decrypts the key" in output
    assert RELAY_KEY not in output
