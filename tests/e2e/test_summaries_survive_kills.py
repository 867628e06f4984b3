"""Kills the bot while tasks that are watched together end: still exactly one message tells each."""

from collections.abc import Awaitable, Callable

import pytest

from sandbox.bot_process import BotProcess
from sandbox.relay import song
from tests.support.live_cards import card_of
from tests.support.sandbox_session import SandboxSession

POST = "POST /channels/{id}/messages"
IDS = ("song-1", "song-2", "song-3")

Step = Callable[[SandboxSession], Awaitable[object]]


async def after_the_answer(sandbox: SandboxSession) -> None:
    """Reach the state in which nothing has ended yet."""
    await card_of(sandbox)


async def after_the_first_end(sandbox: SandboxSession) -> None:
    """Reach the state in which the summary collects, with one of three tasks."""
    card = await card_of(sandbox)
    sandbox.relay.clock.advance(60)
    await sandbox.discord.wait_for(lambda: "1 of 3" in str(card.payload()), 120)


async def before_discord_has_it(sandbox: SandboxSession) -> None:
    """Let Discord refuse the summary for the moment."""
    await card_of(sandbox)
    sandbox.discord.faults.add(POST, status=503, times=None, where=is_summary)
    sandbox.relay.clock.advance(400)
    await sandbox.discord.wait_for(lambda: was_answered(sandbox, 503), 120)


async def after_discord_has_it(sandbox: SandboxSession) -> None:
    """Let Discord post the summary, and the bot not hear of it."""
    await card_of(sandbox)
    sandbox.discord.faults.add(POST, drop=True, when="after", times=None, where=is_summary)
    sandbox.relay.clock.advance(400)
    await sandbox.wait_for_summary()


def is_summary(body: object) -> bool:
    """Whether a request posts the summary."""
    return "♫" in str(body)


def was_answered(sandbox: SandboxSession, status: int) -> bool:
    """Whether a request to post a message was answered with a status."""
    path = f"/channels/{sandbox.songs.id}/messages"
    return any((each.path, each.status) == (path, status) for each in sandbox.discord.requests)


@pytest.mark.parametrize(
    "reach",
    [after_the_answer, after_the_first_end, before_discord_has_it, after_discord_has_it],
    ids=lambda step: step.__name__,
)
async def test_a_group_ends_in_one_summary_wherever_the_bot_is_killed(
    sandbox: SandboxSession, reach: Step
) -> None:
    """It names every task and mentions the person once; no task has a notice besides."""
    first, *others = IDS
    sandbox.relay.add(song(first, takes=30), *(song(each, takes=200) for each in others))
    bot = BotProcess(sandbox.folder, sandbox.environment)
    await start(sandbox, bot)
    await sandbox.command_answer("suno watch", id=" ".join(IDS))
    await reach(sandbox)
    await bot.kill()
    await sandbox.discord.wait_until_disconnected()
    sandbox.discord.faults.clear()
    await start(sandbox, bot)
    sandbox.relay.clock.advance(400)
    summary = await sandbox.wait_for_summary()
    await sandbox.discord.wait_for(lambda: "Delivery sent" in bot.log, 120)
    assert await bot.stop() == 0
    assert sandbox.summaries() == [summary]
    assert summary.pinged == {sandbox.ada.id}
    assert all(task_id in str(summary.components) for task_id in IDS)
    assert [sandbox.notices(task_id) for task_id in IDS] == [[], [], []]


async def start(sandbox: SandboxSession, bot: BotProcess) -> None:
    """Start the bot, and wait until it takes commands."""
    await bot.start()
    await sandbox.discord.wait_until_ready(timeout=120)
    await sandbox.discord.wait_until_commands(timeout=120)
