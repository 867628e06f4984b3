"""Tests of the log: every task can be traced by its id, and no user content is logged."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.bot_process import BotProcess
from sandbox.relay import failing, half_success, lyrics_task, song
from tests.support.sandbox_session import SandboxSession, open_sandbox

MARKER = "xyzzy"
"""Stands in everything that people or the relay wrote about a task."""


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox without a bot."""
    async with open_sandbox(tmp_path, rate_limit_speed=10) as sandbox:
        yield sandbox


async def journey(sandbox: SandboxSession, bot: BotProcess) -> None:
    """Bring about every outcome of a task, and wait for each notice."""
    user = sandbox.discord.add_user(f"{MARKER} person")
    sandbox.guild.add_member(user)
    sandbox.relay.add(
        song("told", title=f"{MARKER} title", lyrics=f"{MARKER} lyrics", style=f"{MARKER} style"),
        lyrics_task("words", title=f"{MARKER} title", text=f"{MARKER} text"),
        failing("failed", reason=f"{MARKER} reason"),
        half_success("half", reason=f"{MARKER} reason", title=f"{MARKER} title"),
        song("held", title=f"{MARKER} title"),
        song("lost", title=f"{MARKER} title"),
        song("late", title=f"{MARKER} title"),
    )
    for task_id in ("told", "words", "failed", "half", "late"):
        await sandbox.command_answer("suno watch", user, id=task_id)
    await sandbox.command_answer("suno watch", user, id=f"{MARKER}-unknown")
    closed, gone = (sandbox.guild.add_channel(f"{MARKER}-{name}") for name in ("closed", "gone"))
    for task_id, channel in (("held", closed), ("lost", gone)):
        watched = await sandbox.discord.command(user, channel, "suno watch", id=task_id)
        await watched.wait_for_answer()
    closed.deny("send_messages")
    gone.delete()
    post = "POST /channels/{id}/messages"
    sandbox.discord.faults.add(post, status=503, text=f"{MARKER} trouble", channel=sandbox.songs)
    sandbox.discord.faults.add(post, status=400, code=50035, text=MARKER, channel=sandbox.songs)
    sandbox.relay.clock.advance(300)
    for task_id in ("told", "words", "failed", "half", "late"):
        await sandbox.wait_for_notice(task_id)
    direct = sandbox.discord.open_dm(user)
    await sandbox.discord.wait_for(lambda: len(direct.messages) == 2, 120, "the direct messages")
    await sandbox.command_answer("suno history", user, search=f"{MARKER} lyrics")
    await sandbox.command_answer("suno lyrics", user, id="told")
    async with asyncio.timeout(120):
        while bot.log.count("Delivery sent: ") < 7:  # noqa: ASYNC110 # a process writes it to a file
            await asyncio.sleep(0.05)


async def log_of(sandbox: SandboxSession, **changes: str) -> list[str]:
    """Return the log of a bot on this journey with the given settings."""
    async with BotProcess(sandbox.folder, sandbox.environment | changes) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        await journey(sandbox, bot)
    return bot.log.splitlines()


async def test_each_task_can_be_traced_in_the_log_by_its_id(sandbox: SandboxSession) -> None:
    """The log covers the watch up to the delivery, and contains no words of users."""
    lines = await log_of(sandbox, LOG_LEVEL="INFO")
    songs = sandbox.songs.id
    for expected in (
        f"Watch requested: task=told channel={songs} outcome=watching task_failed=False",
        "Task ended: task_id=told ending=finished outcome=success account=custom",
        "Task ended: task_id=failed ending=finished outcome=failure account=custom",
        "Task ended: task_id=half ending=finished outcome=partial account=custom",
    ):
        assert any(line.endswith(expected) for line in lines), expected
    for outcome, fields in (
        ("sent", f"task=told channel={songs} "),
        ("sent", f"task=failed channel={songs} "),
        ("sent", f"task=half channel={songs} "),
        ("postponed", f"channel={songs} cause=503/0"),
        ("simplified", f"channel={songs} cause=400/50035"),
        ("held", "cause=403/50013"),
        ("redirected", "cause=404/10003"),
    ):
        assert any(f"Delivery {outcome}: " in line and fields in line for line in lines), fields
    assert not [line for line in lines if MARKER in line]
    assert not [line for line in lines if " ERROR " in line or line.startswith("Traceback")]


async def test_each_json_log_line_is_one_object(sandbox: SandboxSession) -> None:
    """Every line has the same keys; polls and their results are logged at level DEBUG."""
    lines = await log_of(sandbox, LOG_LEVEL="DEBUG", LOG_FORMAT="json")
    entries = [json.loads(line) for line in lines]
    keys = {"time", "level", "logger", "message"}
    assert all(keys <= entry.keys() <= keys | {"exception"} for entry in entries)
    ours = [entry["message"] for entry in entries if entry["logger"] == "bot.polling.recorder"]
    assert any(message.startswith("Status changed: task_id=told ") for message in ours)
