"""Reports the value and origin of each setting, the settings that are wrong, and unknown names.

``load_settings`` stops at a wrong setting; the doctor goes on with what can be used.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import SecretStr, ValidationError
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from bot.doctor.formatting import format_count
from bot.encryption import Cipher, DecryptionError, parse_keys
from bot.redaction import MIN_SECRET_LENGTH, redact_setting
from bot.relay.providers import relay_profile
from bot.settings import ENV_FILE, Settings
from bot.settings_loading import SettingProblem, describe_validation_error, env_file_problems
from bot.storage.account_facts import AccountAccess
from bot.storage.key_value import RelayAccess
from bot.storage.models import RelayAccount

RELAY_SETTINGS = (
    "RELAY_PROFILES",
    "SUNO_RELAY",
    "SUNO_BASE_URL",
    "SUNO_API_KEY",
    "SUNO_FETCH_PATH",
)

Source = Mapping[str, str | None]
"""The values of the environment or of ``.env``, by the names of the fields of ``Settings``."""


@dataclass(frozen=True, slots=True)
class SettingValue:
    """A setting that can be used: its value without secrets, and where it comes from."""

    name: str
    value: str
    origin: Literal["environment", ".env", "default"]
    is_default: bool
    """Whether it has the default value, which a copy of ``.env.example`` repeats."""
    is_short_secret: bool = False
    """Whether it is a secret of so few characters that it cannot have been pasted whole."""


@dataclass(frozen=True, slots=True)
class UnknownSetting:
    """A name that no setting has, and the setting that may be meant."""

    name: str
    origin: Literal["environment", ".env"]
    suggestion: str | None


@dataclass(frozen=True, slots=True)
class SettingsReport:
    """Everything about the settings, whether or not the bot can start with them."""

    settings: Settings
    """With placeholders for those that have a problem."""
    values: tuple[SettingValue, ...]
    problems: tuple[SettingProblem, ...]
    unknown: tuple[UnknownSetting, ...]
    secrets: tuple[str, ...]
    """What must never be printed: refused values too."""

    def unusable(self, *names: str) -> list[str]:
        """Return those of the named settings that have a problem."""
        return [problem.name for problem in self.problems if problem.name in names]

    @property
    def unusable_database(self) -> str | None:
        """The setting that has to be fixed before it is known where the database is."""
        names = (
            ["DATABASE_URL"] if self.settings.database_url else ["DATABASE_URL", "DATABASE_PATH"]
        )
        return next(iter(self.unusable(*names)), None)

    @property
    def relay_name(self) -> str | None:
        """The relay of the operator's account, empty without one; ``None`` if it is not known."""
        if self.unusable("SUNO_RELAY", "SUNO_API_KEY"):
            return None
        return self.settings.operator_account

    @property
    def account_access(self) -> AccountAccess:
        """How the bot is set to call the relays of its accounts."""
        keys = self.settings.encryption_key.get_secret_value()
        cipher = Cipher(parse_keys(keys)) if keys else None

        def connected(account: RelayAccount) -> RelayAccess | None:
            if cipher is None:
                return None
            try:
                key = cipher.decrypt(account.encrypted_key, account.id)
            except DecryptionError:
                return None
            return RelayAccess(account.id, account.base_url, key)

        return AccountAccess(self._operator_access, connected)

    @property
    def _operator_access(self) -> RelayAccess | None:
        """``None`` without an account, and if one of the settings of the relay is wrong."""
        if self.unusable(*RELAY_SETTINGS) or not self.settings.operator_account:
            return None
        settings = self.settings
        try:
            profile = relay_profile(
                settings.suno_relay, settings.suno_base_url or None, relays=settings.relays
            )
        except ValueError:
            return None
        return RelayAccess(profile.name, profile.base_url, settings.suno_api_key)


_PLACEHOLDERS = {
    "discord_token": "none",
    "suno_api_key": "none",
    "suno_base_url": "https://none.test",
}
_SECRETS = [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]


def report_settings() -> SettingsReport:
    """Read the settings as ``load_settings`` does, and report what became of each."""
    environment: Source = EnvSettingsSource(Settings).env_vars
    problems = env_file_problems()
    dotenv: Source = {}
    file: str | None = ENV_FILE
    try:
        dotenv = DotEnvSettingsSource(Settings).env_vars
    except (UnicodeDecodeError, OSError):
        file = None
    try:
        settings = Settings(_env_file=file)
    except ValidationError as error:
        problems += describe_validation_error(error)
        wrong = (problem.name.lower() for problem in problems if problem.name != ENV_FILE)
        settings = Settings(_env_file=file, **{name: _placeholder(name) for name in wrong})
    sources = (environment, dotenv)
    secrets = {source[name] for source in sources for name in _SECRETS if name in source}
    return SettingsReport(
        settings,
        tuple(_values(settings, environment, dotenv, {problem.name for problem in problems})),
        tuple(problems),
        tuple(_unknown_settings(environment, dotenv)),
        tuple(
            {part.strip() for secret in secrets if secret for part in (secret, *secret.split(","))}
            | set(settings.secrets)
        ),
    )


_SHORTEST_SECRETS = {
    "discord_token": 50,
    "suno_api_key": MIN_SECRET_LENGTH,
    "encryption_key": 0,
    "database_url": 0,
}
"""Characters of the shortest secret that may work, by the field of ``Settings``."""


def _placeholder(name: str) -> Any:
    return _PLACEHOLDERS.get(name, Settings.model_fields[name].default)


def _values(
    settings: Settings, environment: Source, dotenv: Source, wrong: set[str]
) -> Iterator[SettingValue]:
    """Yield the settings that can be used, secrets by their length alone."""
    for name, field in Settings.model_fields.items():
        if name.upper() in wrong:
            continue
        value = getattr(settings, name)
        is_default = value == field.default
        is_short = False
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            is_short = 0 < len(secret) < _SHORTEST_SECRETS[name]
            value = _describe_secret(name, secret)
        origin: Literal["environment", ".env", "default"] = ".env" if name in dotenv else "default"
        shown = redact_setting("" if value is None else str(value))
        origin = "environment" if name in environment else origin
        yield SettingValue(name.upper(), shown, origin, is_default, is_short)


def _describe_secret(name: str, secret: str) -> str:
    if not secret:
        return ""
    if name == "encryption_key":
        return f"set, {format_count(len(parse_keys(secret)), 'key')}"
    return f"set, {format_count(len(secret), 'character')}"


def _unknown_settings(environment: Source, dotenv: Source) -> Iterator[UnknownSetting]:
    """Yield names in ``.env`` that look like ours, and near misses in the environment.

    The environment also holds the variables of other programs, so a common prefix is not enough.
    """
    known = [name.upper() for name in Settings.model_fields]
    prefixes = {name.partition("_")[0] for name in known}
    for name in map(str.upper, dotenv):
        suggestion = _closest(name, known, 0.8)
        if name not in known and (suggestion or name.partition("_")[0] in prefixes):
            yield UnknownSetting(_NOT_A_NAME.sub("?", name)[:40], ".env", suggestion)
    for name in map(str.upper, environment):
        suggestion = _closest(name, known, 0.9)
        if name not in known and suggestion:
            yield UnknownSetting(name, "environment", suggestion)


_NOT_A_NAME = re.compile(r"[^A-Z0-9_].*", re.DOTALL)
"""What cannot belong to a name: a line without ``=`` may be a secret."""


def _closest(name: str, known: list[str], similarity: float) -> str | None:
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=similarity)), None)
