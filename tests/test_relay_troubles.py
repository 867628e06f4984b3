"""What people and their watches meet while a relay is in trouble, with the whole bot."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.local.relay import AnswerShape, Elsewhere, faults, song
from tests.stage import Stage, a_bot, a_stage

SONG = "song-in-trouble"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Return a stage without a bot."""
    async with a_stage(tmp_path) as stage:
        yield stage


async def test_a_notice_comes_as_soon_as_a_person_has_seen_that_the_relay_answers_again(
    stage: Stage,
) -> None:
    """The key was refused, which pauses background looks for five minutes; then it was mended."""
    stage.relay.add(song(SONG, takes=60))
    async with a_bot(stage):
        await stage.ask("suno watch", id=SONG)
        stage.relay.faults.add(faults.unauthorized(), times=1)
        await stage.relay.looked(len(stage.relay.looks) + 1)
        stage.relay.clock.advance(60)
        stage.relay.looks.clear()
        while not stage.relay.looks:  # people may try every five seconds
            await asyncio.sleep(0.5)
            await stage.ask("suno status", id=SONG)
        notice = await stage.notice_of(SONG)
    assert notice.pinged == {stage.ada.id}


@pytest.mark.parametrize("elsewhere", [Elsewhere.REPEATED, Elsewhere.INVALID_ACTION])
async def test_where_the_path_is_wrong_nobody_is_told_to_check_the_id(
    stage: Stage, elsewhere: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    """The person reads that the operator has been informed, and the operator is, by the log."""
    stage.relay.answer_shape = AnswerShape(paths=frozenset(), elsewhere=elsewhere)
    async with a_bot(stage, suno_fetch_path="/suno/tasks/fetch"):
        answers = [await stage.ask(f"suno {name}", id=SONG) for name in ("status", "watch")]
        looked_up = await stage.ask("suno lyrics", id=SONG)
    for answer in (*answers, looked_up):
        assert "cannot be reached" in answer.content
        assert "has been informed" in answer.content
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert any("SUNO_BASE_URL and SUNO_FETCH_PATH" in warning for warning in warnings)
