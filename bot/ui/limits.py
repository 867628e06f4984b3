"""Discord's limits for messages and components, and how a message is kept within them.

All lengths are code points, as Discord's documentation counts them ("Embed limits").
"""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlsplit

import discord

from bot.public_addresses import is_public

MAX_CONTENT = 2000
MAX_EMBEDS = 10
MAX_EMBEDS_TOTAL = 6000
"""Titles, descriptions, names and values of fields, footers and authors of all embeds."""
MAX_EMBED_TITLE = 256
MAX_DESCRIPTION = 4096
MAX_FIELD_VALUE = 1024
MAX_FOOTER = 2048
MAX_URL = 2048
MAX_BUTTON_URL = 512
MAX_BUTTONS = 25
MAX_CUSTOM_ID = 100
"""Characters of the custom id of a button or a menu."""
MAX_OPTION_TEXT = 100
"""Code points of the label and of the description of a menu's option."""
MAX_CHOICE = 100
"""Code points of the name and of the value of an autocomplete choice."""
MAX_USER_INSTALL_FOLLOW_UPS = 5
"""Messages that may follow an answer where only a person has installed the bot."""
MAX_MENTIONED_USERS = 100

_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_LOCAL_DOMAINS = frozenset({"local", "localhost", "internal", "intranet", "lan", "home", "corp"})
_ALLOWED_IN_URL = "%:/?#@!$&'()*+,;=~-._"
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def embeds_length(embeds: Iterable[discord.Embed]) -> int:
    """Return how much of ``MAX_EMBEDS_TOTAL`` these embeds take."""
    return sum(map(len, embeds))


def fair_shares(needs: Sequence[int], room: int) -> list[int]:
    """Return how much of ``room`` each gets: what it needs, or as much as every other in want.

    The shares never exceed the needs, nor ``room`` together.
    """
    given = [0] * len(needs)
    left = max(room, 0)
    waiting = sorted(range(len(needs)), key=lambda place: needs[place])
    for served, place in enumerate(waiting):
        given[place] = min(needs[place], left // (len(needs) - served))
        left -= given[place]
    return given


def whole_lines(lines: Iterable[str], room: int) -> list[str]:
    """Return the first of ``lines`` that fit ``room`` code points together, line ends included."""
    fitting = []
    for line in lines:
        room -= len(line) + 1
        if room < -1:  # the last line needs no end
            break
        fitting.append(line)
    return fitting


def usable_url(url: str | None, limit: int = MAX_URL) -> str | None:
    """Return ``url`` as Discord takes it, ``None`` if there is none or Discord would refuse it.

    One URL that Discord refuses costs the whole message. A URL that leads into the reader's own
    network or machine is refused, too: a relay wrote it, and people press it.
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
    """Whether a host is a name of the public Internet, or a public address."""
    labels = host.removesuffix(".").split(".")
    if not _HOST.fullmatch(host) or len(labels) < 2 or labels[-1] in _LOCAL_DOMAINS:
        return False
    # Browsers read a name whose last label is a number as an address, in several notations.
    numeric = labels[-1].isdigit() or labels[-1].startswith("0x")
    return is_public(host) if numeric else ".".join(labels[-2:]) != "home.arpa"
