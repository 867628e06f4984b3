"""Translates the placeholders of this program's statements into those of psycopg.

``?`` becomes ``%s``, ``?1`` and ``:name`` become named placeholders. SQLite's ``IS`` compares
null-safely, as ``IS NOT DISTINCT FROM`` does in PostgreSQL. Text in quotes stays as it is, but for
the percent sign, which psycopg wants doubled everywhere.
"""

import re
from functools import lru_cache
from typing import Any

from bot.storage.engine import Values

_TOKEN = re.compile(
    r"""
    (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<comment>--[^\n]*)
    | (?P<cast>::)
    | \bIS\s++(?P<negated>NOT\s++)?(?!(?:NOT|NULL|TRUE|FALSE|DISTINCT)\b)
    | \?(?P<number>\d+)
    | (?P<next>\?)
    | :(?P<name>[a-z_]\w*)
    | (?P<percent>%)
    """,
    re.VERBOSE,
)


@lru_cache(maxsize=1024)
def translate(sql: str) -> str:
    """Return a statement with psycopg's placeholders."""
    return _TOKEN.sub(_replace, sql)


def _replace(token: "re.Match[str]") -> str:
    found = token.groupdict()
    if found["text"] or found["cast"] or found["percent"]:
        return token[0].replace("%", "%%")
    if found["comment"]:
        return ""
    if found["number"]:
        return f"%(p{found['number']})s"
    if found["next"]:
        return "%s"
    if found["name"]:
        return f"%({found['name']})s"
    return "IS DISTINCT FROM " if found["negated"] else "IS NOT DISTINCT FROM "


def bind(sql: str, values: Values) -> Values:
    """Return the values as the translated statement takes them: by name, if it numbers them.

    U+0000, which PostgreSQL cannot store, becomes U+FFFD.
    """
    if isinstance(values, dict):
        return {name: _storable(value) for name, value in values.items()}
    if not _NUMBERED.search(sql):
        return [_storable(value) for value in values]
    return {f"p{number}": _storable(value) for number, value in enumerate(values, 1)}


def _storable(value: Any) -> Any:
    return value.replace("\0", "\ufffd") if isinstance(value, str) and "\0" in value else value


_NUMBERED = re.compile(r"%\(p\d+\)s")
