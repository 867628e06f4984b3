"""What Discord takes as the commands that a bot registers."""

import unicodedata
from collections.abc import Collection
from typing import Any

from sandbox.discord.errors import FieldErrors, Path, Payload
from sandbox.discord.schema import (
    Validator,
    boolean,
    choice_of,
    integer,
    list_of,
    number,
    object_of,
    text,
    union_by_type,
)
from sandbox.discord.snowflakes import parse_snowflake

CHAT_INPUT, USER_COMMAND, MESSAGE_COMMAND = 1, 2, 3
SUBCOMMAND, SUBCOMMAND_GROUP, STRING, INTEGER, BOOLEAN = 1, 2, 3, 4, 5
USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = 6, 7, 8, 9, 10, 11

MAX_BY_TYPE = {CHAT_INPUT: 100, USER_COMMAND: 15, MESSAGE_COMMAND: 15}
OPTIONS = 25
CHOICES = 25
ALL_TEXT = 8000
"""Characters of all names, descriptions and choices of one command together."""

LOCALES = frozenset([
    "ar", "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "he",
    "hi", "hr", "hu", "id", "it", "ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru",
    "sv-SE", "th", "tr", "uk", "vi", "zh-CN", "zh-TW",
])  # fmt: skip

_LARGEST_INTEGER = 2**53 - 1
_LARGEST_PERMISSIONS = 2**54 - 1
_LONGEST_VALUE = 6000


def value_validator(kind: int) -> Validator:
    """Return the validator of a choice's value, for an option of a kind."""
    if kind == INTEGER:
        return integer(-_LARGEST_INTEGER, _LARGEST_INTEGER)
    return number() if kind == NUMBER else text(100, min_length=1, trimmed=False)


_any_name = text(32, min_length=1)
_description = text(100, min_length=1)


def _word(value: Any, path: Path, errors: FieldErrors) -> Any:
    before = errors.count
    name = _any_name(value, path, errors)
    if errors.count == before and (name != name.lower() or not all(map(_fits_a_name, name))):
        errors.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return name


def _fits_a_name(character: str) -> bool:
    if character in "-_'":
        return True
    script = unicodedata.name(character, "").split(" ")[0]
    return unicodedata.category(character)[0] in "LN" or script in ("DEVANAGARI", "THAI")


def _localized(validator: Validator) -> Validator:
    def read(value: Any, path: Path, errors: FieldErrors) -> Any:
        known: Payload = object_of(dict.fromkeys(LOCALES, validator))(value, path, errors)
        for locale in value if isinstance(value, dict) else ():
            if locale not in LOCALES:
                words = f"{locale!r} is not a locale of Discord."
                errors.add((*path, locale), "BASE_TYPE_CHOICES", words)
        return known

    return read


_named: dict[str, Validator] = {
    "name": _word,
    "name_localizations": _localized(_word),
    "description": _description,
    "description_localizations": _localized(_description),
}
_needed = ("name", "description")


def _option(check: Any = None, **fields: Validator) -> Validator:
    return object_of(_named | {"required": boolean} | fields, required=_needed, check=check)


def _with_choices(kind: int, **fields: Validator) -> Validator:
    choice = object_of(
        {
            "name": text(100, min_length=1),
            "name_localizations": _localized(text(100, min_length=1)),
            "value": value_validator(kind),
        },
        required=("name", "value"),
    )
    choices = list_of(choice, most=CHOICES)
    return _option(_check_choices, choices=choices, autocomplete=boolean, **fields)


def _check_choices(option: Payload, path: Path, errors: FieldErrors) -> None:
    if option.get("choices") and option.get("autocomplete"):
        words = "Options with choices cannot have autocomplete"
        errors.add(path, "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE", words)


def _check_options(described: Payload, path: Path, errors: FieldErrors) -> None:
    here, names, optional_seen = (*path, "options"), set(), False
    options: list[Payload] = described.get("options") or []
    for index, option in enumerate(options):
        if option["name"] in names:
            code = "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"
            errors.add((*here, index), code, "Option name already exists")
        names.add(option["name"])
        if option.get("required") and optional_seen:
            words = "Required options must be placed before non-required options"
            code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
            errors.add((*here, index), code, words)
        optional_seen = optional_seen or not option.get("required")
    nested = [option["type"] in (SUBCOMMAND, SUBCOMMAND_GROUP) for option in options]
    if any(nested) and not all(nested):
        words = (
            "Sub-command and sub-command group option types are mutually exclusive to base types"
        )
        errors.add(here, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", words)


_values: dict[int, Validator] = {
    STRING: _with_choices(
        STRING, min_length=integer(0, _LONGEST_VALUE), max_length=integer(1, _LONGEST_VALUE)
    ),
    INTEGER: _with_choices(
        INTEGER, min_value=value_validator(INTEGER), max_value=value_validator(INTEGER)
    ),
    NUMBER: _with_choices(NUMBER, min_value=number(), max_value=number()),
    CHANNEL: _option(channel_types=list_of(integer(0, 16), most=OPTIONS, unique=True)),
    **dict.fromkeys((BOOLEAN, USER, ROLE, MENTIONABLE, ATTACHMENT), _option()),
}
_subcommand = _option(_check_options, options=list_of(union_by_type(_values), most=OPTIONS))
_group = _option(
    _check_options, options=list_of(union_by_type({SUBCOMMAND: _subcommand}), most=OPTIONS)
)
_options = list_of(
    union_by_type({SUBCOMMAND: _subcommand, SUBCOMMAND_GROUP: _group, **_values}), most=OPTIONS
)


def _permissions(value: Any, path: Path, errors: FieldErrors) -> Any:
    written = parse_snowflake(value) if isinstance(value, str) else None
    given = value if written is None else written
    return integer(0, _LARGEST_PERMISSIONS)(given, path, errors)


_everywhere: dict[str, Validator] = {
    "type": choice_of(CHAT_INPUT, USER_COMMAND, MESSAGE_COMMAND),
    "default_member_permissions": _permissions,
    "dm_permission": boolean,
    "nsfw": boolean,
    "contexts": list_of(choice_of(0, 1, 2), most=3, min_items=1, unique=True),
    "integration_types": list_of(choice_of(0, 1), most=2, min_items=1, unique=True),
}


def _check_command(command: Payload, path: Path, errors: FieldErrors) -> None:
    _check_options(command, path, errors)
    if _all_text(command) > ALL_TEXT:
        words = f"Command exceeds maximum size ({ALL_TEXT})"
        errors.add(path, "APPLICATION_COMMAND_TOO_LARGE", words)


def _check_menu(command: Payload, path: Path, errors: FieldErrors) -> None:
    if command.get("description"):
        words = "Context menu commands cannot have description"
        code = "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_INVALID"
        errors.add((*path, "description"), code, words)


_chat_input = object_of(
    _everywhere | _named | {"options": _options}, required=_needed, check=_check_command
)
_menu = object_of(
    _everywhere
    | {
        "name": _any_name,
        "name_localizations": _localized(_any_name),
        "description": text(100),
    },
    required=("name",),
    check=_check_menu,
)


def _command(value: Any, path: Path, errors: FieldErrors) -> Any:
    kind = value.get("type") if isinstance(value, dict) else None
    command: Payload = (_chat_input if kind in (None, CHAT_INPUT) else _menu)(value, path, errors)
    return {"type": CHAT_INPUT, **command}


def read_commands(commands: Any) -> tuple[list[Payload], FieldErrors]:
    """Return the commands of a bulk overwrite as Discord stores them, and their errors."""
    errors = FieldErrors()
    most = sum(MAX_BY_TYPE.values())
    kept: list[Payload] = list_of(_command, most=most)(commands, (), errors)
    if not errors:
        _check_all(kept, errors)
    return kept, errors


def _check_all(commands: Collection[Payload], errors: FieldErrors) -> None:
    seen: set[tuple[int, str]] = set()
    for index, command in enumerate(commands):
        key = (command["type"], command["name"])
        if key in seen:
            words = "Application command names must be unique"
            errors.add((index,), "APPLICATION_COMMANDS_DUPLICATE_NAME", words)
        seen.add(key)
    for kind, most in MAX_BY_TYPE.items():
        if sum(command["type"] == kind for command in commands) > most:
            words = f"Maximum number of application commands of type {kind} reached ({most})."
            errors.add((), "APPLICATION_COMMANDS_MAX_REACHED", words)


def _all_text(described: Payload) -> int:
    """Count a command's text; of its translations the longest counts."""
    total = 0
    for what in ("name", "description"):
        translations = (described.get(f"{what}_localizations") or {}).values()
        total += max(map(len, [described.get(what) or "", *translations]))
    choices = described.get("choices") or []
    total += sum(len(one["name"]) + len(str(one["value"])) for one in choices)
    return total + sum(_all_text(option) for option in described.get("options") or [])
