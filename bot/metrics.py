"""The Prometheus metrics of the bot.

The composition root creates one ``Metrics`` and passes it to the parts that count. Every label has
a short list of values, so that no metric grows with use: none names a task, a person or a server.
"""

from collections.abc import Sequence
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_DETECTION_BUCKETS = (0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 60, 120, 300, 900, 3600)
_DELIVERY_BUCKETS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 86400)
_ACKNOWLEDGEMENT_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 5)
_LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

_DESCRIPTIONS = {
    "suno_bot_looks": "Polls of the relay.",
    "suno_bot_looked_tasks": "Tasks in those polls.",
    "suno_bot_detection_delay_seconds": (
        "From the end of a task, or the poll before if that is unknown, to its detection."
    ),
    "suno_bot_tasks_ended": "Tasks whose watch has ended.",
    "suno_bot_delivery_tries": "Attempts to send a message, by outcome.",
    "suno_bot_notice_delay_seconds": "From the detection of an end to the sent message.",
    "suno_bot_discord_answers": "Responses of Discord; 429 is counted apart from the other 4xx.",
    "suno_bot_interaction_answer_seconds": (
        "From a command or a button, by Discord's clock, to its acknowledgement: 3 at most."
    ),
    "suno_bot_failed_rounds": "Ticks of the background loops that failed unexpectedly.",
    "suno_bot_event_loop_lag_seconds": "How late the event loop wakes a sleeper.",
    "suno_bot_ready": "1 while the bot is connected to Discord.",
    "suno_bot_leader": "1 while this process polls, creates and sends; 0 while another one does.",
    "suno_bot_running_tasks": "Tasks that are watched now.",
    "suno_bot_deliveries_waiting": "Messages that are not sent yet.",
    "suno_bot_longest_wait_seconds": (
        "Age of the oldest message that is due or being sent; 0 if none is."
    ),
    "suno_bot_cards": "Live cards that are updated.",
    "suno_bot_creations": "Requests to create a song or lyrics, by outcome.",
    "suno_bot_accounts": "Relay accounts that servers and users have connected.",
    "suno_bot_accounts_rejected": "Connected accounts whose key the relay refuses.",
}


class DeliveryOutcome(StrEnum):
    """How one attempt to send a message ended."""

    SENT = "sent"
    POSTPONED = "postponed"
    """A temporary failure: it is tried again."""
    SIMPLIFIED = "simplified"
    """Refused for its content: it is tried again at once with less content."""
    HELD = "held"
    """Refused for a reason that people can fix: it is tried again now and then."""
    REDIRECTED = "redirected"
    """The channel is gone or refuses it in any form: it becomes a direct message."""
    DROPPED = "dropped"
    """The channel is gone, and no direct message can be sent."""


class CreationOutcome(StrEnum):
    """What became of one request that was sent to create something."""

    SUBMITTED = "submitted"
    POSTPONED = "postponed"
    """The relay limits the rate, or was not reached: it is sent again."""
    REJECTED = "rejected"
    """Nothing was created, and nothing is charged."""
    UNCONFIRMED = "unconfirmed"
    """No answer says what became of it: it may be charged, and is not sent again."""


class QueueState(StrEnum):
    """The state of a message that is not sent yet."""

    DUE = "due"
    SENDING = "sending"
    HELD = "held"


class Metrics:
    """All metrics of one process; each begins at 0."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.polls = self._counter("suno_bot_looks")
        self.polled_tasks = self._counter("suno_bot_looked_tasks")
        self.detection_delay = self._histogram(
            "suno_bot_detection_delay_seconds", _DETECTION_BUCKETS
        )
        self.tasks_ended = self._counter("suno_bot_tasks_ended", "ending")
        self.delivery_attempts = self._counter("suno_bot_delivery_tries", "outcome")
        self.delivery_delay = self._histogram("suno_bot_notice_delay_seconds", _DELIVERY_BUCKETS)
        self.discord_responses = self._counter("suno_bot_discord_answers", "status")
        self.acknowledgement_delay = self._histogram(
            "suno_bot_interaction_answer_seconds", _ACKNOWLEDGEMENT_BUCKETS
        )
        self.failed_ticks = self._counter("suno_bot_failed_rounds", "loop")
        self.loop_lag = self._histogram("suno_bot_event_loop_lag_seconds", _LAG_BUCKETS)
        self.ready = self._gauge("suno_bot_ready")
        self.leader = self._gauge("suno_bot_leader")
        self.running_tasks = self._gauge("suno_bot_running_tasks")
        self.queued_deliveries = self._gauge("suno_bot_deliveries_waiting", "state")
        self.oldest_delivery_age = self._gauge("suno_bot_longest_wait_seconds")
        self.live_cards = self._gauge("suno_bot_cards")
        self.creations = self._counter("suno_bot_creations", "outcome")
        self.accounts = self._gauge("suno_bot_accounts", "relay")
        self.rejected_accounts = self._gauge("suno_bot_accounts_rejected", "relay")
        for outcome in DeliveryOutcome:
            self.delivery_attempts.labels(outcome)
        for created in CreationOutcome:
            self.creations.labels(created)
        for state in QueueState:
            self.queued_deliveries.labels(state)
        for status in ("2xx", "3xx", "4xx", "429", "5xx"):
            self.discord_responses.labels(status)

    def _counter(self, name: str, *labels: str) -> Counter:
        return Counter(name, _DESCRIPTIONS[name], labels, registry=self.registry)

    def _gauge(self, name: str, *labels: str) -> Gauge:
        return Gauge(name, _DESCRIPTIONS[name], labels, registry=self.registry)

    def _histogram(self, name: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(name, _DESCRIPTIONS[name], buckets=buckets, registry=self.registry)
