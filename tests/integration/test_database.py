import asyncio
import os
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock
from sqlite_utils import Database

from bot.storage.database import DatabaseThread
from bot.storage.database_errors import (
    DatabaseDamaged,
    DatabaseForeign,
    DatabaseInUse,
    DatabaseUnusable,
)
from bot.storage.engine import Connection
from bot.storage.sqlite.engine import SqliteEngine
from bot.storage.sqlite.file import WAL_SIZE_LIMIT
from bot.storage.sqlite.migrations import migrations
from tests.support.damage import damage
from tests.support.databases import sqlite_of


async def names_in(database: DatabaseThread) -> list[str]:
    """Return the names that the tests inserted."""
    return [
        row["name"] for row in await database.read("SELECT name FROM key_values ORDER BY 1", [])
    ]


async def test_a_function_that_ran_is_committed(tmp_path: Path) -> None:
    """Another connection sees the writes as soon as the call returns."""
    path = tmp_path / "a" / "suno.db"
    async with DatabaseThread(path) as database:
        await database.write("INSERT INTO key_values (name, value) VALUES ('a', 'b')", [])
        with sqlite3.connect(path) as other:
            assert other.execute("SELECT value FROM key_values").fetchall() == [("b",)]
        other.close()


async def test_every_commit_is_synced_to_disk(tmp_path: Path) -> None:
    """A power failure loses no write that was confirmed."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        rows = await database.run(lambda db: list(db.query("PRAGMA synchronous")))
        mode = await database.run(lambda db: list(db.query("PRAGMA journal_mode")))
        assert (rows, mode) == ([{"synchronous": 2}], [{"journal_mode": "wal"}])


async def test_a_failing_function_rolls_back_its_own_writes_only(tmp_path: Path) -> None:
    """Writes of other functions in the same commit stay."""

    def fail(db: Connection) -> None:
        db.execute("INSERT INTO key_values (name, value) VALUES ('bad', '')")
        raise KeyError("no")

    async with DatabaseThread(tmp_path / "suno.db") as database:
        add = "INSERT INTO key_values (name, value) VALUES (?, '')"
        results = await asyncio.gather(
            *(database.write(add, [f"{number:03}"]) for number in range(100)),
            database.run(fail),
            *(database.write(add, [f"{number:03}"]) for number in range(100, 400)),
            return_exceptions=True,
        )
        assert [str(r) for r in results if isinstance(r, Exception)] == ["'no'"]
        assert await names_in(database) == [f"{number:03}" for number in range(400)]


async def test_queued_functions_share_a_commit(tmp_path: Path) -> None:
    """A hundred concurrent writes do not need a hundred syncs."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        commits: list[str] = []
        await database.run(
            lambda db: sqlite_of(db).conn.set_trace_callback(
                lambda sql: commits.append(sql) if sql == "COMMIT" else None
            )
        )
        await asyncio.gather(
            *(
                database.write("INSERT INTO key_values (name, value) VALUES (?, '')", [str(number)])
                for number in range(200)
            )
        )
        await database.run(lambda db: sqlite_of(db).conn.set_trace_callback(None))
        assert 1 <= len(commits) < 20


async def test_the_number_of_functions_per_commit_is_limited(tmp_path: Path) -> None:
    """With a limit of one, each function has a commit of its own."""
    async with DatabaseThread(tmp_path / "suno.db", max_batch=1) as database:
        commits: list[str] = []
        await database.run(
            lambda db: sqlite_of(db).conn.set_trace_callback(
                lambda sql: commits.append(sql) if sql == "COMMIT" else None
            )
        )
        add = "INSERT INTO key_values (name, value) VALUES (?, '')"
        await asyncio.gather(*(database.write(add, [str(number)]) for number in range(20)))
        await database.run(lambda db: sqlite_of(db).conn.set_trace_callback(None))
        assert len(commits) == 1 + 20


async def test_no_write_of_a_transaction_that_sqlite_rolled_back_is_confirmed(
    tmp_path: Path,
) -> None:
    """A full disk ends the whole transaction: nothing in it is kept or confirmed."""

    def end(db: Connection) -> None:
        db.execute("INSERT OR ROLLBACK INTO key_values (name, value) VALUES ('kept', '')")

    async with DatabaseThread(tmp_path / "suno.db") as database:
        add = "INSERT INTO key_values (name, value) VALUES (?, '')"
        await database.write(add, ["kept"])
        begun, held = threading.Event(), threading.Event()

        def hold(_: Connection) -> bool:
            begun.set()
            return held.wait()

        waiting = asyncio.create_task(database.run(hold))
        await asyncio.to_thread(begun.wait)
        together = asyncio.gather(
            database.write(add, ["before"]),
            database.run(end),
            database.write(add, ["after"]),
            return_exceptions=True,
        )
        await asyncio.sleep(0)
        held.set()
        first, ended, last = await together
        assert isinstance(ended, sqlite3.IntegrityError)
        assert isinstance(first, sqlite3.OperationalError)
        assert isinstance(last, sqlite3.OperationalError)
        assert await waiting
        assert await names_in(database) == ["kept"]


async def test_the_write_ahead_log_shrinks_after_a_large_change(tmp_path: Path) -> None:
    """The log is truncated once its pages are in the database."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        log = tmp_path / "suno.db-wal"
        add = "INSERT INTO key_values (name, value) VALUES (?, ?)"
        await database.write(add, ["large", "x" * (WAL_SIZE_LIMIT + 1)])
        assert log.stat().st_size > WAL_SIZE_LIMIT
        await database.write(add, ["small", ""])
        await database.write(add, ["smaller", ""])
        assert log.stat().st_size <= WAL_SIZE_LIMIT


async def test_a_failed_truncation_of_the_log_is_retried(tmp_path: Path) -> None:
    """The deletion succeeds despite the disk error, and the log is truncated later."""

    def refuse(refused: bool) -> Callable[[Connection], None]:
        def authorize(action: int, name: str | None, *_: str | None) -> int:
            checkpoint = action == sqlite3.SQLITE_PRAGMA and name == "wal_checkpoint"
            return sqlite3.SQLITE_DENY if checkpoint else sqlite3.SQLITE_OK

        return lambda db: sqlite_of(db).conn.set_authorizer(authorize if refused else None)

    engine = SqliteEngine(tmp_path / "suno.db", retry_interval=0.05)
    async with DatabaseThread(engine.location, engine=engine) as database:
        add, log = "INSERT INTO key_values (name, value) VALUES (?, '')", tmp_path / "suno.db-wal"
        await database.write(add, ["deleted"])
        await database.run(refuse(True))
        await database.run(lambda db: db.execute("DELETE FROM key_values"), erases=True)
        await database.write(add, ["kept"])
        assert await names_in(database) == ["kept"]
        assert log.stat().st_size > 0
        await database.run(refuse(False))
        await until_empty(log)


def size_of(file: Path) -> int:
    """Return the size of a file in bytes."""
    return file.stat().st_size


async def until_empty(log: Path) -> None:
    """Wait until a write-ahead log is empty."""
    async with asyncio.timeout(120):
        while size_of(log) > 0:  # noqa: ASYNC110 # a file
            await asyncio.sleep(0.01)


async def test_a_reader_of_another_program_holds_up_no_writes_after_an_erasure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A backup may take minutes. What was deleted leaves the log afterwards, without a change."""
    path = tmp_path / "suno.db"
    add, log = "INSERT INTO key_values (name, value) VALUES (?, '')", tmp_path / "suno.db-wal"
    async with DatabaseThread(path, engine=SqliteEngine(path, retry_interval=60)) as database:
        await database.write(add, ["deleted"])
        with closing(sqlite3.connect(path)) as backup:
            backup.execute("BEGIN")
            assert len(backup.execute("SELECT * FROM key_values").fetchall()) == 1
            await database.run(lambda db: db.execute("DELETE FROM key_values"), erases=True)
            assert log.stat().st_size > 0
            for number in range(50):
                await database.write(add, [f"name {number}"])
            assert caplog.text.count("Write-ahead log not emptied") == 1
    async with DatabaseThread(path, engine=SqliteEngine(path, retry_interval=0.05)) as database:
        with closing(sqlite3.connect(path)) as backup:
            backup.execute("BEGIN")
            backup.execute("SELECT * FROM key_values").fetchall()
            await database.run(lambda db: db.execute("DELETE FROM key_values"), erases=True)
            assert log.stat().st_size > 0
        await until_empty(log)


async def test_cancelling_a_wait_does_not_undo_the_write(tmp_path: Path) -> None:
    """The thread finishes the write, and other work continues."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        add = "INSERT INTO key_values (name, value) VALUES ('a', '')"
        waiting = asyncio.create_task(database.write(add, []))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await database.run(lambda _db: None)  # what was handed in before is done then
        assert await names_in(database) == ["a"]


async def test_reads_see_committed_data_without_waiting_for_writes(tmp_path: Path) -> None:
    """A read during a long write returns at once and sees none of its changes."""
    begun, enough = threading.Event(), threading.Event()

    def slow(db: Connection) -> None:
        db.execute("INSERT INTO key_values (name, value) VALUES ('b', '')")
        begun.set()
        enough.wait(30)

    async with DatabaseThread(tmp_path / "suno.db") as database:
        await database.write("INSERT INTO key_values (name, value) VALUES ('a', '')", [])
        writing = asyncio.create_task(database.run(slow))
        await asyncio.to_thread(begun.wait)
        assert await names_in(database) == ["a"]
        enough.set()
        await writing
        assert await names_in(database) == ["a", "b"]


async def test_the_read_connection_cannot_write(tmp_path: Path) -> None:
    """A function that writes fails on the read connection."""
    add = "INSERT INTO key_values (name, value) VALUES ('a', '')"
    async with DatabaseThread(tmp_path / "suno.db") as database:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await database.view(lambda db: db.execute(add))
        assert await names_in(database) == []


async def test_closing_finishes_queued_functions(tmp_path: Path) -> None:
    """An orderly stop loses no write."""
    add = "INSERT INTO key_values (name, value) VALUES (?, '')"
    async with DatabaseThread(tmp_path / "suno.db") as database:
        writes = [asyncio.create_task(database.write(add, [str(n)])) for n in range(50)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*writes) == [1] * 50


async def test_a_closed_database_raises_an_error(tmp_path: Path) -> None:
    """A call after closing fails instead of waiting for ever."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        pass
    with pytest.raises(DatabaseUnusable, match="closed"):
        await database.read("SELECT 1", [])


async def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    """The error names the file and the cause, and the file is not changed."""
    path = tmp_path / "suno.db"
    path.write_bytes(b"this is a letter, not a database" * 100)
    with pytest.raises(DatabaseUnusable, match=r"suno\.db.*not a database"):
        async with DatabaseThread(path):
            pass
    assert path.read_bytes().startswith(b"this is a letter")


async def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """Not a byte of it is changed; a database without tables is accepted."""
    path = tmp_path / "recipes.db"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(DatabaseForeign, match=r"recipes\.db.*another program's"):
        async with DatabaseThread(path):
            pass
    assert path.read_bytes() == before


async def test_a_killed_first_start_is_resumed(tmp_path: Path) -> None:
    """An empty table of migrations does not make the file another program's."""
    path = tmp_path / "suno.db"
    with closing(sqlite3.connect(path)) as connection:
        migrations.ensure_migrations_table(Database(connection))
        connection.commit()
    async with DatabaseThread(path) as database:
        assert await names_in(database) == []


async def test_damage_is_logged_once_and_remembered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says what to do about the damage, and the health check fails from then on."""
    path = tmp_path / "suno.db"
    async with DatabaseThread(path):
        pass
    damage(path, "live_cards")
    async with DatabaseThread(path) as database:
        await database.check()
        with pytest.raises(DatabaseDamaged, match="malformed"):
            await database.read("SELECT * FROM live_cards", [])
        with pytest.raises(DatabaseDamaged, match="malformed"):
            await database.write("DELETE FROM live_cards WHERE id = ?", [1])
        for _ in range(2):
            with pytest.raises(DatabaseDamaged):
                await database.check()
        assert await names_in(database) == []
    (line,) = (each for each in caplog.records if each.levelname == "CRITICAL")
    assert "restore your last backup" in line.getMessage()


async def test_the_check_reads_a_row(tmp_path: Path) -> None:
    """A database that opens but cannot be read is not healthy."""
    path = tmp_path / "suno.db"
    async with DatabaseThread(path):
        pass
    damage(path, "tasks")
    async with DatabaseThread(path) as database:
        with pytest.raises(DatabaseDamaged):
            await database.check()


async def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    """The error names the folder, also for a path that leads through a file."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnusable, match="file"):
        async with DatabaseThread(tmp_path / "file" / "suno.db"):
            pass


async def test_applied_migrations_are_not_applied_again(tmp_path: Path) -> None:
    """A database of an earlier run opens without changes."""
    names: list[str] = []
    for name in ("first", "second"):
        async with DatabaseThread(tmp_path / "suno.db") as database:
            await database.write("INSERT INTO key_values (name, value) VALUES (?, '')", [name])
            names = await names_in(database)
    assert names == ["first", "second"]


async def test_every_table_is_strict(tmp_path: Path) -> None:
    """No column accepts values of another type."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        rows = await database.read(
            "SELECT name FROM pragma_table_list"
            " WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite%'"
            " AND name != '_sqlite_migrations'",
            [],
        )
        assert rows == []


async def test_a_bot_starts_while_the_doctor_probes_the_lock(
    tmp_path: Path,
) -> None:
    """The doctor holds the lock for a moment, and the bot waits for it."""
    path = tmp_path / "suno.db"
    with FileLock(f"{path}.lock"):
        opening = asyncio.create_task(names_after_opening(path))
        await asyncio.wait([opening], timeout=0.2)
    assert await opening == []


async def names_after_opening(path: Path) -> list[str]:
    """Open a database, close it again, and return the names in it."""
    engine = SqliteEngine(path, lock_timeout=30.0)  # however busy the machine is
    async with DatabaseThread(path, engine=engine) as database:
        return await names_in(database)


async def test_a_symbolic_link_does_not_circumvent_the_lock(tmp_path: Path) -> None:
    """The lock belongs to the target of a link, also of one that was there before the file."""
    path, link = tmp_path / "data" / "suno.db", tmp_path / "link.db"
    link.symlink_to(path)
    async with DatabaseThread(link) as first:
        with pytest.raises(DatabaseInUse):
            async with DatabaseThread(path):
                pass
        assert await names_in(first) == []
    async with DatabaseThread(path):
        with pytest.raises(DatabaseInUse, match=r"link\.db"):
            async with DatabaseThread(link):
                pass


async def test_a_second_process_on_the_same_database_is_refused(tmp_path: Path) -> None:
    """Two bots on one database would post every notice twice."""
    path = tmp_path / "suno.db"
    async with DatabaseThread(path) as first:
        with pytest.raises(DatabaseInUse, match="another bot"):
            async with DatabaseThread(path):
                pass
        assert await names_in(first) == []
    async with DatabaseThread(path) as third:
        assert await names_in(third) == []


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
async def test_files_are_private_to_the_bots_user(tmp_path: Path, umask: int) -> None:
    """The database, its log, its lock and their folder are private whatever the umask is."""
    folder = tmp_path / "data"
    before = os.umask(umask)
    try:
        async with DatabaseThread(folder / "suno.db") as database:
            await database.write("INSERT INTO key_values (name, value) VALUES ('a', 'b')", [])
            modes = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert modes.keys() >= {"suno.db", "suno.db-wal", "suno.db.lock"}
    assert set(modes.values()) == {0o600}


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Return a folder that every user may enter, unlike the folders of pytest."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs another user")
async def test_a_lock_of_another_user_is_reported_as_such(public_folder: Path) -> None:
    """A start as the wrong user reports the lock, and not a broken database."""
    path = public_folder / "suno.db"
    async with DatabaseThread(path):
        pass
    program = (
        "import asyncio, os, pathlib, sys\n"
        "from bot.storage.database import DatabaseThread\n"
        "os.seteuid(65534)\n"
        "async def main():\n"
        "    async with DatabaseThread(pathlib.Path(sys.argv[1])):\n"
        "        pass\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        str(path),
        stderr=asyncio.subprocess.PIPE,
    )
    _, output = await process.communicate()
    assert b"DatabaseOfAnotherUser" in output
    assert b"belongs to another user" in output
