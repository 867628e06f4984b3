"""The base of cogs that add commands to ``/suno`` and answer persistent components."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from discord import app_commands
from discord.ext import commands

from bot.i18n.translator import localized
from bot.ui.persistent_items import PersistentItem

GROUP = "suno"

Subcommand = app_commands.Command[Any, ..., None]


class SunoCog(commands.Cog):
    """A cog that registers its subcommands and components when it is loaded."""

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        *,
        subcommands: Sequence[Subcommand] = (),
        items: Sequence[PersistentItem] = (),
    ) -> None:
        self._bot = bot
        self._subcommands = tuple(subcommands)
        self._items = tuple(items)

    async def cog_load(self) -> None:
        """Register the subcommands and the components, also those in messages of earlier runs."""
        for command in self._subcommands:
            _suno_group(self._bot).add_command(command)
        self._bot.add_dynamic_items(*self._items)

    async def cog_unload(self) -> None:
        """Remove the subcommands and the components."""
        for command in self._subcommands:
            _suno_group(self._bot).remove_command(command.name)
        self._bot.remove_dynamic_items(*self._items)


def subcommand(key: str, callback: Callable[..., Awaitable[None]]) -> Subcommand:
    """Return the command ``/suno …`` with the name and description of a key in the catalogues."""
    return app_commands.Command(
        name=localized(f"command-{key}-name"),
        description=localized(f"command-{key}"),
        callback=callback,  # type: ignore[arg-type]  # a bound method: discord.py takes it too
    )


def _suno_group(bot: commands.AutoShardedBot) -> app_commands.Group:
    """Return the command ``/suno`` of a bot; the first cog that needs it creates it."""
    group = bot.tree.get_command(GROUP)
    if group is None:
        group = app_commands.Group(name=GROUP, description=localized("command-suno"))
        bot.tree.add_command(group)
    assert isinstance(group, app_commands.Group)  # noqa: S101 # nothing else has this name
    return group
