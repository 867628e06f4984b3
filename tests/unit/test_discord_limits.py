"""Discord's limits: fair shares of a total, and URLs that Discord accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ui.limits import fair_shares, usable_url


@given(st.lists(st.integers(0, 9000), max_size=12), st.integers(-100, 9000))
def test_fair_shares_exceed_neither_the_total_nor_the_needs(needs: list[int], total: int) -> None:
    """No share exceeds its need, and the sum never exceeds the total."""
    shares = fair_shares(needs, total)
    assert all(0 <= share <= need for share, need in zip(shares, needs, strict=True))
    assert sum(shares) <= max(total, 0)


@given(st.lists(st.integers(0, 900), max_size=9))
def test_fair_shares_meet_all_needs_if_they_fit(needs: list[int]) -> None:
    """Nothing is truncated if everything fits."""
    assert fair_shares(needs, sum(needs)) == needs


def test_unneeded_shares_go_to_the_others() -> None:
    """A short text leaves the rest of its share to a long one."""
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
def test_a_url_is_encoded_or_rejected(url: str | None, usable: str | None) -> None:
    """Discord rejects a message with an invalid URL, so such a URL is left out."""
    assert usable_url(url) == usable


def test_a_url_may_be_too_long_once_it_is_encoded() -> None:
    """The limit applies to the encoded URL."""
    assert usable_url("https://a.b/" + "ä" * 100, 512) is None


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "relay", "printer.local", "a.localhost", "db.internal", "nas.lan"),
        *("router.home.arpa", "127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1"),
        *("127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "1.2.3.4.5", "a.0x7f", "[::1]"),
    ],
)
def test_urls_of_private_networks_are_rejected(host: str) -> None:
    """Host names, IP addresses and their other notations are all checked."""
    assert usable_url(f"https://{host}/song.mp3") is None
    assert usable_url(f"http://{host.upper()}:8080/song.mp3") is None


@pytest.mark.parametrize("host", ["8.8.8.8", "cdn1.suno.ai", "xn--4ca.de", "a.b.", "local.dev"])
def test_urls_of_public_hosts_are_accepted(host: str) -> None:
    """A public host may be a name or an address."""
    assert usable_url(f"https://{host}/song.mp3") == f"https://{host}/song.mp3"
