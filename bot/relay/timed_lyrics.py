"""Lyrics with the times at which they are sung, and as a ``.lrc`` file. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_LINES = 1000
MAX_LINE = 500
"""Code points of a line or a heading."""

_HEADING = re.compile(r"\s*(\[[^\[\]\n]{1,80}\])\s*(.*)", re.DOTALL)
"""A section such as ``[Verse 1]``, and what follows it on the same line."""
_TIME = re.compile(r"\[\d+:\d\d(?:[.:]\d+)?\]")
_BREAKS = re.compile(r"[\r\v\f\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word as a relay has aligned it."""

    text: str
    """With the spaces, line breaks and headings around it."""
    start: float | None
    """Seconds from the beginning of the song; ``None`` where it could not be aligned."""


@dataclass(frozen=True, slots=True)
class TimedLine:
    """A line of lyrics, or the heading of a section, and when it begins."""

    start: float
    """Seconds from the beginning of the song."""
    text: str


@dataclass(frozen=True, slots=True)
class TimedLyrics:
    """Lyrics in the order in which they are sung. All texts are the relay's: hostile."""

    lines: tuple[TimedLine, ...]
    """Without the headings."""
    sections: tuple[TimedLine, ...]
    """The headings, in their brackets: ``[Verse]``; each begins with its first sung line."""

    def to_lrc(self, title: str = "") -> str:
        """Return the text of a ``.lrc`` file, as players of songs read it."""
        clean = " ".join(re.sub(r"[\[\]]", " ", title).split())
        head = [f"[ti:{clean}]"] if clean else []
        return "\n".join([*head, *map(_lrc_line, self.lines)]) + "\n"


def align_lines(words: Iterable[TimedWord]) -> TimedLyrics:
    """Join words to lines at the line breaks in them.

    A line begins with its first word whose time is known; without one, when the line before it
    begins. No line begins before the one before it.
    """
    lines: list[TimedLine] = []
    sections: list[TimedLine] = []
    headings: list[str] = []
    at = 0.0
    for start, text in _split(words):
        while (heading := _HEADING.fullmatch(text)) and not _TIME.match(heading[1]):
            headings.append(heading[1])
            text = heading[2]
        text = " ".join(text.split())[:MAX_LINE]
        if not text:
            continue
        at = at if start is None else max(at, start)
        sections += [TimedLine(at, each) for each in headings]
        headings.clear()
        lines.append(TimedLine(at, text))
        if len(lines) == MAX_LINES:
            break
    return TimedLyrics(tuple(lines), tuple(sections[:MAX_LINES]))


def _split(words: Iterable[TimedWord]) -> Iterable[tuple[float | None, str]]:
    """Yield the lines that the words form, headings among them, with the time of each."""
    line, start = "", None
    for word in words:
        first, *others = _BREAKS.sub("\n", word.text).split("\n")
        for number, part in enumerate((first, *others)):
            if number:
                yield start, line
                line, start = "", None
            line += part
            if start is None and part.strip():
                start = word.start
    yield start, line


def _lrc_line(line: TimedLine) -> str:
    minutes, centiseconds = divmod(round(line.start * 100), 6000)
    seconds = f"{centiseconds // 100:02}.{centiseconds % 100:02}"
    return f"[{minutes:02}:{seconds}]{_without_times(line.text).strip()}"


def _without_times(text: str) -> str:
    """Remove what players would read as a time, also where a removal makes one."""
    while (rest := _TIME.sub("", text)) != text:
        text = rest
    return text
