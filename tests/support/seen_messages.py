"""What kind of message it is, by what people see of it."""

from collections.abc import Collection


def looks_like_card(content: str, text: str, pinged: Collection[int]) -> bool:
    """Whether a message shows how tasks are doing, in an embed or as a text with a title.

    ``text`` is all of it. A notice bears a marker, and names who waits for it.
    """
    return not pinged and "♪" not in text and (not content or content.startswith("**"))
