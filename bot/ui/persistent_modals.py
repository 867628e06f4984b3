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
"""Answers a modal, given its decoded custom id and the texts of its fields by their names."""

PersistentModal = Callable[[discord.Interaction[Any]], Coroutine[Any, Any, None]]
"""A listener for ``on_interaction``."""


@dataclass(frozen=True, slots=True)
class TextField:
    """A field of a modal."""

    name: str
    label: str
    """At most 45 characters."""
    description: str
    """At most 100 characters."""
    max_length: int
    value: str = ""
    """What is filled in already."""
    is_required: bool = True


def text_modal(custom_id: CustomId, title: str, fields: Sequence[TextField]) -> discord.ui.Modal:
    """Return a modal of text fields, with a title of at most 45 characters."""
    modal = discord.ui.Modal(title=title, custom_id=custom_id.encode())
    for field in fields:
        text_input: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
            custom_id=field.name,
            default=field.value or None,
            max_length=field.max_length,
            required=field.is_required,
        )
        modal.add_item(
            discord.ui.Label(text=field.label, description=field.description, component=text_input)
        )
    modal.stop()  # so that discord.py does not keep it
    return modal


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
            await handler(interaction, custom_id, dict(_texts(data.get("components", []))))
        except Exception as error:  # noqa: BLE001 # answered and logged, as in the command tree
            await reply_with_error(interaction, error)

    return on_interaction


def _texts(components: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each text field."""
    for component in components:
        field = component.get("component", component)
        if isinstance(field.get("value"), str):
            yield field["custom_id"], field["value"]
