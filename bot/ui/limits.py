"""Discord's limits for messages and components, and helpers to keep within them.

All lengths are code points, as Discord's documentation counts them ("Embed limits").
"""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlsplit

import discord

from bot.public_addresses import is_public

MAX_CONTENT = 2000
MAX_ROLE_MENTION = 25
"""The mention of a role, and the space after it: an id has at most 20 digits."""
MAX_PLAIN_TEXT = MAX_CONTENT - MAX_ROLE_MENTION
"""A message that is text alone, and that may still get the mention of a role."""
MAX_EMBEDS = 10
MAX_EMBEDS_TOTAL = 6000
"""The sum of titles, descriptions, field names and values, footers and authors of all embeds."""
MAX_DESCRIPTION = 4096
MAX_FIELD_VALUE = 1024
MAX_URL = 2048
MAX_BUTTON_URL = 512
MAX_BUTTONS = 25
MAX_BUTTONS_IN_ROW = 5
MAX_CUSTOM_ID = 100
"""The custom id of a button or a menu."""
MAX_OPTION_TEXT = 100
"""The label and the description of a menu's option, each."""
MAX_TEXT_INPUT = 4000
"""What can be typed into a field of a modal."""
MAX_THREAD_NAME = 100
MAX_OPTIONS = 25
"""The options of a menu."""
MAX_CHOICE = 100
"""The name and the value of an autocomplete choice, each."""
MAX_USER_INSTALL_FOLLOW_UPS = 5
"""Follow-up messages to an interaction if only the user has installed the bot."""
MAX_MENTIONED_USERS = 100

_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_LOCAL_DOMAINS = frozenset({"local", "localhost", "internal", "intranet", "lan", "home", "corp"})
_ALLOWED_IN_URL = "%:/?#@!$&'()*+,;=~-._"
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def embeds_length(embeds: Iterable[discord.Embed]) -> int:
    """Return how much of ``MAX_EMBEDS_TOTAL`` these embeds use."""
    return sum(map(len, embeds))


def fair_shares(needs: Sequence[int], total: int) -> list[int]:
    """Divide ``total`` by max-min fairness: small needs are met, the others get equal shares.

    No share exceeds its need, and their sum does not exceed ``total``.
    """
    shares = [0] * len(needs)
    left = max(total, 0)
    by_need = sorted(range(len(needs)), key=lambda index: needs[index])
    for served, index in enumerate(by_need):
        shares[index] = min(needs[index], left // (len(needs) - served))
        left -= shares[index]
    return shares


def whole_lines(lines: Iterable[str], limit: int) -> list[str]:
    """Return as many of the first ``lines`` as fit in ``limit`` code points, line ends included."""
    fitting = []
    for line in lines:
        limit -= len(line) + 1
        if limit < -1:  # no line end after the last line
            break
        fitting.append(line)
    return fitting


def usable_url(url: str | None, limit: int = MAX_URL) -> str | None:
    """Return ``url`` encoded for Discord; ``None`` if there is none or Discord would reject it.

    Discord rejects a whole message for one invalid URL. A URL of a private network or of the
    reader's own machine is rejected too, because URLs of a relay are untrusted.
    """
    if url is None or len(url) > 4 * MAX_URL:
        return None
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname or "", parts.port
        encoded = quote(_STRAY_PERCENT.sub("%25", parts.geturl()), safe=_ALLOWED_IN_URL)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not _is_public_host(host):
        return None
    return encoded if len(encoded) <= limit else None


def _is_public_host(host: str) -> bool:
    """Whether a host is a public domain name or a public IP address."""
    labels = host.removesuffix(".").split(".")
    if not _HOST.fullmatch(host) or len(labels) < 2 or labels[-1] in _LOCAL_DOMAINS:
        return False
    # Browsers parse a name whose last label is a number as an IPv4 address, in several notations.
    numeric = labels[-1].isdigit() or labels[-1].startswith("0x")
    return is_public(host) if numeric else ".".join(labels[-2:]) != "home.arpa"
