import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.bot_process import BotProcess
from sandbox.relay import faults, song
from tests.support.stage import Stage, a_bot, a_stage

SONG = "song-of-this-test"
ANSWER = "PATCH /webhooks/{app}/{token}/messages/@original"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Return a stage without a bot."""
    async with a_stage(tmp_path) as stage:
        yield stage


async def test_an_answer_that_is_cut_off_leaves_a_line_in_the_log_and_no_trace(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Discord's trouble is no fault of ours; what was watched is watched."""
    stage.relay.add(song(SONG, takes=100))
    async with a_bot(stage):
        cut = stage.discord.faults.add(ANSWER, drop=True, times=None)
        await stage.discord.command(stage.ada, stage.songs, "suno watch", id=SONG)
        await stage.discord.wait_for(lambda: cut.hits > 1)
        stage.relay.clock.advance(200)
        await stage.notice_of(SONG)
        await asyncio.sleep(0)
        gc.collect()
    assert "Discord took no answer for /suno watch" in caplog.text
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("code", [10062, 10015])
async def test_an_answer_that_comes_too_late_is_a_line_in_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    """The person is gone; nothing is watched that nobody was told of, and no trace is shown."""
    stage.relay.add(song(SONG, takes=100))
    async with a_bot(stage):
        late = stage.discord.faults.add(
            "POST /interactions/{id}/{token}/callback", status=404, code=code
        )
        await stage.discord.command(stage.ada, stage.songs, "suno watch", id=SONG)
        await stage.discord.wait_for(lambda: late.hits)
        assert SONG not in (await stage.ask("suno list")).content
    assert "too late" in caplog.text
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


async def test_a_stop_while_somebody_waits_for_an_answer_leaves_no_trace(stage: Stage) -> None:
    """The command cannot be answered any more: that is said in a line."""
    async with BotProcess(stage.folder, stage.environment) as bot:
        await stage.discord.wait_until_ready(timeout=30)
        await stage.discord.wait_until_commands(timeout=30)
        stage.relay.faults.add(faults.slow_headers())
        asked = await stage.discord.command(stage.ada, stage.songs, "suno status", id=SONG)
        await asked.until_acknowledged()
        await stage.relay.looked()
        assert await bot.stop() == 0
        assert "Traceback" not in bot.log
        assert "/suno status is not answered" in bot.log
