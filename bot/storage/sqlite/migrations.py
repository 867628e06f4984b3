"""The schema as it grew: append only, one function a step, never changed once released.

All times are Unix seconds; all ids but a task's are Discord's.
"""

import json
from typing import Any

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("suno-bot")


def unknown_steps(db: Database) -> list[str]:
    """Return the steps that a later version of the program took in ``db``; changes nothing."""
    known = {step.name for step in migrations.pending(Database(memory=True))}
    return [step.name for step in migrations.applied(db) if step.name not in known]


def is_foreign(db: Database) -> bool:
    """Whether ``db`` is another program's: it holds tables, and none of ours; changes nothing."""
    others = set(db.table_names()) - {migrations.migrations_table}  # all of a start that was killed
    return bool(others) and not migrations.applied(db)


@migrations()
def m001_watches_and_outbox(db: Database) -> None:
    """Create the tables: tasks, who watches them where, what is to be posted, and notes."""
    for statement in _M001:
        db.execute(statement)


_M001 = (
    """
    CREATE TABLE tasks (
        relay          TEXT NOT NULL,
        task_id        TEXT NOT NULL,
        state          TEXT NOT NULL CHECK (state IN ('running', 'ended')),
        ending         TEXT,              -- how the watch ended, once it did
        kind           TEXT,              -- what the data showed it to be, if they did
        status         TEXT NOT NULL,     -- the furthest that the relay said
        answer         TEXT NOT NULL,     -- the task as the relay described it then, JSON
        known          INTEGER NOT NULL,  -- whether the relay ever knew it
        misses         INTEGER NOT NULL DEFAULT 0,  -- looks in a row that did not find it
        missing_since  REAL,              -- when the first of these was
        terminal_since REAL,              -- when the relay first said that it has ended
        added_at       REAL NOT NULL,
        looked_at      REAL,
        next_look_at   REAL,              -- NULL once ended
        deadline_at    REAL NOT NULL,
        ended_at       REAL,
        PRIMARY KEY (relay, task_id)
    ) STRICT
    """,
    "CREATE INDEX tasks_due ON tasks (relay, next_look_at) WHERE state = 'running'",
    """
    CREATE TABLE deliveries (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        relay      TEXT NOT NULL,
        task_id    TEXT NOT NULL,
        channel_id INTEGER NOT NULL,
        guild_id   INTEGER,               -- NULL in a direct message
        locale     TEXT NOT NULL,         -- the language of the place
        purpose    TEXT NOT NULL CHECK (purpose IN ('notice', 'word')),
        ending     TEXT NOT NULL,
        answer     TEXT NOT NULL,         -- the task as it is to be told, JSON
        state      TEXT NOT NULL
            CHECK (state IN ('due', 'sending', 'sent', 'held', 'dropped')),
        nonce      TEXT NOT NULL,
        form       TEXT NOT NULL CHECK (form IN ('full', 'simple', 'plain')),
        attempts   INTEGER NOT NULL DEFAULT 0,
        reason     TEXT,                  -- why it is held, was dropped, or has to wait
        shut       INTEGER NOT NULL DEFAULT 0,  -- held because the place refuses everything
        told       INTEGER NOT NULL DEFAULT 0,  -- whether its watchers were told that it is held
        instead_of INTEGER,               -- the channel where it could not be said
        due_at     REAL,                  -- NULL once sent or dropped
        created_at REAL NOT NULL,
        in_doubt_since REAL,              -- when Discord may first have taken it, unheard
        sent_at    REAL,
        message_id INTEGER
    ) STRICT
    """,
    "CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state IN ('due', 'held')",
    "CREATE INDEX deliveries_of_task ON deliveries (task_id)",
    """
    CREATE INDEX deliveries_posted ON deliveries (channel_id, sent_at)
        WHERE message_id IS NOT NULL
    """,
    """
    CREATE INDEX deliveries_in_order ON deliveries (channel_id, id)
        WHERE state IN ('due', 'sending') OR shut
    """,
    """
    CREATE TABLE subscriptions (
        id          INTEGER PRIMARY KEY,
        relay       TEXT NOT NULL,
        task_id     TEXT NOT NULL,
        channel_id  INTEGER NOT NULL,
        guild_id    INTEGER,
        user_id     INTEGER NOT NULL,
        locale      TEXT NOT NULL,
        created_at  REAL NOT NULL,
        delivery_id INTEGER REFERENCES deliveries (id)  -- NULL while the task runs
    ) STRICT
    """,
    """
    CREATE UNIQUE INDEX subscriptions_open ON subscriptions (relay, task_id, channel_id, user_id)
        WHERE delivery_id IS NULL
    """,
    "CREATE INDEX subscriptions_by_user ON subscriptions (user_id) WHERE delivery_id IS NULL",
    "CREATE INDEX subscriptions_by_delivery ON subscriptions (delivery_id)",
    "CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
)


@migrations()
def m002_history(db: Database) -> None:
    """Add what has ended, for whom, and the index that finds it; and two ways to the watches."""
    for statement in _M002:
        db.execute(statement)


_M002 = (
    """
    CREATE TABLE history (
        id       INTEGER PRIMARY KEY,
        relay    TEXT NOT NULL,
        task_id  TEXT NOT NULL,
        kind     TEXT,
        ending   TEXT NOT NULL,
        took     REAL,                    -- seconds, of what made something
        ended_at REAL NOT NULL,           -- when a watch of it first ended
        words    TEXT NOT NULL,           -- titles, styles and lyrics, made comparable
        answer   TEXT NOT NULL,           -- the task as it was last told, JSON
        UNIQUE (relay, task_id)
    ) STRICT
    """,
    "CREATE INDEX history_by_kind ON history (relay, kind, ended_at) WHERE took IS NOT NULL",
    """
    CREATE VIRTUAL TABLE history_index USING fts5 (
        words, content = 'history', content_rowid = 'id',
        tokenize = 'trigram case_sensitive 1'
    )
    """,
    "CREATE VIRTUAL TABLE history_trigrams USING fts5vocab ('history_index', 'instance')",
    """
    CREATE TRIGGER history_added AFTER INSERT ON history BEGIN
        INSERT INTO history_index (rowid, words) VALUES (new.id, new.words);
    END
    """,
    """
    CREATE TRIGGER history_changed AFTER UPDATE OF words ON history
    WHEN old.words != new.words BEGIN
        INSERT INTO history_index (history_index, rowid, words)
            VALUES ('delete', old.id, old.words);
        INSERT INTO history_index (rowid, words) VALUES (new.id, new.words);
    END
    """,
    """
    CREATE TRIGGER history_deleted AFTER DELETE ON history BEGIN
        INSERT INTO history_index (history_index, rowid, words)
            VALUES ('delete', old.id, old.words);
    END
    """,
    """
    CREATE TABLE history_of_servers (
        guild_id   INTEGER NOT NULL,
        entry_id   INTEGER NOT NULL REFERENCES history (id),
        channel_id INTEGER NOT NULL,
        ended_at   REAL NOT NULL,
        PRIMARY KEY (guild_id, entry_id, channel_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX history_of_servers_newest ON history_of_servers (guild_id, ended_at)",
    "CREATE INDEX history_of_servers_by_entry ON history_of_servers (entry_id)",
    """
    CREATE TABLE history_of_people (
        user_id  INTEGER NOT NULL,
        entry_id INTEGER NOT NULL REFERENCES history (id),
        ended_at REAL NOT NULL,
        PRIMARY KEY (user_id, entry_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX history_of_people_newest ON history_of_people (user_id, ended_at)",
    "CREATE INDEX history_of_people_by_entry ON history_of_people (entry_id)",
    "CREATE INDEX subscriptions_of_person ON subscriptions (user_id, id)",
    "CREATE INDEX subscriptions_of_task ON subscriptions (relay, task_id)",
)


@migrations()
def m003_cards(db: Database) -> None:
    """Add the cards that show how watched tasks are doing, and whether a watch mentions."""
    for statement in _M003:
        db.execute(statement)


_M003 = (
    "ALTER TABLE subscriptions ADD COLUMN mention INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE tasks ADD COLUMN changed_at REAL",  # when its answer last said something new
    """
    CREATE TABLE cards (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        relay      TEXT NOT NULL,
        channel_id INTEGER NOT NULL,
        guild_id   INTEGER,
        locale     TEXT NOT NULL,
        message_id INTEGER,               -- NULL until it is posted
        touched_at REAL NOT NULL,         -- when its watchers last changed
        shown_at   REAL                   -- when it was last edited, or looked at for that
    ) STRICT
    """,
    """
    CREATE TABLE card_tasks (
        card_id INTEGER NOT NULL REFERENCES cards (id) ON DELETE CASCADE,
        relay   TEXT NOT NULL,
        task_id TEXT NOT NULL,
        PRIMARY KEY (card_id, task_id)
    ) STRICT
    """,
    "CREATE INDEX card_tasks_by_task ON card_tasks (relay, task_id)",
    "CREATE INDEX cards_by_channel ON cards (channel_id)",
)


@migrations()
def m004_repeats(db: Database) -> None:
    """Add whether a message may have been posted elsewhere before."""
    db.execute("ALTER TABLE deliveries ADD COLUMN repeat INTEGER NOT NULL DEFAULT 0")


@migrations()
def m005_server_settings(db: Database) -> None:
    """Add what those who manage a server have set there."""
    db.execute(
        "CREATE TABLE server_settings ("
        " guild_id INTEGER PRIMARY KEY,"
        " settings TEXT NOT NULL"  # JSON; what is not in it is as by default
        ") STRICT"
    )


@migrations()
def m006_planned_looks(db: Database) -> None:
    """Add what the times of the looks are planned by."""
    db.execute("ALTER TABLE tasks ADD COLUMN began_at REAL")  # NULL: when it was added
    db.execute("ALTER TABLE tasks ADD COLUMN hint TEXT")  # what it may be; NULL: what it is


@migrations()
def m007_what_is_over(db: Database) -> None:
    """Add the ways to what was told long ago: a sweep looks at nothing else."""
    db.execute("CREATE INDEX tasks_ended ON tasks (ended_at) WHERE state = 'ended'")
    db.execute(
        "CREATE INDEX deliveries_told ON deliveries (coalesce(sent_at, created_at))"
        " WHERE state IN ('sent', 'dropped')"
    )


@migrations()
def m008_relay_fingerprints(db: Database) -> None:
    """Add under which address and key a relay last named a task; NULL: not since this is kept."""
    db.execute("ALTER TABLE tasks ADD COLUMN fingerprint TEXT")


@migrations()
def m009_limits(db: Database) -> None:
    """Add the way to what is watched in a server: it is counted with every new watch."""
    db.execute(
        "CREATE INDEX subscriptions_by_server ON subscriptions (guild_id) WHERE delivery_id IS NULL"
    )


@migrations()
def m010_blocked_channels(db: Database) -> None:
    """Keep which channels refuse messages apart from the messages, which may lack a channel.

    A message to a person is owed before the direct message is opened. SQLite makes no column
    nullable, so that the table is built anew.
    """
    for statement in _M010:
        db.execute(statement)


_M010 = (
    """
    CREATE TABLE blocked_channels (
        channel_id  INTEGER PRIMARY KEY,
        guild_id    INTEGER,              -- NULL for a direct message
        locale      TEXT NOT NULL,        -- the language of the place
        reason      TEXT NOT NULL,
        since       REAL NOT NULL,
        next_try_at REAL NOT NULL         -- when one message is tried there
    ) STRICT
    """,
    """
    CREATE TABLE notified_people (        -- who was told that a channel is blocked
        channel_id INTEGER NOT NULL REFERENCES blocked_channels (channel_id) ON DELETE CASCADE,
        user_id    INTEGER NOT NULL,
        PRIMARY KEY (channel_id, user_id)
    ) STRICT, WITHOUT ROWID
    """,
    """
    INSERT INTO blocked_channels (channel_id, guild_id, locale, reason, since, next_try_at)
        SELECT channel_id, min(guild_id), min(locale), coalesce(min(reason), ''), min(created_at),
            coalesce(min(due_at), 0)
        FROM deliveries WHERE shut AND state IN ('held', 'sending') GROUP BY channel_id
    """,
    """
    INSERT OR IGNORE INTO notified_people (channel_id, user_id)
        SELECT d.channel_id, s.user_id FROM deliveries d
        JOIN subscriptions s ON s.delivery_id = d.id
        WHERE d.shut AND d.told AND d.state IN ('held', 'sending')
    """,
    """
    CREATE TABLE new_deliveries (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        relay      TEXT NOT NULL,
        task_id    TEXT NOT NULL,
        channel_id INTEGER,               -- NULL until the direct message is opened
        guild_id   INTEGER,               -- NULL in a direct message
        user_id    INTEGER,               -- whom to tell directly, in place of a channel
        locale     TEXT NOT NULL,         -- the language of the place
        purpose    TEXT NOT NULL CHECK (purpose IN ('notice', 'word')),
        ending     TEXT NOT NULL,
        answer     TEXT NOT NULL,         -- the task as it is to be told, JSON
        state      TEXT NOT NULL
            CHECK (state IN ('due', 'sending', 'sent', 'held', 'dropped', 'quarantined')),
        nonce      TEXT NOT NULL,
        form       TEXT NOT NULL,         -- how much of it Discord did not refuse yet
        attempts   INTEGER NOT NULL DEFAULT 0,
        reason     TEXT,                  -- why it is held, was dropped, or has to wait
        instead_of INTEGER,               -- the channel where it could not be said
        repeat     INTEGER NOT NULL DEFAULT 0,  -- whether it may have been posted there before
        due_at     REAL,                  -- NULL once it is over
        created_at REAL NOT NULL,
        in_doubt_since REAL,              -- when Discord may first have taken it, unheard
        sent_at    REAL,
        message_id INTEGER,
        CHECK (channel_id IS NOT NULL OR user_id IS NOT NULL)
    ) STRICT
    """,
    """
    INSERT INTO new_deliveries (id, relay, task_id, channel_id, guild_id, locale, purpose, ending,
            answer, state, nonce, form, attempts, reason, instead_of, repeat, due_at, created_at,
            in_doubt_since, sent_at, message_id)
        SELECT id, relay, task_id, channel_id, guild_id, locale, purpose, ending, answer,
            CASE WHEN shut AND state = 'held' THEN 'due' ELSE state END, nonce, form, attempts,
            reason, instead_of, repeat,
            CASE WHEN shut AND state = 'held' THEN created_at ELSE due_at END, created_at,
            in_doubt_since, sent_at, message_id
        FROM deliveries
    """,
    "DELETE FROM sqlite_sequence WHERE name = 'new_deliveries'",
    """
    INSERT INTO sqlite_sequence (name, seq)
        SELECT 'new_deliveries', seq FROM sqlite_sequence WHERE name = 'deliveries'
    """,
    "DROP TABLE deliveries",
    "ALTER TABLE new_deliveries RENAME TO deliveries",
    """
    CREATE INDEX deliveries_due ON deliveries (due_at)
        WHERE state IN ('due', 'held') AND channel_id IS NOT NULL
    """,
    """
    CREATE INDEX deliveries_unopened ON deliveries (due_at)
        WHERE state = 'due' AND channel_id IS NULL
    """,
    "CREATE INDEX deliveries_quarantined ON deliveries (id) WHERE state = 'quarantined'",
    """
    CREATE INDEX deliveries_open ON deliveries (channel_id, state, id)
        WHERE state IN ('due', 'sending', 'held')
    """,
    "CREATE INDEX deliveries_of_task ON deliveries (task_id)",
    """
    CREATE INDEX deliveries_posted ON deliveries (channel_id, sent_at)
        WHERE message_id IS NOT NULL
    """,
    """
    CREATE INDEX deliveries_told ON deliveries (coalesce(sent_at, created_at))
        WHERE state IN ('sent', 'dropped')
    """,
)


@migrations()
def m011_bounded_texts(db: Database) -> None:
    """Cut what earlier versions stored without bounds: each of these rows would cost seconds."""
    for table, key in (("tasks", "rowid"), ("deliveries", "id"), ("history", "id")):
        sql = f"SELECT {key}, answer FROM {table} WHERE length(answer) > ?"  # noqa: S608 # names of ours
        for row_id, answer in db.execute(sql, [_M011_LONGEST_ANSWER]).fetchall():
            db.execute(
                f"UPDATE {table} SET answer = ? WHERE {key} = ?",  # noqa: S608 # names of ours
                [_m011_cut(answer), row_id],
            )
    db.execute(
        "UPDATE history SET words = substr(words, 1, ?1) WHERE length(words) > ?1",
        [_M011_LONGEST_TEXT],
    )


_M011_LONGEST_ANSWER = 500_000
_M011_LONGEST_TEXT = 65_536
_M011_CLIPS = 24
_M011_LYRICS_OF_A_CLIP = 5_000


def _m011_cut(answer: str) -> str:
    """Return the JSON of a task with fewer clips and shorter texts; what is no JSON as it is."""
    try:
        task: dict[str, Any] = json.loads(answer)
        task["clips"] = task["clips"][:_M011_CLIPS]
        for clip in task["clips"]:
            clip["lyrics"] = clip["lyrics"][:_M011_LYRICS_OF_A_CLIP]
        parts = [task, *task["clips"], *([task["lyrics"]] if task["lyrics"] else [])]
    except (ValueError, KeyError, TypeError):
        return answer
    for part in parts:
        for name, value in part.items():
            if isinstance(value, str):
                part[name] = value[:_M011_LONGEST_TEXT]
    return json.dumps(task, ensure_ascii=False)


@migrations()
def m012_departed_servers(db: Database) -> None:
    """Add since when Discord no longer lists a server of which something is kept."""
    db.execute(
        "CREATE TABLE departed_servers ("
        " guild_id INTEGER PRIMARY KEY,"
        " missing_since REAL NOT NULL"
        ") STRICT"
    )


@migrations()
def m013_cards(db: Database) -> None:
    """Add how far a card has come with being posted, and what its message shows."""
    for statement in _M013:
        db.execute(statement)


_M013 = (
    """
    ALTER TABLE cards ADD COLUMN state TEXT NOT NULL DEFAULT 'posted'
        CHECK (state IN ('due', 'posting', 'posted'))
    """,
    "ALTER TABLE cards ADD COLUMN nonce TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE cards ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE cards ADD COLUMN due_at REAL NOT NULL DEFAULT 0",  # put off until then
    "ALTER TABLE cards ADD COLUMN in_doubt_since REAL",  # when Discord may have taken it, unheard
    "ALTER TABLE cards ADD COLUMN plain INTEGER NOT NULL DEFAULT 0",  # the bot's own text only
    "ALTER TABLE cards ADD COLUMN version TEXT",  # of what was read when it was last shown
    "ALTER TABLE cards ADD COLUMN look TEXT",  # what its message shows; NULL: not known
    # Those whose message a process that died did not note: they are looked for in the channel.
    """
    UPDATE cards SET state = 'due', in_doubt_since = touched_at - 3600,
        nonce = lower(hex(randomblob(12)))
    WHERE message_id IS NULL
    """,
)


@migrations()
def m014_message_limits(db: Database) -> None:
    """Add what messages people asked for lately, and when a message mentioned a role."""
    for statement in _M014:
        db.execute(statement)


_M014 = (
    """
    CREATE TABLE requested_messages (
        id           INTEGER PRIMARY KEY,
        person       TEXT NOT NULL,       -- a keyed hash of the user id
        channel      TEXT NOT NULL,       -- of the channel's, which may be a direct message
        guild_id     INTEGER,             -- NULL in a direct message
        requested_at REAL NOT NULL
    ) STRICT
    """,
    "CREATE INDEX requested_messages_by_person ON requested_messages (person, requested_at)",
    "CREATE INDEX requested_messages_in_channel ON requested_messages (channel, requested_at)",
    "CREATE INDEX requested_messages_by_age ON requested_messages (requested_at)",
    "ALTER TABLE deliveries ADD COLUMN role_mentioned_at REAL",  # NULL: it mentions no role
    """
    CREATE INDEX deliveries_role_mentions ON deliveries (channel_id, role_mentioned_at)
        WHERE role_mentioned_at IS NOT NULL
    """,
)


@migrations()
def m015_standard_names(db: Database) -> None:
    """Rename tables, columns, indexes and the values of ``deliveries.purpose``.

    SQLite adapts triggers, references and the conditions of indexes. It renames no index: each of
    those is dropped and created. ``history.words`` keeps its name, which the full-text index reads.
    """
    for statement in _M015:
        db.execute(statement)


_M015 = (
    "ALTER TABLE subscriptions RENAME TO watches",
    "ALTER TABLE cards RENAME TO live_cards",
    "ALTER TABLE card_tasks RENAME TO live_card_tasks",
    "ALTER TABLE notified_people RENAME TO notified_users",
    "ALTER TABLE history_of_servers RENAME TO server_history",
    "ALTER TABLE history_of_people RENAME TO user_history",
    "ALTER TABLE notes RENAME TO key_values",
    "ALTER TABLE tasks RENAME COLUMN ending TO end_reason",
    "ALTER TABLE tasks RENAME COLUMN answer TO task_json",
    "ALTER TABLE tasks RENAME COLUMN looked_at TO polled_at",
    "ALTER TABLE tasks RENAME COLUMN next_look_at TO next_poll_at",
    "ALTER TABLE tasks RENAME COLUMN began_at TO submitted_at",
    "ALTER TABLE deliveries RENAME COLUMN ending TO end_reason",
    "ALTER TABLE deliveries RENAME COLUMN answer TO task_json",
    "ALTER TABLE deliveries RENAME COLUMN form TO message_format",
    "ALTER TABLE deliveries RENAME COLUMN instead_of TO redirected_from",
    "ALTER TABLE deliveries RENAME COLUMN repeat TO possible_duplicate",
    "ALTER TABLE deliveries RENAME COLUMN in_doubt_since TO unconfirmed_since",
    "ALTER TABLE history RENAME COLUMN ending TO end_reason",
    "ALTER TABLE history RENAME COLUMN answer TO task_json",
    "ALTER TABLE history RENAME COLUMN took TO duration",
    "ALTER TABLE blocked_channels RENAME COLUMN since TO blocked_since",
    "ALTER TABLE blocked_channels RENAME COLUMN next_try_at TO next_probe_at",
    "ALTER TABLE live_cards RENAME COLUMN in_doubt_since TO unconfirmed_since",
    "ALTER TABLE live_cards RENAME COLUMN touched_at TO marked_stale_at",
    "ALTER TABLE live_cards RENAME COLUMN shown_at TO updated_at",
    "ALTER TABLE live_cards RENAME COLUMN version TO shown_version",
    "ALTER TABLE live_cards RENAME COLUMN look TO content_digest",
    "ALTER TABLE live_cards RENAME COLUMN plain TO own_text_only",
    "ALTER TABLE requested_messages RENAME COLUMN person TO user_hash",
    "ALTER TABLE requested_messages RENAME COLUMN channel TO channel_hash",
    # The allowed values stand in the column's CHECK, which SQLite cannot change.
    """
    ALTER TABLE deliveries ADD COLUMN new_purpose TEXT NOT NULL DEFAULT 'notice'
        CHECK (new_purpose IN ('notice', 'held_notice'))
    """,
    "UPDATE deliveries SET new_purpose = 'held_notice' WHERE purpose = 'word'",
    "ALTER TABLE deliveries DROP COLUMN purpose",
    "ALTER TABLE deliveries RENAME COLUMN new_purpose TO purpose",
    "DROP INDEX subscriptions_open",
    "DROP INDEX subscriptions_by_user",
    "DROP INDEX subscriptions_by_delivery",
    "DROP INDEX subscriptions_of_person",
    "DROP INDEX subscriptions_of_task",
    "DROP INDEX subscriptions_by_server",
    "DROP INDEX card_tasks_by_task",
    "DROP INDEX cards_by_channel",
    "DROP INDEX history_of_servers_newest",
    "DROP INDEX history_of_servers_by_entry",
    "DROP INDEX history_of_people_newest",
    "DROP INDEX history_of_people_by_entry",
    "DROP INDEX deliveries_told",
    "DROP INDEX requested_messages_by_person",
    "DROP INDEX requested_messages_in_channel",
    """
    CREATE UNIQUE INDEX watches_open ON watches (relay, task_id, channel_id, user_id)
        WHERE delivery_id IS NULL
    """,
    "CREATE INDEX watches_open_by_user ON watches (user_id) WHERE delivery_id IS NULL",
    "CREATE INDEX watches_open_by_server ON watches (guild_id) WHERE delivery_id IS NULL",
    "CREATE INDEX watches_by_delivery ON watches (delivery_id)",
    "CREATE INDEX watches_by_user ON watches (user_id, id)",
    "CREATE INDEX watches_by_task ON watches (relay, task_id)",
    "CREATE INDEX live_card_tasks_by_task ON live_card_tasks (relay, task_id)",
    "CREATE INDEX live_cards_by_channel ON live_cards (channel_id)",
    "CREATE INDEX server_history_newest ON server_history (guild_id, ended_at)",
    "CREATE INDEX server_history_by_entry ON server_history (entry_id)",
    "CREATE INDEX user_history_newest ON user_history (user_id, ended_at)",
    "CREATE INDEX user_history_by_entry ON user_history (entry_id)",
    """
    CREATE INDEX deliveries_finished ON deliveries (coalesce(sent_at, created_at))
        WHERE state IN ('sent', 'dropped')
    """,
    "CREATE INDEX requested_messages_by_user ON requested_messages (user_hash, requested_at)",
    """
    CREATE INDEX requested_messages_by_channel ON requested_messages (channel_hash, requested_at)
    """,
)


@migrations()
def m016_summaries(db: Database) -> None:
    """Let a message be about several tasks, and watches belong to a group with one message.

    The tasks of a delivery move to a table of their own. SQLite changes no CHECK and drops no
    column of an index, so that the table is built anew.
    """
    for statement in _M016:
        db.execute(statement)


_M016_KEPT = """
    id, relay, channel_id, guild_id, user_id, locale, purpose, state, nonce, message_format,
    attempts, reason, redirected_from, possible_duplicate, due_at, created_at, unconfirmed_since,
    sent_at, message_id, role_mentioned_at
"""
_M016 = (
    """
    CREATE TABLE new_deliveries (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        relay      TEXT NOT NULL,
        channel_id INTEGER,               -- NULL until the direct message is opened
        guild_id   INTEGER,               -- NULL in a direct message
        user_id    INTEGER,               -- whom to tell directly, in place of a channel
        locale     TEXT NOT NULL,         -- the language of the place
        purpose    TEXT NOT NULL CHECK (purpose IN ('notice', 'held_notice')),
        state      TEXT NOT NULL CHECK (state IN
            ('collecting', 'due', 'sending', 'sent', 'held', 'dropped', 'quarantined')),
        group_id   INTEGER,               -- whose tasks it collects
        still_running INTEGER NOT NULL DEFAULT 0,  -- tasks of the group that it does not wait for
        nonce      TEXT NOT NULL,
        message_format TEXT NOT NULL,     -- how much of it Discord did not refuse yet
        attempts   INTEGER NOT NULL DEFAULT 0,
        reason     TEXT,                  -- why it is held, was dropped, or has to wait
        redirected_from INTEGER,          -- the channel where it could not be said
        possible_duplicate INTEGER NOT NULL DEFAULT 0,
        due_at     REAL,                  -- NULL once it is over
        created_at REAL NOT NULL,
        unconfirmed_since REAL,           -- when Discord may first have taken it, unheard
        sent_at    REAL,
        message_id INTEGER,
        role_mentioned_at REAL,           -- NULL: it mentions no role
        CHECK (channel_id IS NOT NULL OR user_id IS NOT NULL),
        CHECK ((state = 'collecting') = (group_id IS NOT NULL))
    ) STRICT
    """,
    f"INSERT INTO new_deliveries ({_M016_KEPT}) SELECT {_M016_KEPT} FROM deliveries",  # noqa: S608 # names of ours
    """
    CREATE TABLE delivery_tasks (         -- what a message is about
        delivery_id INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
        task_id     TEXT NOT NULL,
        end_reason  TEXT NOT NULL,
        task_json   TEXT NOT NULL,        -- the task as it is to be told
        PRIMARY KEY (delivery_id, task_id)
    ) STRICT
    """,
    """
    INSERT INTO delivery_tasks (delivery_id, task_id, end_reason, task_json)
        SELECT id, task_id, end_reason, task_json FROM deliveries
    """,
    "DELETE FROM sqlite_sequence WHERE name = 'new_deliveries'",
    """
    INSERT INTO sqlite_sequence (name, seq)
        SELECT 'new_deliveries', seq FROM sqlite_sequence WHERE name = 'deliveries'
    """,
    "DROP TABLE deliveries",
    "ALTER TABLE new_deliveries RENAME TO deliveries",
    """
    CREATE VIEW task_deliveries AS        -- a row for each task of each delivery
        SELECT d.*, t.task_id, t.end_reason, t.task_json
        FROM deliveries d JOIN delivery_tasks t ON t.delivery_id = d.id
    """,
    "CREATE INDEX delivery_tasks_by_task ON delivery_tasks (task_id)",
    """
    CREATE INDEX deliveries_due ON deliveries (due_at)
        WHERE state IN ('due', 'held') AND channel_id IS NOT NULL
    """,
    """
    CREATE INDEX deliveries_unopened ON deliveries (due_at)
        WHERE state = 'due' AND channel_id IS NULL
    """,
    "CREATE INDEX deliveries_quarantined ON deliveries (id) WHERE state = 'quarantined'",
    """
    CREATE INDEX deliveries_open ON deliveries (channel_id, state, id)
        WHERE state IN ('due', 'sending', 'held')
    """,
    """
    CREATE INDEX deliveries_posted ON deliveries (channel_id, sent_at)
        WHERE message_id IS NOT NULL
    """,
    """
    CREATE INDEX deliveries_finished ON deliveries (coalesce(sent_at, created_at))
        WHERE state IN ('sent', 'dropped')
    """,
    """
    CREATE INDEX deliveries_role_mentions ON deliveries (channel_id, role_mentioned_at)
        WHERE role_mentioned_at IS NOT NULL
    """,
    "CREATE UNIQUE INDEX deliveries_collecting ON deliveries (group_id) WHERE state = 'collecting'",
    "CREATE INDEX deliveries_collected ON deliveries (due_at) WHERE state = 'collecting'",
    "ALTER TABLE watches ADD COLUMN group_id INTEGER",  # NULL: it gets a notice of its own
    "CREATE INDEX watches_open_by_group ON watches (group_id) WHERE delivery_id IS NULL",
)


@migrations()
def m017_user_settings(db: Database) -> None:
    """Add what people have set for themselves, and which servers were welcomed."""
    for statement in _M017:
        db.execute(statement)


_M017 = (
    """
    CREATE TABLE user_settings (
        user_id  INTEGER PRIMARY KEY,
        language TEXT NOT NULL           -- a locale of Discord's
    ) STRICT
    """,
    """
    CREATE TABLE welcomed_servers (
        guild_id    INTEGER PRIMARY KEY,
        welcomed_at REAL NOT NULL
    ) STRICT
    """,
)


@migrations()
def m018_forums(db: Database) -> None:
    """Add which channels are forums, and in which post the message of a delivery is."""
    db.execute(
        "CREATE TABLE forums ( channel_id INTEGER PRIMARY KEY, guild_id INTEGER NOT NULL) STRICT"
    )
    db.execute("ALTER TABLE deliveries ADD COLUMN thread_id INTEGER")  # NULL: in its channel


@migrations()
def m020_relay_accounts(db: Database) -> None:
    """Add the relay accounts that servers and users connect.

    What belonged to a relay belongs to the account of the operator there, whose id is its name.
    """
    for statement in _M020:
        db.execute(statement)


_M020 = (
    "DROP VIEW task_deliveries",
    *(
        f"ALTER TABLE {table} RENAME COLUMN relay TO account"
        for table in ("tasks", "watches", "deliveries", "live_card_tasks", "history")
    ),
    "ALTER TABLE live_cards DROP COLUMN relay",  # its tasks tell
    """
    CREATE VIEW task_deliveries AS        -- a row for each task of each delivery
        SELECT d.*, t.task_id, t.end_reason, t.task_json
        FROM deliveries d JOIN delivery_tasks t ON t.delivery_id = d.id
    """,
    "DROP INDEX deliveries_collecting",
    """
    CREATE UNIQUE INDEX deliveries_collecting ON deliveries (group_id, account)
        WHERE state = 'collecting'
    """,
    # People name tasks by their ids alone.
    "CREATE INDEX tasks_by_id ON tasks (task_id)",
    "CREATE INDEX history_by_task_id ON history (task_id)",
    "DROP INDEX watches_open",
    """
    CREATE UNIQUE INDEX watches_open ON watches (task_id, account, channel_id, user_id)
        WHERE delivery_id IS NULL
    """,
    "DROP INDEX watches_by_task",
    "CREATE INDEX watches_by_task ON watches (task_id, account)",
    """
    CREATE TABLE relay_accounts (
        id             TEXT PRIMARY KEY,
        guild_id       INTEGER UNIQUE,
        user_id        INTEGER UNIQUE,
        relay          TEXT NOT NULL,      -- the name of its profile
        base_url       TEXT NOT NULL,
        fetch_path     TEXT NOT NULL,
        encrypted_key  BLOB NOT NULL,
        key_ending     TEXT NOT NULL,
        connected_by   INTEGER NOT NULL,
        connected_at   REAL NOT NULL,
        locale         TEXT NOT NULL,
        rejected_since REAL,
        rejection_told_at REAL,            -- NULL: who connected it is to be told
        CHECK ((guild_id IS NULL) != (user_id IS NULL))
    ) STRICT
    """,
    """
    CREATE INDEX relay_accounts_untold ON relay_accounts (id)
        WHERE rejected_since IS NOT NULL AND rejection_told_at IS NULL
    """,
)


@migrations()
def m021_creations(db: Database) -> None:
    """Add the requests to create songs and lyrics, and which tasks they began."""
    for statement in _M021:
        db.execute(statement)


_M021_UNREFERENCED = """
    state NOT IN ('queued', 'submitting') AND NOT EXISTS (
        SELECT 1 FROM creation_tasks c WHERE c.creation_id = creations.id AND (
            EXISTS (SELECT 1 FROM tasks t WHERE t.account = c.account AND t.task_id = c.task_id)
            OR EXISTS (SELECT 1 FROM history h
                WHERE h.account = c.account AND h.task_id = c.task_id)))
"""
_M021_OF_DELETED = """
    id = (SELECT creation_id FROM creation_tasks
        WHERE account = old.account AND task_id = old.task_id)
"""
_M021 = (
    """
    CREATE TABLE creations (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        account    TEXT NOT NULL,
        state      TEXT NOT NULL CHECK (state IN
            ('queued', 'submitting', 'submitted', 'rejected', 'unconfirmed', 'cancelled')),
        user_id    INTEGER,               -- NULL, like the request, once nothing refers to it
        author_id  INTEGER,               -- who wrote the request, if somebody else
        request    TEXT,                  -- JSON
        user_hash  TEXT NOT NULL,         -- a keyed hash of the user id
        guild_hash TEXT NOT NULL,         -- of the id of the server, whose quotas apply, or empty
        deadline   REAL NOT NULL,         -- seconds, from when the relay begins
        created_at REAL NOT NULL,
        due_at     REAL,                  -- when it may be sent; NULL unless it is queued
        attempts   INTEGER NOT NULL DEFAULT 0,  -- how often it went back to the queue
        rejection  TEXT,                  -- why nothing was created
        CHECK ((state = 'queued') = (due_at IS NOT NULL)),
        CHECK ((user_id IS NULL) = (request IS NULL))
    ) STRICT
    """,
    "CREATE INDEX creations_due ON creations (due_at) WHERE state = 'queued'",
    "CREATE INDEX creations_submitting ON creations (account) WHERE state = 'submitting'",
    "CREATE INDEX creations_quota_of_user ON creations (user_hash, created_at)",
    "CREATE INDEX creations_quota_of_server ON creations (guild_hash, created_at)",
    "CREATE INDEX creations_by_user ON creations (user_id) WHERE user_id IS NOT NULL",
    "CREATE INDEX creations_by_author ON creations (author_id) WHERE author_id IS NOT NULL",
    "CREATE INDEX creations_forgotten ON creations (created_at) WHERE request IS NULL",
    """
    CREATE TABLE creation_tasks (         -- the task of each; one that no relay has begun at first
        account     TEXT NOT NULL,
        task_id     TEXT NOT NULL,
        creation_id INTEGER NOT NULL REFERENCES creations (id) ON DELETE CASCADE,
        PRIMARY KEY (account, task_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX creation_tasks_by_creation ON creation_tasks (creation_id)",
    "ALTER TABLE tasks ADD COLUMN creation_id INTEGER",  # NULL: it was not created here
    """
    CREATE INDEX tasks_of_creations ON tasks (creation_id)
        WHERE state = 'running' AND creation_id IS NOT NULL
    """,
    """
    CREATE TABLE accounts_without_credit (
        account TEXT PRIMARY KEY,         -- connected, or the operator's
        since   REAL,                     -- NULL: it has credit again
        told_at REAL                      -- when who connected it was told
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TRIGGER credit_of_deleted_account AFTER DELETE ON relay_accounts BEGIN
        DELETE FROM accounts_without_credit WHERE account = old.id;
    END
    """,
    # A request for which nobody waits is not sent; one to which nothing refers is not kept.
    f"""
    CREATE TRIGGER creation_of_deleted_task AFTER DELETE ON tasks BEGIN
        UPDATE creations SET state = 'cancelled', due_at = NULL
            WHERE state = 'queued' AND {_M021_OF_DELETED};
        UPDATE creations SET user_id = NULL, author_id = NULL, request = NULL
            WHERE {_M021_OF_DELETED} AND {_M021_UNREFERENCED};
    END
    """,  # noqa: S608 # conditions of ours
    f"""
    CREATE TRIGGER creation_of_deleted_entry AFTER DELETE ON history BEGIN
        UPDATE creations SET user_id = NULL, author_id = NULL, request = NULL
            WHERE {_M021_OF_DELETED} AND {_M021_UNREFERENCED};
    END
    """,  # noqa: S608 # conditions of ours
)
