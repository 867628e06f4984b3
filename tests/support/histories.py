"""Creates histories: tasks that are watched and end, and searches for them."""

from bot.relay.models import Task
from bot.storage.history import History
from bot.storage.models import Destination, EndReason, HistoryScope, PollResult, WatchRequest
from bot.storage.tasks import TaskStore
from tests.support.builders import HERE, NOON, a_clip, a_running_task, a_song

THERE = Destination(channel_id=600, guild_id=60)
DIRECT = Destination(channel_id=700)
SERVER = HistoryScope(user_id=9, guild_id=50, visible=frozenset({500, 501, 505}))
OTHER_SERVER = HistoryScope(user_id=9, guild_id=60, visible=frozenset({600}))
ADA, BEA = HistoryScope(user_id=1), HistoryScope(user_id=2)


async def watch(
    store: TaskStore, task_id: str, user_id: int = 1, destination: Destination = HERE
) -> None:
    """Watch a running task, seen first at noon."""
    task = a_running_task(task_id)
    await store.add_watch(
        task, WatchRequest(user_id, destination), NOON, known=True, deadline=86400
    )


async def end(
    store: TaskStore, task: Task, now: float = NOON, end_reason: EndReason = EndReason.FINISHED
) -> None:
    """Let a watched task end."""
    seen = PollResult(task.id, next_poll_at=now, task=task, end_reason=end_reason)
    await store.record([seen], now)


async def ended(
    store: TaskStore,
    task: Task,
    now: float = NOON,
    *,
    user_id: int = 1,
    destination: Destination = HERE,
) -> None:
    """Watch a task and let it end."""
    await watch(store, task.id, user_id, destination)
    await end(store, task, now)


async def ids(history: History, scope: HistoryScope = SERVER, search: str = "") -> list[str]:
    """Return the tasks on the first page of a search."""
    return [entry.task.id for entry in (await history.page(scope, search)).entries]


def named(task_id: str, title: str = "", style: str = "", lyrics: str = "") -> Task:
    """Return a song with these texts."""
    return a_song(task_id, clips=(a_clip(title=title, style=style, lyrics=lyrics),))
