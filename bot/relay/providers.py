"""The known relays as data, read from ``providers.toml``; and which addresses are accepted."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.resources import files
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from yarl import URL

from bot.relay.models import TaskKind

CUSTOM = "custom"
FETCH_PATH = "/suno/fetch"
"""The batch look-up of most relays, among them DeerAPI and OpenAI-Hub."""
SUBMIT_FETCH_PATH = "/suno/submit/fetch"
"""The batch look-up of the relays that put every POST under ``/suno/submit``."""


class Capability(StrEnum):
    """What can be created at a relay."""

    MUSIC = "music"
    LYRICS = "lyrics"
    EXTEND = "extend"
    WAV = "wav"
    TIMING = "timing"
    STEMS = "stems"


CHARGED_FILES = frozenset({Capability.WAV, Capability.STEMS})
"""Files of a version that relays may charge for; timed lyrics are looked up."""


@dataclass(frozen=True, slots=True)
class RelayModel:
    """A model that makes songs."""

    name: str
    """As requests name it."""
    version: str
    """As people know it."""
    max_lyrics: int
    """Code points."""
    max_style: int
    """Code points."""


@dataclass(frozen=True, slots=True)
class RelayProfile:
    """The address and paths of a relay. Created by ``relay_profile``, which checks them."""

    name: str
    base_url: str
    """With its scheme, without a slash at the end."""
    fetch_path: str
    """The path of the batch look-up, with a slash in front."""
    title: str = ""
    """As people know it."""
    batch_size: int = 100
    """Ids that one batch look-up may hold."""
    capabilities: frozenset[Capability] = frozenset()
    models: tuple[RelayModel, ...] = ()
    """The first is the default."""
    max_concurrent: int | None = None
    """Tasks that may run at once with one key; ``None``: no limit is known."""
    extend_task: str = ""
    """The ``task`` that a request to extend a song names; empty where it names none."""
    stems_method: str = "GET"
    """The HTTP method with which stems are requested: GET, or POST at newer relays."""

    @property
    def batch_paths(self) -> tuple[str, ...]:
        """The possible paths of the batch look-up, the configured one first."""
        prefix = self._prefix
        paths = (self.fetch_path, f"{prefix}{FETCH_PATH}", f"{prefix}{SUBMIT_FETCH_PATH}")
        return tuple(dict.fromkeys(paths))

    @property
    def single_paths(self) -> tuple[str, ...]:
        """The possible paths of the single look-up, without the percent-encoded id at the end."""
        return tuple(f"{self._prefix}/suno/{name}/" for name in ("fetch", "feed", "lyrics"))

    def submit_path(self, kind: TaskKind) -> str:
        """Return the path to which a request to create something is posted."""
        return f"{self._prefix}/suno/submit/{kind.value}"

    def action_path(self, action: Capability, clip_id: str) -> str:
        """Return the path of what is made of a clip: a WAV file, word timings or stems."""
        return f"{self._prefix}/suno/act/{action.value}/{quote(clip_id, safe='')}"

    @property
    def _prefix(self) -> str:
        """The part of the configured path before ``/suno``; usually empty."""
        for path in (SUBMIT_FETCH_PATH, FETCH_PATH):
            if self.fetch_path.endswith(path):
                return self.fetch_path.removesuffix(path)
        return ""


_DATA = tomllib.loads(files("bot.relay").joinpath("providers.toml").read_text("utf-8"))

KNOWN_MODELS: Mapping[str, RelayModel] = MappingProxyType(
    {name: RelayModel(name, **fields) for name, fields in _DATA["models"].items()}
)
"""By name."""


def _profile(name: str, fields: Mapping[str, Any]) -> RelayProfile:
    return RelayProfile(
        name=name,
        base_url=fields.get("base_url", ""),
        fetch_path=fields["fetch_path"],
        title=fields["title"],
        batch_size=fields["batch_size"],
        capabilities=frozenset(map(Capability, fields["capabilities"])),
        models=tuple(KNOWN_MODELS[each] for each in fields["models"]),
    )


KNOWN_RELAYS: Mapping[str, RelayProfile] = MappingProxyType(
    {name: _profile(name, fields) for name, fields in _DATA["relays"].items()}
)
"""By name. ``custom`` stands for every other relay, and has no address."""


def relay_profile(
    name: str,
    base_url: str | None = None,
    fetch_path: str | None = None,
    *,
    relays: Mapping[str, RelayProfile] = KNOWN_RELAYS,
) -> RelayProfile:
    """Return the profile of a relay; an address or path that is given replaces its own.

    ``relays`` are those to choose from, by name. Raises ``ValueError``, with a sentence for the
    operator, where the name is not known, ``custom``
    has no address, or an address or path cannot be used.
    """
    known = relays.get(name.strip().lower())
    if known is None:
        choices = ", ".join(relays)
        raise ValueError(f"There is no relay called {name!r}; choose one of {choices}.")
    address = base_url or known.base_url
    if not address:
        raise ValueError("A custom relay needs its address, such as https://api.example.com.")
    return replace(
        known,
        base_url=checked_address(address.strip()),
        fetch_path=checked_path((fetch_path or known.fetch_path).strip()),
    )


def public_profile(
    name: str,
    base_url: str,
    fetch_path: str,
    *,
    relays: Mapping[str, RelayProfile] = KNOWN_RELAYS,
) -> RelayProfile:
    """Return the profile of a relay that a stranger names: https at port 443 only.

    Raises ``ValueError`` as ``relay_profile`` does. Whether the address is public is checked when
    a connection is opened.
    """
    profile = relay_profile(name, base_url, fetch_path, relays=relays)
    parts = urlsplit(profile.base_url)
    if parts.scheme != "https" or parts.port not in (None, 443):
        raise ValueError("The relay's address must begin with https:// and name no other port.")
    return profile


def checked_address(address: str) -> str:
    """Return the address without a final slash. Raises ``ValueError``, as ``relay_profile`` does.

    No error quotes it, because it may hold a key.
    """
    parts = _split(address)
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


def _split(address: str) -> SplitResult | None:
    """Split an address; return None where the host, the port or a character is not valid.

    What aiohttp and the resolver cannot read is not valid either: their errors are no
    ``ClientError``.
    """
    if not address.isprintable() or " " in address or "\\" in address:
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
        URL(address)
        (parts.hostname or "").encode("idna")
    except ValueError:  # among others UnicodeError: a label is empty or too long
        return None
    return parts if parts.hostname and port != 0 else None


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked_path(path: str) -> str:
    """Return the path without a final slash. Raises ``ValueError``, as ``relay_profile`` does."""
    if not path.startswith("/") or not path.isprintable() or set(path) & set(" ?#{}\\"):
        raise ValueError(
            "The relay's path must begin with '/' and hold no spaces, '?', '#' or braces; "
            "the paths for single tasks are found without being named."
        )
    return path.rstrip("/")
