"""How long texts and lists may be, and what a link must look like: pure checks."""

from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import urlsplit

from bot.local.discord.errors import Faulty

Path = tuple[str | int, ...]

URL_LENGTH = 2048


def check_text(faulty: Faulty, path: Path, value: Any, *, longest: int, shortest: int = 0) -> bool:
    """Note a fault unless ``value`` is absent or a text of that many code points."""
    if value is None and shortest == 0:
        return True
    if value is None:
        faulty.add(path, "BASE_TYPE_REQUIRED", "This field is required")
        return False
    if not isinstance(value, str):
        faulty.add(path, "STRING_TYPE_CONVERT", f"Could not interpret {value!r} as string.")
        return False
    if shortest and not value.strip():
        faulty.add(path, "BASE_TYPE_REQUIRED", "This field is required")
        return False
    return _check_length(faulty, path, len(value), shortest, longest, "in length")


def check_count(faulty: Faulty, path: Path, values: Any, *, most: int, fewest: int = 0) -> bool:
    """Note a fault unless ``values`` is absent or a list of that many entries."""
    if values is None and fewest == 0:
        return True
    if not isinstance(values, list):
        faulty.add(path, "BASE_TYPE_REQUIRED", "This field is required")
        return False
    return _check_length(faulty, path, len(values), fewest, most, "in length")


def check_number(faulty: Faulty, path: Path, value: Any, *, lowest: float, highest: float) -> bool:
    """Note a fault unless ``value`` is absent or a number in that range."""
    if value is None:
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        faulty.add(path, "NUMBER_TYPE_COERCE", f"Value {value!r} is not a number.")
        return False
    if value < lowest:
        faulty.add(path, "NUMBER_TYPE_MIN", f"Must be {lowest} or more.")
    elif value > highest:
        faulty.add(path, "NUMBER_TYPE_MAX", f"Must be {highest} or less.")
    return lowest <= value <= highest


def check_choice(faulty: Faulty, path: Path, value: Any, choices: Collection[Any]) -> bool:
    """Note a fault unless ``value`` is absent or one of the choices."""
    if value is None or (not isinstance(value, bool) and value in choices):
        return True
    text = f"Value must be one of {{{', '.join(map(str, choices))}}}."
    faulty.add(path, "BASE_TYPE_CHOICES", text)
    return False


def _check_length(
    faulty: Faulty, path: Path, length: int, fewest: int, most: int, how: str
) -> bool:
    if fewest <= length <= most:
        return True
    if fewest:
        text = f"Must be between {fewest} and {most} {how}."
        faulty.add(path, "BASE_TYPE_BAD_LENGTH", text)
    else:
        faulty.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer {how}.")
    return False


def check_url(
    faulty: Faulty,
    path: Path,
    value: Any,
    *,
    schemes: Sequence[str] = ("http", "https"),
    longest: int = URL_LENGTH,
) -> None:
    """Note a fault unless ``value`` is absent or a link that Discord accepts."""
    if value is None or not check_text(faulty, path, value, longest=longest):
        return
    scheme, separator, _ = value.partition(":")
    if not separator or scheme.lower() not in schemes:
        allowed = ", ".join(repr(word) for word in schemes)
        text = f"Scheme {scheme[:40]!r} must be one of ({allowed})."
        faulty.add(path, "URL_TYPE_INVALID_SCHEME", text)
    elif scheme.lower() in ("http", "https") and not _has_sane_host(value):
        faulty.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")


def _has_sane_host(url: str) -> bool:
    if any(character.isspace() or ord(character) < 32 for character in url):
        return False
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or port == 0:
        return False
    if ":" in host:
        return True
    labels = host.rstrip(".").split(".")
    return len(labels) > 1 and all(labels) and "_" not in labels[-1]
