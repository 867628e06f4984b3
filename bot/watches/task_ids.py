"""Finds task ids in what users type and paste. Pure.

Ids are sent to the relay with the bot's key, some in the path of a request: so only characters that
ids consist of are accepted, which excludes a slash.

Relays generate ids in a few forms, and label them in their answers; these are found anywhere. A
word of another form may be an id too. It counts as one if it stands alone or among ids only; in a
sentence it needs a digit. Other words are ignored, and never looked up.
"""

import re
import string
from collections.abc import Container, Iterator, Sequence

from bot.storage.errors import BadTaskId, TooManyIds

MAX_ID_LENGTH = 191
"""Characters; the column of the most common relay software holds as many."""

MAX_IDS = 10
"""Ids that one request may name."""

MAX_FOUND_IDS = 25
"""Candidates that are looked up: as many as a menu can offer."""

_MIN_LENGTH_IN_SENTENCE = 6
"""Characters of an id of an unusual form in a sentence: ``v5`` and ``2nd`` are words there."""

_MAX_WORD_WITHOUT_SPACES = 8
"""Characters; a longer word of a script without spaces, as Chinese, is a sentence."""

_COPIED = {
    **dict.fromkeys([0xAD, *range(0x200B, 0x2010), 0x2060, 0xFEFF]),
    **dict.fromkeys([0x2010, 0x2011, 0xFF0D], "-"),
    **{0xFEE0 + ord(each): each for each in string.ascii_letters + string.digits + "_"},
}
"""What pages, documents and keyboards put into ids, and what is meant: invisible characters, other
hyphens, and full-width letters and digits."""

_SEPARATORS = re.compile(r"[\s,;，、；]+")
_ENCLOSING = "\"'`<>[](){}“”‘’「」《》【】（）"
_ALSO_SEPARATORS = re.compile(rf"[|&+•·*={re.escape(_ENCLOSING)}]+")
"""They separate words that are no ids as a whole."""
_SENTENCE_ENDS = ".:!?…。：！？"

_ID_CHARACTERS = r"[\w.:~-]"
_VALID_ID = re.compile(rf"{_ID_CHARACTERS}{{1,{MAX_ID_LENGTH}}}")
"""Letters and digits of any script, and the punctuation that a URL need not encode."""

_QUOTE = r"""\\?["'“”]"""
_FOUND_ID = re.compile(
    rf"""
    (?:
        # "task_id": "…" in JSON and similar notations; the path of a look-up
        (?:(?:{_QUOTE})?task_?ids?(?P<key_end>{_QUOTE})?\s*[:=]\s*(?:{_QUOTE})? | /fetch/)
        (?P<labelled>{_ID_CHARACTERS}{{1,{MAX_ID_LENGTH}}})(?!{_ID_CHARACTERS})
    )
    | (?:
        # the answer of a relay to who submits a task
        {_QUOTE}data{_QUOTE}\s*:\s*{_QUOTE}
        (?P<submitted>{_ID_CHARACTERS}{{1,{MAX_ID_LENGTH}}})(?=$|{_QUOTE})
    )
    | (?<![0-9A-Za-z_-])
    (?P<typical>
        [0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}
        | [0-9a-f]{{32}}
        | task_[0-9a-z]{{32}}
    )
    (?![0-9A-Za-z_-])""",
    re.IGNORECASE | re.VERBOSE,
)
"""The ids that are labelled as such, in any form, and the forms that relays generate."""

_HEXADECIMAL = re.compile("[0-9A-F-]{32,36}", re.IGNORECASE)


def parse_ids(text: str, known: Container[str] = ()) -> list[str]:
    """Return the task ids in the input of a user, each once, in order.

    An id in ``known`` may have any form. Raises ``BadTaskId`` where there is none, and
    ``TooManyIds``.
    """
    ids = list(dict.fromkeys(_ids_in(text.translate(_COPIED), known)))
    if not ids:
        raise BadTaskId
    if len(ids) > MAX_IDS:
        raise TooManyIds(MAX_IDS)
    return ids


def unusual_ids(text: str) -> list[str]:
    """Return the parts of the input that are ids only if such tasks are known already."""
    text = text.translate(_COPIED)
    words = [*_split(text), *map(_matched_id, _FOUND_ID.finditer(text))]
    return [
        word
        for word in dict.fromkeys(words)
        if not is_valid_task_id(word) or _normalized(word) != word
    ]


def find_ids(text: str) -> list[str]:
    """Return up to 25 possible task ids in ``text``, each once, those labelled as such first."""
    text = text.translate(_COPIED)
    matches = sorted(_FOUND_ID.finditer(text), key=lambda match: bool(match["typical"]))
    found = map(_normalized, map(_matched_id, matches))
    return list(dict.fromkeys(filter(is_valid_task_id, found)))[:MAX_FOUND_IDS]


def is_valid_task_id(task_id: str) -> bool:
    """Whether a text has the form of an id that may be looked up."""
    return bool(_VALID_ID.fullmatch(task_id)) and any(map(str.isalnum, task_id))


def _ids_in(text: str, known: Container[str]) -> list[str]:
    """Return the ids in ``text``, in order: those found anywhere, and the words that are ids."""
    matches = list(_FOUND_ID.finditer(text))
    ids_are_labelled = any(match["key_end"] for match in matches)
    found: set[str] = set()
    spaced, end = [], 0  # the text, with spaces around the found ids and without other matches
    for match in matches:
        task_id = _matched_id(match)
        task_id = task_id if task_id in known else _normalized(task_id)
        spaced += [text[end : match.start()], " "]
        end = match.end()
        if _is_of_task(match, ids_are_labelled) and (task_id in known or is_valid_task_id(task_id)):
            found.add(task_id)
            spaced += [task_id, " "]
    words = list(_words("".join([*spaced, text[end:]]), known))
    others = [word for word in words if word not in found and word not in known]
    accepted = _accepted_words(others, alone=len(words) == 1, beside_ids=bool(found))
    return [word for word in words if word in found or word in known or word in accepted]


def _is_of_task(match: re.Match[str], ids_are_labelled: bool) -> bool:
    """Whether the found id is a task's.

    Where an answer of a relay labels the ids of tasks, the others in it are those of clips.
    """
    before = match.string[max(match.start() - 1, 0) : match.start()]
    bare = not before or bool(_SEPARATORS.fullmatch(before))
    return not ids_are_labelled or not match["typical"] or bare


def _accepted_words(words: Sequence[str], *, alone: bool, beside_ids: bool) -> set[str]:
    """Return those of ``words`` that are ids, of unusual forms.

    ``alone``: the input is one word. ``beside_ids``: it also contains ids of usual forms.
    """
    if alone:
        return {word for word in words if is_valid_task_id(word) and not _is_sentence(word)}
    if all(is_valid_task_id(word) and not _is_prose(word) for word in words):
        return set(words)
    return set() if beside_ids else set(filter(_is_id_in_sentence, words))


def _words(text: str, whole: Container[str]) -> Iterator[str]:
    """Yield the words that may be ids, without the punctuation of sentences.

    Those in ``whole``, and a single one that is an id, stay as they are.
    """
    words = _split(text)
    for word in words:
        if word in whole or (len(words) == 1 and is_valid_task_id(word)):
            yield word
        else:
            pieces = (piece.strip(_SENTENCE_ENDS) for piece in _ALSO_SEPARATORS.split(word))
            yield from (piece for piece in pieces if any(map(str.isalnum, piece)))


def _split(text: str) -> list[str]:
    """Return the words between spaces, commas and semicolons, without quotes and brackets."""
    return list(filter(None, (word.strip(_ENCLOSING) for word in _SEPARATORS.split(text))))


def _matched_id(match: re.Match[str]) -> str:
    found = match["labelled"] or match["submitted"] or match["typical"]
    return str(found).rstrip(_SENTENCE_ENDS)


def _normalized(task_id: str) -> str:
    """Return an id as relays write it: a hexadecimal one in lower case."""
    return task_id.lower() if _HEXADECIMAL.fullmatch(task_id) else task_id


def _is_prose(word: str) -> bool:
    """Whether a word among others belongs to a sentence: only letters, and at most one hyphen."""
    return word.replace("-", "", 1).isalpha()


def _is_sentence(word: str) -> bool:
    """Whether a word is a sentence of a script without spaces."""
    return len(word) > _MAX_WORD_WITHOUT_SPACES and not word.isascii() and word.isalpha()


def _is_id_in_sentence(word: str) -> bool:
    """Whether a word of a sentence is an id: long enough, and neither a date nor a time."""
    return (
        is_valid_task_id(word)
        and len(word) >= _MIN_LENGTH_IN_SENTENCE
        and any(map(str.isdigit, word))
        and (word.isdigit() or any(map(str.isalpha, word)))
    )
