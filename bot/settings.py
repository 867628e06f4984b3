"""Every knob of the program, typed and frozen: the only reader of the environment.

Settings come from the environment, or from ``.env`` in the current directory; the environment wins.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict
from yarl import URL

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
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

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


def load_settings() -> Settings:
    """Read the settings; raise ``SettingsError``, which names all that are wrong at once."""
    try:
        return Settings()
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
    except UnicodeDecodeError:
        raise SettingsError(".env is not a UTF-8 text: save it anew as UTF-8") from None
    raise SettingsError("\n".join(map(_explain, problems)))


def _explain(problem: ErrorDetails) -> str:
    """Say in a line which setting is wrong and what to do; never what a secret was."""
    name = str(problem["loc"][0]).upper()
    advice = _WHERE_TO_GET.get(name, "see .env.example")
    if problem["type"] == "missing" or (name in _WHERE_TO_GET and problem["msg"].endswith("empty")):
        return f"{name} is missing: {advice}"
    what = problem["msg"].removeprefix("Value error, ")
    what = what[:1].lower() + what[1:]
    if name in _WHERE_TO_GET:
        return f"{name} {what}; {advice}"
    shown = problem["input"] and "@" not in str(problem["input"])  # an address may hold a password
    given = f" is {problem['input']!r}, but it" if shown else ""
    return f"{name}{given} {_as_predicate(what)}; {advice}"


def _as_predicate(message: str) -> str:
    """Turn pydantic's ``input should be …`` into ``should be …``."""
    return message.removeprefix("input ")
