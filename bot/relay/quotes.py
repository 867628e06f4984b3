"""Hides what a text of a relay quotes of a request: it belongs to its author alone."""

import html
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from itertools import groupby

from bot.relay.creation import CreationRequest

_LONG = 18
"""Bytes of UTF-8: six Chinese characters, or three words of English. No coincidence is as long."""
_SHORT = 6
"""Bytes of UTF-8. A shorter text of a request, such as one word, is not hidden."""
_HIDDEN = "…"
_ESCAPE = re.compile(r"(?<!\\)\\++(?:u([0-9a-fA-F]{4})|[nrt])")


class RequestQuotes:
    """Finds what texts of a relay quote of one request.

    The title counts only ``with_title``: messages show it anyway. A single word does not count,
    because its author has to know which one a relay does not like. Relays quote in JSON, in HTML
    and in lower case, too. The cost is linear in the lengths of the request and of all texts.
    """

    def __init__(self, request: CreationRequest, *, with_title: bool = False) -> None:
        self._request = request
        self._with_title = with_title

    def hide(self, said: str) -> str:
        """Return a relay's text with ``…`` for each long part of what the request holds."""
        line = _encoded(_unescaped(said))
        folded = _folded(line)
        quoted = bytearray(len(line))
        for length, parts in self._hidden_parts.items():
            for begin, part in enumerate(_parts(folded, length)):
                if part in parts:
                    quoted[begin : begin + length] = b"\1" * length
        if not any(quoted):
            return said
        return "".join(
            _HIDDEN if is_quoted else bytes(byte for byte, _ in run).decode(errors="ignore")
            for is_quoted, run in groupby(zip(line, quoted, strict=True), key=lambda each: each[1])
        )

    @cached_property
    def _hidden_parts(self) -> dict[int, set[bytes]]:
        """The parts that are hidden, by their length."""
        title = self._request.title if self._with_title else ""
        entered = (self._request.description, self._request.lyrics, self._request.style, title)
        parts: defaultdict[int, set[bytes]] = defaultdict(set)
        for each in entered:
            text = _folded(_encoded(each))
            if len(text) >= _SHORT:
                length = min(len(text), _LONG)
                parts[length].update(_parts(text, length))
        return parts


def _encoded(text: str) -> bytes:
    """Return a text with single spaces for any white space: relays do not keep it."""
    return " ".join(text.split()).encode(errors="ignore")


def _unescaped(said: str) -> str:
    """Return a relay's text without the escapes of JSON and HTML, where it quotes either."""
    text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else " ", said)
    pairs = text.encode("utf-16-le", "surrogatepass")
    return html.unescape(pairs.decode("utf-16-le", errors="ignore"))


def _folded(text: bytes) -> bytes:
    """Return a text in lower case, each character as long as before."""
    if text.isascii():
        return text.lower()
    return "".join(
        lower if len(lower.encode()) == len(each.encode()) else each
        for each in text.decode()
        for lower in (each.lower(),)
    ).encode()


def _parts(text: bytes, length: int) -> Iterator[bytes]:
    """Yield all parts of a text that have a length."""
    return (text[begin : begin + length] for begin in range(len(text) - length + 1))
