import pytest

from bot.relay.providers import KNOWN_RELAYS, Capability, RelayProfile, relay_profile
from bot.settings import Settings
from tests.support.paths import ROOT


@pytest.mark.parametrize(
    ("name", "address"),
    [("deerapi", "https://api.deerapi.com"), ("openai-hub", "https://api.openai-hub.com")],
)
def test_a_known_relay_needs_nothing_but_its_name(name: str, address: str) -> None:
    """The documents of DeerAPI and OpenAI-Hub name these addresses and this path."""
    known = relay_profile(name)

    assert (known.base_url, known.fetch_path) == (address, "/suno/fetch")
    assert known == KNOWN_RELAYS[name]


def test_the_name_may_be_written_in_any_case() -> None:
    """Settings are typed by people."""
    assert relay_profile(" DeerAPI ") == KNOWN_RELAYS["deerapi"]


def test_an_address_and_a_path_win_over_the_known_ones() -> None:
    """A known relay may have moved, or be reached through a proxy."""
    moved = relay_profile("deerapi", "https://eu.deerapi.example/", "/v2/suno/fetch")

    assert (moved.name, moved.base_url) == ("deerapi", "https://eu.deerapi.example")
    assert moved.fetch_path == "/v2/suno/fetch"


def test_empty_settings_count_as_none() -> None:
    """An empty line in the .env file is no address."""
    assert relay_profile("openai-hub", "", "") == KNOWN_RELAYS["openai-hub"]


def test_a_custom_relay_needs_its_address() -> None:
    """Without one there is nothing to ask, and the sentence says so."""
    with pytest.raises(ValueError, match="A custom relay needs its address"):
        relay_profile("custom")


def test_an_unknown_name_is_refused_with_the_choices() -> None:
    """The operator learns what may be written there."""
    with pytest.raises(ValueError, match="'deerapy'; choose one of deerapi, openai-hub, custom"):
        relay_profile("deerapy")


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:3000",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "https://relay.example/prefix",
        "https://10.0.0.7",
    ],
)
def test_an_address_may_be_https_or_on_this_machine(address: str) -> None:
    """Plain http never leaves the machine, so the key cannot be read on the way."""
    assert relay_profile("custom", address).base_url == address


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://relay.example", "must begin with https"),
        ("http://10.0.0.7", "must begin with https"),
        ("http://localhost.example", "must begin with https"),
        ("ftp://relay.example", "not a web address"),
        ("relay.example", "not a web address"),
        ("https://", "not a web address"),
        ("https://relay.example:0", "not a web address"),
        ("https://relay.example:99999", "not a web address"),
        ("https://[::1", "not a web address"),
        ("https://relay example", "not a web address"),
        ("https://relay.example\\@evil.example", "not a web address"),
        ("https://relay.exa\nmple", "not a web address"),
        ("https://me@relay.example", "user name or a password"),
        ("https://relay.example/?key=1", "before any"),
        ("https://relay.example/#top", "before any"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(address: str, why: str) -> None:
    """Each refusal tells the operator what is wrong."""
    with pytest.raises(ValueError, match=why):
        relay_profile("custom", address)


def test_a_refusal_does_not_repeat_a_password() -> None:
    """The sentence may end up in a log."""
    with pytest.raises(ValueError, match="user name or a password") as refusal:
        relay_profile("custom", "https://me:hunter2@relay.example")

    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("path", ["suno/fetch", "/suno fetch", "/suno/fetch?a=1", "/fetch/{id}"])
def test_a_path_that_cannot_be_a_batch_look_up_is_refused(path: str) -> None:
    """A path stands between the address and the body: nothing may be hidden in it."""
    with pytest.raises(ValueError, match="must begin with '/'"):
        relay_profile("custom", "https://relay.example", path)


def test_the_usual_paths_stand_behind_the_configured_one() -> None:
    """A relay under a prefix has its other paths under the same prefix."""
    prefixed = relay_profile("custom", "https://relay.example", "/api/suno/submit/fetch")

    assert prefixed.batch_paths == ("/api/suno/submit/fetch", "/api/suno/fetch")
    assert prefixed.single_paths == (
        "/api/suno/fetch/",
        "/api/suno/feed/",
        "/api/suno/lyrics/",
    )


def test_an_odd_path_is_tried_before_the_usual_ones() -> None:
    """Where nothing tells of a prefix, the other paths are where most relays have them."""
    odd = relay_profile("custom", "https://relay.example", "/tasks")

    assert odd.batch_paths == ("/tasks", "/suno/fetch", "/suno/submit/fetch")


def test_every_known_relay_has_a_payload_file() -> None:
    """What a relay sends is known before it is offered; no code names a relay."""
    samples = {file.stem for file in (ROOT / "data" / "samples").glob("*.json")}
    assert set(KNOWN_RELAYS) - {"custom"} <= samples
    sources = [file.read_text("utf-8") for file in (ROOT / "bot").rglob("*.py")]
    for name in set(KNOWN_RELAYS) - {"custom", Settings.model_fields["suno_relay"].default}:
        assert not any(f'"{name}"' in source for source in sources)


@pytest.mark.parametrize("relay", KNOWN_RELAYS.values(), ids=KNOWN_RELAYS)
def test_a_known_relay_is_described_completely(relay: RelayProfile) -> None:
    """People see its title, and choose among its models."""
    assert relay.title
    assert relay.batch_size > 0
    assert all(model.version and model.max_lyrics > 0 < model.max_style for model in relay.models)
    assert bool(relay.models) is (Capability.MUSIC in relay.capabilities)
