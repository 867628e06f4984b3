"""Distinguishes the kinds of the bot's messages by their visible content."""

from collections.abc import Collection

_HELD_NOTICE = "📭"

MARKERS = frozenset("♪♫")
"""The first characters of the markers of notices and of summaries."""


def looks_like_card(content: str, text: str, pinged: Collection[int]) -> bool:
    """Whether a message is a card, or the greeting of a server, and no notice.

    ``text`` is its whole payload. A notice mentions users or has a marker, also one that is held.
    """
    return not pinged and not MARKERS & set(text) and not content.startswith(_HELD_NOTICE)
