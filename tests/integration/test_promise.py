"""Known failures of similar bots, and the tests that show that this one avoids them.

| failure | test |
|---|---|
| send first and record after: a crash posts twice | `KILL_AFTER_SENDING` |
| record first and send after: a crash loses the message | `KILL_BEFORE_SENDING` |
| count a task as done when every send failed | `EVERY_SEND_FAILED` |
| end a watch after three errors of the relay | `THREE_RELAY_ERRORS` |
| let one channel without permission starve the others | `ONE_CLOSED_CHANNEL` |
| swallow a refusal for lack of permission | `SILENT_REFUSAL` |
| start a second poller at the second `on_ready` | `TWICE_READY` |
| let two processes work on one database | `TWO_PROCESSES` |
| forget who watches in a direct message at a restart | `FORGOTTEN_DIRECT_MESSAGE` |
| take a clip that streams for a finished one | `STREAM_AS_RESULT` |
| wipe a whole list because an outage looked like "gone" | `WIPED_BY_AN_OUTAGE` |
| let the polling loop die of one exception, in silence | `DEAD_LOOP` |
| send lyrics that Discord refuses, or cut them | `LONG_LYRICS` |
| send a cover that Discord refuses, and so nothing at all | `BAD_COVER` |
| have buttons that die with a restart | `DEAD_BUTTONS` |
| show a stack trace in the channel | `STACK_TRACE` |
"""

import ast
import asyncio

import pytest

from bot.client import SunoBot
from bot.storage.models import EndReason
from sandbox.bot_process import BotProcess
from sandbox.relay import faults, song
from tests.support.builders import a_clip, a_song
from tests.support.dispatcher_harness import DispatcherHarness
from tests.support.paths import ROOT
from tests.support.poller_harness import PollerHarness
from tests.support.sandbox_session import SandboxSession, running_bot

SONG = "song-of-a-promise"

SHOWN_BY = {
    "KILL_AFTER_SENDING": (
        "test_journeys",
        "test_a_kill_after_discord_took_the_message_does_not_repeat_it",
    ),
    "KILL_BEFORE_SENDING": (
        "test_dispatcher",
        "test_a_claimed_delivery_of_a_dead_process_is_requeued",
    ),
    "EVERY_SEND_FAILED": ("test_dispatcher", "test_the_retry_delay_grows"),
    "THREE_RELAY_ERRORS": ("test_promise", "test_three_relay_errors_in_a_row_end_no_watch"),
    "ONE_CLOSED_CHANNEL": (
        "test_promise",
        "test_a_failing_channel_does_not_starve_the_next_ones",
    ),
    "SILENT_REFUSAL": (
        "test_dispatcher",
        "test_watchers_are_notified_once_of_a_missing_permission",
    ),
    "TWICE_READY": ("test_promise", "test_a_second_ready_event_starts_no_second_loop"),
    "TWO_PROCESSES": ("test_journeys", "test_a_second_bot_on_the_same_database_exits_at_once"),
    "FORGOTTEN_DIRECT_MESSAGE": (
        "test_promise",
        "test_a_watch_in_a_direct_message_survives_a_restart",
    ),
    "STREAM_AS_RESULT": ("test_promise", "test_a_streaming_clip_is_no_result"),
    "WIPED_BY_AN_OUTAGE": ("test_promise", "test_a_relay_that_knows_no_task_ends_no_watch"),
    "DEAD_LOOP": ("test_background", "test_the_loop_survives_an_unexpected_exception"),
    "LONG_LYRICS": ("test_promise", "test_lyrics_of_any_length_are_posted"),
    "BAD_COVER": ("test_promise", "test_an_unusable_cover_is_omitted"),
    "DEAD_BUTTONS": ("test_journeys", "test_a_given_up_watch_can_be_resumed"),
    "STACK_TRACE": ("test_commands", "test_an_unexpected_error_is_replied_without_traceback"),
}


@pytest.mark.parametrize("row", SHOWN_BY)
def test_every_row_of_the_table_has_its_test(row: str) -> None:
    """The named tests exist, and each row is in the table above."""
    module, name = SHOWN_BY[row]
    tree = ast.parse(next((ROOT / "tests").rglob(f"{module}.py")).read_text(encoding="utf-8"))
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    assert name in {node.name for node in tree.body if isinstance(node, functions)}
    assert f"`{row}`" in (__doc__ or "")


async def test_three_relay_errors_in_a_row_end_no_watch(polling: PollerHarness) -> None:
    """Thirty errors of any kind end none either; the notice is posted at the end."""
    polling.relay.add(song(SONG, takes=60))
    await polling.watch(SONG)
    for fault in (faults.server_error(), faults.rate_limited(), faults.cut_before_headers()):
        polling.relay.faults.add(fault, times=10)
    for _ in range(30):
        await polling.poll_after(61)
        assert await polling.claim_due() == []
    polling.relay.faults.clear()
    await polling.poll_after(61)
    (delivery,) = await polling.claim_due()
    assert delivery.end_reason is EndReason.FINISHED


async def test_a_failing_channel_does_not_starve_the_next_ones(
    dispatching: DispatcherHarness,
) -> None:
    """Neither does one that hangs: the others are served in the same tick."""
    guild = dispatching.guild
    others = [guild.add_channel(f"other-{number}") for number in range(5)]
    dispatching.channel.deny("send_messages")
    await dispatching.enqueue(a_song("one"))
    for other in others:
        await dispatching.enqueue(a_song("two"), channel=other)
    await dispatching.deliver()
    assert [len(other.messages) for other in others] == [1] * 5


async def test_a_second_ready_event_starts_no_second_loop(
    sandbox: SandboxSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord sends READY after every lost session; the notice is posted once."""
    monkeypatch.setattr(SunoBot, "before_identify_hook", at_once)
    sandbox.relay.add(song(SONG, takes=100))
    async with running_bot(sandbox):
        await sandbox.command_answer("suno watch", id=SONG)
        before = loops()
        await sandbox.discord.invalidate_sessions()
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.command_answer("suno list")
        assert loops() == before > 0
        sandbox.relay.clock.advance(200)
        await sandbox.wait_for_notice(SONG)
        await sandbox.command_answer("suno list")
        notices = [one for one in sandbox.notices(SONG) if one.pinged]
        assert len(notices) == 1


async def at_once(*_: object, **__: object) -> None:
    """Start a new session without discord.py's initial five seconds."""


def loops() -> int:
    """Return the number of running background loops."""
    running = [task.get_coro() for task in asyncio.all_tasks()]
    return sum(getattr(one, "__name__", "") == "run_forever" for one in running)


async def test_a_watch_in_a_direct_message_survives_a_restart(
    sandbox: SandboxSession,
) -> None:
    """The channel is in no cache then, and the notice is posted."""
    sandbox.relay.add(song(SONG, takes=100))
    direct = sandbox.discord.open_dm(sandbox.ada)
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        interaction = await sandbox.discord.command(sandbox.ada, direct, "suno watch", id=SONG)
        await interaction.wait_for_answer()
        await bot.kill()
        await sandbox.discord.wait_until_disconnected()
        sandbox.relay.clock.advance(200)
        await bot.start()
        notice = await sandbox.wait_for_notice(SONG, direct)
        assert notice.pinged == {sandbox.ada.id}


async def test_a_streaming_clip_is_no_result(polling: PollerHarness) -> None:
    """Its link exists before the song is done and expires."""
    polling.relay.add(song(SONG, takes=100))
    await polling.watch(SONG)
    for _ in range(9):
        await polling.poll_after(10)
        assert await polling.claim_due() == []
    await polling.poll_after(10)
    (delivery,) = await polling.claim_due()
    assert all(clip.playable for clip in delivery.task.clips)


async def test_a_relay_that_knows_no_task_ends_no_watch(polling: PollerHarness) -> None:
    """After ten minutes of empty results all tasks end with their real outcome."""
    made = [song(f"{SONG}-{number}", takes=300) for number in range(5)]
    polling.relay.add(*made)
    for task in made:
        await polling.watch(task.id)
    await polling.poll_after(5)
    for task in made:
        polling.relay.remove(task.id)
    for _ in range(120):
        await polling.poll_after(5)
        assert await polling.claim_due() == []
    polling.relay.add(*made)
    await polling.poll_after(301)
    claimed = await claim_all(polling)
    assert [end_reason for _, end_reason in sorted(claimed)] == [EndReason.FINISHED] * 5


async def claim_all(polling: PollerHarness) -> list[tuple[str, EndReason]]:
    """Claim and acknowledge all deliveries; return their task ids and end reasons."""
    claimed: list[tuple[str, EndReason]] = []
    while deliveries := await polling.claim_due():
        for delivery in deliveries:
            claimed.append((delivery.task.id, delivery.end_reason))
            await polling.outbox.acknowledge(
                delivery, message_id=len(claimed), now=polling.clock.now
            )
    return claimed


async def test_lyrics_of_any_length_are_posted(
    dispatching: DispatcherHarness,
) -> None:
    """The message fits and has the button that shows what it omits."""
    await dispatching.enqueue(
        a_song(clips=(a_clip(lyrics="\n".join(["Row, row, row your boat"] * 1000)),))
    )
    (message,) = await dispatching.deliver()
    assert "Row, row" in str(message.payload())
    assert "status:lyrics:song" in str(message.components)
    refused = [one for one in dispatching.local.requests if one.status == 400]
    assert refused == []


@pytest.mark.parametrize("cover", ["", "None", "ftp://covers/1.png", "https://", "not a url"])
async def test_an_unusable_cover_is_omitted(dispatching: DispatcherHarness, cover: str) -> None:
    """The notice is posted at the first attempt without the cover."""
    await dispatching.enqueue(a_song(clips=(a_clip(image_url=cover),)))
    (message,) = await dispatching.deliver()
    assert "https://cdn1.suno.ai/clip-1.mp3" in str(message.payload())
    assert [one.status for one in dispatching.local.requests if one.method == "POST"][-1] == 200
    assert [one for one in dispatching.local.requests if one.status == 400] == []
