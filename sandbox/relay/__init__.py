"""A Suno relay on loopback that the demo and the tests ask instead of a real one.

``server`` answers, ``lifecycles`` and ``samples`` say what becomes of its tasks, ``shapes`` how an
answer is wrapped, ``faults`` what goes wrong.
"""

from sandbox.relay.clock import Clock
from sandbox.relay.lifecycles import (
    RelayTask,
    Stage,
    failing,
    half_success,
    lyrics_task,
    song,
    stuck,
)
from sandbox.relay.samples import replay, sample
from sandbox.relay.server import LocalRelay, Look
from sandbox.relay.shapes import AnswerShape, Elsewhere, Single, Unknown

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
