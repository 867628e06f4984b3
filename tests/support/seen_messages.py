"""Distinguishes the kinds of the bot's messages by their visible content."""

from collections.abc import Collection


def looks_like_card(content: str, text: str, pinged: Collection[int]) -> bool:
    """Whether a message is a card: it shows the state of tasks in an embed or a titled text.

    ``text`` is its whole payload. A notice has a marker and mentions users.
    """
    return not pinged and "♪" not in text and (not content or content.startswith("**"))
