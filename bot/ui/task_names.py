"""Names tasks in texts: by the title, and by the id only where there is no title."""

from collections.abc import Iterable

from bot.i18n.catalog import Catalog
from bot.relay.models import Task
from bot.ui.escaping import code_span, escape_line
from bot.ui.task_text import masked_link, short_id

MAX_NAME = 60
"""Code points of a title, and of an id in a list; the ids of relays have at most 37."""


def task_name(task: Task, catalog: Catalog, *, link: str = "", short: bool = False) -> str:
    """Return the name of a task, escaped; it links to ``link``, if there is one.

    ``short``: show only the start of an id, where somebody has no need to check or to copy it.
    """
    title = escape_line(task.title, limit=MAX_NAME)
    task_id = short_id(task) if short else code_span(task.id, limit=MAX_NAME)
    name = catalog.text("task-name", title=title) if title else task_id
    return masked_link(name, link) if link else name


def task_names(tasks: Iterable[Task], catalog: Catalog, *, short: bool = False) -> str:
    """Return the names of tasks as a list."""
    return catalog.listed(task_name(task, catalog, short=short) for task in tasks)
