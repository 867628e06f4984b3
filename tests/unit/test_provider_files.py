"""The operator's file of relay profiles."""

from pathlib import Path

import pytest

from bot.relay.provider_files import MAX_RELAYS, read_profiles
from bot.relay.providers import (
    CUSTOM,
    KNOWN_RELAYS,
    Capability,
    RelayProfile,
    public_profile,
    relay_profile,
)
from bot.settings_loading import SettingsError, load_settings
from tests.support.paths import ROOT

MINE = """
[relays.mine]
title = "My relay"
base_url = "https://api.mine.example/"
capabilities = ["music", "lyrics", "extend", "stems"]
models = ["chirp-next", "chirp-fenix"]
max_concurrent = 3
stems_method = "POST"
extend_task = "extend"

[relays.deerapi]
capabilities = ["music", "lyrics", "wav", "timing"]

[models.chirp-next]
version = "v7"
max_lyrics = 6000
max_style = 900

[models.chirp-v4]
version = "v4"
max_lyrics = 1000
max_style = 100
"""


def profiles(tmp_path: Path, text: str) -> dict[str, RelayProfile]:
    """Return the relays that a file with this text makes."""
    file = tmp_path / "relays.toml"
    file.write_text(text, "utf-8")
    return dict(read_profiles(file))


def test_a_new_relay_has_what_the_file_says(tmp_path: Path) -> None:
    """No code is needed for a relay or a model that nobody knew."""
    mine = profiles(tmp_path, MINE)["mine"]

    assert (mine.name, mine.title) == ("mine", "My relay")
    assert (mine.base_url, mine.fetch_path) == ("https://api.mine.example", "/suno/fetch")
    assert mine.capabilities == {"music", "lyrics", "extend", "stems"}
    assert [(model.name, model.version, model.max_lyrics) for model in mine.models] == [
        ("chirp-next", "v7", 6000),
        ("chirp-fenix", "v5.5", 5000),
    ]
    assert (mine.max_concurrent, mine.stems_method, mine.extend_task) == (3, "POST", "extend")


def test_a_known_relay_keeps_what_the_file_does_not_name(tmp_path: Path) -> None:
    """The file is merged over what is known, field by field."""
    changed, known = profiles(tmp_path, MINE)["deerapi"], KNOWN_RELAYS["deerapi"]

    assert Capability.WAV in changed.capabilities
    assert (changed.title, changed.base_url) == (known.title, known.base_url)
    assert [model.name for model in changed.models] == [model.name for model in known.models]


def test_a_model_has_its_new_limits_at_every_relay(tmp_path: Path) -> None:
    """Relays' pages change them."""
    for profile in profiles(tmp_path, MINE).values():
        limits = {model.name: model.max_lyrics for model in profile.models}
        assert limits.get("chirp-v4", 1000) == 1000


def test_a_relay_with_an_address_alone_is_like_a_custom_one(tmp_path: Path) -> None:
    """What every stock relay can do is not written again."""
    only = profiles(tmp_path, '[relays.only]\nbase_url = "https://only.example"')["only"]

    assert (only.title, only.capabilities) == ("only", KNOWN_RELAYS[CUSTOM].capabilities)
    assert only.models == KNOWN_RELAYS[CUSTOM].models


def test_the_relay_that_is_not_listed_comes_last(tmp_path: Path) -> None:
    """In this order people choose."""
    assert list(profiles(tmp_path, MINE)) == ["deerapi", "openai-hub", "mine", CUSTOM]


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    """It may be the beginning of one."""
    assert profiles(tmp_path, "") == dict(KNOWN_RELAYS)


def test_the_file_that_ships_is_a_valid_one() -> None:
    """Operators begin with a copy of it."""
    assert dict(read_profiles(ROOT / "bot/relay/providers.toml")) == dict(KNOWN_RELAYS)


def test_the_relays_of_the_file_can_be_chosen(tmp_path: Path) -> None:
    """By the operator, and by those who connect an account."""
    relays = profiles(tmp_path, MINE)

    assert relay_profile("mine", relays=relays).title == "My relay"
    assert public_profile("mine", "", "", relays=relays).max_concurrent == 3
    with pytest.raises(ValueError, match="choose one of deerapi, openai-hub, mine, custom"):
        relay_profile("other", relays=relays)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[relays", "is no TOML"),
        ("[relays.mine]", "relays.mine: it needs a base_url"),
        ('[relays.custom]\nbase_url = "https://a.example"', "must not have a base_url"),
        ('[relays.Mine]\nbase_url = "https://a.example"', "relays.Mine"),
        ('[relays.mine]\nbase_url = "http://a.example"', "must begin with https"),
        ('[relays.mine]\nbase_url = "https://a.example"\nfetch_path = "x"', "must begin with '/'"),
        ('[relays.deerapi]\ncapabilities = ["dance"]', "relays.deerapi.capabilities"),
        ('[relays.deerapi]\nmodels = ["chirp-none"]', "no model is called 'chirp-none'"),
        ("[relays.deerapi]\nmodels = []", "music needs a model"),
        ("[relays.deerapi]\nmax_concurrent = 0", "relays.deerapi.max_concurrent"),
        ('[relays.deerapi]\nmax_concurrent = "3"', "relays.deerapi.max_concurrent"),
        ('[relays.deerapi]\nstems_method = "PUT"', "relays.deerapi.stems_method"),
        ('[relays.deerapi]\nkey = "sk-1"', "relays.deerapi.key"),
        ('[models.a]\nversion = "v1"', "models.a.max_lyrics"),
        ("[servers.a]", "servers"),
    ],
)
def test_a_wrong_file_is_refused_and_says_where(tmp_path: Path, text: str, problem: str) -> None:
    """All of it is checked before the bot starts."""
    with pytest.raises(ValueError, match=problem):
        profiles(tmp_path, text)


def test_there_are_not_more_relays_than_buttons(tmp_path: Path) -> None:
    """Discord shows 25 under a message."""
    entries = (
        f'[relays.r{number}]\nbase_url = "https://a.example"' for number in range(MAX_RELAYS)
    )
    with pytest.raises(ValueError, match="20 are the most"):
        profiles(tmp_path, "\n".join(entries))


def test_the_settings_know_the_relays_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``SUNO_RELAY`` may be one of them."""
    file = tmp_path / "relays.toml"
    file.write_text(MINE, "utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in (
        ("DISCORD_TOKEN", "token"),
        ("SUNO_API_KEY", "sk-key"),
        ("RELAY_PROFILES", str(file)),
        ("SUNO_RELAY", "mine"),
    ):
        monkeypatch.setenv(name, value)
    settings = load_settings()

    assert settings.operator_account == "mine"
    assert settings.relays["mine"].title == "My relay"
    file.write_text("[relays.mine]", "utf-8")
    with pytest.raises(SettingsError, match=r"RELAY_PROFILES is .* it has a wrong entry"):
        load_settings()
