"""What can be created next, as buttons under notices and in the private menu of a song."""

from collections.abc import Iterator
from dataclasses import dataclass

import discord

from bot.i18n.catalog import Catalog
from bot.relay.models import Clip, Task
from bot.relay.providers import Capability
from bot.storage.models import TaskKey
from bot.ui.custom_ids import CreationButtonId, CustomId, ExtensionModalId, VersionButtonId
from bot.ui.task_text import short_line
from bot.ui.views import ActionButton, StatelessView

MAX_VERSIONS = 4
"""Versions with buttons of their own in the menu, a row for each."""
_MAX_TITLE = 44
_VERSION_ACTIONS = {
    "extend": Capability.EXTEND,
    "wav": Capability.WAV,
    "timing": Capability.TIMING,
    "stems": Capability.STEMS,
}


@dataclass(frozen=True, slots=True)
class CreationActions:
    """What a notice offers at its destination, given the relay account of its task."""

    song: bool = False
    """Whether songs can be made there: from lyrics, or like one that is shown."""
    again: bool = False
    """Whether it was created with the bot, and can be repeated."""
    account: str = ""
    """The relay account of the task."""


NO_ACTIONS = CreationActions()


def menu_button(task: Task, actions: CreationActions, catalog: Catalog) -> list[ActionButton]:
    """Return the button that opens the menu of a song, in a list; empty if it is not offered."""
    offered = ["more"] if actions.song or actions.again else []
    return _buttons(TaskKey(actions.account, task.id), offered, catalog)


def song_button(task: Task, actions: CreationActions, catalog: Catalog) -> list[ActionButton]:
    """Return the button that makes a song of lyrics, in a list; empty if it is not offered."""
    offered = ["song"] if actions.song else []
    return _buttons(TaskKey(actions.account, task.id), offered, catalog)


def repeat_buttons(task: Task, actions: CreationActions, catalog: Catalog) -> list[ActionButton]:
    """Return the buttons under a creation that has failed."""
    offered = ["again", "edit"] if actions.again else []
    return _buttons(TaskKey(actions.account, task.id), offered, catalog)


def song_menu(
    account: str,
    task: Task,
    capabilities: frozenset[Capability],
    catalog: Catalog,
    *,
    can_repeat: bool,
) -> tuple[str, discord.ui.View]:
    """Return the text and the buttons of the private menu of a song.

    ``account``: the one that has the song. ``capabilities``: what can be done with it here.
    ``can_repeat``: whether the request is stored.
    """
    title = short_line(task.title, columns=_MAX_TITLE)
    text = catalog.text("create-menu", title=title, titled="yes" if title else "no")
    view = StatelessView()
    makes_songs = Capability.MUSIC in capabilities
    actions = ["again"] if can_repeat and makes_songs else []
    actions += ["edit"] if makes_songs else []
    for button in _buttons(TaskKey(account, task.id), actions, catalog):
        view.add_item(_button(button.custom_id, button.label, row=0))
    for row, (custom_id, label) in _version_buttons(account, task, capabilities, catalog):
        view.add_item(_button(custom_id, label, row=row))
    return text, view


def version_of(task: Task | None, number: int) -> Clip | None:
    """Return a version of a song, counted from 1; ``None`` if there is none."""
    return dict(enumerate(task.clips if task else (), 1)).get(number)


def version_name(task: Task, number: int, catalog: Catalog) -> str:
    """Return the title of a song and which version it is."""
    title = short_line(task.title, columns=_MAX_TITLE) or catalog.text("card-untitled")
    key = "create-version-of-several" if len(task.clips) > 1 else "create-version"
    return catalog.text(key, title=title, number=number)


def _version_buttons(
    account: str, task: Task, capabilities: frozenset[Capability], catalog: Catalog
) -> Iterator[tuple[int, tuple[str, str]]]:
    """Yield the row, the custom id and the label of each button of the first versions."""
    of_several = "-of-several" if len(task.clips) > 1 else ""
    usable = [number for number, clip in enumerate(task.clips, 1) if clip.id and clip.playable]
    for row, number in enumerate(usable[:MAX_VERSIONS], 1):
        for action, capability in _VERSION_ACTIONS.items():
            custom_ids: list[CustomId] = [VersionButtonId(action, number, account, task.id)]
            if action == "extend":  # what the button opens has a longer one
                custom_ids.append(ExtensionModalId(number, account, task.id))
            if capability in capabilities and all(each.is_encodable for each in custom_ids):
                label = catalog.text(f"create-button-{action}{of_several}", number=number)
                yield row, (custom_ids[0].encode(), label)


def _buttons(key: TaskKey, actions: list[str], catalog: Catalog) -> list[ActionButton]:
    custom_ids = [CreationButtonId(action, key.account, key.task_id) for action in actions]
    return [
        ActionButton(catalog.text(f"create-button-{custom_id.action}"), custom_id.encode())
        for custom_id in custom_ids
        if custom_id.is_encodable
    ]


def _button(custom_id: str, label: str, *, row: int) -> discord.ui.Button[discord.ui.View]:
    return discord.ui.Button(label=label, custom_id=custom_id, row=row)
