"""Redacts secrets, and escapes characters that control a terminal."""

import json
import re
from collections.abc import Iterable

REDACTED = "[secret]"

MIN_SECRET_LENGTH = 8
"""Characters. What is shorter is no working secret, and occurs in ordinary words."""

_KEY_OR_TOKEN = re.compile(
    r"\bsk-[\w-]{8,}"  # the key of a relay of this family
    r"|\b[\w-]{18,}\.[\w-]{6}\.[\w-]{20,}"  # a Discord token: id, time and signature
)
_LONG_RANDOM = re.compile(r"(?<![\w-])(?=[\w-]*[0-9])(?=[\w-]*[A-Za-z])[\w-]{32,}")


class Redactor:
    """Replaces secrets that are known by their values."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Each of ``secrets`` with at least ``MIN_SECRET_LENGTH`` characters is replaced."""
        long_enough = (secret for secret in secrets if len(secret) >= MIN_SECRET_LENGTH)
        self._secrets = sorted(long_enough, key=len, reverse=True)

    def redact(self, text: str) -> str:
        """Return ``text`` without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text


def redact_known_forms(text: str) -> str:
    """Return ``text`` without anything that has the form of a relay's key or a Discord token."""
    return _KEY_OR_TOKEN.sub(REDACTED, text)


def redact_setting(text: str) -> str:
    """Return the value of a setting without anything that may be a secret.

    That includes any long run of letters and digits: a key pasted into the wrong setting.
    """
    return _LONG_RANDOM.sub(REDACTED, redact_known_forms(text))


def quote_unprintable(text: str) -> str:
    """Return ``text`` with control characters, line ends and direction marks as escapes."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def quote_unprintable_in_json(text: str) -> str:
    """Return JSON with the same characters as JSON escapes."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else json.dumps(character)[1:-1] for character in text
    )
