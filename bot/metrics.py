"""The figures: what the parts count and time, for whoever watches the bot from outside.

The composition root makes one ``Metrics`` and hands it to the parts that count. Every label has a
short list of values, so that no figure grows with use: none names a task, a person or a server.
"""

from collections.abc import Sequence
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS_OF_A_LOOK = (0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 60, 120, 300, 900, 3600)
_SECONDS_OF_A_NOTICE = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 86400)
_SECONDS_OF_AN_ANSWER = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 5)
_SECONDS_OF_LAG = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

_TEXTS = {
    "suno_bot_looks": "Rounds in which the relay was asked about tasks.",
    "suno_bot_looked_tasks": "Tasks that those looks were about.",
    "suno_bot_detection_delay_seconds": (
        "From the end of a task (or the look before, where that is not told) to its detection."
    ),
    "suno_bot_tasks_ended": "Tasks whose watch has ended.",
    "suno_bot_delivery_tries": "Tries to post a message, by how they ended.",
    "suno_bot_notice_delay_seconds": "From the detection of an end to the message that tells it.",
    "suno_bot_discord_answers": (
        "Answers of Discord to requests; 429 stands apart from the other 4xx."
    ),
    "suno_bot_interaction_answer_seconds": (
        "From a command or a button, by Discord's clock, to the bot's first answer: 3 at most."
    ),
    "suno_bot_failed_rounds": "Rounds of the clock that failed for a reason nobody expected.",
    "suno_bot_event_loop_lag_seconds": "How late the event loop wakes who sleeps.",
    "suno_bot_ready": "1 while the bot is connected to Discord.",
    "suno_bot_running_tasks": "Tasks that are watched now.",
    "suno_bot_deliveries_waiting": "Messages that are not posted yet.",
    "suno_bot_longest_wait_seconds": (
        "For how long the oldest message waits that is due or being sent; 0 if none is."
    ),
    "suno_bot_cards": "Cards that show how tasks do.",
}


class DeliveryOutcome(StrEnum):
    """How one try to post a message ended."""

    SENT = "sent"
    POSTPONED = "postponed"
    """Trouble that passes: it is tried again."""
    SIMPLIFIED = "simplified"
    """Refused for its content: it is tried again at once, with less in it."""
    HELD = "held"
    """Refused for what people can mend: it waits, and is tried again now and then."""
    REDIRECTED = "redirected"
    """Its place is gone, or takes it in no form: it is told directly instead."""
    DROPPED = "dropped"
    """Its place is gone, and nobody can be told directly."""


class QueueState(StrEnum):
    """What a message that is not posted yet waits for."""

    DUE = "due"
    SENDING = "sending"
    HELD = "held"


class Metrics:
    """What is counted and timed; all of it begins at nothing with the process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.polls = self._counter("suno_bot_looks")
        self.polled_tasks = self._counter("suno_bot_looked_tasks")
        self.detection_delay = self._histogram(
            "suno_bot_detection_delay_seconds", _SECONDS_OF_A_LOOK
        )
        self.tasks_ended = self._counter("suno_bot_tasks_ended", "ending")
        self.delivery_attempts = self._counter("suno_bot_delivery_tries", "outcome")
        self.delivery_delay = self._histogram("suno_bot_notice_delay_seconds", _SECONDS_OF_A_NOTICE)
        self.discord_responses = self._counter("suno_bot_discord_answers", "status")
        self.acknowledgement_delay = self._histogram(
            "suno_bot_interaction_answer_seconds", _SECONDS_OF_AN_ANSWER
        )
        self.failed_ticks = self._counter("suno_bot_failed_rounds", "loop")
        self.loop_lag = self._histogram("suno_bot_event_loop_lag_seconds", _SECONDS_OF_LAG)
        self.ready = self._gauge("suno_bot_ready")
        self.running_tasks = self._gauge("suno_bot_running_tasks")
        self.queued_deliveries = self._gauge("suno_bot_deliveries_waiting", "state")
        self.oldest_delivery_age = self._gauge("suno_bot_longest_wait_seconds")
        self.live_cards = self._gauge("suno_bot_cards")
        for outcome in DeliveryOutcome:
            self.delivery_attempts.labels(outcome)
        for state in QueueState:
            self.queued_deliveries.labels(state)
        for status in ("2xx", "3xx", "4xx", "429", "5xx"):
            self.discord_responses.labels(status)

    def _counter(self, name: str, *labels: str) -> Counter:
        return Counter(name, _TEXTS[name], labels, registry=self.registry)

    def _gauge(self, name: str, *labels: str) -> Gauge:
        return Gauge(name, _TEXTS[name], labels, registry=self.registry)

    def _histogram(self, name: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(name, _TEXTS[name], buckets=buckets, registry=self.registry)
