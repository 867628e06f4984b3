"""The settings of the program, typed and frozen: nothing else reads the environment.

They come from the environment and from ``.env`` in the current directory; the environment wins.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict
from yarl import URL

from bot.encryption import parse_keys
from bot.relay.provider_files import read_profiles
from bot.relay.providers import KNOWN_RELAYS, RelayProfile

DISCORD_API = "https://discord.com/api/v10"
ENV_FILE = ".env"
NO_RELAY_KEY = "no_relay_key"
"""The type of the error that there is no relay which can be asked."""
_LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}


def _safe_url(secure: str, plain: str) -> AfterValidator:
    """Accept URLs with the scheme ``secure``, and with ``plain`` on loopback only."""

    def check(text: str) -> str:
        if not text:
            return text
        url = URL(text)
        if url.scheme not in (secure, plain) or not url.host:
            raise ValueError(f"must be a URL that starts with {secure}://")
        if url.user or url.password or url.query_string or url.fragment:
            raise ValueError("must not contain a user, a password, a query or a fragment")
        if url.scheme == plain and url.host not in _LOOPBACK_HOSTS:
            raise ValueError(
                f"would send secrets unencrypted: use {secure}:// ({plain}:// only for loopback)"
            )
        return text.rstrip("/")

    return AfterValidator(check)


def _secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if not text:
        raise ValueError("is empty")
    if not text.isascii() or any(character.isspace() for character in text):
        raise ValueError(
            "contains characters that no token has; paste the whole token and nothing else"
        )
    return SecretStr(text)


def _optional_secret(value: SecretStr) -> SecretStr:
    return _secret(value) if value.get_secret_value().strip() else SecretStr("")


Secret = Annotated[SecretStr, AfterValidator(_secret)]
OptionalSecret = Annotated[SecretStr, AfterValidator(_optional_secret)]


def _profiles_file(path: Path | None) -> Path | None:
    if path is not None:
        read_profiles(path)
    return path


def _relays_in(path: Path | None) -> Mapping[str, RelayProfile]:
    return KNOWN_RELAYS if path is None else read_profiles(path)


def _encryption_keys(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if text:
        parse_keys(text)
    return SecretStr(text)


_SHARDS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?/(\d{1,5})")


def _shards(text: str) -> str:
    text = "".join(text.split())
    if not text:
        return text
    if (found := _SHARDS.fullmatch(text)) is None:
        raise ValueError("must have the form FIRST-LAST/COUNT, such as 0-3/16, or NUMBER/COUNT")
    first, last, count = (int(each or found[1]) for each in found.groups())
    if not first <= last < count:
        raise ValueError(
            "must count from 0: with 16 shards, 0-15/16 are all, and 8-15/16 the second half"
        )
    return text


_DATABASE_PASSWORDS = ("password", "sslpassword")
"""The parameters of a database's URL that are secret, too."""


def _database_url(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if not text:
        return SecretStr("")
    if not text.startswith("postgresql://"):
        raise ValueError("must be a URL that starts with postgresql://")
    try:
        path = urlsplit(text).path
    except ValueError:
        path = ""
    if not path.strip("/") or "@" in path:
        raise ValueError(
            "must be a URL of the form postgresql://user:password@host/database, in which special"
            " characters of the password are written as %40 for @, %2F for /, and so on"
        )
    return SecretStr(text)


def _passwords_in(url: str) -> list[str]:
    """Return the passwords that a database's URL holds, as they stand there and decoded."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    found = [each for name in _DATABASE_PASSWORDS for each in query.get(name, ())]
    if parts.password:
        found += [parts.password, unquote(parts.password)]
    return found


class Settings(BaseSettings):
    """The settings, in the order of ``.env.example``. Durations are in seconds."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    discord_token: Secret
    discord_api_url: Annotated[str, _safe_url("https", "http")] = DISCORD_API
    discord_gateway_url: Annotated[str, _safe_url("wss", "ws")] = ""
    """Empty: the one that Discord's API names."""
    shards: Annotated[str, AfterValidator(_shards)] = ""
    """The shards that this process serves: ``0-3/16``, or ``5/16``; empty: all."""
    relay_profiles: Annotated[Path | None, AfterValidator(_profiles_file)] = None
    """A file that changes and adds relays, models and what can be created; ``None``: none."""
    suno_relay: str = "deerapi"
    suno_base_url: Annotated[str, _safe_url("https", "http")] = Field("", validate_default=True)
    """Empty: the relay's own."""
    suno_api_key: OptionalSecret = SecretStr("")
    """Empty: the operator has no relay account, only servers and users have."""
    suno_fetch_path: str = ""
    """Empty: the relay's own."""
    shared_relay: bool = True
    """Whether everybody may use the operator's relay account."""
    shared_relay_creates: bool = False
    """Whether everybody may create with it too, where a server's managers let them."""
    encryption_key: Annotated[SecretStr, AfterValidator(_encryption_keys)] = Field(
        SecretStr(""), validate_default=True
    )
    """Empty: no relay key can be stored."""
    database_path: Path = Path("data/suno.db")
    database_url: Annotated[SecretStr, AfterValidator(_database_url)] = SecretStr("")
    """A PostgreSQL database, which several processes may share; empty: the file."""
    poll_interval: float = Field(default=5.0, ge=0.1, le=3600)
    poll_batch_size: int = Field(default=100, ge=1, le=1000)
    poll_requests_per_second: float = Field(default=2.0, gt=0, le=1000)
    watch_deadline: float = Field(default=86400.0, ge=60, le=30 * 86400)
    watches_per_user: int = Field(default=25, ge=1, le=10_000)
    watches_per_server: int = Field(default=500, ge=1, le=1_000_000)
    messages_per_user: int = Field(default=60, ge=1, le=1_000_000)
    """Per hour. Counts messages on request, not the notices about watched tasks."""
    messages_per_channel: int = Field(default=20, ge=1, le=1_000_000)
    """Per minute. Counts the same messages."""
    attach_audio: bool = True
    """False: songs are only linked, whatever a server sets."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """0: no metrics are served."""
    metrics_host: str = "127.0.0.1"

    @field_validator("log_level", mode="before")
    @classmethod
    def _to_upper_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("suno_relay", mode="after")
    @classmethod
    def _relay_is_known(cls, name: str, info: ValidationInfo) -> str:
        relays = _relays_in(info.data.get("relay_profiles"))
        if name not in relays:
            raise ValueError(f"must be one of: {', '.join(relays)}")
        return name

    @field_validator("suno_base_url", mode="after")
    @classmethod
    def _custom_relay_needs_url(cls, url: str, info: ValidationInfo) -> str:
        if not url and info.data.get("suno_relay") == "custom":
            raise ValueError("is required with SUNO_RELAY=custom: set it to the URL of your relay")
        return url

    @field_validator("encryption_key", mode="after")
    @classmethod
    def _some_relay_can_be_asked(cls, keys: SecretStr, info: ValidationInfo) -> SecretStr:
        operator_key = info.data.get("suno_api_key")  # missing if it is wrong
        if operator_key is not None and not operator_key and not keys:
            raise PydanticCustomError(NO_RELAY_KEY, "is missing")
        return keys

    @field_validator("suno_fetch_path")
    @classmethod
    def _absolute_path(cls, path: str) -> str:
        if path and (not path.startswith("/") or any(c in path for c in "?# ")):
            raise ValueError("must be a path such as /suno/fetch, without spaces, '?' and '#'")
        return path

    @cached_property
    def relays(self) -> Mapping[str, RelayProfile]:
        """The relays that are known by name, those of the operator's file among them."""
        return _relays_in(self.relay_profiles)

    @property
    def operator_account(self) -> str:
        """The id of the operator's relay account, empty without one."""
        return self.suno_relay if self.suno_api_key else ""

    @property
    def database(self) -> Path | str:
        """Where the database is: a file, or the URL of a PostgreSQL database."""
        return self.database_url.get_secret_value() or self.database_path

    @property
    def shard_ids(self) -> list[int] | None:
        """The numbers of the shards that this process serves; ``None``: all."""
        if (found := _SHARDS.fullmatch(self.shards)) is None:
            return None
        return list(range(int(found[1]), int(found[2] or found[1]) + 1))

    @property
    def shard_count(self) -> int | None:
        """How many shards there are in all processes; ``None``: as many as Discord recommends."""
        return int(self.shards.rpartition("/")[2]) if self.shards else None

    @property
    def asks_discord_itself(self) -> bool:
        """Whether requests to Discord go to Discord's own address, and through no proxy."""
        host = urlsplit(self.discord_api_url).hostname or ""
        return host == "discord.com" or host.endswith(".discord.com")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must never be printed."""
        single = (self.discord_token.get_secret_value(), self.suno_api_key.get_secret_value())
        keys = (key.strip() for key in self.encryption_key.get_secret_value().split(","))
        passwords = _passwords_in(self.database_url.get_secret_value())
        return tuple(filter(None, (*single, *keys, *passwords)))
