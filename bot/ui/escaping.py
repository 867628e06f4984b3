"""Escapes untrusted text: no mentions, Markdown, links or hidden characters remain.

A backslash before any character but a letter, digit or space makes Discord render that character
literally ("Markdown Text 101", and the open-source SimpleAST of its clients). Mentions are an
exception: Discord's servers find them in the raw text, where a backslash has no effect; a
zero-width space breaks them.

Escaping does not depend on the position in a line: a piece of an escaped text that is cut at a
``cut_position`` is as safe as the whole.
"""

import re
import unicodedata

ELLIPSIS = "…"
_ZERO_WIDTH_SPACE = "\u200b"
_EMPTY_BRAILLE = "\u2800"
_MAX_MARKS_IN_A_ROW = 6
"""Enough for every living script; more marks would overlap the neighbouring lines."""
_READ_PER_SHOWN = 8
"""Code points of the input that are read for each code point of the output."""
_MIN_READ = 1024
"""Code points of the input that are read at least."""
_MAX_FILE_NAME = 60
"""Code points, so that the name is not too long in bytes for any file system."""
_DEVICE_NAME = re.compile(r"con|prn|aux|nul|(?:com|lpt)[0-9¹²³]", re.IGNORECASE)
"""Names that Windows reserves for devices, with any extension."""

_NEWLINES = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_FORBIDDEN = re.compile(
    "["
    r"\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls
    r"\xad\u034f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # formats
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # formats of shorthand and of musical notation
    r"\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # letters that are invisible
    r"\ud800-\udfff"  # halves of surrogate pairs
    r"\ufdd0-\ufdef\ufffe\uffff"  # code points that will never be characters
    r"\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff"  # unassigned or invisible
    "]"
)
_TAGS = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,8}\U000e007f)|[\U000e0020-\U000e007f]"
)
"""Regional flags, as Scotland's, are a black flag and tags; other tags could hide text."""
_JOINERS = re.compile("[\u180e\u200c\u200d]+")
_STRAY_SELECTORS = re.compile(
    "(?<!\\S)[\u180b-\u180e\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]+"
)
"""Variation selectors and joiners without a character before them: these alone show nothing."""
_SPECIAL = re.compile(
    r"[\\*_~`|<>\[\]#]"  # emphasis, code, spoilers, mentions, masked links, quotes, headings
    r"|:(?=\S)"  # links of any scheme, and emoji by name
    r"|[-+](?=[\s#]|$)|(?<=[0-9])[.)](?=\s|$)"  # lists and subtext
    r"|(?:(?<=discord)|(?<=discordapp))\.(?=\S)",  # invite links are rendered without a scheme
    re.IGNORECASE,
)
_MENTION = re.compile(r"@(?=everyone|here)|(?<=<)@(?=[!&]?[0-9])", re.IGNORECASE)


def sanitize(text: str, *, limit: int | None = None) -> str:
    """Return ``text`` without invisible characters and those that disturb neighbouring text.

    Every script, emoji sequences and single empty lines are kept. Removed are control characters,
    bidirectional overrides, invisible characters, lone surrogates and excessive combining marks;
    whitespace is collapsed. The time is linear in the length of the text. With a ``limit`` (code
    points of the output) only a bounded prefix of the text is read.
    """
    if limit is not None:
        text = text[: _READ_PER_SHOWN * limit + _MIN_READ]
    text = _FORBIDDEN.sub("", _NEWLINES.sub("\n", text)).replace(_EMPTY_BRAILLE, " ")
    if not text.isascii():
        text = _TAGS.sub(lambda match: match[1] or "", text)
        text = _JOINERS.sub(_keep_needed_joiner, _STRAY_SELECTORS.sub("", text))
        text = _bound_marks(text)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def escape(text: str, *, limit: int | None = None) -> str:
    """Escape ``text`` so that Discord shows it literally where it renders Markdown.

    At most ``limit`` code points (at least 1), escapes included; a truncated text ends in "…".
    """
    return _escaped(sanitize(text, limit=limit), limit)


def escape_line(text: str, *, limit: int | None = None) -> str:
    """Escape ``text`` like ``escape``, as one line."""
    return _escaped(_one_line(text, limit), limit)


def sanitize_line(text: str, *, limit: int | None = None) -> str:
    """Return ``text`` as one line for places where Discord renders no Markdown.

    These are footers, button labels and code spans. At most ``limit`` code points.
    """
    line = _MENTION.sub("@" + _ZERO_WIDTH_SPACE, _one_line(text, limit).replace("`", "ˋ"))
    return truncate(line, limit, escaped=False)


def code_span(text: str, *, limit: int | None = None) -> str:
    """Return ``text`` in a code span, at most ``limit`` code points (at least 3) with backticks."""
    inner = sanitize_line(text, limit=None if limit is None else limit - 2)
    return f"`{inner or '–'}`"


def safe_file_name(text: str, extension: str, *, fallback: str, number: int | None = None) -> str:
    """Return a file name from the letters, marks and digits of ``text``, with dashes between words.

    At most 60 code points, the ``number`` and the ``extension``. ``fallback`` is the name if
    nothing remains.
    """
    kept = "".join(
        character if _allowed_in_file_name(character) else " "
        for character in _one_line(text, 4 * _MAX_FILE_NAME)
    )
    name = "-".join(kept.split())
    name = name[: cut_position(name, _MAX_FILE_NAME, escaped=False)].strip("-")
    if not name or _DEVICE_NAME.fullmatch(name):
        name = f"{fallback}-{name}".strip("-")
    return f"{name}.{extension}" if number is None else f"{name}-{number}.{extension}"


def truncate(text: str, limit: int | None, *, escaped: bool = True) -> str:
    """Truncate ``text`` to ``limit`` code points (at least 1); a truncated text ends in "…".

    Escape sequences of an ``escaped`` text and visible characters are never split.
    """
    if limit is None or len(text) <= limit:
        return text
    return text[: cut_position(text, limit - 1, escaped=escaped)].rstrip() + ELLIPSIS


def cut_position(text: str, limit: int, *, escaped: bool = True) -> int:
    """Return the last position at or before ``limit`` where ``text`` may be cut, in code points.

    It is never inside an escape sequence, and inside a visible character only if that alone is
    longer than ``limit``. For a limit of 2 or more it is after at least one character.
    """
    if limit >= len(text):
        return len(text)
    for position in range(limit, 0, -1):
        if not (escaped and _after_backslash(text, position)) and not _inside_character(
            text, position
        ):
            return position
    return limit - 1 if escaped and _after_backslash(text, limit) else limit


def _escaped(text: str, limit: int | None) -> str:
    return truncate(_MENTION.sub("@" + _ZERO_WIDTH_SPACE, _SPECIAL.sub(r"\\\g<0>", text)), limit)


def _one_line(text: str, limit: int | None) -> str:
    return " ".join(sanitize(text, limit=limit).split())


def _allowed_in_file_name(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _keep_needed_joiner(match: re.Match[str]) -> str:
    """Keep a joiner that a script or emoji needs: a single one between joinable characters."""
    text, start, end = match.string, match.start(), match.end()
    before, after = text[start - 1 : start], text[end : end + 1]
    needed = len(match[0]) == 1 and _joinable(before, "LMSC") and _joinable(after, "LSC")
    return match[0] if needed else ""


def _joinable(character: str, categories: str) -> bool:
    """Whether a joiner is valid beside ``character``; category C includes emoji new to Python."""
    return not character.isascii() and unicodedata.category(character)[0] in categories


def _bound_marks(text: str) -> str:
    kept = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _MAX_MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def _after_backslash(text: str, position: int) -> bool:
    """Whether ``position`` is between a backslash and the character that it escapes."""
    start = position
    while start and text[start - 1] == "\\":
        start -= 1
    return (position - start) % 2 == 1


def _inside_character(text: str, position: int) -> bool:
    """Whether ``position`` is inside a grapheme cluster: what a reader sees as one character."""
    before, after = text[position - 1], text[position]
    if unicodedata.category(after)[0] == "M" or after in "\u200b\u200c\u200d":
        return True
    if (
        before == "\u200d"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or "\U000e0020" <= after <= "\U000e007f"
    ):
        return True
    return _is_flag_letter(after) and _count_flag_letters_before(text, position) % 2 == 1


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _count_flag_letters_before(text: str, position: int) -> int:
    start = position
    while start and _is_flag_letter(text[start - 1]):
        start -= 1
    return position - start
