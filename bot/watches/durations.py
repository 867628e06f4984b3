"""Tells how long tasks like those of a look-up usually take."""

from bot.accounts.lookup import AccountLookup
from bot.relay.models import TaskKind
from bot.storage.history import History
from bot.storage.models import DurationStats


async def typical_durations(
    history: History, found: AccountLookup
) -> dict[str, DurationStats | None]:
    """Return by id how long such tasks take at the account that knows the task.

    Ended tasks have no entry.
    """
    running = {
        task_id: (connection.account, task.kind or TaskKind.MUSIC)
        for task_id, connection in found.connections.items()
        if (task := found.result.tasks.get(task_id)) and not task.terminal
    }
    stats = {each: await history.duration_stats(*each) for each in set(running.values())}
    return {task_id: stats[each] for task_id, each in running.items()}
