"""How the courier waits."""

from dataclasses import dataclass

from bot.delivery.direct_messages import OPENING_PACE, OpeningPace

NONCE_WINDOW = 30.0
"""Seconds for which a nonce is trusted. Discord's documentation says that it knows one again for "a
few minutes"; a minute is what it has to be."""


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
    nonce_window: float = NONCE_WINDOW
    one_try: float = 25.0
    """How long a try may begin requests, with all that discord.py does again by itself: the last
    request that bears a nonce is made within ``nonce_window`` and this span of the first."""
    goodbye: float = 5.0
    """How long a stop waits for what is under way."""
    opening: OpeningPace = OPENING_PACE
    """How direct messages are opened to which notices are redirected."""


PATIENCE = Patience()
