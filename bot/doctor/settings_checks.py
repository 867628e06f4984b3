"""Reports every setting and its problems, and checks who can read ``.env``."""

import os
from pathlib import Path

from bot.doctor.report import Area, CheckResults, Reporter
from bot.doctor.settings_report import SettingsReport, SettingValue, UnknownSetting
from bot.settings import ENV_FILE, Settings

_reporter = Reporter(Area.SETTINGS)

_SHOWN_WHEN_EMPTY = {
    "DISCORD_GATEWAY_URL": "as Discord's API says",
    "SUNO_BASE_URL": "the relay's own",
    "SUNO_FETCH_PATH": "the relay's own",
    "SUNO_API_KEY": "not set: only connected relay accounts are used",
    "ENCRYPTION_KEY": "not set: nobody can connect a relay account",
}


_SHORT_SECRET_ADVICE = {
    "DISCORD_TOKEN": "That is too short for a bot's token, which has about 70 characters: copy the"
    " whole token (Bot > Reset Token) into .env.",
    "SUNO_API_KEY": "That is too short for a relay's key: copy the whole key into .env.",
}


async def check_settings(settings_report: SettingsReport) -> CheckResults:
    """Yield every usable setting, then the problems, then the names that no setting has."""
    for value in settings_report.values:
        if advice := _advice(value, settings_report.settings):
            yield _reporter.warning(value.name, text=_describe(value), advice=advice)
        else:
            yield _reporter.ok(value.name, text=_describe(value), is_default=value.is_default)
    unread_file = any(problem.name == ENV_FILE for problem in settings_report.problems)
    for problem in settings_report.problems:
        text = f"{problem.name} {problem.description}"
        may_be_in_file = unread_file and problem.description == "is missing"
        advice = "It may be set in .env: fix that first." if may_be_in_file else problem.advice
        yield _reporter.problem(problem.name, text=text, advice=_sentence(advice))
    if _is_readable_by_others(Path(ENV_FILE)):
        text = ".env, which holds the secrets, can be read by other users of this machine"
        yield _reporter.warning("secrecy", text=text, advice="Run `chmod 600 .env`.")
    for unknown in settings_report.unknown:
        suggestion = unknown.suggestion
        advice = f"Did you mean {suggestion}?" if suggestion else "See .env.example."
        yield _reporter.warning(unknown.name, text=_describe_unknown(unknown), advice=advice)


def _advice(value: SettingValue, settings: Settings) -> str:
    """Return what to do about a setting that can be used and does not help; usually empty."""
    if value.name == "SHARED_RELAY_CREATES" and settings.shared_relay_creates:
        return "" if settings.shared_relay and settings.operator_account else _CREATES_IN_VAIN
    return _SHORT_SECRET_ADVICE.get(value.name, "") if value.is_short_secret else ""


_CREATES_IN_VAIN = (
    "It has no effect: only a key of yours that everybody may use can be used for creating"
    " (SUNO_API_KEY, SHARED_RELAY)."
)


def _describe(value: SettingValue) -> str:
    shown = value.value or _SHOWN_WHEN_EMPTY.get(value.name, "empty")
    return f"{value.name} = {shown} ({value.origin})"


def _describe_unknown(unknown: UnknownSetting) -> str:
    place = ENV_FILE if unknown.origin == ENV_FILE else "the environment"
    return f"{unknown.name} in {place} is not a setting and has no effect"


def _is_readable_by_others(file: Path) -> bool:
    """Whether users other than the owner may read a file; unknown on Windows, thus false."""
    try:
        return os.name == "posix" and bool(file.stat().st_mode & 0o077)
    except OSError:  # it does not exist, or this user may not know
        return False


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."
