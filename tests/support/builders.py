"""Builds complete values for tests; a test names only the fields that matter to it."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import SecretStr

from bot.accounts.connection import AccountConnection
from bot.accounts.registry import AccountRegistry
from bot.encryption import Cipher, DecryptionError
from bot.relay.models import Clip, ClipStatus, Lyrics, Outcome, Task, TaskKind, TaskStatus
from bot.storage.models import AccountOwner, Destination, PollTarget, RelayAccount, TaskKey
from bot.storage.outbox import Outbox
from bot.storage.relay_accounts import RelayAccountStore
from bot.storage.tasks import TaskStore
from bot.storage.watch_store import WatchStore
from bot.watches.caller_lookups import CallerLookups
from bot.watches.lookup_limiter import LookupLimiter
from bot.watches.task_reader import TaskReader
from bot.watches.watchlist import Watchlist

NOON = 1_700_000_000.0
"""An arbitrary time (Unix seconds)."""

RELAY_KEY = "sk-the-key-of-a-relay-0123456789"

HERE = Destination(channel_id=500, guild_id=50, locale="en-US")


def a_clip(**changes: Any) -> Clip:
    """Return a playable clip."""
    values: dict[str, Any] = {
        "id": "clip-1",
        "title": "Paper Boats",
        "status": ClipStatus.COMPLETE,
        "audio_url": "https://cdn1.suno.ai/clip-1.mp3",
        "audio_is_final": True,
        "image_url": "https://cdn1.suno.ai/image_clip-1.png",
        "duration": 120.0,
        "style": "folk, acoustic",
        "lyrics": "[Verse]\nPaper boats on a rainy street",
    }
    return Clip(**values | changes)


def a_running_task(task_id: str = "song", **changes: Any) -> Task:
    """Return a running song."""
    values: dict[str, Any] = {
        "status": TaskStatus.IN_PROGRESS,
        "kind": TaskKind.MUSIC,
        "progress": 30,
    }
    return Task(task_id, **values | changes)


def a_song(task_id: str = "song", **changes: Any) -> Task:
    """Return a finished song."""
    values: dict[str, Any] = {
        "status": TaskStatus.SUCCESS,
        "outcome": Outcome.SUCCESS,
        "kind": TaskKind.MUSIC,
        "clips": (a_clip(),),
    }
    return Task(task_id, **values | changes)


def a_lyrics_task(task_id: str = "lyrics", **changes: Any) -> Task:
    """Return finished lyrics."""
    values: dict[str, Any] = {
        "status": TaskStatus.SUCCESS,
        "outcome": Outcome.SUCCESS,
        "kind": TaskKind.LYRICS,
        "lyrics": Lyrics("[Chorus]\nRow, row", title="Paper Boats"),
    }
    return Task(task_id, **values | changes)


def a_failure(task_id: str = "song", **changes: Any) -> Task:
    """Return a song that failed."""
    values: dict[str, Any] = {
        "status": TaskStatus.FAILURE,
        "outcome": Outcome.FAILURE,
        "kind": TaskKind.MUSIC,
        "reason": "Song description contained artist name",
    }
    return Task(task_id, **values | changes)


def a_poll_target(**changes: Any) -> PollTarget:
    """Return the poll target for a running song that was added at noon."""
    values: dict[str, Any] = {
        "task_id": "song",
        "kind": TaskKind.MUSIC,
        "expected_kind": TaskKind.MUSIC,
        "status": TaskStatus.IN_PROGRESS,
        "known": True,
        "known_with_current_key": True,
        "misses": 0,
        "missing_since": None,
        "terminal_since": None,
        "submitted_at": NOON,
        "added_at": NOON,
        "polled_at": None,
        "next_poll_at": NOON,
        "deadline_at": NOON + 3600,
    }
    return PollTarget(**values | changes)


async def open_direct_messages(
    outbox: Outbox, directs: Mapping[int, Destination], now: float = NOON
) -> None:
    """Open the direct messages of all redirected notices, as Discord would."""
    while message := await outbox.redirection.claim_unopened(now, lease=60):
        await outbox.redirection.record_opened(message, directs[message.user_id].channel_id, now)


def keys_of(*ids: str, account: str = "deerapi") -> list[TaskKey]:
    """Return the keys of tasks that one account knows."""
    return [TaskKey(account, task_id) for task_id in ids]


def watch_store_of(tasks: TaskStore) -> WatchStore:
    """Return what people watch, in the database of a task store."""
    return WatchStore(tasks._database, tasks._outbox)


def an_account(
    account_id: str, owner: AccountOwner, cipher: Cipher, key: str = RELAY_KEY, **changes: Any
) -> RelayAccount:
    """Return an account whose key is encrypted with a cipher."""
    values: dict[str, Any] = {
        "relay": "deerapi",
        "base_url": "https://api.deerapi.com",
        "fetch_path": "/suno/fetch",
        "key_ending": key[-4:],
        "connected_by": 7,
        "connected_at": NOON,
        "locale": "en-US",
    }
    encrypted = cipher.encrypt(SecretStr(key), account_id)
    return RelayAccount(account_id, owner, encrypted_key=encrypted, **values | changes)


async def connect_account(
    store: RelayAccountStore, owner: AccountOwner, cipher: Cipher, **changes: Any
) -> RelayAccount:
    """Connect the account of ``an_account``, as if its relay had accepted the key."""
    return await store.connect(owner, lambda each: an_account(each, owner, cipher, **changes))


def a_watchlist(
    operator: AccountConnection, limiter: LookupLimiter, clock: Callable[[], float]
) -> Watchlist:
    """Return a watchlist for people who all use the operator's account."""
    store = watch_store_of(operator.tasks)
    return Watchlist(CallerLookups(_registry_of(operator, clock), store, limiter), store, clock)


def a_task_reader(
    operator: AccountConnection, limiter: LookupLimiter, clock: Callable[[], float]
) -> TaskReader:
    """Return a reader of tasks for people who all use the operator's account."""
    registry, store = _registry_of(operator, clock), watch_store_of(operator.tasks)
    return TaskReader(registry, CallerLookups(registry, store, limiter), store)


def _registry_of(operator: AccountConnection, clock: Callable[[], float]) -> AccountRegistry:
    return AccountRegistry(
        RelayAccountStore(operator.tasks._database, operator.tasks._outbox),
        _refuse_to_open,
        operator,
        is_shared=True,
        tell_rejected=_tell_nobody,
        on_failure=lambda _: None,
        clock=clock,
    )


async def _tell_nobody(_: RelayAccount) -> bool:
    """Send no message: no relay refuses a key here."""
    return True


async def _refuse_to_open(account: RelayAccount) -> AccountConnection:
    raise DecryptionError(f"no key can decrypt that of {account.id}")
