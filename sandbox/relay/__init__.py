"""A Suno relay on loopback that the demo and the tests ask instead of a real one.

``server`` answers, ``lifecycles`` and ``samples`` say what becomes of its tasks, ``shapes`` how an
answer is wrapped, ``faults`` what goes wrong.
"""

from sandbox.relay.clock import Clock
from sandbox.relay.lifecycles import (
    RelayTask,
    TaskStage,
    failing,
    half_success,
    lyrics_task,
    song,
    stuck,
)
from sandbox.relay.response_formats import (
    ResponseFormat,
    SingleLookupFormat,
    UnknownPathFormat,
    UnknownTaskFormat,
)
from sandbox.relay.samples import replay, sample
from sandbox.relay.server import LocalRelay, RecordedRequest

__all__ = [
    "Clock",
    "LocalRelay",
    "RecordedRequest",
    "RelayTask",
    "ResponseFormat",
    "SingleLookupFormat",
    "TaskStage",
    "UnknownPathFormat",
    "UnknownTaskFormat",
    "failing",
    "half_success",
    "lyrics_task",
    "replay",
    "sample",
    "song",
    "stuck",
]
