import pytest

from bot.public_addresses import is_public


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255"),  # noqa: S104 # refused
        *("100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254"),
        *("169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255"),
        *("192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1"),
        *("198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    ],
)
def test_an_ipv4_address_of_a_special_range_is_not_public(address: str) -> None:
    """Private, shared, loopback, link-local, documentation, benchmarks, multicast, reserved."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("::", "::1", "fe80::1", "fe80::1%lo", "fec0::1", "fc00::1", "fd00:ec2::254"),
        *("ff02::1", "ff0e::1", "100::1", "2001:db8::1", "3fff::1", "4000::1", "5f00::1"),
        *("::ffff:8.8.8.8", "::ffff:127.0.0.1", "::8.8.8.8"),
        *("64:ff9b::808:808", "64:ff9b::7f00:1", "64:ff9b:1::1"),
        *("2002:7f00:1::1", "2002:808:808::1", "2001:0:808:808::1", "2001:20::1"),
    ],
)
def test_an_ipv6_address_that_is_local_or_holds_another_is_not_public(address: str) -> None:
    """Whatever IPv4 address is mapped, translated or tunnelled in it."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0"),
        *("172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255"),
        *("2606:4700::1", "2001:4860:4860::8888", "2a00:1450::1", "2400:cb00::1"),
    ],
)
def test_any_other_address_is_public(address: str) -> None:
    """Also those beside the special ranges."""
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "8.8.8", "2130706433", "0x8.8.8.8", "8.8.8.8 "])
def test_what_is_no_address_is_not_public(text: str) -> None:
    """Nor is an address in any but its usual form."""
    assert not is_public(text)
