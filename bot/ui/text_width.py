"""Estimates how wide a text is on the screen, to bound the lines that it wraps to."""

import unicodedata

from bot.ui.escaping import truncate

LINE_WIDTH = 46
"""The width of a line beside a small picture, in the widths of a Latin letter."""


def display_width(text: str) -> int:
    """Return the width of ``text`` in the widths of a Latin letter: 2 for a Chinese character."""
    return sum(map(_character_width, text))


def line_count(text: str, width: int = LINE_WIDTH) -> int:
    """Return to how many lines ``text`` is wrapped in a column of ``width``."""
    return sum(max(1, -(-display_width(line) // width)) for line in text.split("\n"))


def truncate_to_width(text: str, width: int, *, escaped: bool = True) -> str:
    """Truncate ``text`` to ``width``; a truncated text ends in "…"."""
    used = 0
    for position, character in enumerate(text):
        used += _character_width(character)
        if used > width:
            return truncate(text, max(position, 1), escaped=escaped)
    return text


def _character_width(character: str) -> int:
    if character.isascii():
        return 2 if character in "MW@%" else 1
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
