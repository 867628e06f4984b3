"""Secrets in the wrong place and characters that a terminal obeys are not shown."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from bot.doctor.settings_report import report_settings
from bot.logs import configure_logging
from bot.redaction import REDACTED, Redactor, redact_known_forms, redact_setting
from bot.settings_loading import SettingsError, load_settings

KEY = "sk-" + "aB3dE5gH" * 6
TOKEN = "MTA5ODc2NTQzMjEwOTg3NjU0MzIx.GaBcDe.0123456789abcdefghijklmnopqrstuvwxyz-_AB"
TERMINAL_CODES = "\x1b[2J\x9b31m\u202egnorw\u2028\x07\x7f"


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def settings_with(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Set the environment to settings that are right, but for ``values``."""
    good = {"DISCORD_TOKEN": "a-good-token", "SUNO_API_KEY": "a-good-key", "SUNO_RELAY": "custom"}
    for name, value in (good | values).items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("secret", [KEY, TOKEN])
@pytest.mark.parametrize("name", ["SUNO_BASE_URL", "DISCORD_API_URL", "SUNO_RELAY", "LOG_LEVEL"])
def test_a_secret_in_the_wrong_setting_is_not_quoted(
    monkeypatch: pytest.MonkeyPatch, name: str, secret: str
) -> None:
    """Neither by the refusal to start nor by the doctor."""
    settings_with(monkeypatch, **{"SUNO_BASE_URL": "https://api.example.com", name: secret})
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    report = report_settings()
    shown = [str(refusal.value), *map(str, report.problems), *map(str, report.values)]
    assert not [text for text in shown if secret in text]
    assert name in str(refusal.value)


def test_a_key_in_an_address_that_can_be_used_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The address is valid, so that only its display can be careful."""
    settings_with(monkeypatch, SUNO_BASE_URL=f"https://api.example.com/{KEY}")
    (found,) = (each for each in report_settings().values if each.name == "SUNO_BASE_URL")
    assert found.value == "https://api.example.com/[secret]"


@pytest.mark.parametrize(
    "value",
    ["https://api.deerapi.com", "/suno/fetch", "data/suno.db", "DEBUG", "86400.0", "openai-hub"],
)
def test_ordinary_settings_are_shown_whole(value: str) -> None:
    """An operator has to read them."""
    assert redact_setting(value) == value


@pytest.mark.parametrize(
    "task_id",
    ["4b3c2d1e-0f9a-4b8c-9d7e-6f5a4b3c2d1e", "0123456789abcdef" * 2, "task_" + "aB3" * 10 + "xy"],
)
def test_task_ids_stay_in_the_log(task_id: str) -> None:
    """An operator looks for them there."""
    assert redact_known_forms(f"Task {task_id} ended") == f"Task {task_id} ended"


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_relay_cannot_command_the_terminal_through_the_log(style: str) -> None:
    """Controls, C1 and changes of direction are written as escapes, in tracebacks, too."""
    stream = io.StringIO()
    configure_logging("INFO", style, [], stream)
    error = ValueError(TERMINAL_CODES)
    logging.getLogger("bot").info("relay: %s", TERMINAL_CODES, exc_info=error)
    written = stream.getvalue()
    assert not [sign for sign in TERMINAL_CODES if not sign.isprintable() and sign in written]
    if style == "json":
        assert json.loads(written)["message"] == f"relay: {TERMINAL_CODES}"


@pytest.mark.parametrize("style", ["text", "json"])
def test_what_has_the_form_of_a_secret_is_struck_out_of_the_log(style: str) -> None:
    """Also one that is in no setting."""
    stream = io.StringIO()
    configure_logging("INFO", style, [], stream)
    logging.getLogger("bot").info("the relay quotes %s and %s", KEY, TOKEN)
    assert KEY not in stream.getvalue()
    assert TOKEN not in stream.getvalue()


def test_a_secret_too_short_to_work_is_not_searched_for() -> None:
    """A token of three letters occurs in ordinary words, which must stay readable."""
    assert Redactor(["are", "a-long-secret"]).redact("they are a-long-secret") == (
        f"they are {REDACTED}"
    )
