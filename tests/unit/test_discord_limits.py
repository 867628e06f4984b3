import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ui.limits import fair_shares, usable_url


@given(st.lists(st.integers(0, 9000), max_size=12), st.integers(-100, 9000))
def test_shares_stay_within_the_room_and_the_needs(needs: list[int], room: int) -> None:
    """Nobody gets more than asked for, and all together never more than there is."""
    given_out = fair_shares(needs, room)
    assert all(0 <= share <= need for share, need in zip(given_out, needs, strict=True))
    assert sum(given_out) <= max(room, 0)


@given(st.lists(st.integers(0, 900), max_size=9))
def test_where_there_is_room_everybody_gets_what_is_needed(needs: list[int]) -> None:
    """Nothing is cut that fits."""
    assert fair_shares(needs, sum(needs)) == needs


def test_what_one_does_not_need_goes_to_the_others() -> None:
    """A short text beside a long one leaves it the rest."""
    assert fair_shares([5000, 100, 5000], 4100) == [2000, 100, 2000]


@pytest.mark.parametrize(
    ("url", "usable"),
    [
        ("https://cdn1.suno.ai/a.mp3?x=1&y=2", "https://cdn1.suno.ai/a.mp3?x=1&y=2"),
        ("HTTP://relay.example:8000/a b", "http://relay.example:8000/a%20b"),
        ("https://a.b/%41/100%/ä<>[]", "https://a.b/%41/100%25/%C3%A4%3C%3E%5B%5D"),
        (" https://a.b/c\n", "https://a.b/c"),
        ("", None),
        (None, None),
        ("ftp://a.b/c", None),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("https://a b/c", None),
        ("https://a..b/c", None),
        ("https://ä.de/", None),
        ("https://a.b:99999/", None),
        ("http://[", None),
        ("https://a.b/\ud83d", None),
        ("https://a.b/" + "x" * 2040, None),
    ],
    ids=lambda value: str(value)[:20].encode("unicode_escape").decode(),
)
def test_a_url_is_made_fit_or_left_out(url: str | None, usable: str | None) -> None:
    """One URL that Discord refuses would cost the whole message."""
    assert usable_url(url) == usable


def test_a_url_may_be_too_long_once_it_is_encoded() -> None:
    """Discord counts what is sent."""
    assert usable_url("https://a.b/" + "ä" * 100, 512) is None


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "relay", "printer.local", "a.localhost", "db.internal", "nas.lan"),
        *("router.home.arpa", "127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1"),
        *("127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "1.2.3.4.5", "a.0x7f", "[::1]"),
    ],
)
def test_no_button_leads_into_the_readers_own_network(host: str) -> None:
    """A relay names the links, and people press them; browsers read numbers as addresses."""
    assert usable_url(f"https://{host}/song.mp3") is None
    assert usable_url(f"http://{host.upper()}:8080/song.mp3") is None


@pytest.mark.parametrize("host", ["8.8.8.8", "cdn1.suno.ai", "xn--4ca.de", "a.b.", "local.dev"])
def test_public_hosts_are_linked(host: str) -> None:
    """By name or by address."""
    assert usable_url(f"https://{host}/song.mp3") == f"https://{host}/song.mp3"
