"""Validators of JSON: each checks a value, records errors, and returns the value to store.

Texts are trimmed, ids become strings, and fields that Discord does not know are dropped. Where
nothing else is said a field may be absent or null, which is the same.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from sandbox.discord.errors import FieldErrors, Path, Payload
from sandbox.discord.snowflakes import parse_snowflake

Validator = Callable[[Any, Path, FieldErrors], Any]
"""Validates a value that is present. The result of an invalid one is meaningless."""

Check = Callable[[Payload, Path, FieldErrors], None]
"""Validates a whole object whose fields are valid."""


def text(max_length: int, *, min_length: int = 0, trimmed: bool = True) -> Validator:
    """Return a validator of a text with a number of code points."""

    def read(value: Any, path: Path, errors: FieldErrors) -> Any:
        if not isinstance(value, str):
            errors.add(path, "STRING_TYPE_CONVERT", f"Could not interpret {value!r} as string.")
            return None
        kept = value.strip() if trimmed else value
        if min_length and not kept.strip():
            errors.add(path, "BASE_TYPE_REQUIRED", "This field is required")
        else:
            check_length(len(kept), path, errors, most=max_length, min_items=min_length)
        return kept

    return read


def check_length(
    length: int, path: Path, errors: FieldErrors, *, most: int, min_items: int = 0
) -> None:
    """Record an error if a text or a list is too long or too short."""
    if length > most or length < min_items:
        bounds = f"between {min_items} and {most}" if min_items else f"{most} or fewer"
        code = "BASE_TYPE_BAD_LENGTH" if min_items else "BASE_TYPE_MAX_LENGTH"
        errors.add(path, code, f"Must be {bounds} in length.")


def integer(lowest: int | None = None, highest: int | None = None) -> Validator:
    """Return a validator of an integer within bounds."""

    def read(value: Any, path: Path, errors: FieldErrors) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            errors.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        else:
            _check_bounds(value, path, errors, lowest, highest)
        return value

    return read


def number(lowest: float | None = None, highest: float | None = None) -> Validator:
    """Return a validator of a number within bounds."""

    def read(value: Any, path: Path, errors: FieldErrors) -> Any:
        if not isinstance(value, int | float) or isinstance(value, bool):
            errors.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not float.')
        else:
            _check_bounds(value, path, errors, lowest, highest)
        return value

    return read


def _check_bounds(
    value: float, path: Path, errors: FieldErrors, lowest: float | None, highest: float | None
) -> None:
    if lowest is not None and value < lowest:
        errors.add(path, "NUMBER_TYPE_MIN", f"Must be {lowest} or more.")
    elif highest is not None and value > highest:
        errors.add(path, "NUMBER_TYPE_MAX", f"Must be {highest} or less.")


def boolean(value: Any, path: Path, errors: FieldErrors) -> Any:
    """Validate a boolean."""
    if not isinstance(value, bool):
        errors.add(path, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
    return value


def snowflake(value: Any, path: Path, errors: FieldErrors) -> Any:
    """Validate an id, given as a text or a number; it is stored as a text."""
    written = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if parse_snowflake(written) is None:
        errors.add(path, "NUMBER_TYPE_COERCE", f'Value "{written[:40]}" is not snowflake.')
    return written


def choice_of(*choices: int | str) -> Validator:
    """Return a validator of one of a few values."""

    def read(value: Any, path: Path, errors: FieldErrors) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | str) or value not in choices:
            listed = ", ".join(map(str, choices))
            errors.add(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{listed}}}.")
        return value

    return read


def timestamp(value: Any, path: Path, errors: FieldErrors) -> Any:
    """Validate a time in ISO 8601."""
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        text = f"Could not parse {value}. Should be ISO8601."
        errors.add(path, "DATE_TIME_TYPE_PARSE", text)
        return value
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).isoformat()


def link(max_length: int = 2048, *, schemes: Sequence[str] = ("http", "https")) -> Validator:
    """Return a validator of a URL that Discord accepts."""
    as_text = text(max_length)

    def read(value: Any, path: Path, errors: FieldErrors) -> Any:
        before = errors.count
        kept = as_text(value, path, errors)
        if errors.count > before:
            return kept
        scheme, separator, _ = kept.partition(":")
        if not separator or scheme.lower() not in schemes:
            allowed = ", ".join(repr(word) for word in schemes)
            words = f"Scheme {scheme[:40]!r} must be one of ({allowed})."
            errors.add(path, "URL_TYPE_INVALID_SCHEME", words)
        elif scheme.lower() in ("http", "https") and not _has_sane_host(kept):
            errors.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        return kept

    return read


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


def list_of(
    validator: Validator, *, most: int, min_items: int = 0, unique: bool = False
) -> Validator:
    """Return a validator of a list with a number of values."""

    def read(value: Any, path: Path, errors: FieldErrors) -> Any:
        if not isinstance(value, list):
            text = "Only iterables may be used in a ListType"
            errors.add(path, "LIST_TYPE_CONVERT", text)
            return []
        check_length(len(value), path, errors, most=most, min_items=min_items)
        if len(value) > most:
            return []
        kept = [validator(entry, (*path, index), errors) for index, entry in enumerate(value)]
        if unique and len({str(entry) for entry in kept}) < len(kept):
            errors.add(path, "SET_TYPE_CONTAINS_DUPLICATES", "The list contains duplicates.")
        return kept

    return read


def object_of(
    fields: Mapping[str, Validator],
    *,
    required: Collection[str] = (),
    check: Check | None = None,
    defaults: Payload | None = None,
    keep_null: bool = False,
) -> Validator:
    """Return a validator of an object; ``check`` validates the whole once all fields are valid."""

    def read(value: Any, path: Path, errors: FieldErrors) -> Any:
        if not isinstance(value, dict):
            text = "Only dictionaries may be used in a ModelType"
            errors.add(path, "MODEL_TYPE_CONVERT", text)
            return {}
        before, kept = errors.count, {}
        for name, validator in fields.items():
            given = value.get(name)
            if given is not None:
                kept[name] = validator(given, (*path, name), errors)
            elif name in required:
                errors.add((*path, name), "BASE_TYPE_REQUIRED", "This field is required")
            elif keep_null and name in value:
                kept[name] = None
        if check is not None and errors.count == before:
            check(kept, path, errors)
        return {**(defaults or {}), **kept}

    return read


def union_by_type(kinds: Mapping[int, Validator]) -> Validator:
    """Return a validator of an object whose ``type`` determines its other fields."""

    def read(value: Any, path: Path, errors: FieldErrors) -> Any:
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(kind, int) and not isinstance(kind, bool) and kind in kinds:
            inner: Payload = kinds[kind](value, path, errors)
            return {"type": kind, **inner}
        listed = ", ".join(map(str, sorted(kinds)))
        words = f'Value of field "type" must be one of ({listed}).'
        errors.add((*path, "type"), "UNION_TYPE_CHOICES", words)
        return {"type": 0}

    return read


def read_object_as(validator: Validator, value: Any) -> Payload:
    """Return an object as Discord stores it. Raises ApiError 50035 for an invalid one."""
    errors = FieldErrors()
    kept: Payload = validator(value, (), errors)
    errors.raise_if_any()
    return kept
