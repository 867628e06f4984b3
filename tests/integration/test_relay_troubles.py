"""What people and their watches meet while a relay is in trouble, with the whole bot."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.relay import AnswerShape, Elsewhere, faults, song
from tests.support.stage import Stage, a_bot, a_stage

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


async def test_whoever_looks_up_too_much_is_told_when_to_try_again(stage: Stage) -> None:
    """Nobody else is, and what that person watches is told as always."""
    stage.relay.answer_shape = AnswerShape(paths=frozenset({"/suno/fetch"}))
    stage.relay.add(song(SONG, takes=60))
    invented = " ".join(f"invented-{number}" for number in range(5))
    async with a_bot(stage, poll_requests_per_second=2):
        first = await stage.act("suno status", id=invented)
        again = await stage.ask("suno status", id=SONG)
        looks = len(stage.relay.looks)
        watch = await stage.ask("suno watch", id=SONG)
        of_another = await stage.ask("suno status", user=stage.bea, id=SONG)
        stage.relay.clock.advance(60)
        notice = await stage.notice_of(SONG)
        await stage.discord.wait_for(lambda: len(first.messages) == 5, 15, "five answers")
    told = "\n".join(message.content for message in first.messages)
    assert told.count("The relay does not know") == 3
    assert told.count("ask me again for this one alone") == 2
    assert re.search(r"Please try again in (a second|\d+ seconds)\.", again.content)
    assert looks <= 6
    assert "Watching" in watch.content
    assert of_another.embeds
    assert notice.pinged == {stage.ada.id}
