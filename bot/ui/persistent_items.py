"""Persistent components: buttons and menus that work in messages of earlier runs too.

discord.py matches the custom id of what was used against the templates of the registered items, and
the item calls the handler that it was made with.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

import discord

from bot.ui.custom_ids import CustomId
from bot.ui.error_replies import reply_with_error

IdT = TypeVar("IdT", bound=CustomId)
Handler = Callable[[discord.Interaction[Any], IdT], Awaitable[None]]
"""Answers an interaction with a component, given its decoded custom id."""

PersistentItem = type[discord.ui.DynamicItem[Any]]
"""A kind of component, as ``Client.add_dynamic_items`` takes it."""


def persistent_item(id_type: type[IdT], handler: Handler[IdT]) -> PersistentItem:
    """Return the item that lets ``handler`` answer the components with custom ids of a kind.

    Errors of the handler are replied to the user, as for commands: discord.py only logs them, and
    the interaction would stay without a response.
    """

    class Item(
        discord.ui.DynamicItem[discord.ui.Item[discord.ui.View]], template=id_type.template()
    ):
        @classmethod
        async def from_custom_id(
            cls,
            _interaction: discord.Interaction[Any],
            item: discord.ui.Item[Any],
            _match: re.Match[str],
        ) -> Self:
            return cls(item)

        async def callback(self, interaction: discord.Interaction[Any]) -> None:
            try:
                custom_id = id_type.decode(self.custom_id)
                assert custom_id is not None  # noqa: S101 # the template has matched it
                await handler(interaction, custom_id)
            except Exception as error:  # noqa: BLE001 # answered and logged, as in the command tree
                await reply_with_error(interaction, error)

    Item.__name__ = Item.__qualname__ = id_type.__name__.removesuffix("Id")
    return Item


def selected_values(interaction: discord.Interaction[Any]) -> list[str]:
    """Return what was chosen in a menu; empty for a button."""
    data: Any = interaction.data or {}
    return list(data.get("values", []))
