"""Compares the commands registered at Discord with those of this version."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.doctor.report import Area, CheckResult, Reporter

_reporter = Reporter(Area.DISCORD)

Payload = Mapping[str, Any]


def compare_commands(ours: Sequence[Payload], registered: Sequence[Payload]) -> CheckResult:
    """Report whether Discord has the commands that this version registers."""
    expected, actual = _by_name(ours), _by_name(registered)
    if not actual:
        text = "No command is registered: nobody can use the bot yet"
        return _reporter.warning("commands", text=text, advice=_REGISTER)
    shared = [name for name in expected if name in actual]
    differences = (
        ("lack", [name for name in expected if name not in actual]),
        ("differ in", [name for name in shared if expected[name] != actual[name]]),
        ("also contain", [name for name in actual if name not in expected]),
    )
    parts = [f"{verb} {', '.join(names)}" for verb, names in differences if names]
    if parts:
        text = f"The registered commands {', and '.join(parts)}: they are of another version"
        return _reporter.warning("commands", text=text, advice=_REGISTER)
    text = f"{len(actual)} commands are registered and up to date: {', '.join(actual)}"
    return _reporter.ok("commands", text=text)


_REGISTER = "Start this version of the bot: it registers them. See docs/doctor.md."

_CHAT_INPUT = 1
_NESTED = ("options", "choices")
_COMPARED = (
    "type",
    "name",
    "description",
    "name_localizations",
    "description_localizations",
    *_NESTED,
    "default_member_permissions",
    "contexts",
    "integration_types",
    "nsfw",
    "required",
    "autocomplete",
    "channel_types",
    "value",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
)
"""The fields that the bot sets; Discord adds more."""


def _by_name(commands: Sequence[Payload]) -> dict[str, Payload]:
    """Return normalized commands by the names that people see: ``/suno``, ``Watch Suno tasks``."""
    normalized = (_normalize({"type": _CHAT_INPUT, **command}) for command in commands)
    return {f"{'/' * (each['type'] == _CHAT_INPUT)}{each['name']}": each for each in normalized}


def _normalize(part: Payload) -> Payload:
    """Return a command, an option or a choice in a form that can be compared.

    Discord omits what is empty or a default, and writes permissions as strings.
    """
    normalized = {key: part[key] for key in _COMPARED if part.get(key) not in _EMPTY}
    for key in _NESTED:
        if key in normalized:
            normalized[key] = [_normalize(each) for each in normalized[key]]
    for key in ("contexts", "integration_types"):
        if key in normalized:
            normalized[key] = sorted(normalized[key])
    if "default_member_permissions" in normalized:
        normalized["default_member_permissions"] = str(normalized["default_member_permissions"])
    return normalized


_EMPTY: tuple[object, ...] = (None, "", False, [], {})
