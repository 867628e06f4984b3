"""How the courier waits."""

from dataclasses import dataclass

from bot.posting.direct_messages import OPENING_PACE, OpeningPace


@dataclass(frozen=True, slots=True)
class Patience:
    """How the courier waits. Spans in seconds."""

    slots: int = 64
    """How many messages may be under way at once."""
    first_pause: float = 1.0
    """Before the second try of a message that met trouble; it doubles with every try."""
    longest_pause: float = 300.0
    most_late: int = 64
    """While so many tries take too long, no new one begins."""
    between_looks_at_held: float = 600.0
    """A destination that refuses is asked at most so often."""
    longest_hold: float = 86400.0
    """What Discord takes in no form is tried at least so often; the pause before grows."""
    until_held: float = 86400.0
    """After so long a time of trouble a message is held."""
    nonce_window: float = 90.0
    """How long Discord surely knows a nonce again; its documentation says "a few minutes"."""
    one_try: float = 60.0
    """How long a try may begin requests, with all that discord.py does again by itself: with the
    window of the nonce, still less than "a few minutes"."""
    goodbye: float = 5.0
    """How long a stop waits for what is under way."""
    opening: OpeningPace = OPENING_PACE
    """How direct messages are opened to which notices are redirected."""


PATIENCE = Patience()
