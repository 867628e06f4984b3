"""What buttons and menus have in common: all that they know stands in their custom ids."""

import re
from typing import Any, Self

import discord

from bot.ui.error_replies import failures_told


class Remembered:
    """A ``DynamicItem`` that is made of its custom id alone, so that it outlives a restart.

    The named groups of its template are the arguments of its constructor, as texts. What its
    callback raises is told to the person who pressed, as commands do.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "callback" in vars(cls):
            cls.callback = failures_told(vars(cls)["callback"])  # type: ignore[attr-defined]  # a DynamicItem has one

    @classmethod
    async def from_custom_id(
        cls,
        _interaction: discord.Interaction,
        _item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
    ) -> Self:
        """Return the item that was used."""
        return cls(**match.groupdict())
