import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.i18n.catalog import catalog_for
from bot.storage.database import DatabaseThread
from bot.storage.erasure import Erasure
from bot.storage.history import History
from bot.storage.limits import WatchLimits
from bot.storage.live_cards import LiveCards
from bot.storage.models import (
    Destination,
    EndReason,
    HistoryScope,
    PersonalData,
    PollResult,
    WatchRequest,
)
from bot.storage.outbox import Outbox
from bot.storage.retention import RETENTION_PERIOD, Retention
from bot.storage.tasks import TaskStore
from sandbox.discord import Channel, Message, User
from sandbox.relay import song
from tests.support.builders import HERE, NOON, a_running_task, a_song, keys_of, open_direct_messages
from tests.support.databases import index_table, location
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

pytestmark = pytest.mark.both_engines


ADA, BEA = 101, 102
SERVER = 50
HERE_ALONE = frozenset({HERE.channel_id})
THERE = Destination(channel_id=600, guild_id=60)
DIRECT = Destination(channel_id=700)
"""Ada's direct message."""
BEAS_DIRECT = Destination(channel_id=800)

ENGLISH = catalog_for("en-US")

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


class ErasureHarness:
    """A database whose contents the tests write and erase."""

    def __init__(self, database: DatabaseThread) -> None:
        self.database = database
        self.outbox = Outbox(database)
        limits = WatchLimits(watches_per_user=100, messages_per_user=100, messages_per_channel=100)
        self.store = TaskStore(database, self.outbox, "deerapi", limits)
        self.cards = LiveCards(database, limits)
        self.history = History(database, "deerapi")
        self.erasure = Erasure(database)

    async def watch(
        self, task_id: str, user_id: int = ADA, destination: Destination = HERE
    ) -> None:
        """Watch a running task, with a live card."""
        task = a_running_task(task_id)
        await self.store.add_watch(
            task, WatchRequest(user_id, destination), NOON, known=True, deadline=3600
        )
        await self.cards.create(destination, keys_of(task_id), NOON, user_id=user_id)

    async def end(self, *task_ids: str, end_reason: EndReason = EndReason.FINISHED) -> None:
        """Let watched tasks end."""
        seen = [
            PollResult(each, NOON, task=a_song(each), end_reason=end_reason) for each in task_ids
        ]
        await self.store.record(seen, NOON)

    async def post(self) -> None:
        """Send all due messages."""
        while claimed := await self.outbox.claim(NOON, 100):
            for delivery in claimed:
                await self.outbox.acknowledge(delivery, message_id=1, now=NOON)

    async def hold(self) -> None:
        """Block each channel of Ada's, and enqueue a held notice about each."""
        for delivery in await self.outbox.claim(NOON, 100):
            await self.outbox.blocked_channels.block(
                delivery, until=NOON + 600, reason="50013", now=NOON
            )
        await open_direct_messages(self.outbox, {ADA: DIRECT})

    async def erase_user(self, user_id: int = ADA, direct: int | None = DIRECT.channel_id) -> None:
        """Erase a user."""
        await self.erasure.erase_user(user_id, direct, NOON + 1)

    async def rows(self) -> dict[str, int]:
        """Return the number of rows of each table that has any."""
        counts = {}
        for table in EVERYWHERE:
            name = index_table() if table == "history_index" else table
            (row,) = await self.database.read(f"SELECT count(*) AS n FROM {name}", [])  # noqa: S608 # names of ours
            counts[table] = row["n"]
        return {table: count for table, count in counts.items() if count}

    async def history_ids(self, scope: HistoryScope) -> list[str]:
        """Return the tasks in a history."""
        return [entry.task.id for entry in (await self.history.page(scope)).entries]


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ErasureHarness]:
    """Return an empty database."""
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        yield ErasureHarness(database)


async def test_an_erasure_removes_everything_of_the_only_user(harness: ErasureHarness) -> None:
    """Rows in every state are deleted; only the history of the server stays."""
    await harness.watch("running")
    await harness.watch("posted", destination=DIRECT)
    await harness.end("posted")
    await harness.post()
    await harness.watch("held", destination=DIRECT)
    await harness.end("held")
    await harness.hold()
    await harness.erase_user()
    assert await harness.rows() == {
        "live_cards": 1,
        "live_card_tasks": 1,
    }  # a server's, which ends by itself


async def test_an_erasure_ends_running_watches_without_a_notice(harness: ErasureHarness) -> None:
    """Their tasks are not polled any more."""
    await harness.watch("song")
    await harness.erase_user()
    await harness.end("song")
    assert await harness.outbox.claim(NOON, 9) == []
    assert await harness.store.due_tasks(NOON + 9, 9) == []


async def test_an_erasure_stops_polling_a_task_that_was_watched_again(
    harness: ErasureHarness,
) -> None:
    """The first notice of the task stays in the server."""
    await harness.watch("song")
    await harness.end("song", end_reason=EndReason.GAVE_UP)
    await harness.post()
    await harness.watch("song")
    await harness.erase_user()
    assert await harness.store.due_tasks(NOON + 9, 9) == []
    rows = await harness.rows()
    assert rows["deliveries"] == 1
    assert "tasks" not in rows


async def test_an_erasure_keeps_the_watches_of_others(harness: ErasureHarness) -> None:
    """The others get their notices, which mention only them."""
    await harness.watch("song")
    await harness.watch("song", BEA)
    await harness.erase_user()
    await harness.end("song")
    (delivery,) = await harness.outbox.claim(NOON, 9)
    assert delivery.watchers == (BEA,)


async def test_an_erasure_drops_notices_for_the_user_alone(harness: ErasureHarness) -> None:
    """A notice that has other recipients is posted."""
    await harness.watch("mine")
    await harness.watch("ours", destination=THERE)
    await harness.watch("ours", BEA, THERE)
    await harness.end("mine", "ours")
    await harness.erase_user()
    (delivery,) = await harness.outbox.claim(NOON, 9)
    assert (delivery.task.id, delivery.watchers) == ("ours", (BEA,))


async def test_a_delivery_that_is_erased_while_being_sent_stays_deleted(
    harness: ErasureHarness,
) -> None:
    """No response of Discord restores its row."""
    await harness.watch("song")
    await harness.end("song")
    (delivery,) = await harness.outbox.claim(NOON, 9)
    await harness.erase_user()
    assert not await harness.outbox.acknowledge(delivery, message_id=1, now=NOON)
    assert await harness.outbox.recover(NOON) == 0


async def test_an_erasure_deletes_held_notices_of_the_user(harness: ErasureHarness) -> None:
    """They belong to the user by their direct message; those to others stay."""
    await harness.watch("song")
    await harness.watch("song", BEA)
    await harness.end("song")
    (delivery,) = await harness.outbox.claim(NOON, 9)
    await harness.outbox.blocked_channels.block(
        delivery, until=NOON + 600, reason="50013", now=NOON
    )
    await open_direct_messages(harness.outbox, {ADA: DIRECT, BEA: BEAS_DIRECT})
    await harness.erase_user()
    held_notices = [d for d in await harness.outbox.claim(NOON, 9) if d.purpose == "held_notice"]
    assert [notice.destination.channel_id for notice in held_notices] == [BEAS_DIRECT.channel_id]


async def test_an_erasure_deletes_unopened_direct_messages(harness: ErasureHarness) -> None:
    """Those of others stay, and no record of a held notice about a channel is left."""
    for user_id in (ADA, BEA):
        await harness.watch("moved", user_id)
        await harness.watch("held", user_id, THERE)
    await harness.end("moved", "held")
    for delivery in await harness.outbox.claim(NOON, 9):
        if delivery.task.id == "moved":
            await harness.outbox.redirection.redirect(delivery, reason="10003", now=NOON)
        else:
            await harness.outbox.blocked_channels.block(
                delivery, until=NOON + 600, reason="50013", now=NOON
            )
    await harness.erase_user(direct=None)
    left = await harness.database.read(
        "SELECT user_id FROM deliveries WHERE channel_id IS NULL", []
    )
    assert [row["user_id"] for row in left] == [BEA, BEA]
    notified = await harness.database.read("SELECT user_id FROM notified_users", [])
    assert [row["user_id"] for row in notified] == [BEA]


async def test_an_erasure_keeps_the_history_of_the_server(harness: ErasureHarness) -> None:
    """It stores no users; the user's own history and unshared entries are deleted."""
    await harness.watch("in the server")
    await harness.watch("directly", destination=DIRECT)
    await harness.end("in the server", "directly")
    await harness.erase_user()
    assert await harness.history_ids(HistoryScope(ADA)) == []
    assert await harness.history_ids(HistoryScope(BEA, SERVER, HERE_ALONE)) == ["in the server"]
    assert (await harness.rows())["history_index"] == 1


async def test_an_erasure_keeps_the_histories_of_others(harness: ErasureHarness) -> None:
    """Entries of the same song in other histories stay."""
    await harness.watch("song", destination=DIRECT)
    await harness.watch("song", BEA, BEAS_DIRECT)
    await harness.end("song")
    await harness.erase_user()
    assert await harness.history_ids(HistoryScope(BEA)) == ["song"]


async def test_an_erasure_updates_live_cards_that_name_the_user(harness: ErasureHarness) -> None:
    """They are shown again without the name."""
    await harness.watch("song")
    await harness.watch("song", BEA)
    (card,) = await harness.cards.claim(NOON, 9)
    await harness.cards.acknowledge(card, 5, content_digest="a look")
    assert await harness.cards.due_for_update(NOON + 9, min_interval=0, limit=9) == []
    await harness.erase_user()
    (card,) = await harness.cards.due_for_update(NOON + 9, min_interval=0, limit=9)
    assert card.watchers == (BEA,)


async def test_the_data_of_a_user_are_counted_before_their_erasure(harness: ErasureHarness) -> None:
    """Data of other users do not count."""
    for task_id in ("running", "posted", "due", "of both"):
        await harness.watch(task_id)
    await harness.watch("of both", BEA)
    await harness.end("posted")
    await harness.post()
    await harness.end("due", "of both")
    assert await harness.erasure.personal_data(ADA) == PersonalData(1, 3, 2, 3, 0)
    assert await harness.erasure.personal_data(BEA) == PersonalData(0, 1, 1, 1, 0)
    await harness.erase_user()
    assert (await harness.erasure.personal_data(ADA)).nothing
    assert await harness.erasure.personal_data(BEA) == PersonalData(0, 1, 1, 1, 0)


async def test_a_user_with_closed_direct_messages_can_be_erased(harness: ErasureHarness) -> None:
    """Everything that is found without that channel is deleted."""
    for task_id in ("posted", "due"):
        await harness.watch(task_id, destination=DIRECT)
        await harness.end(task_id)
        if task_id == "posted":
            await harness.post()
    await harness.erase_user(direct=None)
    assert await harness.rows() == {}


async def test_the_erasure_of_a_server_removes_everything_of_it(harness: ErasureHarness) -> None:
    """It deletes rows of every table and in every state, and the settings."""
    await harness.watch("running")
    await harness.watch("posted")
    await harness.end("posted")
    await harness.post()
    await harness.watch("held", destination=Destination(501, SERVER))
    await harness.end("held")
    await harness.hold()
    await harness.watch("due")
    await harness.end("due")
    await harness.database.write(
        "INSERT INTO server_settings (guild_id, settings) VALUES (?, '{}')", [SERVER]
    )
    await harness.erasure.erase_server(SERVER, NOON)
    assert await harness.rows() == {"history": 3, "history_index": 3, "user_history": 3}
    assert await harness.database.read("SELECT * FROM server_settings", []) == []
    await harness.erase_user()
    assert await harness.rows() == {}


async def test_the_erasure_of_a_server_keeps_other_servers(harness: ErasureHarness) -> None:
    """Tasks that both servers watch stay, too."""
    for destination in (HERE, THERE):
        await harness.watch("ended", destination=destination)
        await harness.watch("running", destination=destination)
    await harness.end("ended")
    await harness.erasure.erase_server(SERVER, NOON)
    assert await harness.history_ids(HistoryScope(ADA, SERVER, HERE_ALONE)) == []
    assert await harness.history_ids(HistoryScope(ADA, 60, frozenset({THERE.channel_id}))) == [
        "ended"
    ]
    await harness.end("running")
    claimed = await harness.outbox.claim(NOON, 9)
    assert [delivery.destination.guild_id for delivery in claimed] == [60]


async def test_the_erasure_of_a_server_keeps_redirected_notices(harness: ErasureHarness) -> None:
    """A notice of a deleted channel belongs to the user whom it was redirected to."""
    await harness.watch("song")
    await harness.end("song")
    (delivery,) = await harness.outbox.claim(NOON, 9)
    await harness.outbox.redirection.redirect(delivery, reason="10003", now=NOON)
    await harness.erasure.erase_server(SERVER, NOON)
    await open_direct_messages(harness.outbox, {ADA: DIRECT})
    (direct,) = await harness.outbox.claim(NOON, 9)
    assert (direct.destination.channel_id, direct.watchers) == (DIRECT.channel_id, (ADA,))


async def test_expired_deliveries_are_pruned(harness: ErasureHarness) -> None:
    """Sent and dropped notices go with their watches and tasks; the history stays."""
    await harness.watch("posted")
    await harness.watch("dropped", destination=THERE)
    await harness.end("posted", "dropped")
    for delivery in await harness.outbox.claim(NOON, 9):
        if delivery.task.id == "dropped":
            await harness.outbox.redirection.drop(delivery, reason="10003")
        else:
            await harness.outbox.acknowledge(delivery, message_id=1, now=NOON)
    await harness.database.write("DELETE FROM live_cards", [])
    before = await harness.rows()
    await Retention(harness.database).prune(NOON + RETENTION_PERIOD)
    assert await harness.rows() == before
    await Retention(harness.database).prune(NOON + RETENTION_PERIOD + 1)
    gone = {"tasks", "watches", "deliveries"}
    assert await harness.rows() == {name: n for name, n in before.items() if name not in gone}
    assert await harness.history_ids(HistoryScope(ADA)) == ["dropped", "posted"]


async def test_undelivered_notices_are_never_pruned(harness: ErasureHarness) -> None:
    """Running tasks and due, sending and held notices stay, however old they are."""
    await harness.watch("held", destination=DIRECT)
    await harness.end("held")
    await harness.hold()
    await harness.watch("sending", destination=THERE)
    await harness.end("sending")
    assert await harness.outbox.claim(NOON, 9)
    await harness.watch("due", BEA)
    await harness.end("due")
    await harness.watch("running", BEA)
    before = await harness.rows()
    await Retention(harness.database).prune(NOON + 100 * RETENTION_PERIOD)
    assert await harness.rows() == before


async def test_a_task_that_runs_again_is_not_pruned(harness: ErasureHarness) -> None:
    """Only its expired notice is deleted."""
    await harness.watch("song")
    await harness.end("song", end_reason=EndReason.GAVE_UP)
    await harness.post()
    await harness.watch("song")
    await Retention(harness.database).prune(NOON + RETENTION_PERIOD + 1)
    rows = await harness.rows()
    assert (rows["tasks"], rows["watches"]) == (1, 1)
    assert "deliveries" not in rows


async def test_all_servers_with_stored_data_are_listed(harness: ErasureHarness) -> None:
    """Rows of any table count, and none is listed after its erasure."""
    await harness.watch("song")
    await harness.watch("directly", destination=DIRECT)
    await harness.watch("there", destination=THERE)
    await harness.database.write("DELETE FROM watches WHERE guild_id = 60", [])  # a card is left
    await harness.database.write(
        "INSERT INTO server_settings (guild_id, settings) VALUES (70, '{}')", []
    )
    assert await harness.erasure.stored_server_ids() == {50, 60, 70}
    await harness.end("song")
    await harness.database.write("DELETE FROM live_cards WHERE guild_id = 50", [])
    assert await harness.erasure.stored_server_ids() == {50, 60, 70}
    for guild_id in (50, 60, 70):
        await harness.erasure.erase_server(guild_id, NOON)
    assert await harness.erasure.stored_server_ids() == set()


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
    interaction = await sandbox.discord.command(user, channel, "suno watch", id=task_id)
    await interaction.wait_for_answer()


def database_in(folder: Path) -> Path:
    """Return the database file of a bot that has stopped."""
    (path,) = folder.glob("**/*.db")
    return path


def values_in(folder: Path) -> list[Any]:
    """Return every value of every table of a bot that has stopped."""
    with closing(sqlite3.connect(database_in(folder))) as database:
        tables = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return [
            value
            for (table,) in tables
            for row in database.execute(f"SELECT * FROM {table}")  # noqa: S608 # names of ours
            for value in row
        ]


async def test_an_erasure_has_to_be_confirmed(sandbox: SandboxSession) -> None:
    """The question lists what is deleted and what stays, and only the user sees it."""
    await watch(sandbox, "song", sandbox.ada, sandbox.songs)
    question = await sandbox.command_answer("suno forget")
    assert question.ephemeral
    assert ENGLISH.text("forget-running", count=1) in question.content
    assert "What stays" in question.content
    await sandbox.discord.press(sandbox.ada, question, button(question, "Keep it"))
    await sandbox.discord.wait_for(lambda: "Nothing was deleted" in question.content, 120)
    assert question.components == []
    assert "song" in str((await sandbox.command_answer("suno list")).embeds)


async def test_an_erasure_without_data_needs_no_confirmation(sandbox: SandboxSession) -> None:
    """The reply says that nothing is stored."""
    answer = await sandbox.command_answer("suno forget")
    assert answer.content == ENGLISH.text("forget-nothing")
    assert answer.components == []


async def test_an_erased_user_is_nowhere_in_the_database(tmp_path: Path) -> None:
    """The button also works after a restart, and while watches and notices are pending."""
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
            await sandbox.discord.wait_for(lambda: "forgotten" in question.content, 120)
            assert question.components == []
        await sandbox.discord.wait_until_disconnected()
    values = values_in(tmp_path)
    assert sandbox.ada.id not in values
    assert direct.id not in values
    assert "one" in values  # in the server's history
    assert "two" not in values


async def test_only_the_user_can_confirm_the_erasure(sandbox: SandboxSession) -> None:
    """A button press of another user is refused."""
    await watch(sandbox, "song", sandbox.ada, sandbox.songs)
    question = await sandbox.command_answer("suno forget")
    buttons = [each for row in question.components for each in row["components"]]
    for each in buttons:
        each["custom_id"] = each["custom_id"].replace(str(sandbox.ada.id), str(sandbox.bea.id))
    for label in ("Delete it all", "Keep it"):
        pressed = await sandbox.discord.press(sandbox.ada, question, button(question, label))
        assert "Only the person" in (await pressed.wait_for_answer()).content
    assert "song" in str((await sandbox.command_answer("suno list")).embeds)


async def test_a_server_that_removes_the_bot_is_erased(tmp_path: Path) -> None:
    """Its watches and pending notices are deleted."""
    async with open_sandbox(tmp_path) as sandbox:
        async with running_bot(sandbox):
            await watch(sandbox, "ended", sandbox.ada, sandbox.songs)
            sandbox.relay.clock.advance(200)
            await sandbox.wait_for_notice("ended")
            await watch(sandbox, "running", sandbox.ada, sandbox.songs)
            sandbox.guild.remove_bot()
            await until_no_watch_is_left(sandbox)
        await sandbox.discord.wait_until_disconnected()
    values = values_in(tmp_path)
    assert sandbox.guild.id not in values
    assert sandbox.songs.id not in values
    assert "running" not in values


async def test_a_server_that_removed_the_offline_bot_is_erased_after_a_day(
    tmp_path: Path,
) -> None:
    """A restart does not shorten the day, and a server with an outage is kept."""
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
            await until_departure_recorded(tmp_path, sandbox.guild.id)
        await sandbox.discord.wait_until_disconnected()
        assert "here" in values_in(tmp_path)
        with closing(sqlite3.connect(database_in(tmp_path))) as database, database:
            database.execute("UPDATE departed_servers SET missing_since = missing_since - 86400")
        async with running_bot(sandbox):
            await until_unwatched(sandbox.songs, sandbox)
        await sandbox.discord.wait_until_disconnected()
    values = values_in(tmp_path)
    assert sandbox.guild.id not in values
    assert sandbox.songs.id not in values
    assert other.id in values
    assert "elsewhere" in values


async def test_expired_rows_are_pruned_at_start(tmp_path: Path) -> None:
    """The history of what was delivered a month ago stays."""
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


async def test_an_erasure_succeeds_without_a_connection_to_discord(tmp_path: Path) -> None:
    """The connection is cut while the direct message is opened; the rest is deleted."""
    async with open_sandbox(tmp_path) as sandbox:
        async with running_bot(sandbox):
            await watch(sandbox, "song", sandbox.ada, sandbox.songs)
            question = await sandbox.command_answer("suno forget")
            sandbox.discord.faults.add("POST /users/@me/channels", drop=True)
            await sandbox.discord.press(sandbox.ada, question, button(question, "Delete it all"))
            await sandbox.discord.wait_for(lambda: "forgotten" in question.content, 120)
        await sandbox.discord.wait_until_disconnected()
    assert sandbox.ada.id not in values_in(tmp_path)


async def until_departure_recorded(folder: Path, guild_id: int) -> None:
    """Wait until the bot has recorded that it is no longer in a server."""
    async with asyncio.timeout(120):
        while True:
            with closing(sqlite3.connect(database_in(folder))) as database:
                noted = database.execute("SELECT guild_id FROM departed_servers").fetchall()
            if noted == [(guild_id,)]:
                return
            await asyncio.sleep(0.05)


async def until_unwatched(channel: Channel, sandbox: SandboxSession) -> None:
    """Wait until Ada has no watch in a channel."""
    direct = sandbox.discord.open_dm(sandbox.ada)
    async with asyncio.timeout(120):
        while True:
            interaction = await sandbox.discord.command(sandbox.ada, direct, "suno list")
            if f"<#{channel.id}>" not in str((await interaction.wait_for_answer()).embeds):
                return
            await asyncio.sleep(0.1)


async def until_no_watch_is_left(sandbox: SandboxSession) -> None:
    """Wait until Ada has no watch."""
    direct = sandbox.discord.open_dm(sandbox.ada)
    async with asyncio.timeout(120):
        watches = True
        while watches:
            interaction = await sandbox.discord.command(sandbox.ada, direct, "suno list")
            watches = bool((await interaction.wait_for_answer()).embeds)


async def test_an_outage_of_a_server_erases_nothing(sandbox: SandboxSession) -> None:
    """Its notices are posted after the outage."""
    await watch(sandbox, "song", sandbox.ada, sandbox.songs)
    sandbox.guild.start_outage()
    sandbox.guild.end_outage()
    assert "song" in str((await sandbox.command_answer("suno list")).embeds)
    sandbox.relay.clock.advance(200)
    await sandbox.wait_for_notice("song")


async def test_the_database_of_another_bot_is_not_erased(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A start with the wrong token does not delete data of servers that its bot is not in."""
    async with open_sandbox(tmp_path) as sandbox:
        async with running_bot(sandbox):
            await watch(sandbox, "running", sandbox.ada, sandbox.songs)
        await sandbox.discord.wait_until_disconnected()
        with closing(sqlite3.connect(database_in(tmp_path))) as database, database:
            name = "application that this database belongs to"
            database.execute("INSERT OR REPLACE INTO key_values VALUES (?, 'another')", [name])
        sandbox.guild.remove_bot()
        direct = sandbox.discord.open_dm(sandbox.ada)
        async with running_bot(sandbox), asyncio.timeout(120):
            while "Database of another bot" not in caplog.text:
                await watch(sandbox, "again", sandbox.ada, direct)
        await sandbox.discord.wait_until_disconnected()
    assert "running" in values_in(tmp_path)


def bytes_in(folder: Path) -> bytes:
    """Return the contents of all files of a folder."""
    return b"".join(file.read_bytes() for file in folder.iterdir())


@pytest.mark.sqlite_only
@pytest.mark.parametrize("first", ["erase_user", "purge"])
async def test_deleted_texts_are_in_none_of_the_files(tmp_path: Path, first: str) -> None:
    """Neither the write-ahead log nor free pages hold them, in any order of erasures."""
    async with DatabaseThread(location(tmp_path / "suno.db")) as database:
        harness = ErasureHarness(database)
        tasks = [f"secret-task-{number}" for number in range(50)]
        for task_id in tasks:
            await harness.watch(task_id)
        await harness.end(*tasks)
        await harness.post()
        assert b"secret-task" in bytes_in(tmp_path)
        assert b"Paper Boats" in bytes_in(tmp_path)
        if first == "erase_user":
            await harness.erase_user()
        await harness.erasure.erase_server(HERE.guild_id or 0, NOON)
        await harness.erase_user()
        left = bytes_in(tmp_path)
        assert b"secret-task" not in left
        assert b"Paper Boats" not in left
