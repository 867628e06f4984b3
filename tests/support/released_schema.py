"""What a release leaves behind in a database, kept so that every later version can read it.

``python -m tests.support.released_schema`` runs the code at hand through one of everything (a task
that runs, notices in every state, cards, a history, settings) and writes the database that this
leaves to ``tests/schemas/<version>.sql``. A release does it once; a file that is there is never
changed.

The dump is SQL. The full-text index comes along as the rows of its inner tables, bit for bit, so
that what a later version opens is what that release wrote.
"""

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from bot import __version__
from bot.relay.models import Task
from bot.storage.database import DatabaseThread
from bot.storage.key_value import KeyValueStore
from bot.storage.live_cards import LiveCards
from bot.storage.models import Delivery, Destination, EndReason, PollResult
from bot.storage.outbox import Outbox
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.tasks import TaskStore
from tests.support.builders import (
    NOON,
    a_clip,
    a_failure,
    a_lyrics_task,
    a_running_task,
    a_song,
    open_directs,
)
from tests.support.paths import SCHEMAS

RELAY = "custom"
ADA, BEA = 1, 2
SERVER = 50
SONGS = Destination(500, SERVER)
CLOSED = Destination(501, SERVER, "zh-CN")
GONE = Destination(502, SERVER)
ADAS, BEAS = Destination(701), Destination(702)
"""Direct messages."""

BOATS = a_clip(title="Paper Boats", lyrics="[Verse]\nPaper boats on a rainy street")
RIVER = a_clip(id="clip-2", title="河上纸船", style="民谣", lyrics="[主歌]\n纸船漂过长长的河")


class Life:
    """A bot's parts on one database, at noon."""

    def __init__(self, database: DatabaseThread) -> None:
        self.outbox = Outbox(database)
        self.store = TaskStore(database, self.outbox, RELAY)
        self.cards = LiveCards(database, RELAY)
        self.settings = ServerSettingsStore(database)
        self.notes = KeyValueStore(database)

    async def watch(
        self, task: str | Task, *people: int, destination: Destination = SONGS, mention: bool = True
    ) -> None:
        """Let people watch a task in a place, one after the other."""
        task = a_running_task(task) if isinstance(task, str) else task
        for person in people:
            await self.store.add_watch(
                task,
                known=task.kind is not None,
                user_id=person,
                destination=destination,
                now=NOON,
                deadline=86400,
                mention=mention,
            )

    async def end(self, task: Task, end_reason: EndReason = EndReason.FINISHED) -> None:
        """Let a watched task end a minute later."""
        answer = None if end_reason is EndReason.NOT_FOUND else task
        seen = PollResult(task.id, next_poll_at=NOON + 60, task=answer, end_reason=end_reason)
        await self.store.record([seen], NOON + 60)

    async def claim(self) -> Delivery:
        """Take the one delivery that is due."""
        (delivery,) = await self.outbox.claim(NOON + 60, 10)
        return delivery

    async def post(self, message_id: int) -> None:
        """Post the one delivery that is due."""
        await self.outbox.acknowledge(await self.claim(), message_id=message_id, now=NOON + 61)


async def live(path: Path) -> None:
    """Make a database that holds one of everything, as a bot leaves it that is killed."""
    async with DatabaseThread(path) as database:
        life = Life(database)
        await _tell(life)
        await _fail_to_tell(life)
        await _be_in_the_middle(life)
        await life.settings.change(SERVER, language="zh-CN", uploads=True)
        await life.notes.write("a note", "kept")


async def _tell(life: Life) -> None:
    """Leave a notice that was posted: the history of a server and of two people."""
    await life.watch("told", ADA, BEA)
    await life.end(a_song("told", clips=(BOATS, RIVER)))
    await life.post(9001)


async def _fail_to_tell(life: Life) -> None:
    """Leave a place that refuses everything, with a word about it, and one that is gone."""
    await life.watch("held", ADA, destination=CLOSED)
    await life.end(a_lyrics_task("held"))
    await life.outbox.blocked_channels.block(
        await life.claim(), until=NOON + 660, reason="403/50013", now=NOON + 60
    )
    await open_directs(life.outbox, {ADA: ADAS}, NOON + 60)
    await life.post(9002)  # the word about it
    await life.watch("moved", BEA, destination=GONE)
    await life.end(a_song("moved"))
    await life.outbox.redirection.redirect(await life.claim(), reason="404/10003", now=NOON + 60)
    await open_directs(life.outbox, {BEA: BEAS}, NOON + 60)


async def _be_in_the_middle(life: Life) -> None:
    """Leave what runs, what is being sent and what waits behind that."""
    await life.watch("running", ADA)
    await life.watch("running", BEA, mention=False)
    await life.watch("running", ADA, destination=ADAS)
    await life.watch(Task("stranger", status=a_running_task().status), BEA)
    card = await life.cards.create(SONGS, ["running", "stranger"], NOON, user_id=ADA, claimed=True)
    if card is not None:
        await life.cards.acknowledge(card, 9003)
    for task_id in ("sending", "due"):
        await life.watch(task_id, ADA)
        await life.end(a_failure(task_id))
    await life.outbox.claim(NOON + 60, 1)
    await life.watch("lost", BEA, destination=BEAS)
    await life.end(a_running_task("lost"), EndReason.NOT_FOUND)


def dump(path: Path) -> str:
    """Return a database as SQL.

    Without what virtual tables seem to hold: that is in their inner tables, which come along.
    """
    with closing(sqlite3.connect(path)) as connection:
        virtual = connection.execute(
            "SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE%'"
        )
        seeming = tuple(f'INSERT INTO "{name}" VALUES' for (name,) in virtual)
        return "".join(f"{sql}\n" for sql in connection.iterdump() if not sql.startswith(seeming))


def build(sql: str, path: Path) -> None:
    """Make a database out of what ``dump`` returned."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)


def main() -> None:
    """Write the file of this version, unless it is there."""
    target = SCHEMAS / f"{__version__}.sql"
    if target.exists():
        sys.exit(f"{target.name} is there already; what was released is not written anew.")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "suno.db"
        asyncio.run(live(path))
        target.write_text(dump(path), encoding="utf-8")
    sys.stdout.write(f"Written: {target.name}. Commit it with the release.\n")


if __name__ == "__main__":
    main()


def move(path: Path, column: str, ids: dict[int, int]) -> None:
    """Give a database the ids of another Discord, in every table that has them."""
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
