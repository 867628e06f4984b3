"""The doctor reports each way in which a PostgreSQL database can be unusable, with advice."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from bot.doctor.report import Area, State
from bot.doctor.thresholds import Thresholds
from bot.storage.database import DatabaseThread, engine_at
from bot.storage.engine import Connection
from bot.storage.leases import LEADER_LOCK
from tests.support.databases import PostgresDatabases
from tests.support.doctor_harness import DoctorHarness, run_doctor_command
from tests.support.postgres_server import PostgresServer
from tests.support.sandbox_session import SandboxSession

PASSWORD = "correct horse/battery@staple"


@pytest.fixture
def url(postgres_databases: PostgresDatabases, tmp_path: Path) -> Iterator[str]:
    """Yield the address of a database with the newest schema."""
    yield postgres_databases.url(tmp_path / "doctor")
    postgres_databases.drop_all()


@pytest.fixture
def server(postgres_databases: PostgresDatabases) -> PostgresServer:
    """Return the server of that database."""
    return postgres_databases.server


@pytest.fixture
def empty_url(server: PostgresServer) -> Iterator[str]:
    """Yield the address of a database without tables."""
    name = server.create_database()
    yield server.url(name)
    server.drop_database(name)


def change(url: str, *statements: str) -> None:
    """Execute statements on a database without the bot."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@contextmanager
def a_role(server: PostgresServer, options: str = "") -> Iterator[str]:
    """Yield the name of a role that owns nothing."""
    server.run(f"CREATE ROLE visitor LOGIN {options}")
    try:
        yield "visitor"
    finally:
        server.run("DROP ROLE visitor")


def as_role(url: str, role: str) -> str:
    """Return the same address for another role."""
    return url.replace("//owner@", f"//{role}@")


def take_leader_lock(db: Connection) -> None:
    """Lead, as one process of the bot does."""
    db.execute("SELECT pg_advisory_lock(?)", [LEADER_LOCK])


async def test_a_current_database_that_nobody_uses_is_ok(doctor: DoctorHarness, url: str) -> None:
    """Its address, its size, the server and its schema are reported; a file is not looked for."""
    run = await doctor.run(DATABASE_URL=url, DATABASE_PATH="/nowhere/suno.db")
    assert run.not_ok(Area.DATABASE) == []
    assert run.result(Area.DATABASE, "file").text.startswith("postgresql://owner@/test_")
    assert "The server is PostgreSQL" in run.result(Area.DATABASE, "server").text
    assert "this version" in run.result(Area.DATABASE, "schema").text
    assert "No bot is running on it" in run.result(Area.DATABASE, "bot").text
    checks = {each.check for each in run.report.results if each.area is Area.DATABASE}
    assert not checks & {"space", "integrity", "leader"}


async def test_an_empty_database_has_pending_migrations(
    doctor: DoctorHarness, empty_url: str
) -> None:
    """The doctor takes none of them."""
    run = await doctor.run(DATABASE_URL=empty_url)
    assert run.not_ok(Area.DATABASE) == []
    assert "pending" in run.result(Area.DATABASE, "schema").text
    with psycopg.connect(empty_url) as connection:
        tables = connection.execute("SELECT * FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchall() == []


async def test_running_processes_and_their_leader_are_reported(
    doctor: DoctorHarness, url: str
) -> None:
    """Each process counts once, however many connections it has, and the doctor itself not."""
    async with (
        DatabaseThread(url, engine=engine_at(url, "0/2")) as leader,
        DatabaseThread(url, engine=engine_at(url, "1/2")) as other,
    ):
        await leader.run(take_leader_lock)
        await other.read("SELECT 1", [])
        run = await doctor.run(DATABASE_URL=url)
    assert run.not_ok(Area.DATABASE) == []
    text = run.result(Area.DATABASE, "leader").text
    assert text == "2 processes connected; the one with SHARDS=0/2 on the server's machine leads"
    assert "A bot is running on it" in run.result(Area.DATABASE, "bot").text


async def test_processes_of_which_none_leads_are_a_problem(doctor: DoctorHarness, url: str) -> None:
    """Nothing is polled and sent, and nothing else shows it."""
    async with DatabaseThread(url), DatabaseThread(url):
        run = await doctor.run(DATABASE_URL=url)
    result = run.result(Area.DATABASE, "leader")
    assert result.state is State.PROBLEM
    assert "2 processes of the bot connected, and none leads" in result.text
    assert "logs" in result.advice


@pytest.mark.parametrize(
    ("shards", "texts"),
    [
        (["0-1/4", "2-3/4"], []),
        (["0/1"], []),
        (["0-2/4", "2/4"], ["more than one process: shard 2", "no process: shard 3"]),
        (["0/2", "1/4"], ["disagree how many shards there are: 2, 4"]),
        (["", "0/2"], ["Of 2 processes, 1 without SHARDS"]),
        (["0/9"], ["no process: shard 1, 2, 3, 4, 5, …"]),
    ],
)
async def test_shards_of_nobody_and_of_several_processes_are_problems(
    doctor: DoctorHarness, url: str, shards: list[str], texts: list[str]
) -> None:
    """The processes tell the server which they serve."""
    async with AsyncExitStack() as stack:
        processes = [DatabaseThread(url, engine=engine_at(url, each)) for each in shards]
        for each in processes:
            await stack.enter_async_context(each)
        await processes[0].run(take_leader_lock)
        run = await doctor.run(DATABASE_URL=url)
    assert f"{len(shards)} process" in run.result(Area.DATABASE, "leader").text
    problems = [each for each in run.report.with_state(State.PROBLEM) if each.check == "shards"]
    assert len(problems) == len(texts)
    for problem, text in zip(problems, texts, strict=True):
        assert text in problem.text
        assert "exactly one process" in problem.advice


async def test_a_leader_that_is_found_a_moment_later_is_ok(doctor: DoctorHarness, url: str) -> None:
    """The lock is free for some seconds after a leader has ended."""
    async with DatabaseThread(url) as database:
        checks = asyncio.create_task(doctor.run(DATABASE_URL=url))
        await asyncio.sleep(0.2)
        await database.run(take_leader_lock)
        run = await checks
    assert run.result(Area.DATABASE, "leader").state is State.OK


async def test_a_server_that_is_not_there_is_a_problem(doctor: DoctorHarness) -> None:
    """Whoever listens at that port of the machine, it is no PostgreSQL."""
    run = await doctor.run(DATABASE_URL="postgresql://bot:secret-password@127.0.0.1:1/suno_bot")
    result = run.result(Area.DATABASE, "server")
    assert result.state is State.PROBLEM
    assert "postgresql://bot@127.0.0.1:1/suno_bot" in result.text
    assert "Connection refused" in result.text
    assert "listen_addresses" in result.advice
    assert "secret-password" not in run.printed + str(run.json)


async def test_an_unknown_host_is_a_problem(doctor: DoctorHarness) -> None:
    """The advice is about its name."""
    run = await doctor.run(DATABASE_URL="postgresql://bot@database.invalid/suno_bot")
    assert "Correct the host" in run.result(Area.DATABASE, "server").advice


async def test_a_missing_database_is_a_problem(
    doctor: DoctorHarness, server: PostgresServer
) -> None:
    """The bot does not create it."""
    result = (await doctor.run(DATABASE_URL=server.url("misspelt"))).result(Area.DATABASE, "server")
    assert result.state is State.PROBLEM
    assert '"misspelt" does not exist' in result.text
    assert "Create the database" in result.advice


async def test_an_unknown_role_is_a_problem(doctor: DoctorHarness, url: str) -> None:
    """The server names it."""
    result = (await doctor.run(DATABASE_URL=as_role(url, "nobody"))).result(Area.DATABASE, "server")
    assert 'role "nobody" does not exist' in result.text
    assert "Create the role" in result.advice


async def test_a_refused_password_is_a_problem_and_not_printed(
    doctor: DoctorHarness, url: str, server: PostgresServer
) -> None:
    """Neither as it stands in DATABASE_URL nor decoded; the right one is accepted."""
    with a_role(server, f"SUPERUSER PASSWORD '{PASSWORD}'"), passwords_required(server):
        right = as_role(url, f"visitor:{quote(PASSWORD, safe='')}")
        assert (await doctor.run(DATABASE_URL=right)).not_ok(Area.DATABASE) == []
        wrong = as_role(url, f"visitor:{quote(PASSWORD[::-1], safe='')}")
        run = await doctor.run(DATABASE_URL=wrong)
    result = run.result(Area.DATABASE, "server")
    assert result.state is State.PROBLEM
    assert "password authentication failed" in result.text
    assert "%40 for @" in result.advice
    for secret in (PASSWORD[::-1], quote(PASSWORD[::-1], safe="")):
        assert secret not in run.printed + str(run.json)


@contextmanager
def passwords_required(server: PostgresServer) -> Iterator[None]:
    """Let the server ask the role ``visitor`` for its password."""
    rules = server.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"local all visitor scram-sha-256\n{before}")
    server.run("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        rules.write_text(before)
        server.run("SELECT pg_reload_conf()")


async def test_an_address_with_a_wrong_escape_is_a_problem_and_not_printed(
    doctor: DoctorHarness,
) -> None:
    """What cannot be decoded is part of a password."""
    run = await doctor.run(DATABASE_URL="postgresql://bot:half%ofapassword@127.0.0.1:1/suno_bot")
    assert run.result(Area.DATABASE, "server").state is State.PROBLEM
    assert "half" not in run.printed + str(run.json)


async def test_a_user_who_may_not_create_tables_is_a_problem(
    doctor: DoctorHarness, empty_url: str, server: PostgresServer
) -> None:
    """Only if a step is pending: the bot needs it for nothing else."""
    with a_role(server) as role:
        result = (await doctor.run(DATABASE_URL=as_role(empty_url, role))).result(
            Area.DATABASE, "privileges"
        )
    assert result.state is State.PROBLEM
    assert "may not create tables" in result.text
    assert "owner of the database" in result.advice


async def test_a_user_who_may_not_install_the_extension_is_a_problem(
    doctor: DoctorHarness, empty_url: str, server: PostgresServer
) -> None:
    """The first start would fail after all."""
    with a_role(server) as role:
        change(empty_url, f"GRANT CREATE ON SCHEMA public TO {role}")
        refused = await doctor.run(DATABASE_URL=as_role(empty_url, role))
        change(empty_url, "CREATE EXTENSION pg_trgm")
        accepted = await doctor.run(DATABASE_URL=as_role(empty_url, role))
        change(empty_url, f"REVOKE ALL ON SCHEMA public FROM {role}")
    assert "pg_trgm" in refused.result(Area.DATABASE, "privileges").text
    assert accepted.not_ok(Area.DATABASE) == []


async def test_tables_of_another_role_are_a_problem(
    doctor: DoctorHarness, url: str, server: PostgresServer
) -> None:
    """Some are named; what cannot be read is not."""
    with a_role(server) as role:
        run = await doctor.run(DATABASE_URL=as_role(url, role))
    result = run.result(Area.DATABASE, "privileges")
    assert result.state is State.PROBLEM
    assert "may not read and write the tables accounts_without_credit" in result.text
    assert "…" in result.text
    assert "schema" not in {each.check for each in run.report.results}


async def test_a_schema_of_a_newer_version_is_a_problem(doctor: DoctorHarness, url: str) -> None:
    """Tables that may differ are not read."""
    change(url, "INSERT INTO schema_migrations (name) VALUES ('m999_the_future')")
    run = await doctor.run(DATABASE_URL=url)
    result = run.result(Area.DATABASE, "schema")
    assert result.state is State.PROBLEM
    assert "m999_the_future" in result.text
    assert "bot" not in {each.check for each in run.report.results if each.area is Area.DATABASE}


async def test_the_database_of_another_program_is_a_problem(
    doctor: DoctorHarness, empty_url: str
) -> None:
    """The bot would refuse to start on it."""
    change(empty_url, "CREATE TABLE recipes (name TEXT)")
    result = (await doctor.run(DATABASE_URL=empty_url)).result(Area.DATABASE, "schema")
    assert result.state is State.PROBLEM
    assert "another program" in result.text
    assert "DATABASE_URL" in result.advice


async def test_an_encoding_that_cannot_hold_every_title_is_a_problem(
    doctor: DoctorHarness, server: PostgresServer
) -> None:
    """The first song with a Chinese title would be refused."""
    server.run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        result = (await doctor.run(DATABASE_URL=server.url("latin"))).result(
            Area.DATABASE, "server"
        )
    finally:
        server.drop_database("latin")
    assert result.state is State.PROBLEM
    assert "LATIN1" in result.text
    assert "UTF8" in result.advice


async def test_connections_that_are_nearly_used_up_are_a_warning(
    doctor: DoctorHarness, url: str, server: PostgresServer
) -> None:
    """Whichever limit is reached first: here that of the role."""
    with a_role(server, "SUPERUSER CONNECTION LIMIT 4") as role:
        run = await doctor.run(DATABASE_URL=as_role(url, role))
    result = run.result(Area.DATABASE, "connections")
    assert result.state is State.WARNING
    assert result.text == "3 of 4 connections left"
    assert "max_connections" in result.advice
    enough = await doctor.run(DATABASE_URL=url, thresholds=Thresholds(low_connections=1))
    assert enough.result(Area.DATABASE, "connections").state is State.OK


async def test_a_server_without_free_connections_is_a_problem(
    doctor: DoctorHarness, url: str, server: PostgresServer
) -> None:
    """The limit of the role holds for the doctor, too."""
    with a_role(server, "CONNECTION LIMIT 0") as role:
        result = (await doctor.run(DATABASE_URL=as_role(url, role))).result(Area.DATABASE, "server")
    assert "too many connections" in result.text
    assert "max_connections" in result.advice


async def test_what_is_queued_is_reported_as_for_a_file(doctor: DoctorHarness, url: str) -> None:
    """The queries are the same."""
    change(
        url,
        "INSERT INTO tasks (account, task_id, state, status, task_json, known, added_at,"
        " polled_at, deadline_at)"
        " VALUES ('custom', 'song', 'running', 'QUEUED', '{}', TRUE, 1, 1, 2),"
        " ('deerapi', 'there', 'running', 'QUEUED', '{}', TRUE, 1, 1, 2)",
        "INSERT INTO deliveries (account, channel_id, guild_id, locale, purpose, state, nonce,"
        " message_format, due_at, created_at)"
        " VALUES ('custom', 5, 50, 'en', 'notice', 'held', '', 'full', 1, 1)",
    )
    run = await doctor.run(DATABASE_URL=url)
    assert "No bot is running on it; 2 tasks watched" in run.result(Area.DATABASE, "bot").text
    assert "1 notice held" in run.result(Area.DATABASE, "held").text
    assert "1 task of deerapi" in run.result(Area.DATABASE, "elsewhere").text


async def test_why_a_task_was_not_posted_is_read_from_the_server(
    sandbox: SandboxSession, url: str
) -> None:
    """The command prints what it knows, and says whether a bot runs."""
    change(
        url,
        "INSERT INTO tasks (account, task_id, state, status, task_json, known, added_at,"
        " polled_at, deadline_at)"
        " VALUES ('custom', 'song', 'running', 'QUEUED', '{}', TRUE, 1, 1, 2)",
    )
    code, output = await run_doctor_command(sandbox, "why", "song", DATABASE_URL=url)
    assert code == 0
    assert output.startswith("Nothing was posted yet")
    code, output = await run_doctor_command(
        sandbox, "why", "song", DATABASE_URL="postgresql://bot:secret-password@127.0.0.1:1/suno_bot"
    )
    assert code == 1
    assert "Connection refused" in output
    assert "secret-password" not in output
