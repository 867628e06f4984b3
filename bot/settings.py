"""Every knob of the program, typed and frozen: the only reader of the environment.

Settings come from the environment, or from ``.env`` in the current directory; the environment wins.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    SettingsConfigDict,
)
from yarl import URL

from bot.redaction import redact_setting

DISCORD_API = "https://discord.com/api/v10"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class SettingsError(Exception):
    """Settings that are missing or wrong: all of them, a line each, with what to do."""


def _safe_url(*schemes: str) -> AfterValidator:
    """Accept URLs of a secure scheme anywhere, of a plain one on loopback only."""

    def check(text: str) -> str:
        if not text:
            return text
        url = URL(text)
        secure, plain = schemes
        if url.scheme not in schemes or not url.host:
            raise ValueError(f"must be a URL that begins with {secure}://")
        if url.user or url.password or url.query_string or url.fragment:
            raise ValueError("must hold no user, password, query or fragment")
        if url.scheme == plain and url.host not in _LOOPBACK:
            raise ValueError(
                f"would send secrets in the clear: use {secure}:// ({plain}:// only to loopback)"
            )
        return text.rstrip("/")

    return AfterValidator(check)


def _secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if not text:
        raise ValueError("is empty")
    if not text.isascii() or any(character.isspace() for character in text):
        raise ValueError("holds characters that no token has; was it pasted whole, and only it?")
    return SecretStr(text)


Secret = Annotated[SecretStr, AfterValidator(_secret)]


class Settings(BaseSettings):
    """The settings, in the order of ``.env.example``. Spans are in seconds."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    discord_token: Secret
    discord_api_url: Annotated[str, _safe_url("https", "http")] = DISCORD_API
    discord_gateway_url: Annotated[str, _safe_url("wss", "ws")] = ""
    """Empty: what the API answers."""
    suno_relay: Literal["deerapi", "openai-hub", "custom"] = "deerapi"
    suno_base_url: Annotated[str, _safe_url("https", "http")] = Field("", validate_default=True)
    """Empty: the relay's own."""
    suno_api_key: Secret
    suno_fetch_path: str = ""
    """Empty: the relay's own."""
    database_path: Path = Path("data/suno.db")
    poll_interval: float = Field(default=5.0, ge=0.1, le=3600)
    poll_batch_size: int = Field(default=100, ge=1, le=1000)
    poll_requests_per_second: float = Field(default=2.0, gt=0, le=1000)
    watch_deadline: float = Field(default=86400.0, ge=60, le=30 * 86400)
    watches_per_user: int = Field(default=25, ge=1, le=10_000)
    watches_per_server: int = Field(default=500, ge=1, le=1_000_000)
    messages_per_user: int = Field(default=60, ge=1, le=1_000_000)
    """In an hour; those that are asked for, not the notices of what runs."""
    messages_per_channel: int = Field(default=20, ge=1, le=1_000_000)
    """Within a minute; of the same."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """0: nothing listens."""
    metrics_host: str = "127.0.0.1"

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("suno_base_url", mode="after")
    @classmethod
    def _custom_relay_needs_url(cls, url: str, info: ValidationInfo) -> str:
        if not url and info.data.get("suno_relay") == "custom":
            raise ValueError("is needed with SUNO_RELAY=custom: the address of your relay")
        return url

    @field_validator("suno_fetch_path")
    @classmethod
    def _absolute_path(cls, path: str) -> str:
        if path and (not path.startswith("/") or any(c in path for c in "?# ")):
            raise ValueError("must be a path such as /suno/fetch, without spaces, '?' or '#'")
        return path

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be printed."""
        return (self.discord_token.get_secret_value(), self.suno_api_key.get_secret_value())


_WHERE_TO_GET = {
    "DISCORD_TOKEN": "make an application at https://discord.com/developers/applications,"
    " then Bot > Reset Token, and put the token into .env",
    "SUNO_API_KEY": "make a key in the console of your relay and put it into .env",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a setting, and what to do; never what a secret was."""

    name: str
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.name} {self.what}; {self.advice}"


def load_settings() -> Settings:
    """Read the settings; raise ``SettingsError``, which names all that are wrong at once."""
    try:
        return Settings()
    except ValidationError as error:
        complaints = _complaints(error)
    except (UnicodeDecodeError, OSError) as error:
        complaints = [_unreadable(error)]
    raise SettingsError("\n".join(map(str, complaints)))


def _complaints(error: ValidationError) -> list[Complaint]:
    return [_explain(each) for each in error.errors(include_url=False, include_context=False)]


def _explain(problem: ErrorDetails) -> Complaint:
    name = str(problem["loc"][0]).upper()
    advice = _WHERE_TO_GET.get(name, "see .env.example")
    if problem["type"] == "missing" or (name in _WHERE_TO_GET and problem["msg"].endswith("empty")):
        return Complaint(name, "is missing", advice)
    what = problem["msg"].removeprefix("Value error, ")
    what = what[:1].lower() + what[1:]
    if name in _WHERE_TO_GET:
        return Complaint(name, what, advice)
    # An address may hold a password or a key.
    shown = problem["input"] and not set("@?#") & set(str(problem["input"]))
    given = f"is {redact_setting(str(problem['input']))!r}, but it " if shown else ""
    return Complaint(name, given + _as_predicate(what), advice)


def _unreadable(error: UnicodeDecodeError | OSError) -> Complaint:
    if isinstance(error, OSError):
        return Complaint(".env", f"cannot be read ({error.strerror})", "let the bot's user read it")
    return Complaint(".env", "is not a UTF-8 text", "save it anew as UTF-8")


def _as_predicate(message: str) -> str:
    """Turn pydantic's ``input should be …`` into ``should be …``."""
    return message.removeprefix("input ")


@dataclass(frozen=True, slots=True)
class Found:
    """A setting that can be used: its value, fit to be shown, and where it came from."""

    name: str
    value: str
    origin: Literal["environment", ".env", "default"]


@dataclass(frozen=True, slots=True)
class Stray:
    """A name that no setting has, and the one that may be meant."""

    name: str
    origin: Literal["environment", ".env"]
    meant: str | None


@dataclass(frozen=True, slots=True)
class SettingsReport:
    """Everything about the settings, whether or not the bot can start with them."""

    settings: Settings
    """Stand-ins are in the place of those that there are complaints about."""
    found: tuple[Found, ...]
    complaints: tuple[Complaint, ...]
    strays: tuple[Stray, ...]
    secrets: tuple[str, ...]
    """What must never be printed: refused values too."""

    def lacks(self, *names: str) -> list[str]:
        """Return those of the named settings that cannot be used."""
        return [each.name for each in self.complaints if each.name in names]


_STAND_INS = {"discord_token": "none", "suno_api_key": "none", "suno_base_url": "https://none.test"}
_SECRET = [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]


def report_settings() -> SettingsReport:
    """Read the settings as ``load_settings`` does, and tell what became of each."""
    environment: Mapping[str, str | None] = EnvSettingsSource(Settings).env_vars
    complaints: list[Complaint] = []
    dotenv: Mapping[str, str | None] = {}
    file: str | None = ".env"
    try:
        dotenv = DotEnvSettingsSource(Settings).env_vars
    except (UnicodeDecodeError, OSError) as error:
        complaints, file = [_unreadable(error)], None
    try:
        settings = Settings(_env_file=file)
    except ValidationError as error:
        complaints += _complaints(error)
        wrong = (each.name.lower() for each in complaints if each.name != ".env")
        settings = Settings(_env_file=file, **{name: _stand_in(name) for name in wrong})
    given = [source[name] for source in (environment, dotenv) for name in _SECRET if name in source]
    return SettingsReport(
        settings,
        tuple(_found(settings, environment, dotenv, {each.name for each in complaints})),
        tuple(complaints),
        tuple(_strays(environment, dotenv)),
        tuple({value.strip() for value in given if value}),
    )


def _stand_in(name: str) -> Any:
    return _STAND_INS.get(name, Settings.model_fields[name].default)


def _found(
    settings: Settings,
    environment: Mapping[str, str | None],
    dotenv: Mapping[str, str | None],
    wrong: set[str],
) -> Iterator[Found]:
    for name in Settings.model_fields:
        if name.upper() in wrong:
            continue
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = f"set, {len(value.get_secret_value())} characters"
        origin: Literal["environment", ".env", "default"] = ".env" if name in dotenv else "default"
        shown = redact_setting(str(value))
        yield Found(name.upper(), shown, "environment" if name in environment else origin)


def _strays(
    environment: Mapping[str, str | None], dotenv: Mapping[str, str | None]
) -> Iterator[Stray]:
    """Find names in ``.env`` that look like ours, and near misses in the environment."""
    known = [name.upper() for name in Settings.model_fields]
    prefixes = {name.partition("_")[0] for name in known}
    for name in map(str.upper, dotenv):
        meant = _nearest(name, known, 0.8)
        if name not in known and (meant or name.partition("_")[0] in prefixes):
            yield Stray(_NO_NAME.sub("?", name)[:40], ".env", meant)
    for name in map(str.upper, environment):
        meant = _nearest(name, known, 0.9)
        if name not in known and meant:
            yield Stray(name, "environment", meant)


_NO_NAME = re.compile(r"[^A-Z0-9_].*", re.DOTALL)


def _nearest(name: str, known: list[str], likeness: float) -> str | None:
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=likeness)), None)
