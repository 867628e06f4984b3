"""The known relays, their paths, and what makes an address acceptable."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import SplitResult, urlsplit

CUSTOM = "custom"
FETCH_PATH = "/suno/fetch"
"""The batch look-up of most relays; the generic document, DeerAPI and OpenAI-Hub name it."""
SUBMIT_FETCH_PATH = "/suno/submit/fetch"
"""The batch look-up of the relays that put every POST under ``/suno/submit``."""


@dataclass(frozen=True, slots=True)
class RelayProfile:
    """Where a relay is asked. Make one with ``relay_profile``, which checks what it is given."""

    name: str
    base_url: str
    """With its scheme, without a slash at the end."""
    fetch_path: str
    """The path of the batch look-up, with a slash in front."""

    @property
    def batch_paths(self) -> tuple[str, ...]:
        """The paths at which a batch may be asked for, the configured one first."""
        home = self._home
        usual = (self.fetch_path, f"{home}{FETCH_PATH}", f"{home}{SUBMIT_FETCH_PATH}")
        return tuple(dict.fromkeys(usual))

    @property
    def single_paths(self) -> tuple[str, ...]:
        """The paths of the single look-up document; the percent-encoded id is to follow."""
        return tuple(f"{self._home}/suno/{word}/" for word in ("fetch", "feed", "lyrics"))

    @property
    def _home(self) -> str:
        """What stands in front of ``/suno`` in the configured path; usually nothing."""
        for usual in (SUBMIT_FETCH_PATH, FETCH_PATH):
            if self.fetch_path.endswith(usual):
                return self.fetch_path.removesuffix(usual)
        return ""


KNOWN_RELAYS: Mapping[str, RelayProfile] = MappingProxyType(
    {
        "deerapi": RelayProfile("deerapi", "https://api.deerapi.com", FETCH_PATH),
        "openai-hub": RelayProfile("openai-hub", "https://api.openai-hub.com", FETCH_PATH),
    }
)


def relay_profile(
    name: str, base_url: str | None = None, fetch_path: str | None = None
) -> RelayProfile:
    """Give the relay of this name, with the address and the path that win over its own.

    Raise ValueError, with a sentence for the operator, where the name is not known, ``custom``
    has no address, or an address or a path cannot be used.
    """
    name = name.strip().lower()
    known = KNOWN_RELAYS.get(name)
    if known is None and name != CUSTOM:
        choices = ", ".join((*KNOWN_RELAYS, CUSTOM))
        raise ValueError(f"There is no relay called {name!r}; choose one of {choices}.")
    address = base_url or (known.base_url if known else "")
    if not address:
        raise ValueError("A custom relay needs its address, such as https://api.example.com.")
    path = fetch_path or (known.fetch_path if known else FETCH_PATH)
    return RelayProfile(name, _checked_address(address.strip()), _checked_path(path.strip()))


def _checked_address(address: str) -> str:
    """Give the address without its last slash; the sentences never quote it: it may hold a key."""
    parts = _parts(address)
    if parts is None or parts.scheme not in ("http", "https"):
        raise ValueError("The relay's address is not a web address such as https://example.com.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("The relay's address must not hold a user name or a password.")
    if "?" in address or "#" in address:
        raise ValueError("The relay's address must end before any '?' or '#'.")
    if parts.scheme == "http" and not _is_loopback(parts):
        raise ValueError(
            "The relay's address must begin with https://, or the key could be read on the way; "
            "http:// is for this machine only."
        )
    return address.rstrip("/")


def _parts(address: str) -> SplitResult | None:
    """Split an address, or give None where it has no host, a wrong port or odd characters."""
    if not address.isprintable() or " " in address or "\\" in address:
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    return parts if parts.hostname and port != 0 else None


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _checked_path(path: str) -> str:
    if not path.startswith("/") or not path.isprintable() or set(path) & set(" ?#{}\\"):
        raise ValueError(
            "The relay's path must begin with '/' and hold no spaces, '?', '#' or braces; "
            "the paths for single tasks are found without being named."
        )
    return path.rstrip("/")
