"""The doctor reports each way in which a database can be unusable, with advice."""

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.doctor.report import Area, State
from bot.doctor.thresholds import Thresholds
from bot.encryption import new_key
from bot.storage.database import DatabaseThread
from bot.storage.engine import Connection
from bot.storage.inspection import inspect_database
from bot.storage.sqlite.inspection import run_query
from sandbox.bot_process import BotProcess
from sandbox.relay import stuck
from tests.support.databases import sqlite_of
from tests.support.doctor_harness import DoctorHarness
from tests.support.sandbox_session import SandboxSession


def change(database_path: Path, *statements: str) -> None:
    """Execute statements on a database without the bot."""
    with closing(sqlite3.connect(database_path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def overwrite_a_page(database_path: Path) -> None:
    """Damage a database as a failing disk does."""
    with database_path.open("r+b") as file:
        file.seek(2 * 4096)
        file.write(b"\xff" * 4096)


@contextmanager
def a_folder(mode: int) -> Iterator[Path]:
    """Yield a folder with that mode, and act as a user to whom it applies."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "read-only.db").touch(mode=0o400)
        folder.chmod(mode)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o700)


async def test_checking_a_database_that_nobody_uses_changes_no_file(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """Not a byte of it changes, and no file is left beside it."""
    before = {each.name: each.read_bytes() for each in database_path.parent.iterdir()}
    run = await doctor.run()
    assert run.not_ok(Area.DATABASE) == []
    assert "this version" in run.result(Area.DATABASE, "schema").text
    assert "intact" in run.result(Area.DATABASE, "integrity").text
    assert "No bot is running" in run.result(Area.DATABASE, "bot").text
    assert {each.name: each.read_bytes() for each in database_path.parent.iterdir()} == before


async def test_a_running_bot_is_detected_and_not_disturbed(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """The bot goes on, and what it wrote a moment ago is counted."""
    sandbox.relay.add(stuck("b-song"))
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        await sandbox.command_answer("suno watch", id="b-song")
        for _ in range(3):
            run = await doctor.run()
            assert run.not_ok(Area.DATABASE) == []
            text = run.result(Area.DATABASE, "bot").text
            assert text.startswith("A bot is running on it; 1 task watched, 0 notices")
        await sandbox.command_answer("suno unwatch", id="b-song")
        assert "Traceback" not in bot.log
        assert await bot.stop() == 0


async def test_watched_tasks_without_a_running_bot_are_a_warning(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """People are waiting, and nothing else shows it."""
    sandbox.relay.add(stuck("b-song"))
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        await sandbox.command_answer("suno watch", id="b-song")
        await bot.kill()
        result = (await doctor.run()).result(Area.DATABASE, "bot")
    assert result.state is State.WARNING
    assert "No bot is running on it; 1 task watched" in result.text
    assert "Start" in result.advice


async def test_tasks_of_another_relay_than_the_configured_one_are_a_warning(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """They are not polled after a change of SUNO_RELAY, and nothing else shows it."""
    change(
        database_path,
        "INSERT INTO tasks (account, task_id, state, status, task_json, known, added_at,"
        " deadline_at) VALUES ('deerapi', 'there', 'running', 'QUEUED', '{}', 1, 1, 2),"
        " ('custom', 'here', 'running', 'QUEUED', '{}', 1, 1, 2)",
    )
    result = (await doctor.run()).result(Area.DATABASE, "elsewhere")
    assert result.state is State.WARNING
    assert "SUNO_RELAY is custom: 1 task of deerapi" in result.text
    assert "set SUNO_RELAY back" in result.advice
    result = (await doctor.run(SUNO_API_KEY="", ENCRYPTION_KEY=new_key())).result(
        Area.DATABASE, "elsewhere"
    )
    assert "SUNO_API_KEY is empty: 1 task of custom, 1 task of deerapi" in result.text
    skipped = await doctor.run(SUNO_RELAY="nowhere")
    assert "elsewhere" not in skipped.not_ok(Area.DATABASE)


async def test_a_running_bot_is_detected_through_a_symbolic_link(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """The lock is beside the file itself, whichever path leads there."""
    (database_path.parent / "link.db").symlink_to(database_path)
    async with DatabaseThread(database_path):
        run = await doctor.run(DATABASE_PATH=str(database_path.parent / "link.db"))
    assert run.result(Area.DATABASE, "bot").text.startswith("A bot is running on it")
    assert run.result(Area.DATABASE, "file").text.startswith(f"{database_path} (")


async def test_a_bot_that_neither_polls_nor_delivers_is_detected_by_what_waits(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """The last poll and the due time of a notice are long ago."""
    async with DatabaseThread(database_path):
        change(
            database_path,
            "INSERT INTO tasks (account, task_id, state, status, task_json, known, added_at,"
            " polled_at, deadline_at)"
            " VALUES ('custom', 'song', 'running', 'QUEUED', '{}', 1, 1, 1, 2)",
            "INSERT INTO deliveries (account, channel_id, locale, purpose, state, nonce,"
            " message_format, due_at, created_at)"
            " VALUES ('custom', 5, 'en', 'notice', 'due', '', 'full', 1, 1)",
        )
        run = await doctor.run()
    assert "has polled no task" in run.result(Area.DATABASE, "bot").text
    assert "The oldest notice" in run.result(Area.DATABASE, "notices").text


async def test_a_missing_database_in_an_existing_folder_is_ok(doctor: DoctorHarness) -> None:
    """The bot creates the file; the doctor does not."""
    run = await doctor.run()
    assert run.not_ok(Area.DATABASE) == []
    assert "does not exist yet" in run.result(Area.DATABASE, "file").text
    assert not list(doctor.sandbox.folder.glob("suno.db*"))


async def test_a_missing_folder_is_a_warning(doctor: DoctorHarness) -> None:
    """DATABASE_PATH may be misspelt; the doctor creates no folder."""
    folder = doctor.sandbox.folder / "misspelt"
    result = (await doctor.run(DATABASE_PATH=str(folder / "suno.db"))).result(Area.DATABASE, "file")
    assert result.state is State.WARNING
    assert str(folder) in result.text
    assert "DATABASE_PATH" in result.advice
    assert not folder.exists()


async def test_a_folder_instead_of_a_file_is_a_problem(doctor: DoctorHarness) -> None:
    """DATABASE_PATH has to name a file."""
    run = await doctor.run(DATABASE_PATH=str(doctor.sandbox.folder))
    assert "is a folder" in run.result(Area.DATABASE, "file").text
    assert not run.report.healthy


async def test_a_file_that_is_not_a_database_is_a_problem(
    doctor: DoctorHarness,
) -> None:
    """The text names its path, and the file stays unchanged; other areas are checked."""
    database_path = doctor.sandbox.folder / "text.db"
    database_path.write_bytes(b"not a database " * 100)
    run = await doctor.run(DATABASE_PATH=str(database_path))
    result = run.result(Area.DATABASE, "file")
    assert result.state is State.PROBLEM
    assert f"{database_path} is not a database" in result.text
    assert "DATABASE_PATH" in result.advice
    assert database_path.read_bytes().startswith(b"not a database")
    assert run.result(Area.DISCORD, "token").state is State.OK


async def test_a_damaged_database_is_a_problem_with_advice_about_the_backup(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """SQLite finds the page that was overwritten."""
    overwrite_a_page(database_path)
    run = await doctor.run()
    assert "damaged" in run.printed
    assert "backup" in run.printed
    assert not run.report.healthy


@pytest.mark.parametrize("stays", [True, False])
async def test_a_bot_that_starts_during_the_check_does_not_look_like_damage(
    database_path: Path, stays: bool
) -> None:
    """Nor does one that has stopped again: a file that changed is read again."""
    async with AsyncExitStack() as stack:
        loop = asyncio.get_running_loop()
        reads: list[list[str]] = []

        async def start_a_bot() -> None:
            async with AsyncExitStack() as own_stack:
                database = await own_stack.enter_async_context(DatabaseThread(database_path))
                await database.run(fill)
                if stays:
                    stack.push_async_exit(own_stack.pop_all())

        def check(db: Database) -> list[str]:
            db.execute("SELECT count(*) FROM key_values").fetchone()  # these pages are cached
            if not reads:
                asyncio.run_coroutine_threadsafe(start_a_bot(), loop).result()
            reads.append([str(line) for (line,) in db.execute("PRAGMA quick_check(5)").fetchall()])
            return reads[-1]

        assert await asyncio.to_thread(run_query, database_path, 60.0, check) == ["ok"]
        assert len(reads) == 2


def fill(database: Connection) -> None:
    """Write enough for SQLite to move it into the file."""
    rows = ((f"note {number}", "x" * 3000) for number in range(3000))
    sqlite_of(database).conn.executemany("INSERT INTO key_values VALUES (?, ?)", rows)


async def test_a_violated_foreign_key_is_damage(doctor: DoctorHarness, database_path: Path) -> None:
    """Another program may write without checking foreign keys."""
    change(database_path, "INSERT INTO user_history VALUES (1, 999, 0)")
    result = (await doctor.run()).result(Area.DATABASE, "integrity")
    assert result.state is State.PROBLEM
    assert "a row of user_history points to no row of history" in result.text


async def test_a_database_of_a_newer_version_is_a_problem(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """The text names its migration; tables that may differ are not read."""
    change(
        database_path,
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('suno-bot', 'm999_the_future', '2030')",
    )
    result = (await doctor.run()).result(Area.DATABASE, "schema")
    assert result.state is State.PROBLEM
    assert "m999_the_future" in result.text
    assert "Run that version" in result.advice


@pytest.mark.parametrize(("running", "state"), [(False, State.OK), (True, State.WARNING)])
async def test_pending_migrations_are_ok_unless_a_bot_is_running(
    doctor: DoctorHarness, database_path: Path, running: bool, state: State
) -> None:
    """A running bot is then older than this program."""
    async with DatabaseThread(database_path) as database:
        change(
            database_path,
            "DELETE FROM _sqlite_migrations WHERE id = (SELECT max(id) FROM _sqlite_migrations)",
        )
        if not running:
            await database.__aexit__(None, None, None)
        run = await doctor.run()
    result = run.result(Area.DATABASE, "schema")
    assert result.state is state
    assert "pending" in result.text


async def test_the_database_of_another_program_is_a_problem(doctor: DoctorHarness) -> None:
    """The bot would refuse to start on it."""
    database_path = doctor.sandbox.folder / "suno.db"
    change(database_path, "CREATE TABLE recipes (name TEXT)")
    result = (await doctor.run()).result(Area.DATABASE, "schema")
    assert result.state is State.PROBLEM
    assert "another program" in result.text


async def test_an_empty_file_is_a_database_with_pending_migrations(doctor: DoctorHarness) -> None:
    """SQLite takes an empty file for an empty database."""
    (doctor.sandbox.folder / "suno.db").touch()
    run = await doctor.run()
    assert run.not_ok(Area.DATABASE) == []
    assert "pending" in run.result(Area.DATABASE, "schema").text


@pytest.mark.parametrize(
    ("thresholds", "state", "advice"),
    [
        (Thresholds(low_space=1 << 60), State.WARNING, "before"),
        (Thresholds(critical_space=1 << 60), State.PROBLEM, "now"),
    ],
)
async def test_little_free_disk_space_is_reported(
    doctor: DoctorHarness, thresholds: Thresholds, state: State, advice: str
) -> None:
    """First it is a warning, then a problem."""
    result = (await doctor.run(thresholds=thresholds)).result(Area.DATABASE, "space")
    assert result.state is state
    assert advice in result.advice


def test_a_database_too_large_to_be_checked_in_time_is_not_reported_as_damaged(
    database_path: Path,
) -> None:
    """The check ends at its time limit; what was read before is kept."""
    with closing(sqlite3.connect(database_path)) as connection, connection:
        rows = ((f"note {number}", "x" * 50) for number in range(200_000))
        connection.executemany("INSERT INTO key_values VALUES (?, ?)", rows)
    facts = inspect_database(database_path, 0.0)
    assert facts.damage is None
    assert facts.schema
    assert facts.schema.applied


async def test_a_read_only_file_is_a_problem(doctor: DoctorHarness) -> None:
    """The advice is to run the doctor as the bot's user, which may be the cause."""
    with a_folder(0o777) as folder:
        run = await doctor.run(DATABASE_PATH=str(folder / "read-only.db"))
    result = run.result(Area.DATABASE, "file")
    assert result.state is State.PROBLEM
    assert "may not read and write" in result.text
    assert "as the user that the bot runs as" in result.advice


async def test_a_read_only_folder_is_a_problem(doctor: DoctorHarness) -> None:
    """SQLite also writes files beside the database."""
    with a_folder(0o555) as folder:
        run = await doctor.run(DATABASE_PATH=str(folder / "suno.db"))
    result = run.result(Area.DATABASE, "file")
    assert result.state is State.PROBLEM
    assert f"may not write to {folder}" in result.text
