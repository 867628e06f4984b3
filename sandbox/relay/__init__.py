"""A Suno relay on loopback that the demo and the tests ask instead of a real one.

``server`` answers, ``submissions`` begins tasks, and ``actions`` makes files of clips.
``lifecycles`` and ``samples`` say what becomes of its tasks, ``response_formats`` how an answer is
wrapped, ``faults`` what goes wrong.
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
from sandbox.relay.submissions import RecordedSubmission, SubmissionFormat

__all__ = [
    "Clock",
    "LocalRelay",
    "RecordedRequest",
    "RecordedSubmission",
    "RelayTask",
    "ResponseFormat",
    "SingleLookupFormat",
    "SubmissionFormat",
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
