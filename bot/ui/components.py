"""The buttons under a message."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Task
from bot.ui.error_replies import reports_errors
from bot.ui.limits import MAX_BUTTONS


class PersistentItem:
    """A ``DynamicItem`` that is made of its custom id alone, so that it outlives a restart.

    The named groups of its template are the arguments of its constructor, as texts. What its
    callback raises is told to the person who pressed, as commands do.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "callback" in vars(cls):
            cls.callback = reports_errors(vars(cls)["callback"])  # type: ignore[attr-defined]  # a DynamicItem has one

    @classmethod
    async def from_custom_id(
        cls,
        _interaction: discord.Interaction,
        _item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> Self:
        """Return the item that was used."""
        return cls(**match.groupdict())


KEEP_WATCHING = "keep-watching:{}"
"""The custom id of the button that watches the task of a delivery again; its id goes in."""


@dataclass(frozen=True, slots=True)
class LinkButton:
    """A button that opens a page: a label of 1 to 80 code points, a URL of at most 512."""

    label: str
    url: str


class StatelessView(discord.ui.View):
    """A view of buttons whose custom ids say everything, which discord.py does not keep.

    discord.py holds every view that it sends until that is stopped: this one is stopped before it
    is sent. Dynamic items answer for its buttons, also after a restart.
    """

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.stop()


def link_view(buttons: Iterable[LinkButton]) -> discord.ui.View | None:
    """Return the view that shows ``buttons``, five in a row, ``None`` where there are none.

    Only the first 25 are shown: Discord takes no more. A link is opened by the reader's own client,
    so the view waits for nothing and outlives a restart.
    """
    shown = tuple(buttons)[:MAX_BUTTONS]
    if not shown:
        return None
    view = StatelessView()
    for button in shown:
        view.add_item(discord.ui.Button(label=button.label, url=button.url))
    return view


def keep_watching_view(delivery_id: int, label: str) -> discord.ui.View:
    """Return the view of a notice that a task was given up: a button to watch it again."""
    view = StatelessView()
    view.add_item(discord.ui.Button(label=label, custom_id=KEEP_WATCHING.format(delivery_id)))
    return view


STATUS_BUTTON = r"status:(?P<action>notify|lyrics|refresh):(?P<task>[\w.:~/-]{1,85})"
"""The custom id of a button under a status card. Longer ids, which no relay makes, have none."""

_LINKS_UNDER_A_CARD = 5


def status_view(
    task: Task, links: Sequence[LinkButton], catalog: Catalog
) -> discord.ui.View | None:
    """Return what can be done about a task whose card is shown: open, be told, read, look again."""
    view = StatelessView()
    for link in links[:_LINKS_UNDER_A_CARD]:
        view.add_item(discord.ui.Button(label=link.label, url=link.url, row=0))
    actions = [] if task.terminal else ["notify"]
    actions += ["lyrics"] if task.text else []
    actions += [] if task.terminal else ["refresh"]
    if re.fullmatch(STATUS_BUTTON, f"status:refresh:{task.id}"):
        for action in actions:
            view.add_item(
                discord.ui.Button(
                    label=catalog.text(f"status-button-{action}"),
                    style=_STYLES.get(action, discord.ButtonStyle.secondary),
                    custom_id=f"status:{action}:{task.id}",
                    row=1,
                )
            )
    return view if view.children else None


_STYLES = {"notify": discord.ButtonStyle.primary}
