"""The doctor reports where each setting comes from, and every problem at once."""

import os

import pytest

from bot.doctor.report import Area, State
from bot.encryption import new_key
from bot.settings import Settings
from tests.support.doctor_harness import DoctorHarness
from tests.support.paths import ROOT


def write_env(doctor: DoctorHarness, *lines: str) -> None:
    """Write the file ``.env`` of the bot."""
    file = doctor.sandbox.folder / ".env"
    file.write_text("\n".join(lines), encoding="utf-8")
    file.chmod(0o600)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("mode", [0o640, 0o604])
async def test_an_env_file_that_others_can_read_is_a_warning(
    doctor: DoctorHarness, mode: int
) -> None:
    """The file holds the token and the key."""
    write_env(doctor, "LOG_LEVEL=warning")
    (doctor.sandbox.folder / ".env").chmod(mode)
    run = await doctor.run()
    assert run.not_ok(Area.SETTINGS) == ["secrecy"]
    result = run.result(Area.SETTINGS, "secrecy")
    assert result.state is State.WARNING
    assert "chmod 600 .env" in result.advice


async def test_every_setting_is_reported_with_its_value_and_origin(
    doctor: DoctorHarness,
) -> None:
    """The environment takes precedence over .env, as it does for the bot."""
    write_env(doctor, "LOG_LEVEL=warning", "POLL_INTERVAL=99", "LOG_FORMAT=")
    run = await doctor.run()
    assert run.not_ok(Area.SETTINGS) == []
    for name in Settings.model_fields:
        assert run.result(Area.SETTINGS, name.upper()).text.startswith(name.upper())
    texts = {name: run.result(Area.SETTINGS, name).text for name in ("LOG_LEVEL", "LOG_FORMAT")}
    assert texts == {
        "LOG_LEVEL": "LOG_LEVEL = WARNING (.env)",
        "LOG_FORMAT": "LOG_FORMAT = text (default)",
    }
    assert run.result(Area.SETTINGS, "SUNO_FETCH_PATH").text.endswith("the relay's own (default)")
    assert "POLL_INTERVAL = 0.1 (environment)" in run.printed
    assert "(default)" not in run.printed


async def test_settings_that_repeat_their_default_values_are_only_counted(
    doctor: DoctorHarness,
) -> None:
    """A copy of ``.env.example`` has all of them; what differs is not to be lost among them."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    write_env(doctor, *example.splitlines(), "LOG_LEVEL=debug")
    run = await doctor.run()
    assert "WATCH_DEADLINE = 86400.0 (.env)" in run.result(Area.SETTINGS, "WATCH_DEADLINE").text
    printed = [line for line in run.printed.splitlines() if "(.env)" in line]
    assert [line.split()[1] for line in printed] == ["LOG_LEVEL"]


async def test_a_secret_is_reported_by_its_length_alone(doctor: DoctorHarness) -> None:
    """The length shows whether it was pasted whole."""
    run = await doctor.run(SUNO_API_KEY="sk-0123456789")
    assert run.result(Area.SETTINGS, "SUNO_API_KEY").text == (
        "SUNO_API_KEY = set, 13 characters (environment)"
    )


async def test_an_operator_needs_no_relay_account(doctor: DoctorHarness) -> None:
    """Where servers and people connect their own, nothing is wrong and no relay is asked."""
    run = await doctor.run(SUNO_API_KEY="", ENCRYPTION_KEY=new_key())
    assert run.not_ok(Area.SETTINGS) == run.not_ok(Area.RELAY) == []
    assert doctor.sandbox.relay.requests == []
    run = await doctor.run(SUNO_API_KEY="", ENCRYPTION_KEY="")
    assert run.not_ok(Area.SETTINGS) == ["SUNO_API_KEY"]


async def test_a_setting_without_effect_is_a_warning(doctor: DoctorHarness) -> None:
    """Nobody can create with a key that is not shared."""
    run = await doctor.run(SHARED_RELAY_CREATES="true")
    assert run.not_ok(Area.SETTINGS) == []
    run = await doctor.run(SHARED_RELAY_CREATES="true", SHARED_RELAY="false")
    assert run.not_ok(Area.SETTINGS) == ["SHARED_RELAY_CREATES"]
    assert "SHARED_RELAY" in run.result(Area.SETTINGS, "SHARED_RELAY_CREATES").advice


async def test_all_problems_are_reported_at_once(
    doctor: DoctorHarness,
) -> None:
    """An area that cannot be checked names the settings that have to be fixed first."""
    run = await doctor.run(
        SUNO_API_KEY="two words", POLL_INTERVAL="often", LOG_FORMAT="xml", DISCORD_TOKEN=""
    )
    wrong = ["DISCORD_TOKEN", "SUNO_API_KEY", "POLL_INTERVAL", "LOG_FORMAT"]
    assert run.not_ok(Area.SETTINGS) == wrong
    assert "Reset Token" in run.result(Area.SETTINGS, "DISCORD_TOKEN").advice
    assert "'often'" in run.result(Area.SETTINGS, "POLL_INTERVAL").text
    assert "SUNO_API_KEY" in run.result(Area.RELAY, "asked").advice
    assert "DISCORD_TOKEN" in run.result(Area.DISCORD, "asked").advice
    assert run.result(Area.DATABASE, "file").state is State.OK
    assert doctor.sandbox.relay.requests == []
    assert doctor.sandbox.discord.requests == []


async def test_a_problem_with_a_setting_of_one_area_skips_it_alone(
    doctor: DoctorHarness,
) -> None:
    """A custom relay without its URL does not keep Discord from being checked."""
    run = await doctor.run(SUNO_BASE_URL="")
    assert "SUNO_BASE_URL" in run.result(Area.RELAY, "asked").advice
    assert run.result(Area.DISCORD, "token").state is State.OK


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        ("POLL_INTERVALL=3", "POLL_INTERVAL"),
        ("suno_volume=11", None),
        ("DISCORD_TOKN=abc", "DISCORD_TOKEN"),
        ("DISCRD_TOKEN=abc", "DISCORD_TOKEN"),
        ("DATABASE_PAHT=x", "DATABASE_PATH"),
    ],
)
async def test_a_misspelt_name_in_env_is_a_warning_with_a_suggestion(
    doctor: DoctorHarness, line: str, suggestion: str | None
) -> None:
    """Nothing else shows that the setting has no effect."""
    write_env(doctor, line, "OTHER_PROGRAM=1")
    run = await doctor.run()
    (name,) = run.not_ok(Area.SETTINGS)
    result = run.result(Area.SETTINGS, name)
    assert result.state is State.WARNING
    assert name == line.partition("=")[0].upper()
    assert (suggestion or ".env.example") in result.advice
    assert "OTHER_PROGRAM" not in run.printed


async def test_a_misspelt_name_in_the_environment_is_a_warning(
    doctor: DoctorHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container has no .env; a name that only shares a prefix is another program's."""
    monkeypatch.setenv("POLL_INTERVALL", "3")
    monkeypatch.setenv("LOG_DIRECTORY", "here")
    run = await doctor.run()
    assert run.not_ok(Area.SETTINGS) == ["POLL_INTERVALL"]


async def test_the_value_of_an_unknown_name_is_not_printed(doctor: DoctorHarness) -> None:
    """It may be a misplaced secret; so may a line that lacks its name."""
    write_env(doctor, "DISCORD_TOKENS=hidden-one", "SUNO_API_KEY-hidden-two=1", "hidden-three")
    run = await doctor.run()
    assert "DISCORD_TOKENS" in run.printed
    assert "HIDDEN" not in run.printed.upper()
    assert "hidden" not in str(run.json).lower()


async def test_a_secret_in_another_setting_is_not_printed(
    doctor: DoctorHarness,
) -> None:
    """``run_checks`` asserts that the key is in no output."""
    key = doctor.sandbox.relay.key
    run = await doctor.run(SUNO_FETCH_PATH=f"/suno/{key}", SUNO_RELAY=key)
    assert "[secret]" in run.printed


async def test_a_url_with_a_password_or_a_key_is_refused_and_not_printed(
    doctor: DoctorHarness,
) -> None:
    """The secret may stand before the host or in the query."""
    for address in ("https://me:hunter2@relay.example", "https://relay.example/?key=hunter2"):
        run = await doctor.run(SUNO_BASE_URL=address)
        assert run.not_ok(Area.SETTINGS) == ["SUNO_BASE_URL"]
        assert "hunter2" not in run.printed


async def test_an_env_file_that_cannot_be_read_is_a_problem(doctor: DoctorHarness) -> None:
    """The settings of the environment still count, and everything else is checked."""
    (doctor.sandbox.folder / ".env").write_bytes("LOG_LEVEL=тихо".encode("utf-16"))
    run = await doctor.run()
    assert "UTF-8" in run.result(Area.SETTINGS, ".env").text
    assert run.result(Area.DISCORD, "token").state is State.OK


async def test_a_missing_setting_may_be_in_an_unreadable_env_file(
    doctor: DoctorHarness,
) -> None:
    """The advice is to fix the file, not to create a new token."""
    (doctor.sandbox.folder / ".env").write_bytes("LOG_LEVEL=тихо".encode("utf-16"))
    run = await doctor.run(DISCORD_TOKEN="")
    assert ".env" in run.result(Area.SETTINGS, "DISCORD_TOKEN").advice
    assert "Reset Token" not in run.printed


async def test_a_line_of_an_env_file_that_cannot_be_read_is_a_problem(
    doctor: DoctorHarness,
) -> None:
    """The settings of the other lines count, and what seems to be missing may be in that line."""
    write_env(doctor, "LOG_LEVEL=WARNING", "DISCORD_TOKEN hunter2")
    run = await doctor.run(DISCORD_TOKEN="")
    assert "line 2" in run.result(Area.SETTINGS, ".env").text
    assert "LOG_LEVEL = WARNING (.env)" in run.printed
    assert ".env" in run.result(Area.SETTINGS, "DISCORD_TOKEN").advice
    assert "hunter2" not in run.printed


async def test_a_secret_that_was_not_pasted_whole_is_a_warning(doctor: DoctorHarness) -> None:
    """Discord and the relay only say that they refuse it, and not why."""
    run = await doctor.run(DISCORD_TOKEN="x7Q", SUNO_API_KEY="q9Z")
    assert run.not_ok(Area.SETTINGS) == ["DISCORD_TOKEN", "SUNO_API_KEY"]
    assert run.result(Area.SETTINGS, "DISCORD_TOKEN").state is State.WARNING
