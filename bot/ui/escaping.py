"""Escapes hostile text: Discord shows it without mentions, markdown, links and hidden characters.

Discord renders a backslash before anything but a letter, a digit or a space as that other character
alone ("Markdown Text 101", and the open SimpleAST of its clients). Mentions are an exception:
Discord's servers look for them in the raw text, where no backslash stops them: a zero-width
space does.

What is escaped does not depend on where in a line it stands: a piece of an escaped text, cut at
a ``cut_position``, is as harmless as the whole.
"""

import re
import unicodedata

ELLIPSIS = "…"
_ZERO_WIDTH_SPACE = "\u200b"
_EMPTY_BRAILLE = "\u2800"
_MAX_MARKS_IN_A_ROW = 6
"""Enough for every living script; more marks would overlap the lines around the text."""
_READ_PER_SHOWN = 8
_MIN_READ = 1024
"""Code points that are read for each that may be shown, and at least: what is longer is cut."""
_MAX_FILE_NAME = 60
"""Code points, so that no file system finds a name too long in bytes."""
_DEVICE_NAME = re.compile(r"con|prn|aux|nul|(?:com|lpt)[0-9¹²³]", re.IGNORECASE)
"""Names that Windows reserves for devices, with any extension."""

_NEWLINES = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_FORBIDDEN = re.compile(
    "["
    r"\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls
    r"\xad\u034f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # formats
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # formats of shorthand and of music
    r"\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # letters that show nothing
    r"\ud800-\udfff"  # halves of surrogate pairs
    r"\ufdd0-\ufdef\ufffe\uffff"  # code points that will never be characters
    r"\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff"  # empty, and invisible
    "]"
)
_TAGS = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,8}\U000e007f)|[\U000e0020-\U000e007f]"
)
"""The flags of Scotland and the like are a black flag and a word of tags; other tags hide text."""
_JOINERS = re.compile("[\u180e\u200c\u200d]+")
_SPECIAL = re.compile(
    r"[\\*_~`|<>\[\]#]"  # emphasis, code, spoilers, mentions, masked links, quotes, headings
    r"|:(?=\S)"  # links of any scheme, and emoji by name
    r"|[-+](?=[\s#]|$)|(?<=[0-9])[.)](?=\s|$)"  # lists and subtext
    r"|(?:(?<=discord)|(?<=discordapp))\.(?=\S)",  # invitations need no scheme to become a card
    re.IGNORECASE,
)
_MENTION = re.compile(r"@(?=everyone|here)|(?<=<)@(?=[!&]?[0-9])", re.IGNORECASE)


def sanitize(text: str, *, limit: int | None = None) -> str:
    """Return ``text`` without what cannot be seen and what disturbs its surroundings.

    Every script, emoji sequences and single empty lines stay. Gone are controls, changes of
    direction, invisible characters, halves of surrogate pairs and piles of marks; blanks collapse.
    The work is linear in the text, of which no more is read than ``limit`` visible code points can
    need, unless most of it is invisible.
    """
    if limit is not None:
        text = text[: _READ_PER_SHOWN * limit + _MIN_READ]
    text = _FORBIDDEN.sub("", _NEWLINES.sub("\n", text)).replace(_EMPTY_BRAILLE, " ")
    if not text.isascii():
        text = _TAGS.sub(lambda match: match[1] or "", text)
        text = _bounded_marks(_JOINERS.sub(_needed_joiner, text))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def escape(text: str, *, limit: int | None = None) -> str:
    """Return ``text`` so that Discord shows it as it is, where Discord renders markdown.

    At most ``limit`` code points (at least 1), escapes included; what was cut ends in "…".
    """
    return _escaped(sanitize(text, limit=limit), limit)


def escape_line(text: str, *, limit: int | None = None) -> str:
    """Return ``text`` like ``escape``, as one line."""
    return _escaped(_one_line(text, limit), limit)


def sanitize_line(text: str, *, limit: int | None = None) -> str:
    """Return ``text`` as one line for where Discord renders no markdown.

    That is: in footers, on buttons, inside a code span. At most ``limit`` code points.
    """
    line = _MENTION.sub("@" + _ZERO_WIDTH_SPACE, _one_line(text, limit).replace("`", "ˋ"))
    return truncate(line, limit, escaped=False)


def code_span(text: str, *, limit: int | None = None) -> str:
    """Return ``text`` in a code span, at most ``limit`` code points (at least 3) with its ticks."""
    inner = sanitize_line(text, limit=None if limit is None else limit - 2)
    return f"`{inner or '–'}`"


def safe_file_name(text: str, extension: str, *, otherwise: str) -> str:
    """Return a name for a file: the letters, marks and digits of ``text``, dashes between words.

    At most 60 code points and the ``extension``. ``otherwise`` is the name where nothing is left.
    """
    kept = "".join(
        sign if _is_for_files(sign) else " " for sign in _one_line(text, 4 * _MAX_FILE_NAME)
    )
    name = "-".join(kept.split())[:_MAX_FILE_NAME].strip("-")
    if not name or _DEVICE_NAME.fullmatch(name):
        name = f"{otherwise}-{name}".strip("-")
    return f"{name}.{extension}"


def truncate(text: str, limit: int | None, *, escaped: bool = True) -> str:
    """Return ``text``, cut to ``limit`` code points (at least 1) and then ending in "…".

    Of an ``escaped`` text no half of an escape remains, of any text no half of a visible character.
    """
    if limit is None or len(text) <= limit:
        return text
    return text[: cut_position(text, limit - 1, escaped=escaped)].rstrip() + ELLIPSIS


def cut_position(text: str, limit: int, *, escaped: bool = True) -> int:
    """Return the last place at or before ``limit`` where ``text`` may be cut, in code points.

    That is never inside an escape, and inside a visible character only where that alone is longer
    than ``limit``. For a limit of 2 or more the place is after at least one character.
    """
    if limit >= len(text):
        return len(text)
    for place in range(limit, 0, -1):
        if not (escaped and _after_backslash(text, place)) and not _inside_character(text, place):
            return place
    return limit - 1 if escaped and _after_backslash(text, limit) else limit


def _escaped(text: str, limit: int | None) -> str:
    return truncate(_MENTION.sub("@" + _ZERO_WIDTH_SPACE, _SPECIAL.sub(r"\\\g<0>", text)), limit)


def _one_line(text: str, limit: int | None) -> str:
    return " ".join(sanitize(text, limit=limit).split())


def _is_for_files(sign: str) -> bool:
    return sign.isalnum() or unicodedata.category(sign)[0] == "M"


def _needed_joiner(match: re.Match[str]) -> str:
    """Keep a joiner where scripts and emoji need one: alone, between two that it can join."""
    text, start, end = match.string, match.start(), match.end()
    before, after = text[start - 1 : start], text[end : end + 1]
    needed = len(match[0]) == 1 and _joinable(before, "LMSC") and _joinable(after, "LSC")
    return match[0] if needed else ""


def _joinable(character: str, categories: str) -> bool:
    """Whether a joiner makes sense beside this; C are the emoji that Python does not know yet."""
    return not character.isascii() and unicodedata.category(character)[0] in categories


def _bounded_marks(text: str) -> str:
    kept = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _MAX_MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def _after_backslash(text: str, place: int) -> bool:
    """Whether ``place`` is between a backslash and what it escapes."""
    start = place
    while start and text[start - 1] == "\\":
        start -= 1
    return (place - start) % 2 == 1


def _inside_character(text: str, place: int) -> bool:
    """Whether ``place`` is inside what a reader sees as one character."""
    before, after = text[place - 1], text[place]
    if unicodedata.category(after)[0] == "M" or after in "\u200b\u200c\u200d":
        return True
    if (
        before == "\u200d"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or "\U000e0020" <= after <= "\U000e007f"
    ):
        return True
    return _is_letter_of_flag(after) and _letters_of_flags_before(text, place) % 2 == 1


def _is_letter_of_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _letters_of_flags_before(text: str, place: int) -> int:
    start = place
    while start and _is_letter_of_flag(text[start - 1]):
        start -= 1
    return place - start
