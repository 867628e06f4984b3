"""What the doctor says of the database: every way in which it can be broken has its advice."""

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.doctor.database_checks import Thresholds
from bot.doctor.report import Area, State
from bot.storage.database import DatabaseThread
from bot.storage.inspection import inspect_database, read
from sandbox.bot_process import BotProcess
from sandbox.relay import stuck
from tests.support.doctor_harness import DoctorHarness
from tests.support.sandbox_session import SandboxSession


def change(database_path: Path, *statements: str) -> None:
    """Change a database behind the bot's back."""
    with closing(sqlite3.connect(database_path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def overwrite_a_page(database_path: Path) -> None:
    """Damage a database as a bad disk does."""
    with database_path.open("r+b") as file:
        file.seek(2 * 4096)
        file.write(b"\xff" * 4096)


@contextmanager
def a_folder(mode: int) -> Iterator[Path]:
    """Give a folder that others may use as ``mode`` says, without being above all permissions."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sealed.db").touch(mode=0o400)
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


async def test_a_database_at_rest_is_looked_at_without_leaving_a_trace(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """Not a byte of it is changed, and no file is left beside it."""
    before = {each.name: each.read_bytes() for each in database_path.parent.iterdir()}
    visit = await doctor.run()
    assert visit.troubles(Area.DATABASE) == []
    assert "this version's" in visit.found(Area.DATABASE, "schema").text
    assert "whole" in visit.found(Area.DATABASE, "integrity").text
    assert "No bot is running" in visit.found(Area.DATABASE, "bot").text
    assert {each.name: each.read_bytes() for each in database_path.parent.iterdir()} == before


async def test_a_bot_that_is_running_is_seen_and_not_disturbed(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """It goes on; what it has written a moment ago is counted."""
    sandbox.relay.add(stuck("b-song"))
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=30)
        await sandbox.discord.wait_until_commands(timeout=30)
        await sandbox.command_answer("suno watch", id="b-song")
        for _ in range(3):
            visit = await doctor.run()
            assert visit.troubles(Area.DATABASE) == []
            told = visit.found(Area.DATABASE, "bot").text
            assert told == "A bot is running on it; 1 task watched, 0 notices on the way"
        await sandbox.command_answer("suno unwatch", id="b-song")
        assert "Traceback" not in bot.log
        assert await bot.stop() == 0


async def test_watches_that_no_bot_looks_after_are_a_warning(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """People wait, and nothing else would say so."""
    sandbox.relay.add(stuck("b-song"))
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=30)
        await sandbox.discord.wait_until_commands(timeout=30)
        await sandbox.command_answer("suno watch", id="b-song")
        await bot.kill()
        found = (await doctor.run()).found(Area.DATABASE, "bot")
    assert found.state is State.WARNING
    assert "No bot is running on it; 1 task watched" in found.text
    assert "Start it" in found.advice


async def test_watches_at_another_relay_than_the_bots_are_a_warning(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """Nobody looks at them, and nobody would know after a change of SUNO_RELAY."""
    change(
        database_path,
        "INSERT INTO tasks (relay, task_id, state, status, task_json, known, added_at, deadline_at)"
        " VALUES ('deerapi', 'there', 'running', 'QUEUED', '{}', 1, 1, 2),"
        " ('custom', 'here', 'running', 'QUEUED', '{}', 1, 1, 2)",
    )
    found = (await doctor.run()).found(Area.DATABASE, "elsewhere")
    assert found.state is State.WARNING
    assert found.text == "Neither looked at nor told while SUNO_RELAY is custom: 1 task of deerapi"
    assert "set SUNO_RELAY back" in found.advice
    unasked = await doctor.run(SUNO_RELAY="nowhere")
    assert "elsewhere" not in unasked.troubles(Area.DATABASE)


async def test_a_bot_is_seen_through_a_link_to_its_database(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """The lock is beside the file itself, whichever way leads there."""
    (database_path.parent / "link.db").symlink_to(database_path)
    async with DatabaseThread(database_path):
        visit = await doctor.run(DATABASE_PATH=str(database_path.parent / "link.db"))
    assert visit.found(Area.DATABASE, "bot").text.startswith("A bot is running on it")
    assert visit.found(Area.DATABASE, "file").text.startswith(f"{database_path} (")


async def test_a_bot_that_cannot_work_is_seen_by_what_waits(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """A relay that is silent for long, and a notice that should have gone out long ago."""
    async with DatabaseThread(database_path):
        change(
            database_path,
            "INSERT INTO tasks (relay, task_id, state, status, task_json, known, added_at,"
            " polled_at,"
            " deadline_at) VALUES ('custom', 'song', 'running', 'QUEUED', '{}', 1, 1, 1, 2)",
            "INSERT INTO deliveries (relay, task_id, channel_id, locale, purpose, end_reason,"
            " task_json,"
            " state, nonce, message_format, due_at, created_at)"
            " VALUES ('custom', 'song', 5, 'en', 'notice', 'finished', '{}', 'due', '', 'full',"
            " 1, 1)",
        )
        visit = await doctor.run()
    assert "has not heard of a task" in visit.found(Area.DATABASE, "bot").text
    assert "The oldest notice has waited" in visit.found(Area.DATABASE, "notices").text


async def test_a_database_that_is_not_there_yet_is_no_trouble(doctor: DoctorHarness) -> None:
    """Its folder is: the bot makes the file. Looking makes none."""
    visit = await doctor.run()
    assert visit.troubles(Area.DATABASE) == []
    assert "the bot makes it" in visit.found(Area.DATABASE, "file").text
    assert not list(doctor.sandbox.folder.glob("suno.db*"))


async def test_a_folder_that_does_not_exist_is_a_warning(doctor: DoctorHarness) -> None:
    """It may be a slip in DATABASE_PATH. Looking makes no folder."""
    folder = doctor.sandbox.folder / "slip"
    found = (await doctor.run(DATABASE_PATH=str(folder / "suno.db"))).found(Area.DATABASE, "file")
    assert found.state is State.WARNING
    assert str(folder) in found.text
    assert "DATABASE_PATH" in found.advice
    assert not folder.exists()


async def test_a_folder_in_place_of_the_file_is_a_problem(doctor: DoctorHarness) -> None:
    """It is easily forgotten that the path is a file's."""
    visit = await doctor.run(DATABASE_PATH=str(doctor.sandbox.folder))
    assert "is a folder" in visit.found(Area.DATABASE, "file").text
    assert not visit.examination.healthy


async def test_a_file_that_is_no_database_is_told_and_left_alone(doctor: DoctorHarness) -> None:
    """With its path, and what to do; the rest is looked at all the same."""
    database_path = doctor.sandbox.folder / "letter.db"
    database_path.write_bytes(b"not a database " * 100)
    visit = await doctor.run(DATABASE_PATH=str(database_path))
    found = visit.found(Area.DATABASE, "file")
    assert found.state is State.PROBLEM
    assert f"{database_path} is no database" in found.text
    assert "DATABASE_PATH" in found.advice
    assert database_path.read_bytes().startswith(b"not a database")
    assert visit.found(Area.DISCORD, "token").state is State.OK


async def test_a_damaged_database_is_told_with_the_backup_in_mind(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """SQLite finds the page that is not as it should be."""
    overwrite_a_page(database_path)
    visit = await doctor.run()
    assert "damaged" in visit.printed
    assert "backup" in visit.printed
    assert not visit.examination.healthy


@pytest.mark.parametrize("stays", [True, False])
async def test_a_bot_that_begins_meanwhile_does_not_make_it_look_damaged(
    database_path: Path, stays: bool
) -> None:
    """Nor one that is gone again: what was read of a file that changed is read anew."""
    async with AsyncExitStack() as stack:
        loop = asyncio.get_running_loop()
        looks: list[list[str]] = []

        async def a_bot_begins() -> None:
            async with AsyncExitStack() as end_reason:
                database = await end_reason.enter_async_context(DatabaseThread(database_path))
                await database.run(fill)
                if stays:
                    stack.push_async_exit(end_reason.pop_all())

        def look(db: Database) -> list[str]:
            db.execute("SELECT count(*) FROM key_values").fetchone()  # what is read now is kept
            if not looks:
                asyncio.run_coroutine_threadsafe(a_bot_begins(), loop).result()
            looks.append([str(line) for (line,) in db.execute("PRAGMA quick_check(5)").fetchall()])
            return looks[-1]

        assert await asyncio.to_thread(read, database_path, 60.0, look) == ["ok"]
        assert len(looks) == 2


def fill(database: Database) -> None:
    """Write enough for SQLite to move it into the file."""
    rows = ((f"note {number}", "x" * 3000) for number in range(3000))
    database.conn.executemany("INSERT INTO key_values VALUES (?, ?)", rows)


async def test_a_row_that_points_nowhere_is_damage_too(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """Another program may have written without looking at the foreign keys."""
    change(database_path, "INSERT INTO user_history VALUES (1, 999, 0)")
    found = (await doctor.run()).found(Area.DATABASE, "integrity")
    assert found.state is State.PROBLEM
    assert "a row of user_history points to no row of history" in found.text


async def test_a_database_of_a_newer_version_is_a_problem(
    doctor: DoctorHarness, database_path: Path
) -> None:
    """Its step is named; nothing is asked of tables that may be different."""
    change(
        database_path,
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('suno-bot', 'm999_the_future', '2030')",
    )
    found = (await doctor.run()).found(Area.DATABASE, "schema")
    assert found.state is State.PROBLEM
    assert "m999_the_future" in found.text
    assert "Run that version" in found.advice


@pytest.mark.parametrize(("running", "state"), [(False, State.OK), (True, State.WARNING)])
async def test_a_database_of_an_older_version_waits_for_the_next_start(
    doctor: DoctorHarness, database_path: Path, running: bool, state: State
) -> None:
    """Where a bot runs on it, that bot is older than this program."""
    async with DatabaseThread(database_path) as database:
        change(
            database_path,
            "DELETE FROM _sqlite_migrations WHERE id = (SELECT max(id) FROM _sqlite_migrations)",
        )
        if not running:
            await database.__aexit__(None, None, None)
        visit = await doctor.run()
    found = visit.found(Area.DATABASE, "schema")
    assert found.state is state
    assert "pending" in found.text


async def test_the_database_of_another_program_is_told(doctor: DoctorHarness) -> None:
    """It would be changed by the first start otherwise."""
    database_path = doctor.sandbox.folder / "suno.db"
    change(database_path, "CREATE TABLE recipes (name TEXT)")
    found = (await doctor.run()).found(Area.DATABASE, "schema")
    assert found.state is State.PROBLEM
    assert "another program's" in found.text


async def test_an_empty_file_is_a_database_without_its_tables(doctor: DoctorHarness) -> None:
    """As SQLite has it."""
    (doctor.sandbox.folder / "suno.db").touch()
    visit = await doctor.run()
    assert visit.troubles(Area.DATABASE) == []
    assert "pending" in visit.found(Area.DATABASE, "schema").text


@pytest.mark.parametrize(
    ("thresholds", "state", "advice"),
    [
        (Thresholds(little_space=1 << 60), State.WARNING, "before the disk is full"),
        (Thresholds(no_space=1 << 60), State.PROBLEM, "Make room now"),
    ],
)
async def test_a_disk_that_is_almost_full_is_told(
    doctor: DoctorHarness, thresholds: Thresholds, state: State, advice: str
) -> None:
    """First as a warning, then as a problem."""
    found = (await doctor.run(thresholds=thresholds)).found(Area.DATABASE, "space")
    assert found.state is state
    assert advice in found.advice


def test_a_database_too_large_to_be_checked_in_time_is_not_called_damaged(
    database_path: Path,
) -> None:
    """The check is given up; what was known before is told."""
    with closing(sqlite3.connect(database_path)) as connection, connection:
        rows = ((f"note {number}", "x" * 50) for number in range(200_000))
        connection.executemany("INSERT INTO key_values VALUES (?, ?)", rows)
    facts = inspect_database(database_path, 0.0)
    assert facts.damage is None
    assert facts.applied


async def test_a_file_that_may_not_be_changed_is_a_problem(doctor: DoctorHarness) -> None:
    """The doctor is told to be run as the bot's user: it may be that alone."""
    with a_folder(0o777) as folder:
        visit = await doctor.run(DATABASE_PATH=str(folder / "sealed.db"))
    found = visit.found(Area.DATABASE, "file")
    assert found.state is State.PROBLEM
    assert "may not be read and written" in found.text
    assert "as the user that the bot runs as" in found.advice


async def test_a_folder_that_may_not_be_written_to_is_a_problem(doctor: DoctorHarness) -> None:
    """SQLite writes beside the file, too."""
    with a_folder(0o555) as folder:
        visit = await doctor.run(DATABASE_PATH=str(folder / "suno.db"))
    found = visit.found(Area.DATABASE, "file")
    assert found.state is State.PROBLEM
    assert f"{folder} may not be written to" in found.text
