"""Recognizes the texts of replies about tasks, wherever their results are told."""

import re
from collections.abc import Iterator
from functools import cache

from bot.i18n.catalog import catalog_for

_CATALOG = catalog_for("en-US")
_TASKS, _PLACE = "\N{BULLET}", "\N{TRIANGULAR BULLET}"


def with_plain_commands(text: str) -> str:
    """Return a text with commands as they are named while their ids are unknown.

    A bot in another process knows them, and its texts mention the commands.
    """
    return re.sub(r"</([^:>]+):[0-9]+>", r"`/\1`", text)


def says(line: str, key: str, task_id: str) -> bool:
    """Whether a line of a reply has the text of a key, and names a task by its id."""
    match = _pattern(key).fullmatch(with_plain_commands(line))
    named = match and any(tasks and names(tasks, task_id) for tasks in match.groups())
    return bool(named)


def names(text: str, task_id: str) -> bool:
    """Whether a text names a task by its id, or by the start of it.

    A title counts too if the id is in it.
    """
    starts = re.findall("`([^`…]+)…`", text)
    return task_id in text or any(map(task_id.startswith, starts))


def _told(where: str, count: int) -> Iterator[str]:
    """Yield the sentences that say how the person will be told, of each or of all together."""
    yield _CATALOG.text(f"watch-told-{where}", count=count, place=_PLACE)
    for watched in range(2, 11):
        yield _CATALOG.text(f"watch-told-{where}", count=watched, place=_PLACE)
    for together in range(2, 11):
        yield _CATALOG.text(f"summary-told-{where}", count=together, place=_PLACE)


@cache
def _pattern(key: str) -> re.Pattern[str]:
    """Return the pattern of a text for one or several tasks; the tasks are groups."""
    texts = {
        with_plain_commands(
            _CATALOG.text(
                key,
                count=count,
                tasks=_TASKS,
                told=told,
                details=details,
            ).rstrip()
        )
        for count in (1, 2)
        for where in ("here", "there", "post", "private")
        for told in ("", *_told(where, count))
        for details in ("", _CATALOG.text(f"watch-details-{where}", place=_PLACE))
    }
    patterns = (
        re.escape(text).replace(_TASKS, "(.+)").replace(_PLACE, "<#[0-9]+>") for text in texts
    )
    return re.compile("|".join(sorted(patterns)))
