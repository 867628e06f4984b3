"""A database of every release there was is opened by today's code, which goes on from there."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from bot import __version__
from bot.storage.database import DatabaseThread
from bot.storage.database_errors import DatabaseTooNew
from bot.storage.history import History
from bot.storage.models import HistoryScope
from sandbox.bot_process import RELAY_HOSTS, BotProcess
from sandbox.relay import song
from tests.support.paths import ROOT, SCHEMAS
from tests.support.released_schema import (
    ADA,
    ADAS,
    BEA,
    BEAS,
    CLOSED,
    RELAY,
    SERVER,
    SONGS,
    build,
    create_scenario,
    dump,
    replace_ids,
)
from tests.support.sandbox_session import open_sandbox, running_bot

RELEASES = sorted(SCHEMAS.glob("*.sql"))

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(params=[*RELEASES, Path("next")], ids=lambda path: path.stem)
async def released(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a database as a release left it, or as the next one will."""
    path = tmp_path / "suno.db"
    if request.param in RELEASES:
        build(request.param.read_text(encoding="utf-8"), path)
    else:
        await create_scenario(path)
    return path


async def upgrade(path: Path) -> Path:
    """Open a database with today's code, and close it."""
    async with DatabaseThread(path):
        return path


def rows_of(path: Path) -> Rows:
    """Return every row of every table, also of the inner tables of the full-text index."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        names = [row["name"] for row in connection.execute(_TABLES)]
        return {
            name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')]  # noqa: S608 # a table's name
            for name in names
        }


def schema_of(path: Path) -> dict[str, str]:
    """Return what there is in a database and how it was made, line breaks and blanks aside."""
    with closing(sqlite3.connect(path)) as connection:
        made = connection.execute("SELECT type || ' ' || name, sql FROM sqlite_schema").fetchall()
    return {name: " ".join((sql or "").split()) for name, sql in made}


_TABLES = """
    SELECT name FROM pragma_table_list
    WHERE schema = 'main' AND type IN ('table', 'shadow') AND name != 'sqlite_schema'
"""


async def test_no_row_of_a_release_is_lost(released: Path) -> None:
    """Every row is there after the upgrade, with every value that it had.

    Only that a channel refuses everything is not told of each delivery any more, but once. The
    tasks of deliveries are in a table of their own. Of which relay a card is, its tasks tell.
    """
    before = rows_of(released)
    after = rows_of(await upgrade(released))
    tasks = {row["delivery_id"]: row for row in after["delivery_tasks"]}
    after["deliveries"] = [row | tasks[row["id"]] for row in after["deliveries"]]
    assert len(before["deliveries"]) >= 8
    for table, rows in before.items():
        if table.startswith("history_index"):
            continue  # how SQLite arranges it inside is no promise: see the search below
        columns = {"relay": "account"} | RENAMED_COLUMNS.get(table, {})
        for row in map(unblocked, rows):
            expected = {columns.get(name, name): value for name, value in row.items()}
            if RENAMED_TABLES.get(table, table) == "live_cards":
                expected.pop("account", None)
            if expected.get("purpose") == "word":
                expected["purpose"] = "held_notice"
            if table == "sqlite_sequence":
                expected["name"] = RENAMED_TABLES.get(row["name"], row["name"])
            kept = after[RENAMED_TABLES.get(table, table)]
            assert any(expected.items() <= each.items() for each in kept), f"{table}: {row}"


RENAMED_TABLES = {
    "subscriptions": "watches",
    "cards": "live_cards",
    "card_tasks": "live_card_tasks",
    "notified_people": "notified_users",
    "history_of_servers": "server_history",
    "history_of_people": "user_history",
    "notes": "key_values",
}

RENAMED_COLUMNS = {
    "tasks": {
        "ending": "end_reason",
        "answer": "task_json",
        "looked_at": "polled_at",
        "next_look_at": "next_poll_at",
        "began_at": "submitted_at",
    },
    "deliveries": {
        "ending": "end_reason",
        "answer": "task_json",
        "form": "message_format",
        "instead_of": "redirected_from",
        "repeat": "possible_duplicate",
        "in_doubt_since": "unconfirmed_since",
    },
    "history": {"ending": "end_reason", "answer": "task_json", "took": "duration"},
    "blocked_channels": {"since": "blocked_since", "next_try_at": "next_probe_at"},
    "cards": {
        "in_doubt_since": "unconfirmed_since",
        "touched_at": "marked_stale_at",
        "shown_at": "updated_at",
        "version": "shown_version",
        "look": "content_digest",
        "plain": "own_text_only",
    },
    "requested_messages": {"person": "user_hash", "channel": "channel_hash"},
    "relay_accounts": {"relay": "relay"},
}
"""What releases called otherwise."""


def unblocked(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without the columns that describe its channel."""
    blocked = row.pop("shut", 0)
    row.pop("told", None)
    return row | {"state": "due", "due_at": row["created_at"]} if blocked else row


async def test_what_a_release_held_for_its_channel_waits_for_it(released: Path) -> None:
    """With why and until when, and who was told of it."""
    before = rows_of(released)
    columns = RENAMED_COLUMNS["blocked_channels"]
    expected = [
        {columns.get(name, name): value for name, value in row.items()}
        for row in before.get("blocked_channels", [])
    ] or [
        {
            "channel_id": CLOSED.channel_id,
            "guild_id": SERVER,
            "locale": CLOSED.locale,
            "reason": held["reason"],
            "blocked_since": held["created_at"],
            "next_probe_at": held["due_at"],
        }
        for held in before["deliveries"]
        if held["shut"]
    ]
    after = rows_of(await upgrade(released))
    assert len(expected) == 1
    assert after["blocked_channels"] == expected
    assert after["notified_users"] == [{"channel_id": CLOSED.channel_id, "user_id": ADA}]


async def test_an_upgraded_schema_is_that_of_a_new_database(released: Path, tmp_path: Path) -> None:
    """Column by column, index by index: nobody has to know from which version a database came."""
    fresh = await upgrade(tmp_path / "fresh.db")
    assert schema_of(await upgrade(released)) == schema_of(fresh)


async def test_an_upgraded_database_is_sound(released: Path) -> None:
    """SQLite finds no fault in its pages, its references and its full-text index."""
    await upgrade(released)
    with closing(sqlite3.connect(released)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.execute(
            "INSERT INTO history_index (history_index, rank) VALUES ('integrity-check', 1)"
        )


@pytest.mark.parametrize("search", ["rainy street", "长长的河", "纸船", ""], ids=repr)
async def test_the_history_of_a_release_is_still_found(released: Path, search: str) -> None:
    """By words in any script; for the server, and for each who watched."""
    async with DatabaseThread(released) as database:
        history = History(database, RELAY)
        server = HistoryScope(ADA, SERVER, frozenset({SONGS.channel_id}))
        for scope in (server, HistoryScope(ADA), HistoryScope(BEA)):
            found = {entry.task.id for entry in (await history.page(scope, search)).entries}
            assert "told" in found


async def test_a_bot_of_today_goes_on_where_the_release_stopped(
    released: Path, tmp_path: Path
) -> None:
    """What ran is told, what was held, due or being sent is posted: each once, restarts or not.

    What was posted before the upgrade is not posted again. What waited in a forum that is gone is
    told directly. Tasks of connected accounts are looked up at their relay.
    """
    before = rows_of(released)
    collects = any(row["state"] == "collecting" for row in before["deliveries"])
    async with open_sandbox(tmp_path, rate_limit_speed=10) as sandbox:
        direct, beas = sandbox.discord.open_dm(sandbox.ada), sandbox.discord.open_dm(sandbox.bea)
        replace_ids(released, "user_id", {ADA: sandbox.ada.id, BEA: sandbox.bea.id})
        replace_ids(released, "guild_id", {SERVER: sandbox.guild.id})
        places = {SONGS: sandbox.songs, CLOSED: sandbox.lyrics, ADAS: direct, BEAS: beas}
        replace_ids(released, "channel_id", {old.channel_id: new.id for old, new in places.items()})
        owed = [
            *(("running", sandbox.songs), ("running", direct), ("stranger", sandbox.songs)),
            *(("held", sandbox.lyrics), ("moved", beas), ("lost", beas)),
            *(("sending", sandbox.songs), ("due", sandbox.songs)),
        ]
        if before.get("relay_accounts"):
            owed += [("servers-running", sandbox.songs), ("beas-running", beas)]
        for task_id in ("running", "stranger", "servers-running", "beas-running"):
            sandbox.relay.add(song(task_id, takes=1))
        sandbox.relay.clock.advance(10)
        hosts = {host: URL(sandbox.relay.base_url).port or 0 for host in RELAY_HOSTS}
        async with running_bot(sandbox, relay_hosts=hosts):
            for task_id, channel in owed:
                await sandbox.wait_for_notice(task_id, channel)
            if collects:  # alone, or with the rest of its group if that has ended in time
                await sandbox.discord.wait_for(
                    lambda: [each for each in beas.messages if "<#503>" in each.content]
                )
        async with running_bot(sandbox):
            sandbox.relay.add(song("later", takes=1))
            sandbox.relay.clock.advance(10)
            await sandbox.command_answer("suno watch", id="later")
            await sandbox.wait_for_notice("later")
        for task_id, channel in owed:
            assert len(sandbox.notices(task_id, channel)) == 1, task_id
        assert not sandbox.notices("told")
        assert not sandbox.notices("servers-told")
        assert not sandbox.notices("beas-told", beas)
        assert not sandbox.notices("moved")
        (running,) = sandbox.notices("running")
        assert sandbox.ada.mention in running.content
        assert sandbox.bea.mention not in running.content  # who asked to be told quietly


def make_newer(path: Path) -> bytes:
    """Let a later version take a step on a database that today's code does not know."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('suno-bot', 'm999_of_tomorrow', '')"
        )
        connection.commit()
    return path.read_bytes()


def changed(path: Path, before: bytes) -> bool:
    """Whether a file is not as it was."""
    return path.read_bytes() != before


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    """To run upon what one does not understand would break promises; not a byte changes."""
    path = await upgrade(tmp_path / "suno.db")
    before = make_newer(path)
    with pytest.raises(DatabaseTooNew, match="m999_of_tomorrow"):
        async with DatabaseThread(path):
            pass
    assert not changed(path, before)


async def test_the_operator_of_a_newer_database_is_told_what_to_do(tmp_path: Path) -> None:
    """With exit code 2, so that nothing starts the old version again and again."""
    make_newer(await upgrade(tmp_path / "suno.db"))
    async with open_sandbox(tmp_path, rate_limit_speed=10) as sandbox:
        bot = BotProcess(tmp_path, sandbox.environment)
        await bot.start()
        async with asyncio.timeout(120):
            assert await bot.ended() == 2
    assert "newer version" in bot.log
    assert "Traceback" not in bot.log


async def test_a_dump_is_the_database(tmp_path: Path) -> None:
    """What a release keeps for later versions is what its bots have, to the last row."""
    left, built = tmp_path / "left.db", tmp_path / "built.db"
    await create_scenario(left)
    build(dump(left), built)
    assert rows_of(built) == rows_of(left)
    assert schema_of(built) == schema_of(left)


def test_every_release_before_this_one_left_its_database() -> None:
    """The changelog names the releases; none of them is missing here."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    headings = [line.split()[1] for line in changelog if line.startswith("## ")]
    this, *released = [heading for heading in headings if heading != "Unreleased"]
    assert this == __version__
    assert set(released) <= {path.stem for path in RELEASES}
