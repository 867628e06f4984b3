"""Builds the small views of messages: link buttons, and the persistent buttons of cards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Task
from bot.storage.models import PersonalData
from bot.ui.custom_ids import (
    CustomId,
    ErasureButtonId,
    StatusButtonId,
    StatusListButtonId,
    StatusMenuId,
)
from bot.ui.limits import MAX_BUTTONS, MAX_BUTTONS_IN_ROW

_STATUS_BUTTON_STYLES = {"notify": discord.ButtonStyle.primary}


@dataclass(frozen=True, slots=True)
class LinkButton:
    """A button that opens a URL: a label of 1 to 80 code points, a URL of at most 512."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class ActionButton:
    """A button that the bot answers: a label of 1 to 80 code points, a custom id of ours."""

    label: str
    custom_id: str


class StatelessView(discord.ui.View):
    """A view that discord.py does not keep in memory: dynamic items handle its components.

    discord.py keeps every view that it sends until the view is stopped, so this one is stopped
    before it is sent.
    """

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.stop()


def button_view(buttons: Iterable[LinkButton | ActionButton]) -> discord.ui.View | None:
    """Return a view of ``buttons``, five in a row; ``None`` if there are none.

    Only the first 25 are shown, as many as Discord accepts. The Discord client itself opens links,
    and persistent items answer the others, so the view works after a restart.
    """
    accepted = tuple(buttons)[:MAX_BUTTONS]
    if not accepted:
        return None
    view = StatelessView()
    for button in accepted:
        url = button.url if isinstance(button, LinkButton) else None
        custom_id = button.custom_id if isinstance(button, ActionButton) else None
        view.add_item(discord.ui.Button(label=button.label, url=url, custom_id=custom_id))
    return view


def status_view(
    task: Task, links: Sequence[LinkButton], catalog: Catalog, *, watching: bool = False
) -> discord.ui.View | None:
    """Return one row of buttons of a status card: open the results, watch, read, refresh.

    ``watching``: whether the user watches the task, so that the button stops that.
    """
    view = StatelessView()
    actions = [] if task.terminal else ["stop" if watching else "notify"]
    actions += ["lyrics"] if task.text else []
    actions += [] if task.terminal else ["refresh"]
    custom_ids = [StatusButtonId(action, task.id) for action in actions]
    custom_ids = [custom_id for custom_id in custom_ids if custom_id.is_encodable]
    for link in links[: MAX_BUTTONS_IN_ROW - len(custom_ids)]:
        view.add_item(discord.ui.Button(label=link.label, url=link.url))
    for custom_id in custom_ids:
        view.add_item(status_button(custom_id.action, custom_id, catalog))
    return view if view.children else None


def status_button(
    action: str, custom_id: CustomId, catalog: Catalog
) -> discord.ui.Button[discord.ui.View]:
    """Return a button under a status card, or under the statuses of several tasks."""
    return discord.ui.Button(
        label=catalog.text(f"status-button-{action}"),
        style=_STATUS_BUTTON_STYLES.get(action, discord.ButtonStyle.secondary),
        custom_id=custom_id.encode(),
    )


def status_menu(
    options: list[discord.SelectOption], catalog: Catalog
) -> discord.ui.Select[discord.ui.View]:
    """Return the menu that opens the status of a task; the values of the options are task ids."""
    custom_id, placeholder = StatusMenuId().encode(), catalog.text("status-open")
    return discord.ui.Select(custom_id=custom_id, placeholder=placeholder, options=options)


def with_watch_button(
    message: discord.Message, catalog: Catalog, *, watching: bool
) -> discord.ui.View:
    """Return the components of a message with statuses, after its user began or stopped to watch.

    ``watching``: whether the button that watches now stops that, or the other way round.
    """
    view = discord.ui.View.from_message(message, timeout=None)
    view.stop()  # as in StatelessView
    action = "stop" if watching else "notify"
    for item in view.children:
        if isinstance(item, discord.ui.Button) and (button := _watch_button(item.custom_id or "")):
            custom_id = replace(button, action=action)
            item.custom_id = custom_id.encode()
            item.label = catalog.text(f"status-button-{action}")
            item.style = _STATUS_BUTTON_STYLES.get(action, discord.ButtonStyle.secondary)
    return view


def _watch_button(custom_id: str) -> StatusButtonId | StatusListButtonId | None:
    button = StatusButtonId.decode(custom_id) or StatusListButtonId.decode(custom_id)
    return button if button and button.action in ("notify", "stop") else None


def erasure_question(personal_data: PersonalData, catalog: Catalog) -> str:
    """Return the question whether to delete a user's data, with counts of what is stored."""
    counts = {
        "running": personal_data.running,
        "ended": personal_data.ended,
        "unposted": personal_data.unposted,
        "history": personal_data.history,
        "creations": personal_data.creations,
        "drafts": personal_data.drafts,
        "settings": personal_data.settings,
        "account": personal_data.account,
        "connected-servers": personal_data.connected_servers,
    }
    stored = [
        f"• {catalog.text(f'forget-{key}', count=count)}" for key, count in counts.items() if count
    ]
    return "\n".join([catalog.text("forget-question"), *stored, "", catalog.text("forget-stays")])


def erasure_view(owner: int, catalog: Catalog) -> discord.ui.View:
    """Return the buttons that confirm and cancel the deletion of a user's data."""
    view = StatelessView()
    for action, style in (
        ("delete", discord.ButtonStyle.danger),
        ("keep", discord.ButtonStyle.secondary),
    ):
        label = catalog.text(f"forget-button-{action}")
        custom_id = ErasureButtonId(action, owner).encode()
        view.add_item(discord.ui.Button(label=label, style=style, custom_id=custom_id))
    return view
