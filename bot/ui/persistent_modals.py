"""Modals that are answered whichever run of the bot has opened them.

discord.py answers only the modals that it keeps in memory. Here a modal is recognized by its custom
id when it is sent in, so none is kept: those that nobody sends in cost nothing, and one that was
open during a restart works.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import discord

from bot.ui.custom_ids import CustomId
from bot.ui.error_replies import reply_with_error

IdT = TypeVar("IdT", bound=CustomId)
ModalHandler = Callable[[discord.Interaction[Any], IdT, Mapping[str, str]], Awaitable[None]]
"""Answers a modal, given its decoded custom id and the values of its fields by their names."""

PersistentModal = Callable[[discord.Interaction[Any]], Coroutine[Any, Any, None]]
"""A listener for ``on_interaction``."""


CHECKED = "yes"
"""The value of a checkbox that is checked; that of one that is not is empty."""


@dataclass(frozen=True, slots=True)
class TextField:
    """A field of a modal for text."""

    name: str
    label: str
    """At most 45 characters."""
    description: str
    """At most 100 characters; empty: none."""
    max_length: int
    """At most 4000."""
    value: str = ""
    """What is filled in already."""
    is_required: bool = True
    is_long: bool = False
    """Whether the text may have several lines."""


@dataclass(frozen=True, slots=True)
class ChoiceField:
    """A menu of a modal, of 1 to 25 options."""

    name: str
    label: str
    description: str
    options: tuple[tuple[str, str], ...]
    """The values and their words, at most 100 characters each."""
    value: str = ""
    """The option that is chosen already."""


@dataclass(frozen=True, slots=True)
class CheckField:
    """A checkbox of a modal; its value is ``CHECKED`` or empty."""

    name: str
    label: str
    description: str
    is_checked: bool = False


Field = TextField | ChoiceField | CheckField


def form_modal(custom_id: CustomId, title: str, fields: Sequence[Field]) -> discord.ui.Modal:
    """Return a modal of at most five fields, with a title of at most 45 characters."""
    modal = discord.ui.Modal(title=title, custom_id=custom_id.encode())
    for field in fields:
        modal.add_item(
            discord.ui.Label(
                text=field.label,
                description=field.description or None,
                component=_component(field),
            )
        )
    modal.stop()  # so that discord.py does not keep it
    return modal


def _component(field: Field) -> discord.ui.Item[discord.ui.Modal]:
    if isinstance(field, TextField):
        return discord.ui.TextInput(
            custom_id=field.name,
            default=field.value or None,
            max_length=field.max_length,
            required=field.is_required,
            style=discord.TextStyle.paragraph if field.is_long else discord.TextStyle.short,
        )
    if isinstance(field, CheckField):
        return discord.ui.Checkbox(custom_id=field.name, default=field.is_checked)
    options = [
        discord.SelectOption(label=words, value=value, default=value == field.value)
        for value, words in field.options
    ]
    return discord.ui.Select(custom_id=field.name, options=options)


def persistent_modal(id_type: type[IdT], handler: ModalHandler[IdT]) -> PersistentModal:
    """Return the listener that lets ``handler`` answer the modals with custom ids of a kind.

    Errors of the handler are replied to the user, as for commands.
    """

    async def on_interaction(interaction: discord.Interaction[Any]) -> None:
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        data: Any = interaction.data or {}
        custom_id = id_type.decode(data.get("custom_id", ""))
        if custom_id is None:
            return
        try:
            await handler(interaction, custom_id, dict(_values(data.get("components", []))))
        except Exception as error:  # noqa: BLE001 # answered and logged, as in the command tree
            await reply_with_error(interaction, error)

    return on_interaction


def _values(components: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of each field."""
    for component in components:
        field = component.get("component", component)
        value = field.get("value", (field.get("values") or [""])[0])
        if isinstance(value, bool):
            value = CHECKED if value else ""
        if isinstance(value, str) and "custom_id" in field:
            yield field["custom_id"], value
