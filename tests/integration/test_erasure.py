import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.storage.database import DatabaseThread
from bot.storage.erasure import Erasure
from bot.storage.history import History
from bot.storage.limits import WatchLimits
from bot.storage.live_cards import LiveCards
from bot.storage.models import Destination, EndReason, HistoryScope, PersonalData, PollResult
from bot.storage.outbox import Outbox
from bot.storage.retention import RETENTION_PERIOD, Retention
from bot.storage.tasks import TaskStore
from sandbox.discord import Channel, Message, User
from sandbox.relay import song
from tests.support.builders import HERE, NOON, a_running_task, a_song, open_directs
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

ADA, BEA = 101, 102
SERVER = 50
HERE_ALONE = frozenset({HERE.channel_id})
THERE = Destination(channel_id=600, guild_id=60)
DIRECT = Destination(channel_id=700)
"""Ada's direct message."""
BEAS_DIRECT = Destination(channel_id=800)

EVERYWHERE = (
    "tasks",
    "watches",
    "deliveries",
    "blocked_channels",
    "notified_users",
    "live_cards",
    "live_card_tasks",
    "history",
    "history_index",
    "server_history",
    "user_history",
)


class Kept:
    """A database, and what is written into it and deleted from it."""

    def __init__(self, database: DatabaseThread) -> None:
        self.database = database
        self.outbox = Outbox(database)
        limits = WatchLimits(watches_per_user=100, messages_per_user=100, messages_per_channel=100)
        self.store = TaskStore(database, self.outbox, "deerapi", limits)
        self.cards = LiveCards(database, "deerapi", limits)
        self.history = History(database, "deerapi")
        self.forgetting = Erasure(database)

    async def watch(
        self, task_id: str, user_id: int = ADA, destination: Destination = HERE
    ) -> None:
        """Watch a running task, with a card."""
        task = a_running_task(task_id)
        await self.store.add_watch(
            task, known=True, user_id=user_id, destination=destination, now=NOON, deadline=3600
        )
        await self.cards.create(destination, [task_id], NOON, user_id=user_id)

    async def end(self, *task_ids: str, end_reason: EndReason = EndReason.FINISHED) -> None:
        """Let watched tasks end."""
        seen = [
            PollResult(each, NOON, task=a_song(each), end_reason=end_reason) for each in task_ids
        ]
        await self.store.record(seen, NOON)

    async def post(self) -> None:
        """Post what is owed."""
        while claimed := await self.outbox.claim(NOON, 100):
            for delivery in claimed:
                await self.outbox.acknowledge(delivery, message_id=1, now=NOON)

    async def hold(self) -> None:
        """Find every channel of Ada's blocked, and owe her a word about each."""
        for delivery in await self.outbox.claim(NOON, 100):
            await self.outbox.blocked_channels.block(
                delivery, until=NOON + 600, reason="50013", now=NOON
            )
        await open_directs(self.outbox, {ADA: DIRECT})

    async def forget(self, user_id: int = ADA, direct: int | None = DIRECT.channel_id) -> None:
        """Forget a person."""
        await self.forgetting.erase_user(user_id, direct, NOON + 1)

    async def rows(self) -> dict[str, int]:
        """Return how many rows each table has that has any."""
        counts = {}
        for table in EVERYWHERE:
            (row,) = await self.database.read(f"SELECT count(*) AS n FROM {table}", [])  # noqa: S608 # names of ours
            counts[table] = row["n"]
        return {table: count for table, count in counts.items() if count}

    async def found(self, scope: HistoryScope) -> list[str]:
        """Return what a history shows."""
        return [entry.task.id for entry in (await self.history.page(scope)).entries]


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    """Return an empty database."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        yield Kept(database)


async def test_nothing_is_left_of_a_person_who_was_alone(kept: Kept) -> None:
    """Running, ended, posted, held, directly and in a server: all of it goes, but the server's."""
    await kept.watch("running")
    await kept.watch("posted", destination=DIRECT)
    await kept.end("posted")
    await kept.post()
    await kept.watch("held", destination=DIRECT)
    await kept.end("held")
    await kept.hold()
    await kept.forget()
    assert await kept.rows() == {
        "live_cards": 1,
        "live_card_tasks": 1,
    }  # a server's, which ends by itself


async def test_a_running_watch_ends_without_a_notice(kept: Kept) -> None:
    """And its task is not looked at any more."""
    await kept.watch("song")
    await kept.forget()
    await kept.end("song")
    assert await kept.outbox.claim(NOON, 9) == []
    assert await kept.store.due_tasks(NOON + 9, 9) == []


async def test_a_task_that_was_told_once_and_runs_again_is_not_looked_at_any_more(
    kept: Kept,
) -> None:
    """Its first notice stays in the server."""
    await kept.watch("song")
    await kept.end("song", end_reason=EndReason.GAVE_UP)
    await kept.post()
    await kept.watch("song")
    await kept.forget()
    assert await kept.store.due_tasks(NOON + 9, 9) == []
    rows = await kept.rows()
    assert rows["deliveries"] == 1
    assert "tasks" not in rows


async def test_what_others_watch_goes_on(kept: Kept) -> None:
    """They are told, and only they are mentioned."""
    await kept.watch("song")
    await kept.watch("song", BEA)
    await kept.forget()
    await kept.end("song")
    (delivery,) = await kept.outbox.claim(NOON, 9)
    assert delivery.watchers == (BEA,)


async def test_a_notice_that_is_owed_to_nobody_else_is_not_posted(kept: Kept) -> None:
    """One that is owed to others too is."""
    await kept.watch("mine")
    await kept.watch("ours", destination=THERE)
    await kept.watch("ours", BEA, THERE)
    await kept.end("mine", "ours")
    await kept.forget()
    (delivery,) = await kept.outbox.claim(NOON, 9)
    assert (delivery.task.id, delivery.watchers) == ("ours", (BEA,))


async def test_a_notice_that_is_on_its_way_does_not_come_back(kept: Kept) -> None:
    """Whatever becomes of it: its row is gone."""
    await kept.watch("song")
    await kept.end("song")
    (delivery,) = await kept.outbox.claim(NOON, 9)
    await kept.forget()
    assert not await kept.outbox.acknowledge(delivery, message_id=1, now=NOON)
    assert await kept.outbox.recover(NOON) == 0


async def test_words_about_held_notices_go_with_the_direct_message(kept: Kept) -> None:
    """They name nobody; the place says whose they are. Words to others stay."""
    await kept.watch("song")
    await kept.watch("song", BEA)
    await kept.end("song")
    (delivery,) = await kept.outbox.claim(NOON, 9)
    await kept.outbox.blocked_channels.block(delivery, until=NOON + 600, reason="50013", now=NOON)
    await open_directs(kept.outbox, {ADA: DIRECT, BEA: BEAS_DIRECT})
    await kept.forget()
    words = [d for d in await kept.outbox.claim(NOON, 9) if d.purpose == "held_notice"]
    assert [word.destination.channel_id for word in words] == [BEAS_DIRECT.channel_id]


async def test_a_message_whose_direct_message_is_not_opened_yet_goes_too(kept: Kept) -> None:
    """Of the person, and of nobody else; nor is kept that the person was told of a channel."""
    for user_id in (ADA, BEA):
        await kept.watch("moved", user_id)
        await kept.watch("held", user_id, THERE)
    await kept.end("moved", "held")
    for delivery in await kept.outbox.claim(NOON, 9):
        if delivery.task.id == "moved":
            await kept.outbox.redirection.redirect(delivery, reason="10003", now=NOON)
        else:
            await kept.outbox.blocked_channels.block(
                delivery, until=NOON + 600, reason="50013", now=NOON
            )
    await kept.forget(direct=None)
    left = await kept.database.read("SELECT user_id FROM deliveries WHERE channel_id IS NULL", [])
    assert [row["user_id"] for row in left] == [BEA, BEA]
    told = await kept.database.read("SELECT user_id FROM notified_users", [])
    assert [row["user_id"] for row in told] == [BEA]


async def test_a_servers_history_stays_the_servers(kept: Kept) -> None:
    """It names nobody; the person's own is gone, and so is what nobody else has."""
    await kept.watch("in the server")
    await kept.watch("directly", destination=DIRECT)
    await kept.end("in the server", "directly")
    await kept.forget()
    assert await kept.found(HistoryScope(ADA)) == []
    assert await kept.found(HistoryScope(BEA, SERVER, HERE_ALONE)) == ["in the server"]
    assert (await kept.rows())["history_index"] == 1


async def test_histories_of_others_stay(kept: Kept) -> None:
    """Also of the same song."""
    await kept.watch("song", destination=DIRECT)
    await kept.watch("song", BEA, BEAS_DIRECT)
    await kept.end("song")
    await kept.forget()
    assert await kept.found(HistoryScope(BEA)) == ["song"]


async def test_cards_that_name_the_person_are_shown_anew(kept: Kept) -> None:
    """Without the name."""
    await kept.watch("song")
    await kept.watch("song", BEA)
    (card,) = await kept.cards.claim(NOON, 9)
    await kept.cards.acknowledge(card, 5, content_digest="a look")
    assert await kept.cards.due_for_update(NOON + 9, min_interval=0, limit=9) == []
    await kept.forget()
    (card,) = await kept.cards.due_for_update(NOON + 9, min_interval=0, limit=9)
    assert card.watchers == (BEA,)


async def test_what_will_be_deleted_is_counted(kept: Kept) -> None:
    """Of this person alone."""
    for task_id in ("running", "posted", "owed", "of both"):
        await kept.watch(task_id)
    await kept.watch("of both", BEA)
    await kept.end("posted")
    await kept.post()
    await kept.end("owed", "of both")
    assert await kept.forgetting.personal_data(ADA) == PersonalData(1, 3, 2, 3)
    assert await kept.forgetting.personal_data(BEA) == PersonalData(0, 1, 1, 1)
    await kept.forget()
    assert (await kept.forgetting.personal_data(ADA)).nothing
    assert await kept.forgetting.personal_data(BEA) == PersonalData(0, 1, 1, 1)


async def test_a_person_can_be_forgotten_whose_direct_message_is_closed(kept: Kept) -> None:
    """What can be found without it goes."""
    for task_id in ("posted", "owed"):
        await kept.watch(task_id, destination=DIRECT)
        await kept.end(task_id)
        if task_id == "posted":
            await kept.post()
    await kept.forget(direct=None)
    assert await kept.rows() == {}


async def test_nothing_is_left_of_a_server(kept: Kept) -> None:
    """Watches, notices in every state, words about them, cards, history, tasks, settings."""
    await kept.watch("running")
    await kept.watch("posted")
    await kept.end("posted")
    await kept.post()
    await kept.watch("held", destination=Destination(501, SERVER))
    await kept.end("held")
    await kept.hold()
    await kept.watch("owed")
    await kept.end("owed")
    await kept.database.write(
        "INSERT INTO server_settings (guild_id, settings) VALUES (?, '{}')", [SERVER]
    )
    await kept.forgetting.erase_server(SERVER)
    assert await kept.rows() == {"history": 3, "history_index": 3, "user_history": 3}
    assert await kept.database.read("SELECT * FROM server_settings", []) == []
    await kept.forget()
    assert await kept.rows() == {}


async def test_another_server_keeps_everything(kept: Kept) -> None:
    """Also what both watch."""
    for destination in (HERE, THERE):
        await kept.watch("ended", destination=destination)
        await kept.watch("running", destination=destination)
    await kept.end("ended")
    await kept.forgetting.erase_server(SERVER)
    assert await kept.found(HistoryScope(ADA, SERVER, HERE_ALONE)) == []
    assert await kept.found(HistoryScope(ADA, 60, frozenset({THERE.channel_id}))) == ["ended"]
    await kept.end("running")
    claimed = await kept.outbox.claim(NOON, 9)
    assert [delivery.destination.guild_id for delivery in claimed] == [60]


async def test_what_was_sent_on_to_a_person_stays_with_the_person(kept: Kept) -> None:
    """A notice whose channel was gone goes to a direct message; the server has no say in that."""
    await kept.watch("song")
    await kept.end("song")
    (delivery,) = await kept.outbox.claim(NOON, 9)
    await kept.outbox.redirection.redirect(delivery, reason="10003", now=NOON)
    await kept.forgetting.erase_server(SERVER)
    await open_directs(kept.outbox, {ADA: DIRECT})
    (direct,) = await kept.outbox.claim(NOON, 9)
    assert (direct.destination.channel_id, direct.watchers) == (DIRECT.channel_id, (ADA,))


async def test_what_was_told_long_ago_is_deleted(kept: Kept) -> None:
    """Notices, also dropped ones, their watches and their tasks; the history stays."""
    await kept.watch("posted")
    await kept.watch("dropped", destination=THERE)
    await kept.end("posted", "dropped")
    for delivery in await kept.outbox.claim(NOON, 9):
        if delivery.task.id == "dropped":
            await kept.outbox.redirection.drop(delivery, reason="10003")
        else:
            await kept.outbox.acknowledge(delivery, message_id=1, now=NOON)
    await kept.database.write("DELETE FROM live_cards", [])
    before = await kept.rows()
    await Retention(kept.database).prune(NOON + RETENTION_PERIOD)
    assert await kept.rows() == before
    await Retention(kept.database).prune(NOON + RETENTION_PERIOD + 1)
    gone = {"tasks", "watches", "deliveries"}
    assert await kept.rows() == {name: n for name, n in before.items() if name not in gone}
    assert await kept.found(HistoryScope(ADA)) == ["dropped", "posted"]


async def test_what_is_not_told_yet_is_never_swept_away(kept: Kept) -> None:
    """However old it is: running, owed, on its way, held."""
    await kept.watch("held", destination=DIRECT)
    await kept.end("held")
    await kept.hold()
    await kept.watch("sending", destination=THERE)
    await kept.end("sending")
    assert await kept.outbox.claim(NOON, 9)
    await kept.watch("owed", BEA)
    await kept.end("owed")
    await kept.watch("running", BEA)
    before = await kept.rows()
    await Retention(kept.database).prune(NOON + 100 * RETENTION_PERIOD)
    assert await kept.rows() == before


async def test_a_task_that_runs_again_survives_its_first_notice(kept: Kept) -> None:
    """Only what was told of it goes."""
    await kept.watch("song")
    await kept.end("song", end_reason=EndReason.GAVE_UP)
    await kept.post()
    await kept.watch("song")
    await Retention(kept.database).prune(NOON + RETENTION_PERIOD + 1)
    rows = await kept.rows()
    assert (rows["tasks"], rows["watches"]) == (1, 1)
    assert "deliveries" not in rows


async def test_every_server_of_which_something_is_kept_is_known(kept: Kept) -> None:
    """Whatever it is; none is left after the purge."""
    await kept.watch("song")
    await kept.watch("directly", destination=DIRECT)
    await kept.watch("there", destination=THERE)
    await kept.database.write("DELETE FROM watches WHERE guild_id = 60", [])  # a card is left
    await kept.database.write(
        "INSERT INTO server_settings (guild_id, settings) VALUES (70, '{}')", []
    )
    assert await kept.forgetting.stored_server_ids() == {50, 60, 70}
    await kept.end("song")
    await kept.database.write("DELETE FROM live_cards WHERE guild_id = 50", [])
    assert await kept.forgetting.stored_server_ids() == {50, 60, 70}
    for guild_id in (50, 60, 70):
        await kept.forgetting.erase_server(guild_id)
    assert await kept.forgetting.stored_server_ids() == set()


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox in which the bot runs."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        yield sandbox


def button(message: Message, label: str) -> str:
    """Return the custom id of a button."""
    buttons = [each for row in message.components for each in row["components"]]
    return next(str(each["custom_id"]) for each in buttons if each["label"] == label)


async def watch(sandbox: SandboxSession, task_id: str, user: User, channel: Channel) -> None:
    """Watch a song that takes a hundred seconds."""
    sandbox.relay.add(song(task_id, takes=100))
    asked = await sandbox.discord.command(user, channel, "suno watch", id=task_id)
    await asked.wait_for_answer()


def database_in(folder: Path) -> Path:
    """Return the file of a bot that has ended."""
    (path,) = folder.glob("**/*.db")
    return path


def values_in(folder: Path) -> list[Any]:
    """Return every value of every table of a bot that has ended."""
    with closing(sqlite3.connect(database_in(folder))) as database:
        tables = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return [
            value
            for (table,) in tables
            for row in database.execute(f"SELECT * FROM {table}")  # noqa: S608 # names of ours
            for value in row
        ]


async def test_a_person_is_asked_before_everything_is_deleted(sandbox: SandboxSession) -> None:
    """With what goes and what stays; nobody else sees the question."""
    await watch(sandbox, "song", sandbox.ada, sandbox.songs)
    question = await sandbox.command_answer("suno forget")
    assert question.ephemeral
    assert "1 task that you are watching" in question.content
    assert "What stays" in question.content
    await sandbox.discord.press(sandbox.ada, question, button(question, "Keep it"))
    await sandbox.discord.wait_for(lambda: "Nothing was deleted" in question.content, 10)
    assert question.components == []
    assert "song" in str((await sandbox.command_answer("suno list")).embeds)


async def test_nobody_is_asked_about_nothing(sandbox: SandboxSession) -> None:
    """The answer is a sentence."""
    answer = await sandbox.command_answer("suno forget")
    assert "nothing" in answer.content
    assert answer.components == []


async def test_a_person_who_is_forgotten_is_nowhere_in_the_database(tmp_path: Path) -> None:
    """Also when the button is pressed after a restart, and whatever was going on."""
    async with open_sandbox(tmp_path) as sandbox:
        direct = sandbox.discord.open_dm(sandbox.ada)
        async with running_bot(sandbox):
            for task_id, channel in (("one", sandbox.songs), ("two", direct)):
                await watch(sandbox, task_id, sandbox.ada, channel)
            sandbox.relay.clock.advance(200)
            await sandbox.wait_for_notice("one")
            await sandbox.wait_for_notice("two", direct)
            await watch(sandbox, "three", sandbox.ada, sandbox.songs)
            await watch(sandbox, "four", sandbox.ada, direct)
            question = await sandbox.command_answer("suno forget")
        await sandbox.discord.wait_until_disconnected()
        assert sandbox.ada.id in values_in(tmp_path)
        async with running_bot(sandbox):
            await sandbox.discord.press(sandbox.ada, question, button(question, "Delete it all"))
            await sandbox.discord.wait_for(lambda: "forgotten" in question.content, 10)
            assert question.components == []
        await sandbox.discord.wait_until_disconnected()
    values = values_in(tmp_path)
    assert sandbox.ada.id not in values
    assert direct.id not in values
    assert "one" in values  # in the server's history
    assert "two" not in values


async def test_the_question_is_answered_by_the_person_alone(sandbox: SandboxSession) -> None:
    """Even if the button came before somebody else's eyes."""
    await watch(sandbox, "song", sandbox.ada, sandbox.songs)
    question = await sandbox.command_answer("suno forget")
    buttons = [each for row in question.components for each in row["components"]]
    for each in buttons:
        each["custom_id"] = each["custom_id"].replace(str(sandbox.ada.id), str(sandbox.bea.id))
    for label in ("Delete it all", "Keep it"):
        pressed = await sandbox.discord.press(sandbox.ada, question, button(question, label))
        assert "Only the person" in (await pressed.wait_for_answer()).content
    assert "song" in str((await sandbox.command_answer("suno list")).embeds)


async def test_a_server_that_removes_the_bot_is_forgotten(tmp_path: Path) -> None:
    """What was watched there, and what was to be posted."""
    async with open_sandbox(tmp_path) as sandbox:
        async with running_bot(sandbox):
            await watch(sandbox, "ended", sandbox.ada, sandbox.songs)
            sandbox.relay.clock.advance(200)
            await sandbox.wait_for_notice("ended")
            await watch(sandbox, "running", sandbox.ada, sandbox.songs)
            sandbox.guild.remove_bot()
            await no_watch_is_left(sandbox)
        await sandbox.discord.wait_until_disconnected()
    values = values_in(tmp_path)
    assert sandbox.guild.id not in values
    assert sandbox.songs.id not in values
    assert "running" not in values


async def test_a_server_that_removed_the_bot_while_it_was_away_is_forgotten_after_a_day(
    tmp_path: Path,
) -> None:
    """Not sooner, though the bot ends meanwhile; one that has an outage is not at all."""
    async with open_sandbox(tmp_path) as sandbox:
        other = sandbox.discord.add_guild("Other Club")
        other.add_member(sandbox.ada)
        elsewhere = other.add_channel("elsewhere")
        async with running_bot(sandbox):
            await watch(sandbox, "here", sandbox.ada, sandbox.songs)
            await watch(sandbox, "elsewhere", sandbox.ada, elsewhere)
            await watch(sandbox, "ended", sandbox.ada, sandbox.songs)
        await sandbox.discord.wait_until_disconnected()
        sandbox.guild.remove_bot()
        other.start_outage()
        async with running_bot(sandbox):
            await until_noted(tmp_path, sandbox.guild.id)
        await sandbox.discord.wait_until_disconnected()
        assert "here" in values_in(tmp_path)
        with closing(sqlite3.connect(database_in(tmp_path))) as database, database:
            database.execute("UPDATE departed_servers SET missing_since = missing_since - 86400")
        async with running_bot(sandbox):
            await nothing_is_watched_in(sandbox.songs, sandbox)
        await sandbox.discord.wait_until_disconnected()
    values = values_in(tmp_path)
    assert sandbox.guild.id not in values
    assert sandbox.songs.id not in values
    assert other.id in values
    assert "elsewhere" in values


async def test_the_bot_tidies_up_when_it_starts(tmp_path: Path) -> None:
    """What was told a month ago is gone, but for the history."""
    async with open_sandbox(tmp_path) as sandbox:
        async with running_bot(sandbox):
            await watch(sandbox, "song", sandbox.ada, sandbox.songs)
            sandbox.relay.clock.advance(200)
            await sandbox.wait_for_notice("song")
        await sandbox.discord.wait_until_disconnected()
        path = database_in(tmp_path)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE deliveries SET state = 'sent', sent_at = created_at - 3e6")
            database.execute("UPDATE tasks SET ended_at = ended_at - 3e6")
            database.execute("DELETE FROM live_card_tasks")
            database.execute("DELETE FROM live_cards")
        async with running_bot(sandbox):
            assert "City Windows" in str((await sandbox.command_answer("suno history")).embeds)
        await sandbox.discord.wait_until_disconnected()
    with closing(sqlite3.connect(path)) as database:
        for table, count in (("tasks", 0), ("watches", 0), ("deliveries", 0), ("history", 1)):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,)  # noqa: S608 # names of ours


async def test_a_person_is_forgotten_though_discord_cannot_be_asked(tmp_path: Path) -> None:
    """The connection is cut while the direct message is opened: the rest goes all the same."""
    async with open_sandbox(tmp_path) as sandbox:
        async with running_bot(sandbox):
            await watch(sandbox, "song", sandbox.ada, sandbox.songs)
            question = await sandbox.command_answer("suno forget")
            sandbox.discord.faults.add("POST /users/@me/channels", drop=True)
            await sandbox.discord.press(sandbox.ada, question, button(question, "Delete it all"))
            await sandbox.discord.wait_for(lambda: "forgotten" in question.content, 20)
        await sandbox.discord.wait_until_disconnected()
    assert sandbox.ada.id not in values_in(tmp_path)


async def until_noted(folder: Path, guild_id: int) -> None:
    """Wait until the bot has noted that it is no longer in a server."""
    async with asyncio.timeout(15):
        while True:
            with closing(sqlite3.connect(database_in(folder))) as database:
                noted = database.execute("SELECT guild_id FROM departed_servers").fetchall()
            if noted == [(guild_id,)]:
                return
            await asyncio.sleep(0.05)


async def nothing_is_watched_in(channel: Channel, sandbox: SandboxSession) -> None:
    """Wait until no watch of Ada's in a channel is left."""
    direct = sandbox.discord.open_dm(sandbox.ada)
    async with asyncio.timeout(15):
        while True:
            asked = await sandbox.discord.command(sandbox.ada, direct, "suno list")
            if f"<#{channel.id}>" not in str((await asked.wait_for_answer()).embeds):
                return
            await asyncio.sleep(0.1)


async def no_watch_is_left(sandbox: SandboxSession) -> None:
    """Wait until Ada watches nothing any more."""
    direct = sandbox.discord.open_dm(sandbox.ada)
    async with asyncio.timeout(30):
        said = ""
        while "nothing" not in said:
            asked = await sandbox.discord.command(sandbox.ada, direct, "suno list")
            said = (await asked.wait_for_answer()).content


async def test_an_outage_of_a_server_forgets_nothing(sandbox: SandboxSession) -> None:
    """It comes back, and so do its notices."""
    await watch(sandbox, "song", sandbox.ada, sandbox.songs)
    sandbox.guild.start_outage()
    sandbox.guild.end_outage()
    assert "song" in str((await sandbox.command_answer("suno list")).embeds)
    sandbox.relay.clock.advance(200)
    await sandbox.wait_for_notice("song")


async def test_a_database_of_another_bot_is_not_emptied(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody may start the wrong token on it: what it holds is not that bot's to delete."""
    async with open_sandbox(tmp_path) as sandbox:
        async with running_bot(sandbox):
            await watch(sandbox, "running", sandbox.ada, sandbox.songs)
        await sandbox.discord.wait_until_disconnected()
        with closing(sqlite3.connect(database_in(tmp_path))) as database, database:
            name = "application that this database belongs to"
            database.execute("INSERT OR REPLACE INTO key_values VALUES (?, 'another')", [name])
        sandbox.guild.remove_bot()
        direct = sandbox.discord.open_dm(sandbox.ada)
        async with running_bot(sandbox), asyncio.timeout(15):
            while "Database of another bot" not in caplog.text:
                await watch(sandbox, "again", sandbox.ada, direct)
        await sandbox.discord.wait_until_disconnected()
    assert "running" in values_in(tmp_path)


def bytes_in(folder: Path) -> bytes:
    """Return what stands in all files of a folder."""
    return b"".join(file.read_bytes() for file in folder.iterdir())


@pytest.mark.parametrize("first", ["forget", "purge"])
async def test_deleted_texts_are_in_none_of_the_files(tmp_path: Path, first: str) -> None:
    """Neither in the write-ahead log nor in pages that are free now, whoever is deleted first."""
    async with DatabaseThread(tmp_path / "suno.db") as database:
        kept = Kept(database)
        tasks = [f"secret-task-{number}" for number in range(50)]
        for task_id in tasks:
            await kept.watch(task_id)
        await kept.end(*tasks)
        await kept.post()
        assert b"secret-task" in bytes_in(tmp_path)
        assert b"Paper Boats" in bytes_in(tmp_path)
        if first == "forget":
            await kept.forget()
        await kept.forgetting.erase_server(HERE.guild_id or 0)
        await kept.forget()
        left = bytes_in(tmp_path)
        assert b"secret-task" not in left
        assert b"Paper Boats" not in left
