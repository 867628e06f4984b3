"""The exit codes and messages of the command line, and the log of a start."""

import asyncio
import json
import os
import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bot import __version__
from bot.storage.database import DatabaseThread
from bot.storage.models import WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from bot.ui.permissions import invite_link
from sandbox.bot_process import BotProcess
from sandbox.relay import song
from tests.support.builders import HERE, NOON, a_running_task
from tests.support.damage import damage
from tests.support.forwarder import Forwarder
from tests.support.paths import ROOT
from tests.support.sandbox_session import SandboxSession, open_sandbox

UNREACHABLE = "http://127.0.0.1:9"
"""A URL where nothing listens."""


async def run_bot(sandbox: SandboxSession, **changes: str) -> tuple[int, str]:
    """Run the bot until it ends by itself; return its exit code and its output."""
    environment = sandbox.environment | changes
    bot = BotProcess(sandbox.folder, {name: value for name, value in environment.items() if value})
    await bot.start()
    async with asyncio.timeout(120):
        code = await bot.ended()
    assert "Traceback" not in bot.log
    return code, bot.log


async def test_missing_settings_are_all_named_at_once(sandbox: SandboxSession) -> None:
    """The exit code is 2: starting again does not help."""
    code, output = await run_bot(sandbox, DISCORD_TOKEN="", POLL_INTERVAL="often")
    assert code == 2
    for name in ("DISCORD_TOKEN", "POLL_INTERVAL"):
        assert name in output


async def test_an_invalid_relay_path_is_reported_with_its_setting(sandbox: SandboxSession) -> None:
    """The relay profile refuses what the settings accept."""
    code, output = await run_bot(sandbox, SUNO_FETCH_PATH="/suno/{id}")
    assert code == 2
    assert "SUNO_FETCH_PATH" in output


async def test_a_refused_token_ends_the_bot_with_exit_code_2(sandbox: SandboxSession) -> None:
    """The output names the setting, but not the token."""
    code, output = await run_bot(sandbox, DISCORD_TOKEN="a-wrong-token")
    assert code == 2
    assert "DISCORD_TOKEN" in output
    assert "a-wrong-token" not in output


async def test_with_json_logs_the_reason_for_the_end_is_json_too(
    sandbox: SandboxSession,
) -> None:
    """Each line of the log is one object, the last one too."""
    code, output = await run_bot(sandbox, DISCORD_TOKEN="a-wrong-token", LOG_FORMAT="json")
    assert code == 2
    last = [json.loads(line) for line in output.splitlines()][-1]
    assert last["level"] == "CRITICAL"
    assert "DISCORD_TOKEN" in last["message"]


@pytest.mark.parametrize("close_code", [4004, 4014])
async def test_a_permanent_close_code_of_the_gateway_ends_the_bot(
    sandbox: SandboxSession, close_code: int
) -> None:
    """A changed token and refused intents both give exit code 2."""
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        sandbox.discord.faults.add("GET /users/@me", status=401, times=None)
        await sandbox.discord.close_gateway(close_code)
        async with asyncio.timeout(120):
            assert await bot.ended() == 2
        assert "Discord refuses" in bot.log
        assert "Traceback" not in bot.log


async def test_a_token_that_is_revoked_while_the_bot_runs_ends_it(
    sandbox: SandboxSession,
) -> None:
    """A 401 for a post gives exit code 2; the notice is sent after the restart."""
    sandbox.relay.add(song("a-song", takes=1))
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        sandbox.discord.faults.add("GET /users/@me", status=401, times=None)
        sandbox.discord.faults.add("POST /channels/{id}/messages", status=401, times=None)
        sandbox.relay.clock.advance(10)
        await sandbox.command_answer("suno watch", id="a-song")
        async with asyncio.timeout(120):
            assert await bot.ended() == 2
        assert "DISCORD_TOKEN" in bot.log
    sandbox.discord.faults.clear()
    async with BotProcess(sandbox.folder, sandbox.environment):
        await sandbox.wait_for_notice("a-song")


async def test_a_temporary_401_does_not_end_the_bot(sandbox: SandboxSession) -> None:
    """``GET /users/@me`` accepts the token, so the notice is retried."""
    sandbox.relay.add(song("a-song", takes=1))
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        sandbox.discord.faults.add("POST /channels/{id}/messages", status=401, times=2)
        sandbox.relay.clock.advance(10)
        await sandbox.command_answer("suno watch", id="a-song")
        await sandbox.wait_for_notice("a-song")
        await sandbox.discord.wait_for(lambda: "accepts the token" in bot.log, 120)
        assert bot.pid is not None
        assert len(sandbox.notices("a-song")) == 1


@pytest.mark.parametrize("proxy", [False, True])
async def test_a_login_that_is_refused_only_once_gives_exit_code_1(
    sandbox: SandboxSession, proxy: bool
) -> None:
    """A proxy's page with status 401 is not Discord's answer either."""
    sandbox.discord.faults.add("GET /users/@me", status=401, html=proxy, times=None if proxy else 2)
    code, output = await run_bot(sandbox)
    assert code == 1
    assert "accepted it when asked again" in output


async def test_an_unconfirmed_close_code_4004_gives_exit_code_1(
    sandbox: SandboxSession,
) -> None:
    """The API accepts the token that the gateway refused for a moment."""
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.close_gateway(4004)
        async with asyncio.timeout(120):
            assert await bot.ended() == 1
        assert "accepted it when asked again" in bot.log


async def test_an_unreachable_discord_gives_exit_code_1(sandbox: SandboxSession) -> None:
    """The output names the URL; the next start may succeed."""
    code, output = await run_bot(sandbox, DISCORD_API_URL=f"{UNREACHABLE}/api/v10")
    assert code == 1
    assert UNREACHABLE in output


async def test_a_file_that_is_not_a_database_gives_exit_code_2(sandbox: SandboxSession) -> None:
    """The output names its path, and the file stays unchanged."""
    path = sandbox.folder / "text.db"
    path.write_bytes(b"not a database " * 100)
    code, output = await run_bot(sandbox, DATABASE_PATH=str(path))
    assert code == 2
    assert "text.db" in output
    assert "not a database" in output
    assert "backup" in output
    assert "may be written" not in output
    assert path.read_bytes().startswith(b"not a database")


async def test_the_database_of_another_program_gives_exit_code_2(
    sandbox: SandboxSession,
) -> None:
    """The output names the setting, and the file stays unchanged."""
    path = sandbox.folder / "recipes.db"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    code, output = await run_bot(sandbox, DATABASE_PATH=str(path))
    assert code == 2
    assert "another program's" in output
    assert "DATABASE_PATH" in output
    assert path.read_bytes() == before


async def test_a_damaged_database_gives_exit_code_2(sandbox: SandboxSession) -> None:
    """The output tells the operator to restore the backup."""
    path = sandbox.folder / "suno.db"
    async with DatabaseThread(path):
        pass
    damage(path, "tasks_due")
    code, output = await run_bot(sandbox)
    assert code == 2
    assert "malformed" in output
    assert "restore your last backup" in output


async def test_tasks_of_other_relays_are_logged_at_the_start(sandbox: SandboxSession) -> None:
    """One warning counts them per relay and says what to do."""
    path = sandbox.folder / "suno.db"
    async with DatabaseThread(path) as database:
        for relay, count in (("deerapi", 2), ("openai-hub", 1), ("custom", 1)):
            store = TaskStore(database, Outbox(database), relay)
            for number in range(count):
                task = a_running_task(f"song-{number}")
                await store.add_watch(task, WatchRequest(1, HERE), NOON, known=False, deadline=60)
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
    (warning,) = (line for line in bot.log.splitlines() if "WARNING" in line)
    assert "SUNO_RELAY is custom: deerapi=2 openai-hub=1" in warning
    assert "Set it back" in warning
    assert "running_tasks=1 waiting_messages=0" in bot.log


async def test_a_full_disk_gives_exit_code_1(
    sandbox: SandboxSession,
) -> None:
    """The file itself is fine, so the next start may succeed."""
    program = """
import resource, sys
from bot.__main__ import main
limit, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most))
try:
    main(["run"])
finally:  # coverage writes its data at exit
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
"""
    bot = BotProcess(sandbox.folder, sandbox.environment, program=("-c", program))
    await bot.start()
    async with asyncio.timeout(120):
        assert await bot.ended() == 1
    assert "suno.db" in bot.log
    assert "Traceback" not in bot.log


async def test_an_http_error_at_the_login_gives_exit_code_1(sandbox: SandboxSession) -> None:
    """The output does not contain the proxy's page."""
    sandbox.discord.faults.add("GET /users/@me", status=403, html=True, times=None)
    code, output = await run_bot(sandbox)
    assert code == 1
    assert "HTTP 403" in output
    assert "<" not in output


async def test_a_metrics_port_in_use_gives_exit_code_1(sandbox: SandboxSession) -> None:
    """It may be free at the next start; Discord was not called yet."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, output = await run_bot(sandbox, METRICS_PORT=port)
    assert code == 1
    (line,) = (line for line in output.splitlines() if "METRICS_PORT" in line)
    assert f"http://127.0.0.1:{port} (Address already in use)" in line
    assert not sandbox.discord.requests


async def test_a_metrics_host_of_another_machine_gives_exit_code_2(
    sandbox: SandboxSession,
) -> None:
    """The next start would fail too."""
    code, output = await run_bot(sandbox, METRICS_PORT="9090", METRICS_HOST="192.0.2.1")
    assert code == 2
    assert "METRICS_HOST" in output


async def test_the_start_logs_what_the_bot_works_with(
    sandbox: SandboxSession,
) -> None:
    """Version, relay, database, metrics, invitation and user, on a line each."""
    sandbox.relay.add(song("song-1", takes=120), song("song-2", takes=120))
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        await sandbox.command_answer("suno watch", id="song-1 song-2")
        await sandbox.discord.wait_for(sandbox.cards, 120, "the card")
    first = len(bot.log)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    async with BotProcess(sandbox.folder, sandbox.environment | {"METRICS_PORT": port}) as bot:
        async with asyncio.timeout(120):
            while "Gateway ready" not in bot.log[first:]:  # noqa: ASYNC110 # a file
                await asyncio.sleep(0.05)
    lines = [line.partition(": ")[2] for line in bot.log[first:].splitlines()]
    expected = [
        __version__,
        f"name=custom url={sandbox.relay.base_url}",
        f"location={sandbox.folder / 'suno.db'} running_tasks=2 waiting_messages=0",
        f"url=http://127.0.0.1:{port}/metrics",
        invite_link(sandbox.discord.application_id),
        "user=suno_bot#0000 servers=1",
        "Stopping",
        "Stopped",
    ]
    assert all(map(str.endswith, lines, expected)), lines
    assert len(lines) == len(expected)


async def test_an_unreachable_relay_is_logged_once_and_waited_for(tmp_path: Path) -> None:
    """A task that is watched meanwhile is reported once the relay is there."""
    async with open_sandbox(tmp_path) as sandbox, Forwarder(relay_port(sandbox)) as line:
        line.cut()
        address = {"SUNO_BASE_URL": f"http://127.0.0.1:{line.port}"}
        async with BotProcess(sandbox.folder, sandbox.environment | address) as bot:
            await sandbox.discord.wait_until_ready(timeout=120)
            await sandbox.discord.wait_until_commands(timeout=120)
            sandbox.relay.add(song("a-song", takes=1))
            sandbox.relay.clock.advance(10)
            await sandbox.command_answer("suno watch", id="a-song")
            (warning,) = (line for line in bot.log.splitlines() if "WARNING" in line)
            assert "cannot be reached" in warning
            await line.restore()
            await sandbox.wait_for_notice("a-song")
            assert bot.log.count("cannot be reached") == 1
            assert "answers again" in bot.log


def relay_port(sandbox: SandboxSession) -> int:
    """Return the port of the relay in the sandbox."""
    return int(sandbox.relay.base_url.rpartition(":")[2])


async def run_command(*arguments: str) -> tuple[int, str]:
    """Run the command line; return its exit code and its output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "100"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode()


async def test_the_version_is_that_of_the_package() -> None:
    """It is defined in one place."""
    assert await run_command("--version") == (0, f"suno-bot, version {__version__}\n")


async def test_the_help_lists_every_command() -> None:
    """Each stands on a line of its own."""
    code, output = await run_command("--help")
    assert code == 0
    for command in ("run", "demo", "explain", "doctor"):
        assert f"\n  {command} " in output


async def test_explain_prints_no_control_characters(tmp_path: Path) -> None:
    """The response of a relay is hostile."""
    title = "\x9b31m \u202emp3 \x7f \u55b5"
    song = {"id": "c", "title": title, "status": "complete", "audio_url": "https://a.test/c.mp3"}
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps([song], ensure_ascii=False), encoding="utf-8")
    code, output = await run_command("explain", str(answer))
    assert code == 0
    (task,) = json.loads(output)["tasks"]
    assert task["title"] == title
    assert all(character.isprintable() or character == "\n" for character in output)


async def test_an_unknown_command_gives_exit_code_2() -> None:
    """The message is click's own, without a traceback."""
    code, output = await run_command("sing")
    assert code == 2
    assert "No such command" in output
