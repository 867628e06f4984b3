"""Discord's markdown, as far as a terminal can show it."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

from rich.text import Text

NameOf = Callable[[int], str]
"""Gives the name of a user, a role or a channel."""

_INLINE = re.compile(
    r"\\(?P<plain>[!-/:-@\[-`{-~])"  # an escaped character
    r"|<@[!&]?(?P<user>\d+)>|<#(?P<channel>\d+)>|<t:(?P<time>-?\d+)(?::(?P<look>\w))?>"
    r"|</(?P<command>[^:<>\n]+):\d+>"
    r"|`(?P<code>[^`]+)`"
    r"|\*\*(?P<bold>(?:\\.|[^*\\])+)\*\*|__(?P<underline>(?:\\.|[^_\\])+)__"
    r"|\*(?P<italic>(?:\\.|[^*\\\s])(?:\\.|[^*\\])*)\*"
    r"|~~(?P<strike>(?:\\.|[^~\\])+)~~|\|\|(?P<conceal>(?:\\.|[^|\\])+)\|\|"
    r"|\[(?P<label>(?:\\.|[^\]\\])+)\]\((?P<url>https?://[^\s)]+)\)"
)
_HEADING = re.compile(r"#{1,3} +")
_SUBTEXT = "-# "
_STYLES = ("bold", "underline", "italic", "strike")
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60))


def render(markdown: str, name_of: NameOf) -> Text:
    """Return the text of a message or a description, with its styles and links."""
    lines = (_line(line, name_of) for line in markdown.split("\n"))
    return Text("\n", overflow="fold").join(lines)


def _line(line: str, name_of: NameOf) -> Text:
    if line.startswith(_SUBTEXT):
        return _within(line.removeprefix(_SUBTEXT), name_of, "dim")
    heading = _HEADING.match(line)
    if heading:
        return _within(line[heading.end() :], name_of, "bold underline")
    return _within(line, name_of, "")


def _within(source: str, name_of: NameOf, style: str) -> Text:
    text, end = Text(overflow="fold"), 0
    for match in _INLINE.finditer(source):
        text.append(source[end : match.start()])
        text.append_text(_styled(match, name_of))
        end = match.end()
    text.append(source[end:])
    if style:
        text.stylize(style)
    return text


def _styled(match: re.Match[str], name_of: NameOf) -> Text:
    if match["plain"]:
        return Text(match["plain"])
    for kind, sign in (("user", "@"), ("channel", "#")):
        if match[kind]:
            return Text(f"{sign}{name_of(int(match[kind]))}", style="bold yellow")
    if match["time"]:
        return Text(moment(int(match["time"]), match["look"], now=time.time()))
    if match["command"]:
        return Text(f"/{match['command']}", style="bold yellow")
    if match["code"]:
        return Text(match["code"], style="green")
    if match["url"]:
        return _within(match["label"], name_of, f"underline link {match['url']}")
    if match["conceal"]:
        return _within(match["conceal"], name_of, "reverse")
    style = next(name for name in _STYLES if match[name])
    return _within(match[style], name_of, style)


def moment(seconds: int, look: str | None, *, now: float) -> str:
    """Return a time as Discord shows it: ``R`` from now, else date and time of day (UTC)."""
    if look != "R":
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    distance = abs(seconds - int(now))
    unit, length = next(((u, size) for u, size in _UNITS if distance >= size), ("second", 1))
    count = distance // length
    told = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {told}" if seconds > now else f"{told} ago"
