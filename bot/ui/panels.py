"""Builds panels: messages with an embed, and persistent components that change what it shows."""

from collections.abc import Iterable
from dataclasses import dataclass

import discord

from bot.ui.custom_ids import CustomId
from bot.ui.task_text import RUNNING_COLOUR
from bot.ui.views import StatelessView


@dataclass(frozen=True, slots=True)
class Panel:
    """The message of a panel."""

    embed: discord.Embed
    view: discord.ui.View


def build_panel(
    title: str,
    lines: Iterable[str],
    items: Iterable[discord.ui.Item[discord.ui.View]],
    colour: discord.Colour = RUNNING_COLOUR,
) -> Panel:
    """Return a panel of some lines with some components below them."""
    view = StatelessView()
    for item in items:
        view.add_item(item)
    return Panel(discord.Embed(title=title, description="\n".join(lines), colour=colour), view)


def panel_button(
    custom_id: CustomId,
    label: str,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
) -> discord.ui.Button[discord.ui.View]:
    """Return a button of a panel."""
    return discord.ui.Button(label=label, custom_id=custom_id.encode(), style=style)
