"""Decides which links of a clip can be used, and which of them are live streams."""

import re
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

MAX_LENGTH = 2048
"""Characters; Discord refuses an embed whose link is longer."""

_CACHE_SIZE = 4096
"""Links; those of a running task come with every look-up."""
_MAX_PADDED = 2 * MAX_LENGTH

_PLACEHOLDERS = frozenset({"none", "null", "undefined", "nan"})
_FORBIDDEN_CHARACTERS = frozenset('<>"\\\N{REPLACEMENT CHARACTER}')

_COMMON = re.compile(
    r"https://(?:[a-z0-9-]+\.)+[a-z]+/(?:(?:[\w.-]+/)*([\w-]+)\.[a-z0-9]+|\?item_id=([\w-]+))",
    re.ASCII,
)
"""A file or a stream as Suno's own servers name them; the group is its name."""


def usable(value: Any) -> str | None:
    """Return a link if it is a text that a person can open, else None.

    Refused are: other schemes than http, hosts that are not public names or addresses, user names
    and passwords, spaces and control characters, more than 2,048 characters, and the placeholders
    of relays: ``https://cdn1.suno.ai/None.mp3`` of a failed clip, ``…/api/forbidden`` of a blocked
    one.
    """
    return _usable(value) if type(value) is str and 0 < len(value) <= _MAX_PADDED else None


@lru_cache(_CACHE_SIZE)
def _usable(link: str) -> str | None:
    link = link.strip()
    if not 0 < len(link) <= MAX_LENGTH:
        return None
    if (common := _COMMON.fullmatch(link)) and not _is_placeholder_name(common[1] or common[2]):
        return link  # urlsplit takes four times as long, and every changed task has such links
    if " " in link or not link.isprintable() or not _FORBIDDEN_CHARACTERS.isdisjoint(link):
        return None
    try:
        parts = urlsplit(link)
        _ = parts.port  # raises where it is no port
    except ValueError:
        return None
    return link if _has_host(parts) and not _is_placeholder(parts) else None


@lru_cache(_CACHE_SIZE)
def is_stream(link: str) -> bool:
    """Whether the link is Suno's live stream, which ends when the song is finished."""
    return "audiopipe" in link.lower() and (urlsplit(link).hostname or "").startswith("audiopipe.")


def _has_host(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    reachable = ("." in host.strip(".") and ".." not in host) or ":" in host or host == "localhost"
    return parts.scheme in ("http", "https") and reachable and "@" not in parts.netloc


def _is_placeholder(parts: SplitResult) -> bool:
    path = parts.path.lower().rstrip("/")
    file_name = path.rpartition("/")[2].partition(".")[0]
    _, names_item, item = parts.query.lower().rpartition("item_id=")
    return (
        path.endswith("/api/forbidden")
        or _is_placeholder_name(file_name)
        or (bool(names_item) and item.partition("&")[0] in _PLACEHOLDERS | {""})
    )


def _is_placeholder_name(name: str) -> bool:
    return name.lower().rpartition("_")[2] in _PLACEHOLDERS
