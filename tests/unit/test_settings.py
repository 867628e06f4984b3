"""The settings: their defaults, their limits, and the errors about wrong ones."""

import itertools
import logging
from pathlib import Path

import pytest

from bot.encryption import new_key
from bot.settings import Settings
from bot.settings_loading import SettingsError, load_settings
from tests.support.paths import ROOT

TOKEN = "token-that-is-secret"
KEY = "key-that-is-secret"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each test sees its own settings alone, not those of the machine or of a .env file."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def settings_with(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    """Return the settings of an environment with both secrets and ``values``."""
    for name, value in {"DISCORD_TOKEN": TOKEN, "SUNO_API_KEY": KEY, **values}.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def refusal(monkeypatch: pytest.MonkeyPatch, **values: str) -> str:
    """Return the error text for an environment with ``values``."""
    with pytest.raises(SettingsError) as caught:
        settings_with(monkeypatch, **values)
    return str(caught.value)


def test_the_example_names_every_setting_in_order_with_its_default() -> None:
    """`.env.example` and the settings are the same list, in the same order."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    fields = {
        name.upper(): "" if field.is_required() else _as_written(field.default)
        for name, field in Settings.model_fields.items()
    }
    assert list(example.items()) == list(fields.items())


def _as_written(default: object) -> str:
    if default is None:
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default).removesuffix(".0")


def test_every_setting_of_the_example_is_explained_in_the_line_above_it() -> None:
    """The example documents what each setting does."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    for above, line in itertools.pairwise(lines):
        if line and not line.startswith("#"):
            assert above.startswith("# "), line


def test_the_unchanged_example_lacks_the_two_secrets_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever copies the example has to set these two values and nothing else."""
    Path(".env").write_text((ROOT / ".env.example").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    names = [line.split()[0] for line in str(caught.value).splitlines()]
    assert names == ["DISCORD_TOKEN", "SUNO_API_KEY"]
    assert settings_with(monkeypatch).suno_relay == "deerapi"


def test_either_a_key_of_the_operator_or_one_to_encrypt_keys_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without both, the bot could ask no relay at all; with one of them, there is nothing wrong."""
    text = refusal(monkeypatch, SUNO_API_KEY="")
    assert text.startswith("SUNO_API_KEY is missing")
    assert "ENCRYPTION_KEY" in text
    settings = settings_with(monkeypatch, SUNO_API_KEY=" ", ENCRYPTION_KEY=new_key())
    assert settings.operator_account == ""
    settings = settings_with(monkeypatch, SUNO_API_KEY=KEY, ENCRYPTION_KEY="")
    assert settings.operator_account == "deerapi"


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One start lists everything to fix, a line each."""
    text = refusal(
        monkeypatch,
        SUNO_API_KEY="two words",
        POLL_INTERVAL="soon",
        SUNO_RELAY="custom",
        LOG_FORMAT="xml",
    )
    names = [line.split()[0] for line in text.splitlines()]
    assert names == ["SUNO_BASE_URL", "SUNO_API_KEY", "POLL_INTERVAL", "LOG_FORMAT"]


def test_an_error_text_never_contains_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a wrong secret nor a password in a URL."""
    text = refusal(
        monkeypatch,
        DISCORD_TOKEN="wrong secret",
        SUNO_BASE_URL="https://me:hunter2@relay.example",
    )
    assert "wrong" not in text
    assert "hunter2" not in text


def test_the_settings_hide_the_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether they are printed, logged or dumped."""
    settings = settings_with(monkeypatch)
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert TOKEN not in shown
    assert KEY not in shown
    assert settings.secrets == (TOKEN, KEY)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUNO_BASE_URL", "http://relay.example"),
        ("SUNO_BASE_URL", "ftp://relay.example"),
        ("SUNO_BASE_URL", "relay.example"),
        ("SUNO_BASE_URL", "https://relay.example/?key=1"),
        ("SUNO_BASE_URL", "https://[relay"),
        ("DISCORD_API_URL", "http://discord.example/api/v10"),
        ("DISCORD_GATEWAY_URL", "ws://gateway.example"),
        ("DISCORD_GATEWAY_URL", "https://gateway.example"),
    ],
)
def test_a_url_that_would_send_secrets_unencrypted_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """So are URLs that contain more than scheme, host, port and path."""
    assert refusal(monkeypatch, **{name: value}).startswith(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUNO_BASE_URL", "http://127.0.0.1:8000"),
        ("SUNO_BASE_URL", "http://localhost:8000"),
        ("SUNO_BASE_URL", "http://[::1]:8000"),
        ("DISCORD_GATEWAY_URL", "ws://127.0.0.1:8000/gateway"),
    ],
)
def test_unencrypted_connections_to_loopback_are_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A local server needs no certificate."""
    settings = settings_with(monkeypatch, **{name: value})
    assert getattr(settings, name.lower()) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("POLL_INTERVAL", value) for value in ("0", "-1", "nan", "inf")),
        *(("POLL_BATCH_SIZE", value) for value in ("0", "1.5", "many")),
        *(("POLL_REQUESTS_PER_SECOND", value) for value in ("0", "-2")),
        *(("WATCH_DEADLINE", value) for value in ("1", "1e99")),
        ("SUNO_FETCH_PATH", "suno/fetch"),
        ("SUNO_FETCH_PATH", "/suno fetch"),
        ("SUNO_RELAY", "nowhere"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """No wrong value is silently replaced."""
    text = refusal(monkeypatch, **{name: value})
    assert text.startswith(name)
    assert value in text


def test_a_custom_relay_needs_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown relay has no default."""
    assert refusal(monkeypatch, SUNO_RELAY="custom").startswith("SUNO_BASE_URL")
    settings = settings_with(monkeypatch, SUNO_RELAY="custom", SUNO_BASE_URL="https://a.example")
    assert settings.suno_base_url == "https://a.example"


def test_an_env_file_that_is_not_utf8_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text says what to do."""
    Path(".env").write_bytes("DISCORD_TOKEN=ключ".encode("utf-16"))
    assert "UTF-8" in refusal(monkeypatch)


def test_lines_of_an_env_file_that_cannot_be_read_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A token in such a line is not missing, and is not printed."""
    Path(".env").write_text('LOG_LEVEL=INFO\nDISCORD_TOKEN hunter2\nSUNO_API_KEY="hunter3')
    text = refusal(monkeypatch, DISCORD_TOKEN="")
    assert ".env cannot be read in line 2, 3" in text
    assert "hunter" not in text


def test_each_encryption_key_is_a_secret_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that quotes one of them hides it, however the setting was spaced."""
    old, new = new_key(), new_key()
    settings = settings_with(monkeypatch, ENCRYPTION_KEY=f"{new} , {old}")
    assert settings.secrets == (TOKEN, KEY, new, old)
    assert new not in repr(settings)


def test_an_empty_setting_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """`POLL_INTERVAL=` means that nothing is set."""
    assert settings_with(monkeypatch, POLL_INTERVAL="").poll_interval == 5


def test_the_log_level_may_be_in_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """`debug` is `DEBUG`."""
    level = settings_with(monkeypatch, LOG_LEVEL="debug").log_level
    assert logging.getLevelName(level) == logging.DEBUG


@pytest.mark.parametrize(
    ("name", "value", "required"),
    [
        ("POLL_INTERVAL", "soon", "a number from 0.1 to 3600"),
        ("POLL_BATCH_SIZE", "1.5", "a whole number from 1 to 1000"),
        ("POLL_REQUESTS_PER_SECOND", "0", "a number greater than 0, up to 1000"),
        ("LOG_FORMAT", "xml", "one of: text, json"),
    ],
)
def test_a_wrong_value_is_answered_with_what_it_must_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, required: str
) -> None:
    """The operator reads plain words with the whole range, not the words of a library."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert f"{name} is '{value}', but it must be {required};" in str(raised.value)


def test_an_address_of_postgresql_takes_the_place_of_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without one the database is the file."""
    assert settings_with(monkeypatch).database == Path("data/suno.db")
    url = "postgresql://suno:p%40ssword1@one:5432,two:5432/suno"
    settings = settings_with(monkeypatch, DATABASE_URL=url)
    assert settings.database == url
    assert {"p%40ssword1", "p@ssword1"} <= set(settings.secrets)
    assert "ssword1" not in repr(settings)


def test_a_password_among_the_parameters_of_an_address_is_a_secret_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PostgreSQL takes it in either place."""
    url = "postgresql:///suno?host=/run/postgresql&password=hidden-well"
    assert "hidden-well" in settings_with(monkeypatch, DATABASE_URL=url).secrets


@pytest.mark.parametrize(
    "url",
    [
        "mysql://suno:hidden-well@host/suno",
        "postgresql://suno:hidden-well@host",
        "postgresql://suno:hidden/well@host/suno",
        "postgresql://suno:hidden?well@host/suno",
        "postgresql://suno:hidden#well@host/suno",
        "postgresql://suno:hidden-well@[host/suno",
    ],
)
def test_an_unusable_address_of_a_database_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """The error says which form an address has."""
    text = refusal(monkeypatch, DATABASE_URL=url)
    assert text.startswith("DATABASE_URL must be a URL")
    assert "postgresql://" in text
    assert "hidden" not in text


def test_a_process_serves_the_shards_that_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A range of a count, one of a count, or all."""
    settings = settings_with(monkeypatch, SHARDS="4-6/16")
    assert (settings.shard_ids, settings.shard_count) == ([4, 5, 6], 16)
    settings = settings_with(monkeypatch, SHARDS=" 0 / 2 ")
    assert (settings.shard_ids, settings.shard_count) == ([0], 2)
    settings = settings_with(monkeypatch, SHARDS="")
    assert (settings.shard_ids, settings.shard_count) == (None, None)


@pytest.mark.parametrize("shards", ["0-3", "3", "1,2/4", "0-4/4", "4/4", "3-1/4", "-1/4", "0/0"])
def test_shards_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch, shards: str) -> None:
    """The error shows the form, or from where shards are counted."""
    text = refusal(monkeypatch, SHARDS=shards)
    assert text.startswith("SHARDS ")
    assert "0-3/16" in text or "8-15/16" in text
