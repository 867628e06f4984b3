"""What people and their watches meet while a relay is in trouble, with the whole bot."""

import asyncio

import pytest

from bot.i18n.catalog import catalog_for, catalog_in
from sandbox.relay import ResponseFormat, UnknownPathFormat, faults, song
from tests.support.sandbox_session import SandboxSession, running_bot

ENGLISH = catalog_for("en-US")
SONG = "song-in-trouble"


async def test_a_notice_comes_as_soon_as_a_person_has_seen_that_the_relay_answers_again(
    sandbox: SandboxSession,
) -> None:
    """The key was refused, which pauses background polls for five minutes; then it was mended."""
    sandbox.relay.add(song(SONG, takes=60))
    async with running_bot(sandbox):
        await sandbox.command_answer("suno watch", id=SONG)
        sandbox.relay.faults.add(faults.unauthorized(), times=1)
        await sandbox.relay.wait_for_requests(len(sandbox.relay.requests) + 1)
        sandbox.relay.clock.advance(60)
        sandbox.relay.requests.clear()
        while not sandbox.relay.requests:  # people may try every five seconds
            await asyncio.sleep(0.5)
            await sandbox.command_answer("suno status", id=SONG)
        notice = await sandbox.wait_for_notice(SONG)
    assert notice.pinged == {sandbox.ada.id}


@pytest.mark.parametrize(
    "elsewhere", [UnknownPathFormat.REPEATED, UnknownPathFormat.INVALID_ACTION]
)
async def test_where_the_path_is_wrong_nobody_is_told_to_check_the_id(
    sandbox: SandboxSession, elsewhere: UnknownPathFormat, caplog: pytest.LogCaptureFixture
) -> None:
    """The person reads that the operator has been informed, and the operator is, by the log."""
    sandbox.relay.response_format = ResponseFormat(paths=frozenset(), unknown_path=elsewhere)
    async with running_bot(sandbox, suno_fetch_path="/suno/tasks/fetch"):
        answers = [
            await sandbox.command_answer(f"suno {name}", id=SONG) for name in ("status", "watch")
        ]
        looked_up = await sandbox.command_answer("suno lyrics", id=SONG)
    status, watch = answers
    assert status.content == looked_up.content == ENGLISH.text("relay-error-not-found")
    told = ENGLISH.text("watch-told-here", count=1)
    assert watch.content == ENGLISH.text("watch-unreachable", tasks=f"`{SONG}`", told=told)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert any("SUNO_BASE_URL and SUNO_FETCH_PATH" in warning for warning in warnings)


async def test_whoever_looks_up_too_much_is_told_when_to_try_again(sandbox: SandboxSession) -> None:
    """Nobody else is, and what that person watches is delivered as always."""
    sandbox.relay.response_format = ResponseFormat(paths=frozenset({"/suno/fetch"}))
    sandbox.relay.add(song(SONG, takes=60))
    invented = " ".join(f"invented-{number}" for number in range(5))
    async with running_bot(sandbox, poll_requests_per_second=2):
        first = await sandbox.use_command("suno status", id=invented)
        again = await sandbox.command_answer("suno status", id=SONG)
        looks = len(sandbox.relay.requests)
        watch = await sandbox.command_answer("suno watch", id=SONG)
        of_another = await sandbox.command_answer("suno status", user=sandbox.bea, id=SONG)
        sandbox.relay.clock.advance(60)
        notice = await sandbox.wait_for_notice(SONG)
    text = first.messages[0].embeds[0]["description"]
    assert text.count(catalog_in("en").text("status-list-unknown")) == 3
    assert text.count(catalog_in("en").text("status-list-unlisted")) == 2
    assert again.content.startswith("⏳")
    assert looks <= 6
    assert "Watching" in watch.content
    assert of_another.embeds
    assert notice.pinged == {sandbox.ada.id}
