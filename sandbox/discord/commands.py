"""The application commands that the bot has registered."""

from contextlib import suppress
from typing import Any

from sandbox.discord.command_limits import SUBCOMMAND, SUBCOMMAND_GROUP, read_commands
from sandbox.discord.errors import ActionUnavailable, Payload, api_error
from sandbox.discord.interactions import Interaction
from sandbox.discord.permissions import Permission
from sandbox.discord.state import DiscordState


class Commands:
    """Global commands, and those of single guilds."""

    def __init__(self, state: DiscordState) -> None:
        self._state = state
        self._scopes: dict[int | None, list[Payload]] = {}
        self.overwrites = 0
        """How often commands were registered; Discord limits this to 200 a day."""

    @property
    def registered(self) -> bool:
        """Whether the bot has registered anything, be it an empty list."""
        return bool(self._scopes)

    def listed(self, guild_id: int | None) -> list[Payload]:
        """Return the commands of a guild, or with None the global ones."""
        return self._scopes.get(guild_id, [])

    def overwrite(self, guild_id: int | None, commands: Any) -> list[Payload]:
        """Replace all commands of a guild, or with None the global ones. Rejects bad ones."""
        commands, errors = read_commands(commands)
        errors.raise_if_any()
        known = {(one["type"], one["name"]): one["id"] for one in self.listed(guild_id)}
        self._scopes[guild_id] = [self._complete(one, guild_id, known) for one in commands]
        self.overwrites += 1
        self._state.publish("commands", text=f"{len(commands)} commands")
        return self._scopes[guild_id]

    def get(self, guild_id: int | None, command_id: int) -> Payload:
        """Return one command, or refuse with 10063."""
        for command in self.listed(guild_id):
            if command["id"] == str(command_id):
                return command
        raise api_error(10063)

    def delete(self, guild_id: int | None, command_id: int) -> None:
        """Delete one command, or raise ApiError 10063."""
        self.listed(guild_id).remove(self.get(guild_id, command_id))

    def _complete(
        self, command: Payload, guild_id: int | None, known: dict[tuple[int, str], str]
    ) -> Payload:
        kind = command["type"]
        identity = known.get((kind, command["name"])) or str(self._state.shared.ids.timestamp_id())
        required = command.get("default_member_permissions")
        complete: Payload = {
            "name_localizations": None,
            "description": "",
            "description_localizations": None,
            "dm_permission": True,
            "contexts": None,
            "integration_types": [0],
            "nsfw": False,
            **command,
            "id": identity,
            "application_id": str(self._state.shared.application_id),
            "version": str(self._state.shared.ids.timestamp_id()),
            "type": kind,
            "default_member_permissions": None if required is None else str(required),
        }
        if complete["integration_types"] is None:
            complete["integration_types"] = [0]
        if guild_id is not None:
            complete["guild_id"] = str(guild_id)
        return complete

    def offered(self, interaction: Interaction, name: str, kind: int) -> Payload:
        """Return the command of that name that a user may use there.

        Raises ActionUnavailable if none.
        """
        guild = interaction.channel.guild
        scopes = [None] if guild is None else [guild.id, None]
        for scope in scopes:
            for command in self.listed(scope):
                if command["name"] == name and command["type"] == kind:
                    _require_context(command, interaction)
                    _require_permissions(command, interaction)
                    return command
        names = ", ".join(command["name"] for scope in scopes for command in self.listed(scope))
        raise ActionUnavailable(f"there is no command {name!r} here; there are: {names or 'none'}")

    def all_offered(self, interaction: Interaction) -> list[Payload]:
        """Return every command that a user may use there."""
        guild = interaction.channel.guild
        known = [
            one for scope in ([] if guild is None else [guild.id]) for one in self.listed(scope)
        ]
        found: dict[tuple[int, str], Payload] = {}
        for command in [*known, *self.listed(None)]:
            key = (command["type"], command["name"])
            with suppress(ActionUnavailable):
                found.setdefault(key, self.offered(interaction, command["name"], command["type"]))
        return list(found.values())


def _require_context(command: Payload, interaction: Interaction) -> None:
    contexts = command["contexts"]
    if contexts is None:
        contexts = [0, 1, 2] if command["dm_permission"] else [0]
    if interaction.context not in contexts:
        raise ActionUnavailable(
            f"{command['name']!r} is not offered in context {interaction.context}"
        )
    installs = {"0": 0, "1": 1}
    present = {installs[key] for key in interaction.owners}
    if not present & set(command["integration_types"]):
        raise ActionUnavailable(
            f"{command['name']!r} is not offered: the bot is not installed for that"
        )


def _require_permissions(command: Payload, interaction: Interaction) -> None:
    if interaction.channel.guild is None:
        return
    has = interaction.channel.permissions_of(interaction.user)
    required = int(command["default_member_permissions"] or 0)
    hidden = command["default_member_permissions"] == "0" and not has & Permission.ADMINISTRATOR
    if hidden or required & ~int(has) or not has & Permission.USE_APPLICATION_COMMANDS:
        raise ActionUnavailable(f"{interaction.user.name} may not use {command['name']!r} here")


def subcommand(command: Payload, words: list[str]) -> tuple[list[Payload], list[Payload]]:
    """Follow the words after a command's name down to what is really run.

    Gives the options of that, and the chain of subcommand groups and subcommands that leads to it.
    ActionUnavailable for a word that is no subcommand, and for a group without one.
    """
    options: list[Payload] = command.get("options") or []
    chain: list[Payload] = []
    nested = (SUBCOMMAND, SUBCOMMAND_GROUP)
    for word in words:
        found = [one for one in options if one["name"] == word and one["type"] in nested]
        if not found:
            raise ActionUnavailable(f"{command['name']!r} has no subcommand {word!r}")
        chain.append(found[0])
        options = found[0].get("options") or []
    if any(option["type"] in nested for option in options):
        names = ", ".join(option["name"] for option in options)
        raise ActionUnavailable(f"{command['name']!r} needs a subcommand: {names}")
    return options, chain
