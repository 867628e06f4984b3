"""Names tasks in texts: by the title, and by the id only where there is no title."""

from collections.abc import Iterable

from bot.i18n.catalog import Catalog
from bot.relay.models import Task
from bot.ui.escaping import code_span, escape_line
from bot.ui.task_text import masked_link

MAX_NAME = 60
"""Code points of a title, and of an id in a list; the ids of relays have at most 37."""


def task_name(task: Task, catalog: Catalog, *, link: str = "") -> str:
    """Return the name of a task, escaped; it links to ``link``, if there is one."""
    title = escape_line(task.title, limit=MAX_NAME)
    name = catalog.text("task-name", title=title) if title else code_span(task.id, limit=MAX_NAME)
    return masked_link(name, link) if link else name


def task_names(tasks: Iterable[Task], catalog: Catalog) -> str:
    """Return the names of tasks as a list."""
    return catalog.listed(task_name(task, catalog) for task in tasks)
