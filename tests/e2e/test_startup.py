"""What the command line says when it cannot do what it is asked."""

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

NOBODY = "http://127.0.0.1:9"
"""Where nothing listens."""


async def run_bot(sandbox: SandboxSession, **changes: str) -> tuple[int, str]:
    """Run the bot until it ends by itself; return its exit code and what it said."""
    environment = sandbox.environment | changes
    bot = BotProcess(sandbox.folder, {name: value for name, value in environment.items() if value})
    await bot.start()
    async with asyncio.timeout(30):
        code = await bot.ended()
    assert "Traceback" not in bot.log
    return code, bot.log


async def test_missing_settings_are_told_by_name_all_at_once(sandbox: SandboxSession) -> None:
    """With exit code 2: starting again would not help."""
    code, said = await run_bot(sandbox, DISCORD_TOKEN="", SUNO_API_KEY="", POLL_INTERVAL="often")
    assert code == 2
    for name in ("DISCORD_TOKEN", "SUNO_API_KEY", "POLL_INTERVAL"):
        assert name in said


async def test_an_address_that_no_relay_can_have_is_told_by_name(sandbox: SandboxSession) -> None:
    """What the settings let pass, the relay looks at more closely."""
    code, said = await run_bot(sandbox, SUNO_FETCH_PATH="/suno/{id}")
    assert code == 2
    assert "SUNO_FETCH_PATH" in said


async def test_a_refused_token_is_told_by_name(sandbox: SandboxSession) -> None:
    """Without the token, and so that nothing starts it again and again."""
    code, said = await run_bot(sandbox, DISCORD_TOKEN="a-wrong-token")
    assert code == 2
    assert "DISCORD_TOKEN" in said
    assert "a-wrong-token" not in said


async def test_machines_are_told_in_their_format_why_the_bot_ends(sandbox: SandboxSession) -> None:
    """Each line is one object, the last one too."""
    code, said = await run_bot(sandbox, DISCORD_TOKEN="a-wrong-token", LOG_FORMAT="json")
    assert code == 2
    last = [json.loads(line) for line in said.splitlines()][-1]
    assert last["level"] == "CRITICAL"
    assert "DISCORD_TOKEN" in last["message"]


@pytest.mark.parametrize("close_code", [4004, 4014])
async def test_a_gateway_that_refuses_for_good_ends_the_bot(
    sandbox: SandboxSession, close_code: int
) -> None:
    """A token that was changed meanwhile, or intents: told, with exit code 2."""
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=30)
        sandbox.discord.faults.add("GET /users/@me", status=401, times=None)
        await sandbox.discord.close_gateway(close_code)
        async with asyncio.timeout(30):
            assert await bot.ended() == 2
        assert "Discord refuses" in bot.log
        assert "Traceback" not in bot.log


async def test_a_token_that_is_taken_back_while_the_bot_runs_ends_it(
    sandbox: SandboxSession,
) -> None:
    """A post that Discord answers with 401: told, with exit code 2; the notice stays owed."""
    sandbox.relay.add(song("a-song", takes=1))
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=30)
        await sandbox.discord.wait_until_commands(timeout=30)
        sandbox.discord.faults.add("GET /users/@me", status=401, times=None)
        sandbox.discord.faults.add("POST /channels/{id}/messages", status=401, times=None)
        sandbox.relay.clock.advance(10)
        await sandbox.command_answer("suno watch", id="a-song")
        async with asyncio.timeout(30):
            assert await bot.ended() == 2
        assert "DISCORD_TOKEN" in bot.log
    sandbox.discord.faults.clear()
    async with BotProcess(sandbox.folder, sandbox.environment):
        await sandbox.wait_for_notice("a-song")


async def test_a_401_that_passes_ends_nothing(sandbox: SandboxSession) -> None:
    """The token is accepted when Discord is asked who the bot is: the notice comes soon."""
    sandbox.relay.add(song("a-song", takes=1))
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=30)
        await sandbox.discord.wait_until_commands(timeout=30)
        sandbox.discord.faults.add("POST /channels/{id}/messages", status=401, times=2)
        sandbox.relay.clock.advance(10)
        await sandbox.command_answer("suno watch", id="a-song")
        await sandbox.wait_for_notice("a-song")
        await sandbox.discord.wait_for(lambda: "accepts the token" in bot.log, 15)
        assert bot.pid is not None
        assert len(sandbox.notices("a-song")) == 1


@pytest.mark.parametrize("proxy", [False, True])
async def test_a_login_that_is_refused_only_once_may_be_tried_again(
    sandbox: SandboxSession, proxy: bool
) -> None:
    """With exit code 1; and a page of a proxy with status 401 is not Discord's answer."""
    sandbox.discord.faults.add("GET /users/@me", status=401, html=proxy, times=None if proxy else 2)
    code, said = await run_bot(sandbox)
    assert code == 1
    assert "accepts it when asked again" in said


async def test_a_gateway_may_refuse_a_good_token_for_a_moment(sandbox: SandboxSession) -> None:
    """A close with 4004 that the API does not confirm: told, with exit code 1."""
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=30)
        await sandbox.discord.close_gateway(4004)
        async with asyncio.timeout(30):
            assert await bot.ended() == 1
        assert "accepts it when asked again" in bot.log


async def test_a_discord_that_cannot_be_reached_is_told(sandbox: SandboxSession) -> None:
    """With the address, and exit code 1: it may be there at the next start."""
    code, said = await run_bot(sandbox, DISCORD_API_URL=f"{NOBODY}/api/v10")
    assert code == 1
    assert NOBODY in said


async def test_a_database_that_cannot_be_used_is_told(sandbox: SandboxSession) -> None:
    """With its path; it is left as it is."""
    path = sandbox.folder / "letter.db"
    path.write_bytes(b"not a database " * 100)
    code, said = await run_bot(sandbox, DATABASE_PATH=str(path))
    assert code == 2
    assert "letter.db" in said
    assert "not a database" in said
    assert "backup" in said
    assert "may be written" not in said
    assert path.read_bytes().startswith(b"not a database")


async def test_the_database_of_another_program_is_told_and_left_alone(
    sandbox: SandboxSession,
) -> None:
    """With exit code 2, and the setting that is wrong."""
    path = sandbox.folder / "recipes.db"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    code, said = await run_bot(sandbox, DATABASE_PATH=str(path))
    assert code == 2
    assert "another program's" in said
    assert "DATABASE_PATH" in said
    assert path.read_bytes() == before


async def test_damage_that_the_start_meets_is_told(sandbox: SandboxSession) -> None:
    """With exit code 2: it is for people to mend."""
    path = sandbox.folder / "suno.db"
    async with DatabaseThread(path):
        pass
    damage(path, "tasks_due")
    code, said = await run_bot(sandbox)
    assert code == 2
    assert "malformed" in said
    assert "restore your last backup" in said


async def test_watches_at_another_relay_are_told_at_the_start(sandbox: SandboxSession) -> None:
    """In one warning, with how many of whose, and what to do; and one is one."""
    path = sandbox.folder / "suno.db"
    async with DatabaseThread(path) as database:
        for relay, count in (("deerapi", 2), ("openai-hub", 1), ("custom", 1)):
            store = TaskStore(database, Outbox(database), relay)
            for number in range(count):
                task = a_running_task(f"song-{number}")
                await store.add_watch(
                    task, known=False, user_id=1, destination=HERE, now=NOON, deadline=60
                )
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=30)
    (warning,) = (line for line in bot.log.splitlines() if "WARNING" in line)
    assert "while SUNO_RELAY is custom: 2 tasks of deerapi, 1 task of openai-hub" in warning
    assert "set SUNO_RELAY back" in warning
    assert "1 running task, 0 messages waiting" in bot.log


async def test_a_disk_that_is_full_may_be_so_no_longer_at_the_next_start(
    sandbox: SandboxSession,
) -> None:
    """With exit code 1: nothing about the file is wrong."""
    program = """
import resource, sys
from bot.__main__ import main
limit, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most))
try:
    main(["run"])
finally:  # for whoever measures what the tests reach
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
"""
    bot = BotProcess(sandbox.folder, sandbox.environment, program=("-c", program))
    await bot.start()
    async with asyncio.timeout(30):
        assert await bot.ended() == 1
    assert "suno.db" in bot.log
    assert "Traceback" not in bot.log


async def test_a_discord_that_is_ill_is_told(sandbox: SandboxSession) -> None:
    """Without the page that a proxy in front of it sends; with exit code 1."""
    sandbox.discord.faults.add("GET /users/@me", status=403, html=True, times=None)
    code, said = await run_bot(sandbox)
    assert code == 1
    assert "HTTP 403" in said
    assert "<" not in said


async def test_a_port_for_the_figures_that_is_taken_is_told(sandbox: SandboxSession) -> None:
    """With exit code 1: it may be free at the next start. Nothing was said to Discord yet."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, said = await run_bot(sandbox, METRICS_PORT=port)
    assert code == 1
    (line,) = (line for line in said.splitlines() if "METRICS_PORT" in line)
    assert f"http://127.0.0.1:{port} (Address already in use)" in line
    assert not sandbox.discord.requests


async def test_an_address_for_the_figures_that_this_machine_does_not_have_is_told(
    sandbox: SandboxSession,
) -> None:
    """With exit code 2: it will not have it at the next start either."""
    code, said = await run_bot(sandbox, METRICS_PORT="9090", METRICS_HOST="192.0.2.1")
    assert code == 2
    assert "METRICS_HOST" in said


async def test_the_log_tells_at_the_start_what_the_bot_works_with(sandbox: SandboxSession) -> None:
    """Version, relay, database and what it owes, the invite, the figures, and who it is."""
    sandbox.relay.add(song("a-song", takes=120), song("another", takes=120))
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=30)
        await sandbox.discord.wait_until_commands(timeout=30)
        await sandbox.command_answer("suno watch", id="a-song another")
        await sandbox.discord.wait_for(sandbox.cards, 10, "the card")
    first = len(bot.log)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    async with BotProcess(sandbox.folder, sandbox.environment | {"METRICS_PORT": port}) as bot:
        async with asyncio.timeout(30):
            while "Gateway ready" not in bot.log[first:]:  # noqa: ASYNC110 # a file
                await asyncio.sleep(0.05)
    said = [line.partition(": ")[2] for line in bot.log[first:].splitlines()]
    assert said == [
        f"Suno Bot {__version__}",
        f"Relay custom at {sandbox.relay.base_url}",
        f"Database {sandbox.folder / 'suno.db'}: 2 running tasks, 0 messages waiting",
        f"Figures at http://127.0.0.1:{port}/metrics",
        f"Invite the bot with {invite_link(sandbox.discord.application_id)}",
        "Gateway ready: user=suno_bot#0000 servers=1",
        "Stopping",
        "Stopped",
    ]


async def test_a_relay_that_cannot_be_reached_is_told_and_waited_for(tmp_path: Path) -> None:
    """Once, and the bot works: what is watched meanwhile is told when the relay is there."""
    async with open_sandbox(tmp_path) as sandbox, Forwarder(relay_port(sandbox)) as line:
        line.cut()
        address = {"SUNO_BASE_URL": f"http://127.0.0.1:{line.port}"}
        async with BotProcess(sandbox.folder, sandbox.environment | address) as bot:
            await sandbox.discord.wait_until_ready(timeout=30)
            await sandbox.discord.wait_until_commands(timeout=30)
            sandbox.relay.add(song("a-song", takes=1))
            sandbox.relay.clock.advance(10)
            await sandbox.command_answer("suno watch", id="a-song")
            (warning,) = (line for line in bot.log.splitlines() if "WARNING" in line)
            assert "cannot be reached" in warning
            await line.mend()
            await sandbox.wait_for_notice("a-song")
            assert bot.log.count("cannot be reached") == 1
            assert "answers again" in bot.log


def relay_port(sandbox: SandboxSession) -> int:
    """Return the port of the relay in the sandbox."""
    return int(sandbox.relay.base_url.rpartition(":")[2])


async def call(*words: str) -> tuple[int, str]:
    """Call the command line; return its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *words),
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "100"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode()


async def test_the_version_is_that_of_the_package() -> None:
    """It stands in one place."""
    assert await call("--version") == (0, f"suno-bot, version {__version__}\n")


async def test_the_help_names_every_command() -> None:
    """With what each does."""
    code, said = await call("--help")
    assert code == 0
    for command in ("run", "demo", "explain", "doctor"):
        assert f"\n  {command} " in said


async def test_what_a_relay_wrote_commands_no_terminal(tmp_path: Path) -> None:
    """``explain`` is asked of relays that nobody knows yet."""
    title = "\x9b31m \u202emp3 \x7f \u55b5"
    song = {"id": "c", "title": title, "status": "complete", "audio_url": "https://a.test/c.mp3"}
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps([song], ensure_ascii=False), encoding="utf-8")
    code, said = await call("explain", str(answer))
    assert code == 0
    (task,) = json.loads(said)["tasks"]
    assert task["title"] == title
    assert all(sign.isprintable() or sign == "\n" for sign in said)


async def test_an_unknown_command_is_told() -> None:
    """Click's own words, and no trace."""
    code, said = await call("sing")
    assert code == 2
    assert "No such command" in said
