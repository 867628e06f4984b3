"""No key of an account is in anything that a bot writes, until it crashes."""

import asyncio
import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp

from sandbox.bot_process import ENCRYPTION_KEY
from sandbox.discord import Channel
from sandbox.relay.faults import answers, server_error
from tests.support.clubs import LONGER, SONG, TIMEOUT, Club, Clubs, key_of, open_clubs
from tests.support.doctor_harness import run_doctor_command
from tests.support.metrics_client import free_port
from tests.support.sandbox_session import SandboxSession
from tests.support.settings_panel import shown_text

TRIGGER = "CREATE TRIGGER fault BEFORE {} BEGIN SELECT raise(ABORT, 'a fault'); END"


def break_table(database: Path, write: str) -> None:
    """Let each write of a kind fail, as nothing in the bot expects."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(TRIGGER.format(write))


def repair_table(database: Path) -> None:
    """Let the writes succeed again."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DROP TRIGGER fault")


def everything_said(sandbox: SandboxSession, channels: list[Channel]) -> str:
    """Return all messages, also the private ones, all forms and all suggestions of the bot."""
    interactions = sandbox.discord.interactions
    messages = [*(one for each in channels for one in each.messages)]
    messages += [one for each in interactions for one in each.messages]
    payloads = [one.payload() for one in messages]
    return str([*payloads, *((each.modal, each.choices) for each in interactions)])


def core_dump_limits(pid: int) -> list[str]:
    """Return how many bytes of a process a crash writes to a file: the soft and the hard limit."""
    limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
    (line,) = re.findall(r"^Max core file size (.+)$", limits, re.MULTILINE)
    return str(line).split()[:2]


async def fail_to_connect(clubs: Clubs, club: Club) -> None:
    """Enter a wrong key, and the right one at a relay that repeats it, and in a broken database."""
    echo = f"<p>Authorization: Bearer {club.key}</p>"
    headers = {"Location": f"/login?key={club.key}", "X-Key": club.key}
    await clubs.connect(club, key_of(club.host, 2))
    club.relay.faults.add(answers(307, echo, headers=headers))
    await clubs.connect(club)
    club.relay.faults.clear()
    break_table(clubs.database, "INSERT ON relay_accounts")
    panel = await clubs.panel(channel=club.channel)
    opened = await clubs.press(panel, "account-connect:server:custom")
    values = {"key": club.key, "url": f"https://{club.host}"}
    await clubs.sandbox.discord.submit_modal(opened.user, opened, values)
    await clubs.sandbox.discord.wait_for(lambda: panel.content, TIMEOUT, "that it failed")
    repair_table(clubs.database)


async def fail_to_poll(clubs: Clubs, club: Club) -> None:
    """Let polls fail in the database, and then at a relay that repeats the key."""
    break_table(clubs.database, "UPDATE ON tasks")
    club.relay.clock.advance(LONGER / 4)
    async with asyncio.timeout(TIMEOUT):
        while "Tick failed" not in clubs.bot.log:  # noqa: ASYNC110 # a file
            await asyncio.sleep(0.05)
    repair_table(clubs.database)
    club.relay.faults.add(server_error(500))
    club.relay.faults.add(answers(500, f"panic: {club.key}"))
    await club.relay.wait_for_requests(len(club.relay.requests) + 3)
    club.relay.faults.clear()


async def look_everywhere(clubs: Clubs, club: Club, port: int) -> str:
    """Return what all pages, panels, reports and suggestions show."""
    sandbox = clubs.sandbox
    shown = [
        shown_text(await clubs.panel(kind, channel=club.channel)) for kind in ("server", "own")
    ]
    for command in ("suno-settings health", "suno-settings panel", "suno list", "suno help"):
        asked = await sandbox.discord.command(sandbox.ada, club.channel, command)
        shown.append(str((await asked.wait_for_answer(timeout=TIMEOUT)).payload()))
    for text in ("", club.key[:6]):
        await sandbox.discord.autocomplete(sandbox.ada, club.channel, "suno status", "id", text)
    async with aiohttp.ClientSession() as session:
        for path in ("/metrics", "/healthz", "/readyz"):
            async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                shown.append(await answer.text())
    for arguments in ((), ("--json",), ("why", SONG), ("why", SONG, "--json")):
        _, report = await run_doctor_command(sandbox, *arguments, ENCRYPTION_KEY=ENCRYPTION_KEY)
        shown.append(report)
    return "\n".join(shown)


async def test_no_key_is_in_anything_that_a_bot_writes(sandbox: SandboxSession) -> None:
    """While keys are refused, repeated by the relay, replaced and deleted, and parts of it fail."""
    port = free_port()
    changes = {
        "LOG_LEVEL": "DEBUG",
        "METRICS_PORT": str(port),
        "PYTHONFAULTHANDLER": "1",
        "PYTHONASYNCIODEBUG": "1",
    }
    async with open_clubs(sandbox, 1, **changes) as clubs:
        (club,) = clubs.clubs
        keys = [key_of(club.host, version) for version in (1, 2, 3)]
        await fail_to_connect(clubs, club)
        assert keys[0][-4:] in await clubs.connect(club)
        await clubs.watch(club)
        await clubs.watch(club, private=True)
        await fail_to_poll(clubs, club)
        shown = await look_everywhere(clubs, club, port)
        assert keys[2][-4:] in await clubs.replace_key(club, keys[2])
        club.relay.clock.advance(LONGER)
        await clubs.notice(club.channel)
        panel = await clubs.panel(channel=club.channel)
        await clubs.press(panel, "account:server:disconnect")
        await clubs.press(panel, "account:server:confirm")
        shown += await look_everywhere(clubs, club, port)
        shown += everything_said(sandbox, [club.channel, clubs.direct])
        assert clubs.bot.pid is not None
        assert core_dump_limits(clubs.bot.pid) == ["0", "0"]
        clubs.bot.send_signal(signal.SIGABRT)
        assert await clubs.bot.ended() == -signal.SIGABRT
        log = clubs.bot.log
    assert "Fatal Python error: Aborted" in log
    assert "a fault" in log
    assert "Traceback" in log
    assert SONG in shown
    files = b"".join(each.read_bytes() for each in sandbox.folder.rglob("*") if each.is_file())
    for key in (*keys, ENCRYPTION_KEY):
        assert key not in shown
        assert key.encode() not in files
