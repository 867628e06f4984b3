"""The schema as it grew: append only, one function a step, never changed once released.

All times are Unix seconds; all ids but a task's are Discord's.
"""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("suno-bot")


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
