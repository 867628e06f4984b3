"""The base of cogs that add commands to a group and answer persistent components and modals."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.i18n.translator import localized
from bot.ui.persistent_items import PersistentItem
from bot.ui.persistent_modals import PersistentModal

GROUP, SETTINGS_GROUP = "suno", "suno-settings"

Subcommand = app_commands.Command[Any, ..., None]


class SunoCog(commands.Cog):
    """A cog that registers its subcommands and components when it is loaded."""

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        *,
        subcommands: Sequence[Subcommand] = (),
        settings_subcommands: Sequence[Subcommand] = (),
        items: Sequence[PersistentItem] = (),
        modals: Sequence[PersistentModal] = (),
    ) -> None:
        """``settings_subcommands`` are those of ``/suno-settings``, the others of ``/suno``."""
        self._bot = bot
        self._subcommands = {GROUP: tuple(subcommands), SETTINGS_GROUP: tuple(settings_subcommands)}
        self._items = tuple(items)
        self._modals = tuple(modals)

    async def cog_load(self) -> None:
        """Register the subcommands and the components, also those in messages of earlier runs."""
        for group, commands_of_group in self._subcommands.items():
            for command in commands_of_group:
                _group(self._bot, group).add_command(command)
        self._bot.add_dynamic_items(*self._items)
        for modal in self._modals:
            self._bot.add_listener(modal, "on_interaction")

    async def cog_unload(self) -> None:
        """Remove the subcommands and the components."""
        for group, commands_of_group in self._subcommands.items():
            for command in commands_of_group:
                _group(self._bot, group).remove_command(command.name)
        self._bot.remove_dynamic_items(*self._items)
        for modal in self._modals:
            self._bot.remove_listener(modal, "on_interaction")


def subcommand(
    key: str, callback: Callable[..., Awaitable[None]], description: str = ""
) -> Subcommand:
    """Return a subcommand with the name and description of a key in the catalogues.

    ``description``: another key, where two groups have a subcommand of the same name.
    """
    return app_commands.Command(
        name=localized(f"command-{key}-name"),
        description=localized(description or f"command-{key}"),
        callback=callback,  # type: ignore[arg-type]  # a bound method: discord.py takes it too
    )


def _group(bot: commands.AutoShardedBot, name: str) -> app_commands.Group:
    """Return a group of commands of a bot; the first cog that needs it creates it."""
    group = bot.tree.get_command(name)
    if group is None:
        group = _new_settings_group() if name == SETTINGS_GROUP else _new_group()
        bot.tree.add_command(group)
    assert isinstance(group, app_commands.Group)  # noqa: S101 # nothing else has this name
    return group


def _new_group() -> app_commands.Group:
    return app_commands.Group(name=GROUP, description=localized("command-suno"))


def _new_settings_group() -> app_commands.Group:
    """Return the group for those who manage a server; it is offered in servers only."""
    return app_commands.Group(
        name=localized("command-settings-name"),
        description=localized("command-settings"),
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=False, private_channel=False
        ),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        default_permissions=discord.Permissions(manage_guild=True),
    )
