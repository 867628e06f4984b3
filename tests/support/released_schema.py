"""Writes the database of a release to a file, by which tests check that later versions read it.

``python -m tests.support.released_schema`` creates a database with the current code that has one of
everything (running tasks, notices in every state, cards, a history, settings, relay accounts), and
writes it to ``tests/schemas/<version>.sql``. A release does this once; an existing file is never
changed, and neither is the ``ENCRYPTION_KEY`` of the sandbox, which decrypts the accounts in it.

The dump is SQL. It has the full-text index as the rows of its shadow tables, unchanged, so that a
later version opens exactly what the release wrote.
"""

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from bot import __version__
from bot.encryption import Cipher, parse_keys
from bot.relay.creation import CreationKind, CreationRequest, Submission
from bot.relay.models import Task
from bot.storage.creations import CreationStore
from bot.storage.database import DatabaseThread
from bot.storage.key_value import KeyValueStore
from bot.storage.live_cards import LiveCards
from bot.storage.models import (
    AccountOwner,
    Delivery,
    Destination,
    EndReason,
    NewCreation,
    PollResult,
    WatchGroup,
    WatchRequest,
)
from bot.storage.outbox import Outbox
from bot.storage.relay_accounts import RelayAccountStore
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.tasks import TaskStore
from bot.storage.user_settings import UserSettingsStore
from sandbox.bot_process import ENCRYPTION_KEY
from sandbox.relay.server import KEY
from tests.support.builders import (
    NOON,
    a_clip,
    a_failure,
    a_lyrics_task,
    a_running_task,
    a_song,
    connect_account,
    keys_of,
    open_direct_messages,
)
from tests.support.paths import SCHEMAS

RELAY = "custom"
ADA, BEA = 1, 2
SERVER = 50
SONGS = Destination(500, SERVER)
CLOSED = Destination(501, SERVER, "zh-CN")
GONE = Destination(502, SERVER)
FORUM = Destination(503, SERVER, forum=True)
ADAS, BEAS = Destination(701), Destination(702)
"""Direct messages."""

BOATS = a_clip(title="Paper Boats", lyrics="[Verse]\nPaper boats on a rainy street")
RIVER = a_clip(id="clip-2", title="河上纸船", style="民谣", lyrics="[主歌]\n纸船漂过长长的河")


class ScenarioParts:
    """The parts of a bot on one database; the time is noon."""

    def __init__(self, database: DatabaseThread, account: str = RELAY) -> None:
        self.outbox = Outbox(database)
        self.store = TaskStore(database, self.outbox, account)
        self.cards = LiveCards(database)
        self.creations = CreationStore(database, self.outbox, self.cards)
        self.settings = ServerSettingsStore(database)
        self.key_values = KeyValueStore(database)

    async def watch(
        self,
        task: str | Task,
        *users: int,
        destination: Destination = SONGS,
        mention: bool = True,
        group_id: int | None = None,
    ) -> None:
        """Let users watch a task in a channel, one after the other."""
        task = a_running_task(task) if isinstance(task, str) else task
        for user in users:
            await self.store.add_watch(
                task,
                WatchRequest(user, destination, mention=mention, group=WatchGroup(group_id)),
                NOON,
                known=task.kind is not None,
                deadline=86400,
            )

    async def end(self, task: Task, end_reason: EndReason = EndReason.FINISHED) -> None:
        """Let a watched task end a minute later."""
        answer = None if end_reason is EndReason.NOT_FOUND else task
        seen = PollResult(task.id, next_poll_at=NOON + 60, task=answer, end_reason=end_reason)
        await self.store.record([seen], NOON + 60)

    async def claim(self) -> Delivery:
        """Claim the one delivery that is due."""
        (delivery,) = await self.outbox.claim(NOON + 60, 10)
        return delivery

    async def post(self, message_id: int) -> None:
        """Post the one delivery that is due."""
        await self.outbox.acknowledge(await self.claim(), message_id=message_id, now=NOON + 61)


async def create_scenario(path: Path) -> None:
    """Create a database with one of everything, as a killed bot leaves it."""
    async with DatabaseThread(path) as database:
        await fill(database)


async def fill(database: DatabaseThread) -> None:
    """Fill an empty database with one of everything."""
    parts = ScenarioParts(database)
    await _leave_posted(parts)
    await _leave_accounts(database)
    await _leave_unposted(parts)
    await _leave_unfinished(parts)
    await _leave_group(parts)
    await _leave_creations(parts)
    await parts.settings.change(SERVER, language="zh-CN", uploads=True)
    await parts.settings.claim_welcome(SERVER, NOON)
    await UserSettingsStore(database).set_language(ADA, "zh-CN")
    await parts.key_values.write("a note", "kept")


async def _leave_posted(parts: ScenarioParts) -> None:
    """Add a posted notice: the history of a server and of two users."""
    await parts.watch("told", ADA, BEA)
    await parts.end(a_song("told", clips=(BOATS, RIVER)))
    await parts.post(9001)


async def _leave_accounts(database: DatabaseThread) -> None:
    """Add an account of the server and one of Bea, each with a running and a posted task."""
    cipher = Cipher(parse_keys(ENCRYPTION_KEY))
    accounts = RelayAccountStore(database, Outbox(database))
    server, beas = AccountOwner(guild_id=SERVER), AccountOwner(user_id=BEA)
    for owner, name, destination in ((server, "servers", SONGS), (beas, "beas", BEAS)):
        account = await connect_account(accounts, owner, cipher, connected_by=BEA, key=KEY)
        parts = ScenarioParts(database, account.id)
        await parts.watch(f"{name}-told", BEA, destination=destination)
        await parts.end(a_song(f"{name}-told"))
        await parts.post(9004)
        await parts.watch(f"{name}-running", BEA, destination=destination)


async def _leave_unposted(parts: ScenarioParts) -> None:
    """Add a blocked channel, with the message about it, and a channel that is gone."""
    await parts.watch("held", ADA, destination=CLOSED)
    await parts.end(a_lyrics_task("held"))
    await parts.outbox.blocked_channels.block(
        await parts.claim(), until=NOON + 660, reason="403/50013", now=NOON + 60
    )
    await open_direct_messages(parts.outbox, {ADA: ADAS}, NOON + 60)
    await parts.post(9002)  # the message about the held notice
    await parts.watch("moved", BEA, destination=GONE)
    await parts.end(a_song("moved"))
    await parts.outbox.redirection.redirect(await parts.claim(), reason="404/10003", now=NOON + 60)
    await open_direct_messages(parts.outbox, {BEA: BEAS}, NOON + 60)


async def _leave_unfinished(parts: ScenarioParts) -> None:
    """Add running tasks, a delivery in ``sending``, and one that waits for it."""
    await parts.watch("running", ADA)
    await parts.watch("running", BEA, mention=False)
    await parts.watch("running", ADA, destination=ADAS)
    await parts.watch(Task("stranger", status=a_running_task().status), BEA)
    card = await parts.cards.create(
        SONGS, keys_of("running", "stranger", account=RELAY), NOON, user_id=ADA, claimed=True
    )
    if card is not None:
        await parts.cards.acknowledge(card, 9003)
    for task_id in ("sending", "due"):
        await parts.watch(task_id, ADA)
        await parts.end(a_failure(task_id))
    await parts.outbox.claim(NOON + 60, 1)
    await parts.watch("lost", BEA, destination=BEAS)
    await parts.end(a_running_task("lost"), EndReason.NOT_FOUND)


async def _leave_group(parts: ScenarioParts) -> None:
    """Add a task that has ended and waits for another one of its group, which is a forum's."""
    for task_id in ("collected", "running"):
        await parts.watch(task_id, BEA, destination=FORUM, group_id=77)
    await parts.end(a_song("collected"))


async def _leave_creations(parts: ScenarioParts) -> None:
    """Add requests to create: one in the queue, one that is being sent, and one that runs."""
    await parts.settings.change(SERVER, creation=True)
    request = CreationRequest(CreationKind.CUSTOM, title="Harbour", lyrics="Boats", model="chirp")
    for position in range(3):
        new = NewCreation(
            RELAY, request, BEA, BEAS, SERVER, now=NOON + position, deadline=86400, has_card=False
        )
        await parts.creations.add(new)
    chosen = await parts.creations.choose_due(NOON + 2, 2)
    running, _ = [await parts.creations.claim(each) for each in chosen]
    assert running
    await parts.creations.accept(running, Submission(("created",)), NOON + 3)


def dump(path: Path) -> str:
    """Return a database as SQL.

    The rows of virtual tables are omitted: the shadow tables have them.
    """
    with closing(sqlite3.connect(path)) as connection:
        virtual = connection.execute(
            "SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE%'"
        )
        virtual_rows = tuple(f'INSERT INTO "{name}" VALUES' for (name,) in virtual)
        return "".join(
            f"{sql}\n" for sql in connection.iterdump() if not sql.startswith(virtual_rows)
        )


def build(sql: str, path: Path) -> None:
    """Create a database from what ``dump`` returned."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)


def replace_ids(path: Path, column: str, ids: dict[int, int]) -> None:
    """Replace the ids in a column, in every table that has the column."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute(
            "SELECT t.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c"
            " WHERE t.schema = 'main' AND t.type = 'table' AND c.name = ?",
            [column],
        ).fetchall()
        for (table,) in tables:
            for old, new in ids.items():
                sql = f'UPDATE "{table}" SET {column} = ? WHERE {column} = ?'  # noqa: S608 # names of ours
                connection.execute(sql, [new, old])
        connection.commit()


def main() -> None:
    """Write the file of this version, unless it exists."""
    target = SCHEMAS / f"{__version__}.sql"
    if target.exists():
        sys.exit(f"{target.name} exists already; the database of a release is not written again.")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "suno.db"
        asyncio.run(create_scenario(path))
        target.write_text(dump(path), encoding="utf-8")
    sys.stdout.write(f"Written: {target.name}. Commit it with the release.\n")


if __name__ == "__main__":
    main()
