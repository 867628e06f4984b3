"""An attacking member and a hostile relay together do not delay the notices of other users.

The real bot is a process of its own with at most 512 MiB, at its default limits. Everything is ten
times as fast as in production: songs, polls, and how fast Discord takes messages.
"""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from itertools import count
from pathlib import Path

from bot.relay.models import TaskKind
from sandbox.bot_process import BotProcess, settings_for
from sandbox.discord import ActionUnavailable, User
from sandbox.relay import RelayTask, song
from sandbox.relay.faults import answers
from sandbox.relay.lifecycles import TaskStage, succeeded
from tests.support.sandbox_session import SandboxSession, open_sandbox

WITH_512_MIB = ("sh", "-c", 'ulimit -d 524288 && exec "$@"', "sh")
TAKES = 12.0
"""Seconds that an honest song takes."""
AS_LATE_AS = 1.5
"""How many times the time from a watch to its notice may be what it is without an attack."""

MIB = 1 << 20
BODIES = {
    "bomb-of-zeros": b'{"code":"success","data":[' + b"0," * (4 * MIB) + b"0]}",
    "bomb-of-depth": b'{"data":' * 900_000 + b"1" + b"}" * 900_000,
}
"""The responses to every request that contains one of these ids: some KiB, compressed."""
CONTENTS: dict[str, object] = {
    "bomb-of-clips": [{"id": str(n), "status": "error", "audio_url": ""} for n in range(60_000)],
    "bomb-of-joiners": {"text": "a\u200d" * 400_000, "title": "\u200d" * 400_000},
}
"""What it says that tasks are made of, beside the honest ones in the same answer."""
BOMBS = [*BODIES, *CONTENTS]
TYPED = ["a\u200d" * 3000, "\ufdfa" * 6000, "task_id: " * 666, "<@1>`\\" * 1000, "," * 6000]


def a_hostile_task(task_id: str, made: object) -> RelayTask:
    """Return an ended task with hostile content."""
    return RelayTask(task_id, TaskKind.MUSIC, (TaskStage(0, succeeded(made)),))


def add_hostile_responses(sandbox: SandboxSession) -> None:
    """Make the relay return hostile responses for the ids of the attacker."""
    sandbox.relay.add(*(a_hostile_task(*each) for each in CONTENTS.items()))
    for task_id, body in BODIES.items():
        packed = {"Content-Encoding": "gzip"}
        sandbox.relay.faults.add(
            answers(200, gzip.compress(body), about=task_id, headers=packed, name=task_id)
        )
    sandbox.relay.add(*(song(f"old-song-{number}", takes=0) for number in range(500)))


async def attack(sandbox: SandboxSession, member: User) -> None:
    """Use every command that costs the bot work, about thirty times a second."""
    songs, old = sandbox.songs, count()

    async def use(command: str, *ids: str) -> None:
        with suppress(ActionUnavailable):
            await sandbox.discord.command(member, songs, f"suno {command}", id=" ".join(ids))

    for number in count():
        invented = [f"invented-{number}-{each}" for each in range(10)]
        for _ in range(4):
            await use("status", *invented)
            await use("watch", *(f"old-song-{next(old) % 500}" for _ in range(5)))
        for bomb in BOMBS:
            await use(("watch", "status", "lyrics")[number % 3], bomb)
        typing = (
            sandbox.discord.autocomplete(member, songs, "suno watch", "id", text) for text in TYPED
        )
        with suppress(TimeoutError):
            await asyncio.gather(*typing)
        await asyncio.sleep(0.5)


@asynccontextmanager
async def under_attack(sandbox: SandboxSession) -> AsyncIterator[None]:
    """Run the attack of a member in the background."""
    member = sandbox.discord.add_user("Mallory")
    sandbox.guild.add_member(member)
    add_hostile_responses(sandbox)
    attacking = asyncio.create_task(attack(sandbox, member))
    try:
        yield
        assert not attacking.done(), attacking.result()
    finally:
        attacking.cancel()
        await asyncio.gather(attacking, return_exceptions=True)


async def seconds_to_notice(sandbox: SandboxSession, user: User, task_id: str) -> float:
    """Watch a song that has just begun; return the seconds until its notice."""
    now = asyncio.get_running_loop().time
    began = now()
    sandbox.relay.add(song(task_id, takes=TAKES))
    await sandbox.discord.command(user, sandbox.songs, "suno watch", id=task_id)
    await sandbox.discord.wait_for(
        lambda: sandbox.notices(task_id), 10 * TAKES, f"the notice of {task_id}"
    )
    return now() - began


async def times_to_notices(folder: Path, *, attacked: bool) -> tuple[float, float]:
    """Return the seconds for two users: one watched before the attack, one during it."""
    async with open_sandbox(folder, rate_limit_speed=10, speed=1) as sandbox:
        bot = BotProcess(
            folder, settings_for(sandbox.discord, sandbox.relay, folder), wrapper=WITH_512_MIB
        )
        async with bot:
            await sandbox.discord.wait_until_ready(timeout=120)
            await sandbox.discord.wait_until_commands(timeout=120)
            async with asyncio.TaskGroup() as honest:
                first = honest.create_task(seconds_to_notice(sandbox, sandbox.ada, "honest-song"))
                await asyncio.sleep(1)
                async with under_attack(sandbox) if attacked else nullcontext():
                    await asyncio.sleep(1)
                    second = await seconds_to_notice(sandbox, sandbox.bea, "another-honest-song")
                    times = await first, second
            assert bot.pid is not None, "the bot has died"
        (notice,) = sandbox.notices("honest-song")
        assert notice.pinged == {sandbox.ada.id}
        assert "Traceback" not in bot.log
        requested_ids = {each for request in sandbox.relay.requests for each in request.ids}
        assert requested_ids >= set(BOMBS) or not attacked, "the attack has not reached the relay"
        return times


async def test_notices_come_on_time_while_a_member_and_a_relay_attack(
    tmp_path: Path,
) -> None:
    """Notices in the attacked channel take at most half as long again as without the attack."""
    for name in ("calm", "attacked"):
        (tmp_path / name).mkdir()
    calm = await times_to_notices(tmp_path / "calm", attacked=False)
    attacked = await times_to_notices(tmp_path / "attacked", attacked=True)
    for undisturbed, disturbed in zip(calm, attacked, strict=True):
        assert disturbed <= AS_LATE_AS * undisturbed, (calm, attacked)
