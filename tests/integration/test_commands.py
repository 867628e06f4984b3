import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.relay import failing, song
from sandbox.relay.faults import slow_headers
from tests.support.stage import Stage, a_bot, a_stage

SONG = "song-1"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Return a stage on which the bot works."""
    async with a_stage(tmp_path) as stage, a_bot(stage):
        yield stage


@pytest.mark.parametrize(
    "command",
    ["suno status", "suno watch", "suno unwatch", "suno lyrics", "suno list"],
)
async def test_every_command_is_acknowledged_at_once_and_answers_one_person(
    stage: Stage, command: str
) -> None:
    """Discord waits three seconds; a channel is not filled with answers to questions."""
    stage.relay.add(song(SONG))
    interaction = await (
        stage.act(command) if command == "suno list" else stage.act(command, id=SONG)
    )
    assert interaction.acknowledged_after is not None
    assert interaction.acknowledged_after < 3
    assert all(message.ephemeral for message in interaction.messages)
    assert stage.notices_of(SONG) == []


async def test_a_slow_relay_does_not_make_a_command_late(stage: Stage) -> None:
    """The command is acknowledged before the relay is asked."""
    stage.relay.add(song(SONG))
    stage.relay.faults.add(slow_headers())
    interaction = await stage.discord.command(stage.ada, stage.songs, "suno status", id=SONG)
    await interaction.until_acknowledged(timeout=3)
    assert interaction.answer is None


async def test_a_status_shows_how_far_a_song_is(stage: Stage) -> None:
    """Its title, its id, and a preview that is called one."""
    stage.relay.add(song(SONG, title="Paper Boats", takes=100))
    stage.relay.clock.advance(50)
    answer = await stage.ask("suno status", id=SONG)
    (card,) = answer.embeds
    assert "Paper Boats" in card["title"]
    assert "review" in card["description"]
    assert SONG in str(card)


async def test_a_status_of_several_ids_shows_each(stage: Stage) -> None:
    """Known, finished and unknown ones, in the order in which they were typed."""
    stage.relay.add(song("one", title="First", takes=1), failing("two", takes=1))
    stage.relay.clock.advance(10)
    interaction = await stage.discord.command(
        stage.ada, stage.songs, "suno status", id="one, two nobody"
    )
    await stage.discord.wait_for(lambda: len(interaction.messages) == 3)
    first, second, third = interaction.messages
    assert "First" in first.embeds[0]["title"]
    assert "two" in str(second.embeds[0])
    assert "nobody" in third.content
    assert all(message.ephemeral for message in interaction.messages)


async def test_a_watched_song_is_told_to_those_who_watched(stage: Stage) -> None:
    """In a new, public message."""
    stage.relay.add(song(SONG, title="Paper Boats", takes=100))
    await stage.ask("suno watch", id=SONG)
    await stage.ask("suno watch", stage.bea, id=SONG)
    stage.relay.clock.advance(200)
    notice = await stage.notice_of(SONG)
    assert notice.pinged == {stage.ada.id, stage.bea.id}
    assert not notice.ephemeral


async def test_watching_the_same_again_is_said_so(stage: Stage) -> None:
    """And changes nothing."""
    stage.relay.add(song(SONG))
    first = await stage.ask("suno watch", id=SONG)
    second = await stage.ask("suno watch", id=SONG)
    assert first.content != second.content
    assert "already" in second.content


async def test_a_song_that_is_done_is_told_at_once(stage: Stage) -> None:
    """Whoever comes late gets the notice all the same."""
    stage.relay.add(song(SONG, takes=1))
    stage.relay.clock.advance(10)
    answer = await stage.ask("suno watch", id=SONG)
    assert "already" in answer.content
    await stage.notice_of(SONG)


async def test_a_song_that_has_failed_is_not_called_done(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither to who asks, nor to who asks again while the reason stands there, nor in the log."""
    caplog.set_level(logging.INFO)
    stage.relay.add(failing("bad", takes=1))
    stage.relay.clock.advance(10)
    assert "has failed already" in (await stage.ask("suno watch", id="bad")).content
    notice = await stage.notice_of("bad")
    again = (await stage.ask("suno watch", stage.bea, id="bad")).content
    assert "has failed, and the reason stands here already" in again
    assert notice.link in again
    told = [message for message in caplog.messages if message.startswith("Task bad for channel")]
    assert told[0].endswith(": finished, outcome=failure")


async def test_an_unwatched_song_is_not_told(stage: Stage) -> None:
    """The list is empty again, and nothing comes at its end."""
    stage.relay.add(song(SONG, takes=100), song("other", takes=100))
    await stage.ask("suno watch", id=f"{SONG} other")
    assert SONG in (await stage.ask("suno unwatch", id=SONG)).content
    shown = (await stage.ask("suno list")).embeds[0]["description"]
    assert SONG not in shown
    assert "other" in shown
    stage.relay.clock.advance(200)
    await stage.notice_of("other")
    assert stage.notices_of(SONG) == []


async def test_an_id_that_was_not_watched_is_not_unwatched(stage: Stage) -> None:
    """A typing error is told."""
    assert "not watching" in (await stage.ask("suno unwatch", id="nobody")).content


async def test_a_long_list_is_cut_with_a_count(stage: Stage) -> None:
    """It stays within what a message can hold."""
    names = [f"{number:02}-{'x' * 150}" for number in range(30)]
    stage.relay.add(*(song(name) for name in names))
    for begin in range(0, 30, 10):
        await stage.ask("suno watch", id=" ".join(names[begin : begin + 10]))
    answer = await stage.ask("suno list")
    assert "30" in answer.embeds[0]["title"]
    assert "5 more" in answer.embeds[0]["description"]


async def test_lyrics_that_are_not_there_yet_are_told(stage: Stage) -> None:
    """Not an empty page."""
    stage.relay.add(song(SONG, takes=1000))
    assert "no lyrics yet" in (await stage.ask("suno lyrics", id=SONG)).content


@pytest.mark.parametrize("command", ["suno status", "suno watch", "suno lyrics"])
async def test_an_unknown_id_is_told(stage: Stage, command: str) -> None:
    """With what may be the matter, and nothing is watched."""
    answer = await stage.ask(command, id="nobody-made-this")
    assert "`nobody-made-this`" in answer.content
    assert "does not know" in answer.content
    assert "nothing" in (await stage.ask("suno list")).content


ELEVEN_IDS = " ".join(map(str, range(11)))


@pytest.mark.parametrize("command", ["suno status", "suno watch", "suno unwatch", "suno lyrics"])
@pytest.mark.parametrize("typed", ["x" * 200, "``", ELEVEN_IDS, "@everyone" + "y" * 300])
async def test_a_bad_id_is_told(stage: Stage, command: str, typed: str) -> None:
    """In a sentence that mentions nobody; the relay is not asked."""
    before = len(stage.relay.looks)
    answer = await stage.ask(command, id=typed)
    assert "id" in answer.content
    assert not answer.pinged
    assert len(stage.relay.looks) == before


async def test_a_relay_that_is_down_is_told_and_loses_nothing(stage: Stage) -> None:
    """A status cannot be shown; a watch is kept and goes on when the relay is back."""
    stage.relay.add(song(SONG, takes=100))
    stage.relay.go_down()
    assert "cannot be reached" in (await stage.ask("suno status", id=SONG)).content
    assert "Watching" in (await stage.ask("suno watch", id=SONG)).content
    assert SONG in (await stage.ask("suno list")).embeds[0]["description"]


async def test_a_refused_key_is_told_without_the_key(stage: Stage) -> None:
    """People read who has to mend it."""
    stage.relay.key = "another"
    answer = await stage.ask("suno status", id=SONG)
    assert "key" in answer.content
    assert "sk-" not in answer.content


async def test_a_channel_where_the_bot_may_not_post_is_told_at_once(stage: Stage) -> None:
    """By the name of what is missing, and nothing is watched."""
    stage.relay.add(song(SONG))
    stage.songs.deny("send_messages")
    answer = await stage.ask("suno watch", id=SONG)
    assert "Send Messages" in answer.content
    assert "nothing" in (await stage.ask("suno list")).content.lower()


async def test_a_fault_of_ours_shows_a_sentence_and_no_trace(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The log gets the cause; the person is told that nothing is lost."""
    stage.relay.add(song(SONG))
    stage.discord.faults.add(
        "PATCH /webhooks/{app}/{token}/messages/@original", status=400, times=1
    )
    answer = await stage.ask("suno status", id=SONG)
    assert "went wrong" in answer.content
    assert "Traceback" not in answer.content
    assert "/suno status failed" in caplog.text


async def test_a_notice_in_a_direct_message_stays_there(stage: Stage) -> None:
    """Nothing private reaches a public channel."""
    stage.relay.add(song(SONG, takes=100))
    direct = stage.discord.open_dm(stage.ada)
    interaction = await stage.discord.command(stage.ada, direct, "suno watch", id=SONG)
    await interaction.answered()
    stage.relay.clock.advance(200)
    await stage.notice_of(SONG, direct)
    assert stage.songs.messages == []


async def test_the_commands_are_registered_only_when_they_changed(tmp_path: Path) -> None:
    """Registering is a write with a daily limit: a restart costs none."""
    async with a_stage(tmp_path) as stage:
        for _ in range(2):
            async with a_bot(stage):
                await stage.ask("suno list")
            await stage.discord.wait_until_gone()
        writes = [r for r in stage.discord.requests if r.method == "PUT"]
        assert len(writes) == 1
