"""What Discord refuses in the commands that a bot registers: pure checks."""

import unicodedata
from typing import Any

from bot.local.discord.errors import Faulty, Payload
from bot.local.discord.texts import Path, check_count, check_number, check_text

CHAT_INPUT, USER_COMMAND, MESSAGE_COMMAND = 1, 2, 3
SUBCOMMAND, SUBCOMMAND_GROUP, STRING, INTEGER, BOOLEAN = 1, 2, 3, 4, 5
USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = 6, 7, 8, 9, 10, 11

MOST_OF_A_TYPE = {CHAT_INPUT: 100, USER_COMMAND: 5, MESSAGE_COMMAND: 5}
OPTIONS = 25
CHOICES = 25
ALL_TEXT = 8000
"""Characters of all names, descriptions and choices of one command together."""

LOCALES = frozenset(
    [
        "ar",
        "bg",
        "cs",
        "da",
        "de",
        "el",
        "en-GB",
        "en-US",
        "es-419",
        "es-ES",
        "fi",
        "fr",
        "he",
        "hi",
        "hr",
        "hu",
        "id",
        "it",
        "ja",
        "ko",
        "lt",
        "nl",
        "no",
        "pl",
        "pt-BR",
        "ro",
        "ru",
        "sv-SE",
        "th",
        "tr",
        "uk",
        "vi",
        "zh-CN",
        "zh-TW",
    ]
)

_NAME, _DESCRIPTION = 32, 100


def command_faults(commands: Any) -> Faulty:
    """Find what is wrong with a bulk overwrite."""
    faulty = Faulty()
    if not isinstance(commands, list):
        faulty.add((), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return faulty
    seen: set[tuple[int, str]] = set()
    for index, command in enumerate(commands):
        kind = command.get("type") or CHAT_INPUT
        _check_command(faulty, (index,), command, kind)
        key = (kind, str(command.get("name")))
        if key in seen:
            text = "Application command names must be unique"
            faulty.add((index,), "APPLICATION_COMMANDS_DUPLICATE_NAME", text)
        seen.add(key)
    for kind, most in MOST_OF_A_TYPE.items():
        if sum(1 for entry in commands if (entry.get("type") or CHAT_INPUT) == kind) > most:
            text = f"Maximum number of application commands of type {kind} reached ({most})."
            faulty.add((), "APPLICATION_COMMANDS_MAX_REACHED", text)
    return faulty


def _check_command(faulty: Faulty, path: Path, command: Payload, kind: int) -> None:
    if kind == CHAT_INPUT:
        _check_names(faulty, path, command)
        _check_options(faulty, path, command.get("options"), depth=0)
        if _all_text(command) > ALL_TEXT:
            text = f"Command exceeds maximum size ({ALL_TEXT})"
            faulty.add(path, "APPLICATION_COMMAND_TOO_LARGE", text)
    elif kind in MOST_OF_A_TYPE:
        check_text(faulty, (*path, "name"), command.get("name"), shortest=1, longest=_NAME)
        _check_localized(faulty, path, command, "name", _NAME)
        if command.get("description"):
            text = "Context menu commands cannot have description"
            code = "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_INVALID"
            faulty.add((*path, "description"), code, text)
    else:
        faulty.add((*path, "type"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3}.")
    for name, known in (("contexts", (0, 1, 2)), ("integration_types", (0, 1))):
        listed = command.get(name)
        if listed is not None and (not listed or not set(listed) <= set(known)):
            faulty.add((*path, name), "BASE_TYPE_CHOICES", f"Value must be one of {known}.")


def _check_names(faulty: Faulty, path: Path, described: Payload) -> None:
    name, description = described.get("name"), described.get("description")
    if check_text(faulty, (*path, "name"), name, shortest=1, longest=_NAME):
        _check_word(faulty, (*path, "name"), str(name))
    where = (*path, "description")
    check_text(faulty, where, description, shortest=1, longest=_DESCRIPTION)
    _check_localized(faulty, path, described, "name", _NAME, words=True)
    _check_localized(faulty, path, described, "description", _DESCRIPTION)


def _check_localized(
    faulty: Faulty, path: Path, described: Payload, what: str, longest: int, *, words: bool = False
) -> None:
    for locale, text in (described.get(f"{what}_localizations") or {}).items():
        here = (*path, f"{what}_localizations", locale)
        if locale not in LOCALES:
            faulty.add(here, "BASE_TYPE_CHOICES", f"{locale!r} is not a locale of Discord.")
        elif check_text(faulty, here, text, shortest=1, longest=longest) and words:
            _check_word(faulty, here, text)


def _check_word(faulty: Faulty, path: Path, name: str) -> None:
    if name != name.lower() or not all(map(_fits_a_name, name)):
        text = "Command name is invalid"
        faulty.add(path, "APPLICATION_COMMAND_INVALID_NAME", text)


def _fits_a_name(character: str) -> bool:
    if character in "-_'":
        return True
    script = unicodedata.name(character, "").split(" ")[0]
    return unicodedata.category(character)[0] in "LN" or script in ("DEVANAGARI", "THAI")


def _check_options(faulty: Faulty, path: Path, options: Any, *, depth: int) -> None:
    here = (*path, "options")
    if not check_count(faulty, here, options, most=OPTIONS):
        return
    names: set[str] = set()
    optional_seen = False
    for index, option in enumerate(options or []):
        where = (*here, index)
        _check_option(faulty, where, option, depth=depth)
        if option.get("name") in names:
            text = "Option name already exists"
            faulty.add(where, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", text)
        names.add(str(option.get("name")))
        if option.get("required") and optional_seen:
            text = "Required options must be placed before non-required options"
            faulty.add(where, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text)
        optional_seen = optional_seen or not option.get("required")
    nested = [entry.get("type") in (SUBCOMMAND, SUBCOMMAND_GROUP) for entry in options or []]
    if any(nested) and not all(nested):
        text = "Sub-command and sub-command group option types are mutually exclusive to base types"
        faulty.add(here, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text)


def _check_option(faulty: Faulty, path: Path, option: Payload, *, depth: int) -> None:
    _check_names(faulty, path, option)
    kind = option.get("type")
    if kind == SUBCOMMAND_GROUP and depth == 0:
        _check_options(faulty, path, option.get("options"), depth=1)
    elif kind == SUBCOMMAND and depth < 2:
        _check_options(faulty, path, option.get("options"), depth=2)
    elif kind not in range(STRING, ATTACHMENT + 1):
        text = "This type of option does not fit here."
        faulty.add((*path, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text)
    else:
        _check_values(faulty, path, option)


def _check_values(faulty: Faulty, path: Path, option: Payload) -> None:
    choices = option.get("choices")
    if check_count(faulty, (*path, "choices"), choices, most=CHOICES):
        for index, choice in enumerate(choices or []):
            where = (*path, "choices", index)
            name = choice.get("name")
            check_text(faulty, (*where, "name"), name, shortest=1, longest=100)
            _check_localized(faulty, where, choice, "name", 100)
            if option["type"] == STRING:
                value = choice.get("value")
                check_text(faulty, (*where, "value"), value, shortest=1, longest=100)
    if choices and option.get("autocomplete"):
        text = "Options with choices cannot have autocomplete"
        faulty.add(path, "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE", text)
    for name, lowest in (("min_length", 0), ("max_length", 1)):
        check_number(faulty, (*path, name), option.get(name), lowest=lowest, highest=6000)


def _all_text(described: Payload) -> int:
    """Count a command's text; of its translations the longest counts."""
    total = 0
    for what in ("name", "description"):
        translations = (described.get(f"{what}_localizations") or {}).values()
        texts = [str(described.get(what) or ""), *map(str, translations)]
        total += max(len(text) for text in texts)
    choices = described.get("choices") or []
    total += sum(len(str(one.get("name"))) + len(str(one.get("value"))) for one in choices)
    return total + sum(_all_text(option) for option in described.get("options") or [])
