"""Where bots of this kind have failed their people, and the test that shows that this one does not.

| what others do | the test that shows it |
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
        "test_one_closed_channel_does_not_starve_those_after_it",
    ),
    "SILENT_REFUSAL": (
        "test_dispatcher",
        "test_watchers_are_notified_once_of_a_missing_permission",
    ),
    "TWICE_READY": ("test_promise", "test_being_ready_twice_starts_no_second_loop"),
    "TWO_PROCESSES": ("test_journeys", "test_a_second_bot_on_the_same_database_ends_at_once"),
    "FORGOTTEN_DIRECT_MESSAGE": (
        "test_promise",
        "test_who_watches_in_a_direct_message_is_not_forgotten_at_a_restart",
    ),
    "STREAM_AS_RESULT": ("test_promise", "test_a_clip_that_streams_is_no_result"),
    "WIPED_BY_AN_OUTAGE": ("test_promise", "test_a_relay_that_forgets_everything_wipes_nothing"),
    "DEAD_LOOP": ("test_background", "test_the_loop_survives_an_unexpected_exception"),
    "LONG_LYRICS": ("test_promise", "test_lyrics_of_any_length_get_through_and_are_not_lost"),
    "BAD_COVER": ("test_promise", "test_a_cover_that_discord_refuses_costs_nothing_else"),
    "DEAD_BUTTONS": ("test_journeys", "test_a_watch_that_was_given_up_can_be_taken_up_again"),
    "STACK_TRACE": ("test_commands", "test_a_fault_of_ours_shows_a_sentence_and_no_trace"),
}


@pytest.mark.parametrize("row", SHOWN_BY)
def test_every_row_of_the_table_has_its_test(row: str) -> None:
    """One that exists, and stands in the table above."""
    module, name = SHOWN_BY[row]
    tree = ast.parse(next((ROOT / "tests").rglob(f"{module}.py")).read_text(encoding="utf-8"))
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    assert name in {node.name for node in tree.body if isinstance(node, functions)}
    assert f"`{row}`" in (__doc__ or "")


async def test_three_relay_errors_in_a_row_end_no_watch(polling: PollerHarness) -> None:
    """Nor do thirty, of any kind: the song is told when it is done."""
    polling.relay.add(song(SONG, takes=60))
    await polling.watch(SONG)
    for trouble in (faults.server_error(), faults.rate_limited(), faults.cut_before_headers()):
        polling.relay.faults.add(trouble, times=10)
    for _ in range(30):
        await polling.poll_after(61)
        assert await polling.claim_due() == []
    polling.relay.faults.clear()
    await polling.poll_after(61)
    (delivery,) = await polling.claim_due()
    assert delivery.end_reason is EndReason.FINISHED


async def test_one_closed_channel_does_not_starve_those_after_it(
    dispatching: DispatcherHarness,
) -> None:
    """Nor does one that hangs: each channel behind it is served in the same round."""
    guild = dispatching.guild
    others = [guild.add_channel(f"other-{number}") for number in range(5)]
    dispatching.channel.deny("send_messages")
    await dispatching.enqueue(a_song("one"))
    for other in others:
        await dispatching.enqueue(a_song("two"), channel=other)
    await dispatching.deliver()
    assert [len(other.messages) for other in others] == [1] * 5


async def test_being_ready_twice_starts_no_second_loop(
    sandbox: SandboxSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord says READY again after every lost session; the song is told once all the same."""
    monkeypatch.setattr(SunoBot, "before_identify_hook", at_once)
    sandbox.relay.add(song(SONG, takes=100))
    async with running_bot(sandbox):
        await sandbox.command_answer("suno watch", id=SONG)
        before = loops()
        await sandbox.discord.invalidate_sessions()
        await sandbox.discord.wait_until_ready(timeout=15)
        await sandbox.command_answer("suno list")
        assert loops() == before > 0
        sandbox.relay.clock.advance(200)
        await sandbox.wait_for_notice(SONG)
        await sandbox.command_answer("suno list")
        notices = [one for one in sandbox.notices(SONG) if one.pinged]
        assert len(notices) == 1


async def at_once(*_: object, **__: object) -> None:
    """Begin a new session without the five seconds that discord.py waits before it."""


def loops() -> int:
    """Return how many loops of the clock run."""
    running = [task.get_coro() for task in asyncio.all_tasks()]
    return sum(getattr(one, "__name__", "") == "run_forever" for one in running)


async def test_who_watches_in_a_direct_message_is_not_forgotten_at_a_restart(
    sandbox: SandboxSession,
) -> None:
    """After it, no cache knows the channel; the notice arrives all the same."""
    sandbox.relay.add(song(SONG, takes=100))
    direct = sandbox.discord.open_dm(sandbox.ada)
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=30)
        await sandbox.discord.wait_until_commands(timeout=30)
        asked = await sandbox.discord.command(sandbox.ada, direct, "suno watch", id=SONG)
        await asked.wait_for_answer()
        await bot.kill()
        await sandbox.discord.wait_until_disconnected()
        sandbox.relay.clock.advance(200)
        await bot.start()
        notice = await sandbox.wait_for_notice(SONG, direct)
        assert notice.pinged == {sandbox.ada.id}


async def test_a_clip_that_streams_is_no_result(polling: PollerHarness) -> None:
    """It has a link long before it is done, and that link dies."""
    polling.relay.add(song(SONG, takes=100))
    await polling.watch(SONG)
    for _ in range(9):
        await polling.poll_after(10)
        assert await polling.claim_due() == []
    await polling.poll_after(10)
    (delivery,) = await polling.claim_due()
    assert all(clip.playable for clip in delivery.task.clips)


async def test_a_relay_that_forgets_everything_wipes_nothing(polling: PollerHarness) -> None:
    """For ten minutes it knows no task at all; then all of them are told as they really ended."""
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
    told = await owed_in_turn(polling)
    assert [end_reason for _, end_reason in sorted(told)] == [EndReason.FINISHED] * 5


async def owed_in_turn(polling: PollerHarness) -> list[tuple[str, EndReason]]:
    """Take everything that is owed in one place, one after the other."""
    told: list[tuple[str, EndReason]] = []
    while deliveries := await polling.claim_due():
        for delivery in deliveries:
            told.append((delivery.task.id, delivery.end_reason))
            await polling.outbox.acknowledge(delivery, message_id=len(told), now=polling.clock.now)
    return told


async def test_lyrics_of_any_length_get_through_and_are_not_lost(
    dispatching: DispatcherHarness,
) -> None:
    """The message fits; where it cannot hold them all, it says how to read the rest."""
    await dispatching.enqueue(
        a_song(clips=(a_clip(lyrics="\n".join(["Row, row, row your boat"] * 1000)),))
    )
    (message,) = await dispatching.deliver()
    assert "Row, row" in str(message.payload())
    assert "/suno lyrics" in str(message.payload())
    refused = [one for one in dispatching.local.requests if one.status == 400]
    assert refused == []


@pytest.mark.parametrize("cover", ["", "None", "ftp://covers/1.png", "https://", "not a url"])
async def test_a_cover_that_discord_refuses_costs_nothing_else(
    dispatching: DispatcherHarness, cover: str
) -> None:
    """The song arrives at the first try, without a cover."""
    await dispatching.enqueue(a_song(clips=(a_clip(image_url=cover),)))
    (message,) = await dispatching.deliver()
    assert "https://cdn1.suno.ai/clip-1.mp3" in str(message.payload())
    assert [one.status for one in dispatching.local.requests if one.method == "POST"][-1] == 200
    assert [one for one in dispatching.local.requests if one.status == 400] == []
