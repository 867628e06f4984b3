"""The commands that a user is offered: one entry each, in the language of the user."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord.command_limits import CHAT_INPUT, MESSAGE_COMMAND, SUBCOMMAND
from sandbox.discord.command_limits import SUBCOMMAND_GROUP as GROUP

Payload = dict[str, Any]


def slash_commands(commands: list[Payload], locale: str) -> list[Payload]:
    """List the slash commands, each subcommand by itself.

    ``path`` is what is sent (``suno status``), ``name`` the name in ``locale``.
    """
    return [
        entry
        for command in commands
        if command["type"] == CHAT_INPUT
        for entry in _entries(command, [], [], locale)
    ]


def menu_commands(commands: list[Payload], locale: str) -> list[Payload]:
    """List the commands in the menu of a message."""
    return [
        {"path": one["name"], "name": localised(one, "name", locale)}
        for one in commands
        if one["type"] == MESSAGE_COMMAND
    ]


def localised(thing: Payload, field: str, locale: str) -> str:
    """Return a name or a description in ``locale``, or the default where there is none."""
    others = thing.get(f"{field}_localizations") or {}
    return str(others.get(locale) or thing.get(field) or "")


def _entries(command: Payload, path: list[str], names: list[str], locale: str) -> Iterator[Payload]:
    path = [*path, command["name"]]
    names = [*names, localised(command, "name", locale)]
    options = command.get("options") or []
    nested = [one for one in options if one["type"] in (SUBCOMMAND, GROUP)]
    for inner in nested:
        yield from _entries(inner, path, names, locale)
    if not nested:
        yield {
            "path": " ".join(path),
            "name": " ".join(names),
            "description": localised(command, "description", locale),
            "options": [_option(one, locale) for one in options],
        }


def _option(option: Payload, locale: str) -> Payload:
    choices = option.get("choices") or []
    kept = ("name", "type", "min_length", "max_length", "min_value", "max_value", "channel_types")
    return {name: option[name] for name in kept if name in option} | {
        "label": localised(option, "name", locale),
        "description": localised(option, "description", locale),
        "required": bool(option.get("required")),
        "autocomplete": bool(option.get("autocomplete")),
        "choices": [
            {"name": localised(one, "name", locale), "value": one["value"]} for one in choices
        ],
    }
