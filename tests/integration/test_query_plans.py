"""No statement of the storage layer scans a large table, whatever SQLite knows about its contents.

The statements are those that the connections of a real database run while one of everything is
watched, polled, delivered, read and deleted; SQLite explains each of them.
"""

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.encryption import Cipher, parse_keys
from bot.relay.models import TaskKind
from bot.storage.database import DatabaseThread
from bot.storage.erasure import Erasure
from bot.storage.history import History
from bot.storage.live_cards import LiveCards
from bot.storage.models import AccountOwner, Caller, HistoryScope, ShardGuilds, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.queue_statistics import QueueStatistics
from bot.storage.relay_accounts import RelayAccountStore
from bot.storage.retention import RETENTION_PERIOD, DepartedServers, Retention
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.tasks import TaskStore
from bot.storage.user_settings import UserSettingsStore
from bot.storage.watch_store import WatchStore
from bot.storage.watches import NoticeStates
from sandbox.bot_process import ENCRYPTION_KEY
from tests.support.builders import NOON, a_running_task, a_song, connect_account
from tests.support.databases import sqlite_of
from tests.support.released_schema import (
    ADA,
    ADAS,
    BEA,
    FORUM,
    RELAY,
    SERVER,
    SONGS,
    ScenarioParts,
    fill,
)

LARGE = {
    *("tasks", "watches", "deliveries", "delivery_tasks", "live_cards", "live_card_tasks"),
    *("history", "server_history", "user_history", "requested_messages"),
}
"""The tables that grow with what is watched."""

MAY_SCAN = {
    "SELECT * FROM tasks LIMIT": "reads one row",
    "SELECT ? FROM live_cards LIMIT": "reads one row",
    "SELECT count(*) FROM live_cards": "at most every 15 s, and an index alone",
    "SELECT min(c.id) AS id FROM live_cards": "cards live as long as their tasks run",
    "WITH stale AS ( SELECT c.*": "compares every card with its tasks, and there is one per song",
    "UPDATE live_cards SET unconfirmed_since": "once, after the clock was set back",
    "UPDATE live_cards SET state": "once, when the bot starts",
    "DELETE FROM forums WHERE channel_id NOT IN": "once a day",
    "SELECT guild_id FROM watches WHERE guild_id": "once for each shard, when Discord lists it",
    "DELETE FROM live_cards WHERE guild_id": "when a person or a server is forgotten",
    "DELETE FROM deliveries WHERE": "when a person or a server is forgotten",
    "DELETE FROM watches WHERE guild_id": "when a server is forgotten",
    "UPDATE watches SET guild_id": "when a server is forgotten",
    "DELETE FROM requested_messages WHERE guild_id": "when a server is forgotten",
    "SELECT DISTINCT account, task_id FROM": "when a server is forgotten",
}
"""How statements begin that may scan large tables, and why."""

_LITERAL = re.compile(r"'(?:[^']|'')*'|x'[0-9a-f]*'|\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b|NULL", re.I)
_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?$")
_TABLE = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?", re.I)


class Statements:
    """The statements that connections ran, one of each form."""

    def __init__(self) -> None:
        self._by_form: dict[str, str] = {}

    def record(self, sql: str) -> None:
        """Record a statement; SQLite writes the values into it. Triggers are comments."""
        if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", sql):
            form = " ".join(_LITERAL.sub("?", sql).split())
            self._by_form.setdefault(form, sql)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._by_form.items())

    def __len__(self) -> int:
        return len(self._by_form)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Statements]:
    """Return the statements that are run on a database, and a copy from before its erasure."""
    folder, statements = tmp_path_factory.mktemp("ran"), Statements()
    asyncio.run(run_everything(folder / "suno.db", folder / "copy.db", statements))
    return folder / "copy.db", statements


async def run_everything(path: Path, copy: Path, statements: Statements) -> None:
    """Fill a database, work with it, copy it, and delete what is in it."""
    async with DatabaseThread(path) as database:
        await database.run(lambda db: sqlite_of(db).conn.set_trace_callback(statements.record))
        await database.view(lambda db: sqlite_of(db).conn.set_trace_callback(statements.record))
        await fill(database)
        await work(database)
        await look(database)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        await forget(database)


async def work(database: DatabaseThread) -> None:
    """Poll, deliver, and update live cards; manage relay accounts."""
    outbox = Outbox(database)
    tasks, cards = TaskStore(database, outbox, RELAY), LiveCards(database)
    await tasks.due_tasks(NOON + 99, 100, exclude=["told"])
    await tasks.next_poll_at(NOON)
    await tasks.last_answer_at()
    await tasks.handle_clock_rollback(NOON, longest_wait=60, deadline=86400)
    parts = ScenarioParts(database)
    for number, user_id in enumerate((ADA, ADA, BEA)):
        await tasks.add_finished(a_song(f"joined-{number}"), WatchRequest(user_id, SONGS), NOON)
    await tasks.join_notice("told", WatchRequest(9, SONGS, mention=True), NOON + 61)
    await parts.watch("watched-later", ADA, BEA)
    await outbox.recover(NOON + 70)
    for delivery in await outbox.claim(NOON + 99, 100):
        await outbox.other_message_ids(delivery, 0)
        await outbox.task_of(delivery.id)
        await outbox.task_of_message(delivery.id, 1, {delivery.destination.channel_id})
        await outbox.postpone(
            delivery,
            until=NOON + 100,
            reason="503",
            message_format=delivery.message_format,
            unconfirmed=True,
        )
    for delivery in await outbox.claim(NOON + 101, 100):
        await outbox.acknowledge(delivery, message_id=1, now=NOON + 101)
    await outbox.next_at()
    await outbox.handle_clock_rollback(NOON, longest_wait=60, longest_hold=600, seen=True)
    await outbox.blocked_channels.in_server(SERVER)
    await cards.create(FORUM, [], NOON, user_id=ADA)
    for card in await cards.claim(NOON, 10):
        await cards.acknowledge(card, 5)
    await cards.has_any()
    for card in await cards.due_for_update(NOON + 999, min_interval=1, limit=9):
        await cards.record_update(card, "digest")
    await cards.recover()
    await cards.handle_clock_rollback()
    accounts = RelayAccountStore(database, outbox)
    for owner in (AccountOwner(guild_id=SERVER), AccountOwner(user_id=ADA)):
        account = await connect_account(accounts, owner, Cipher(parse_keys(ENCRYPTION_KEY)))
        await accounts.set_rejected(account, NOON)
        await accounts.set_told(account, NOON)
        of_account = TaskStore(database, outbox, account.id)
        await of_account.add_watch(
            a_running_task("at-an-account"),
            WatchRequest(BEA, SONGS),
            NOON,
            known=True,
            deadline=86400,
        )
        await accounts.watch_count(owner)
    await accounts.untold(5)
    await accounts.running_tasks()


async def look(database: DatabaseThread) -> None:
    """Read everything that people and operators can see, and stop watching something."""
    outbox = Outbox(database)
    watches, history = WatchStore(database, outbox), History(database, RELAY)
    await watches.watches_of(ADA)
    await watches.watched_ids(ADA)
    await watches.watched_tasks(["running", "told"], user_id=ADA)
    await watches.known_ids(["running", "told", "unknown"])
    await watches.ended_task("told", Caller(ADA, SERVER, SONGS.channel_id), [RELAY])
    await watches.largest_group(["running"], FORUM.channel_id)
    await watches.close_group(77, user_id=BEA, channel_id=FORUM.channel_id, now=NOON + 99)
    await watches.remove("running", user_id=ADA, now=NOON, channel_id=ADAS.channel_id)
    await watches.remove("watched-later", user_id=BEA, now=NOON)
    await NoticeStates(database).latest(SONGS, ["told"])
    await outbox.undelivered_notices(ADA, NOON)
    own = HistoryScope(user_id=ADA)
    server = HistoryScope(user_id=ADA, guild_id=SERVER, visible=frozenset({SONGS.channel_id}))
    for scope in (own, server):
        for search in ("", "paper", "纸", "p", "paper 纸"):
            await history.page(scope, search)
            await History(database, RELAY, scan_limit=0).page(scope, search)
        await history.entry(scope, 1)
        await history.posted_notices(scope, ["told"])
    await history.duration_stats(RELAY, TaskKind.MUSIC)
    await history.suggestions(ADA, "boats")
    await history.suggestions(ADA, "", watched=True)
    statistics = QueueStatistics(database, RELAY)
    await statistics.count()
    await statistics.running_at_other_relays()
    await ServerSettingsStore(database).usage(SERVER)
    await UserSettingsStore(database).load()
    await Erasure(database).personal_data(ADA)
    await database.check()


async def forget(database: DatabaseThread) -> None:
    """Delete what expired, a person, an account, and two servers."""
    outbox, departed = Outbox(database), DepartedServers(database)
    await Retention(database).prune(NOON + RETENTION_PERIOD - 99)
    await RelayAccountStore(database, outbox).disconnect(AccountOwner(user_id=ADA), NOON)
    await Erasure(database).erase_user(ADA, ADAS.channel_id, NOON)
    await departed.compare(ShardGuilds(0, 1, frozenset()), NOON)
    await departed.erase_overdue(NOON + 99_999)
    await Erasure(database).erase_server(SERVER, NOON)
    await Retention(database).prune(NOON + 2 * RETENTION_PERIOD)


def enlarge(connection: sqlite3.Connection) -> None:
    """Copy the rows of large tables under other ids and times, and let SQLite count them."""
    changes = {"id": "NULL", "task_id": "task_id || '-' || n"}
    ids = ("user_id", "channel_id", "guild_id", "group_id", "delivery_id", "card_id", "entry_id")
    times = ("ended_at", "sent_at", "created_at", "due_at", "next_poll_at", "requested_at")
    changes |= {column: f"{column} + n" for column in (*ids, *times)}
    for table in sorted(LARGE):
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info ({table})")]
        values = ", ".join(changes.get(each, each) for each in columns)
        connection.execute(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers"  # noqa: S608 # names of ours
            f" WHERE n < 400) INSERT OR IGNORE INTO {table} ({', '.join(columns)})"
            f" SELECT {values} FROM {table}, numbers"
        )
    connection.execute("ANALYZE")
    connection.commit()


def scans(connection: sqlite3.Connection, statements: Statements) -> dict[str, list[str]]:
    """Return the statements that scan a large table, and these steps of their plans.

    An index that has only some of the rows may be read from its beginning.
    """
    partial = {
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE '% WHERE %'"
        )
    }
    views = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'view'"))
    found: dict[str, list[str]] = {}
    for form, sql in statements:
        text = sql + "".join(view for name, view in views.items() if name in sql)
        for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}"):
            scanned = _SCAN.match(step)
            if not scanned or scanned[2] in partial:
                continue
            if any(scanned[1] in names and names[0] in LARGE for names in _TABLE.findall(text)):
                found.setdefault(form, []).append(step)
    return found


@pytest.mark.parametrize("is_analyzed", [False, True], ids=["unknown sizes", "known sizes"])
def test_large_tables_are_searched_by_an_index(
    ran: tuple[Path, Statements], is_analyzed: bool
) -> None:
    """Whether or not SQLite has counted the rows, which decides what it expects of an index."""
    path, statements = ran
    assert len(statements) > 150
    with closing(sqlite3.connect(path)) as connection:
        if is_analyzed:
            enlarge(connection)
    with closing(sqlite3.connect(path)) as connection:
        found = scans(connection, statements)
    assert {form: steps for form, steps in found.items() if not _may_scan(form)} == {}
    assert [each for each in MAY_SCAN if not any(form.startswith(each) for form in found)] == []


def _may_scan(form: str) -> bool:
    return any(form.startswith(each) for each in MAY_SCAN)
