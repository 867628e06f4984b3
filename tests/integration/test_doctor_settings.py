"""What the doctor says of the settings: where each comes from, and all that is wrong at once."""

import os

import pytest

from bot.doctor.report import Area, State
from bot.settings import Settings
from tests.support.doctor_harness import DoctorHarness


def write_env(doctor: DoctorHarness, *lines: str) -> None:
    """Write the file ``.env`` of the bot."""
    file = doctor.sandbox.folder / ".env"
    file.write_text("\n".join(lines), encoding="utf-8")
    file.chmod(0o600)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("mode", [0o640, 0o604])
async def test_an_env_that_others_can_read_is_a_warning(doctor: DoctorHarness, mode: int) -> None:
    """The token and the key are in it."""
    write_env(doctor, "LOG_LEVEL=warning")
    (doctor.sandbox.folder / ".env").chmod(mode)
    visit = await doctor.run()
    assert visit.troubles(Area.SETTINGS) == ["secrecy"]
    found = visit.found(Area.SETTINGS, "secrecy")
    assert found.state is State.WARNING
    assert "chmod 600 .env" in found.advice


async def test_every_setting_is_told_with_its_value_and_where_it_came_from(
    doctor: DoctorHarness,
) -> None:
    """The environment wins over .env, as it does for the bot."""
    write_env(doctor, "LOG_LEVEL=warning", "POLL_INTERVAL=99", "LOG_FORMAT=")
    visit = await doctor.run()
    assert visit.troubles(Area.SETTINGS) == []
    for name in Settings.model_fields:
        assert visit.found(Area.SETTINGS, name.upper()).text.startswith(name.upper())
    told = {name: visit.found(Area.SETTINGS, name).text for name in ("LOG_LEVEL", "LOG_FORMAT")}
    assert told == {
        "LOG_LEVEL": "LOG_LEVEL = WARNING (.env)",
        "LOG_FORMAT": "LOG_FORMAT = text (default)",
    }
    assert "POLL_INTERVAL = 0.1 (environment)" in visit.printed
    assert "SUNO_FETCH_PATH = the relay's own (default)" in visit.printed


async def test_a_secret_is_told_by_its_length_alone(doctor: DoctorHarness) -> None:
    """That is enough to see whether it was pasted whole."""
    visit = await doctor.run(SUNO_API_KEY="sk-0123456789")
    assert visit.found(Area.SETTINGS, "SUNO_API_KEY").text == (
        "SUNO_API_KEY = set, 13 characters (environment)"
    )


async def test_all_that_is_refused_is_told_at_once_and_the_rest_goes_on(
    doctor: DoctorHarness,
) -> None:
    """What cannot be asked any more says which setting it waits for."""
    visit = await doctor.run(
        SUNO_API_KEY="two words", POLL_INTERVAL="often", LOG_FORMAT="xml", DISCORD_TOKEN=""
    )
    wrong = ["DISCORD_TOKEN", "SUNO_API_KEY", "POLL_INTERVAL", "LOG_FORMAT"]
    assert visit.troubles(Area.SETTINGS) == wrong
    assert "Reset Token" in visit.found(Area.SETTINGS, "DISCORD_TOKEN").advice
    assert "'often'" in visit.found(Area.SETTINGS, "POLL_INTERVAL").text
    assert "SUNO_API_KEY" in visit.found(Area.RELAY, "asked").advice
    assert "DISCORD_TOKEN" in visit.found(Area.DISCORD, "asked").advice
    assert visit.found(Area.DATABASE, "file").state is State.OK
    assert doctor.sandbox.relay.requests == []
    assert doctor.sandbox.discord.requests == []


async def test_a_setting_that_concerns_one_part_only_stops_no_other(doctor: DoctorHarness) -> None:
    """A custom relay without its address, here."""
    visit = await doctor.run(SUNO_BASE_URL="")
    assert "SUNO_BASE_URL" in visit.found(Area.RELAY, "asked").advice
    assert visit.found(Area.DISCORD, "token").state is State.OK


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("POLL_INTERVALL=3", "POLL_INTERVAL"),
        ("suno_volume=11", None),
        ("DISCORD_TOKN=abc", "DISCORD_TOKEN"),
        ("DISCRD_TOKEN=abc", "DISCORD_TOKEN"),
        ("DATABASE_PAHT=x", "DATABASE_PATH"),
    ],
)
async def test_a_slip_in_env_is_a_warning_that_guesses_what_was_meant(
    doctor: DoctorHarness, line: str, meant: str | None
) -> None:
    """Nothing else would say that the setting has no effect."""
    write_env(doctor, line, "OTHER_PROGRAM=1")
    visit = await doctor.run()
    (name,) = visit.troubles(Area.SETTINGS)
    found = visit.found(Area.SETTINGS, name)
    assert found.state is State.WARNING
    assert name == line.partition("=")[0].upper()
    assert (f"Did you mean {meant}?" if meant else "See .env.example.") == found.advice
    assert "OTHER_PROGRAM" not in visit.printed


async def test_a_near_miss_in_the_environment_is_told_too(
    doctor: DoctorHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container has no .env; what only begins like ours is another program's there."""
    monkeypatch.setenv("POLL_INTERVALL", "3")
    monkeypatch.setenv("LOG_DIRECTORY", "here")
    visit = await doctor.run()
    assert visit.troubles(Area.SETTINGS) == ["POLL_INTERVALL"]


async def test_the_value_of_a_slip_is_never_printed(doctor: DoctorHarness) -> None:
    """It may be the secret that was meant to be set; so may a line that lacks its name."""
    write_env(doctor, "DISCORD_TOKENS=hidden-one", "SUNO_API_KEY-hidden-two=1", "hidden-three")
    visit = await doctor.run()
    assert "DISCORD_TOKENS" in visit.printed
    assert "HIDDEN" not in visit.printed.upper()
    assert "hidden" not in str(visit.json).lower()


async def test_a_secret_that_was_pasted_into_another_setting_is_not_printed(
    doctor: DoctorHarness,
) -> None:
    """The visit itself looks for the key in all that is said."""
    key = doctor.sandbox.relay.key
    visit = await doctor.run(SUNO_FETCH_PATH=f"/suno/{key}", SUNO_RELAY=key)
    assert "[secret]" in visit.printed


async def test_an_address_with_a_password_or_a_key_in_it_is_refused_without_being_shown(
    doctor: DoctorHarness,
) -> None:
    """Whatever stands before the host or behind a question mark."""
    for address in ("https://me:hunter2@relay.example", "https://relay.example/?key=hunter2"):
        visit = await doctor.run(SUNO_BASE_URL=address)
        assert visit.troubles(Area.SETTINGS) == ["SUNO_BASE_URL"]
        assert "hunter2" not in visit.printed


async def test_an_env_file_that_cannot_be_read_is_told(doctor: DoctorHarness) -> None:
    """The environment still counts, and all else is looked at."""
    (doctor.sandbox.folder / ".env").write_bytes("LOG_LEVEL=тихо".encode("utf-16"))
    visit = await doctor.run()
    assert "UTF-8" in visit.found(Area.SETTINGS, ".env").text
    assert visit.found(Area.DISCORD, "token").state is State.OK


async def test_what_is_missing_may_stand_in_an_env_file_that_cannot_be_read(
    doctor: DoctorHarness,
) -> None:
    """Nobody is sent away for a new token before the file can be read."""
    (doctor.sandbox.folder / ".env").write_bytes("LOG_LEVEL=тихо".encode("utf-16"))
    visit = await doctor.run(DISCORD_TOKEN="")
    assert ".env" in visit.found(Area.SETTINGS, "DISCORD_TOKEN").advice
    assert "Reset Token" not in visit.printed
