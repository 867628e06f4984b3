"""Tells public Internet addresses from private, local and reserved ones.

Python's own classification differs from version to version, so the ranges are listed here. In doubt
an address is not public.
"""

from ipaddress import IPv4Network, IPv6Network, ip_address

_NOT_PUBLIC_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and cloud metadata services
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocols
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays from IPv6
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_PUBLIC_IPV6 = IPv6Network("2000::/3")
"""All others are local, multicast, reserved, or embed an IPv4 address: ``::ffff:…``, NAT64."""
_NOT_PUBLIC_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocols; Teredo, which embeds an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which embeds an IPv4 address
        "3fff::/20",  # documentation
    )
)


def is_public(address: str) -> bool:
    """Whether a numeric ``address`` is public; false for what is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if parsed.version == 4:
        return not any(parsed in network for network in _NOT_PUBLIC_IPV4)
    return parsed in _PUBLIC_IPV6 and not any(parsed in network for network in _NOT_PUBLIC_IPV6)
