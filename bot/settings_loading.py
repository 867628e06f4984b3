"""Reads the settings, and says what is wrong with them: all at once, and what to do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args, get_origin

from dotenv.parser import parse_stream
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.redaction import redact_setting
from bot.settings import ENV_FILE, NO_RELAY_KEY, Settings

_SECRET_ADVICE = {
    "DISCORD_TOKEN": "create an application at https://discord.com/developers/applications,"
    " choose Bot > Reset Token, and put the token into .env",
    "SUNO_API_KEY": "create a key in the console of your relay and put it into .env",
    "ENCRYPTION_KEY": "create one with `suno-bot new-key` and put it into .env",
    "DATABASE_URL": "leave it empty to keep the database in the file DATABASE_PATH",
}


_NO_RELAY_KEY_ADVICE = (
    f"{_SECRET_ADVICE['SUNO_API_KEY']}, or set ENCRYPTION_KEY, so that servers and people can"
    " connect relay accounts of their own"
)


class SettingsError(Exception):
    """Settings are missing or wrong; the text names each on a line, with what to do."""


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """What is wrong with a setting, and what to do; never the value of a secret."""

    name: str
    description: str
    """The rest of a sentence that begins with the name: ``is missing``."""
    advice: str

    def __str__(self) -> str:
        return f"{self.name} {self.description}; {self.advice}"


def load_settings() -> Settings:
    """Read the settings. Raises ``SettingsError``, which names all that are wrong at once."""
    try:
        return Settings()
    except ValidationError as error:
        problems = [*env_file_problems(), *describe_validation_error(error)]
    except (UnicodeDecodeError, OSError) as error:
        problems = [_describe_env_file_error(error)]
    raise SettingsError("\n".join(map(str, problems)))


def describe_validation_error(error: ValidationError) -> list[SettingProblem]:
    """Return the problem of each setting that pydantic refuses."""
    return [_describe(each) for each in error.errors(include_url=False, include_context=False)]


def _describe(detail: ErrorDetails) -> SettingProblem:
    if detail["type"] == NO_RELAY_KEY:
        return SettingProblem("SUNO_API_KEY", "is missing", _NO_RELAY_KEY_ADVICE)
    name = str(detail["loc"][0]).upper()
    advice = _SECRET_ADVICE.get(name, "see .env.example")
    is_secret = name in _SECRET_ADVICE
    if detail["type"] == "missing" or (is_secret and detail["msg"].endswith("empty")):
        return SettingProblem(name, "is missing", advice)
    message = _plain_message(name.lower(), detail)
    if is_secret:
        return SettingProblem(name, message, advice)
    # A URL may hold a password or a key.
    may_be_shown = detail["input"] and not set("@?#") & set(str(detail["input"]))
    value = f"is {redact_setting(str(detail['input']))!r}, but it " if may_be_shown else ""
    return SettingProblem(name, value + message, advice)


def _plain_message(name: str, detail: ErrorDetails) -> str:
    """Return what a value of a setting must be, as the rest of a sentence."""
    if detail["type"] == "value_error":
        message = detail["msg"].removeprefix("Value error, ")
        return message[:1].lower() + message[1:]
    field = Settings.model_fields[name]
    if get_origin(field.annotation) is Literal:
        return f"must be one of: {', '.join(get_args(field.annotation))}"
    if field.annotation is bool:
        return "must be true or false"
    if field.annotation not in (int, float):
        return "is not usable"
    number = "a whole number" if field.annotation is int else "a number"
    limits = {
        name: getattr(limit, name)
        for limit in field.metadata
        for name in ("gt", "ge", "le")
        if hasattr(limit, name)
    }
    start = f"from {limits['ge']}" if "ge" in limits else f"greater than {limits['gt']}, up"
    return f"must be {number} {start} to {limits['le']}"


def env_file_problems() -> list[SettingProblem]:
    """Return what is wrong with ``.env`` itself: at most one problem.

    What it cannot read, python-dotenv leaves out, so that a setting seems to be missing.
    """
    try:
        with Path(ENV_FILE).open(encoding="utf-8") as file:
            unreadable = [each.original.line for each in parse_stream(file) if each.error]
    except FileNotFoundError:
        return []
    except (UnicodeDecodeError, OSError) as error:
        return [_describe_env_file_error(error)]
    if not unreadable:
        return []
    description = f"cannot be read in line {', '.join(map(str, unreadable))}"
    return [SettingProblem(ENV_FILE, description, "write NAME=value there, and close all quotes")]


def _describe_env_file_error(error: UnicodeDecodeError | OSError) -> SettingProblem:
    """Return the problem of a ``.env`` that cannot be read."""
    if isinstance(error, OSError):
        description = f"cannot be read ({error.strerror})"
        return SettingProblem(ENV_FILE, description, "let the bot's user read it")
    return SettingProblem(ENV_FILE, "is not valid UTF-8", "save it again as UTF-8")
