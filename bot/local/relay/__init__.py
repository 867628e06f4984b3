"""A Suno relay on loopback that the demo and the tests ask instead of a real one.

``server`` answers, ``lifecycles`` and ``samples`` say what becomes of its tasks, ``shapes`` how an
answer is wrapped, ``faults`` what goes wrong.
"""

from bot.local.relay.clock import Clock
from bot.local.relay.lifecycles import (
    RelayTask,
    Stage,
    failing,
    half_success,
    lyrics_task,
    song,
    stuck,
)
from bot.local.relay.samples import replay, sample
from bot.local.relay.server import LocalRelay, Look
from bot.local.relay.shapes import AnswerShape, Elsewhere, Single, Unknown

__all__ = [
    "AnswerShape",
    "Clock",
    "Elsewhere",
    "LocalRelay",
    "Look",
    "RelayTask",
    "Single",
    "Stage",
    "Unknown",
    "failing",
    "half_success",
    "lyrics_task",
    "replay",
    "sample",
    "song",
    "stuck",
]
