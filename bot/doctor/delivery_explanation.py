"""Why a task was posted, or was not: one plain sentence about each thing. Pure."""

from bot.delivery.discord_errors import Disposition, disposition_of
from bot.doctor.formatting import counted, moment, permissions, span
from bot.relay.models import TaskStatus
from bot.storage.models import DeliveryPurpose, EndReason, MissingAccess, UndeliveredReason
from bot.storage.task_facts import DeliveryFacts, TaskFacts
from bot.storage.watches import UNWATCHED

LATE = 120.0
"""Seconds after its time from which on a look that did not come is worth a word."""


def conclusion(facts: TaskFacts, *, now: float, in_use: bool, asked: str | None = None) -> str:
    """Say in a sentence why nothing was posted yet, or that it was.

    ``in_use``: whether a bot is running; ``asked``: which relay the settings let it ask, ``None``
    if they do not tell.
    """
    if facts.running and asked not in (None, facts.relay):
        return (
            f"Nothing was posted yet: it is a task of the relay {facts.relay},"
            f" and SUNO_RELAY={asked} lets the bot ask another."
        )
    if facts.running:
        return f"Nothing was posted yet: {_why_running(facts, now, in_use)}."
    notices = [each for each in facts.deliveries if each.purpose is DeliveryPurpose.NOTICE]
    waiting = [each for each in notices if each.state in ("due", "sending", "held")]
    posted = [each for each in notices if each.state == "sent"]
    if not notices and facts.status is None:
        return "It ended; what was posted of it is not remembered for longer than thirty days."
    if not notices:
        return "Nothing was posted: nobody watched it any more when it ended."
    if waiting:
        begun = f"{len(posted)} of {len(notices)} messages posted" if posted else "Not posted yet"
        return f"{begun}: {why_waiting(waiting[0], now=now, in_use=in_use)}."
    if posted:
        return f"It was posted, in {counted(len(posted), 'message')}."
    if notices[-1].reason == UNWATCHED:
        return "Nothing was posted: nobody watched it any more."
    if notices[-1].state == "quarantined":
        return "It could not be posted: what the database holds of it is unreadable."
    return f"It could not be posted: {explained(notices[-1].reason)}, and nobody could be told."


def _why_running(facts: TaskFacts, now: float, in_use: bool) -> str:
    if not in_use:
        return "no bot is running that could ask the relay"
    if facts.polled_at is None and not facts.known:
        return "the relay was not asked yet since it is watched"
    if now - (facts.next_poll_at or now) > LATE:
        last = facts.polled_at or facts.added_at
        return f"the relay could not be asked since {moment(last, now=now)}"
    if facts.misses:
        once = "not name it any more" if facts.known else "not know it"
        missed = f"the relay does {once} (in {counted(facts.misses, 'look')})"
        return f"{missed}; {_OTHER_KEY}" if facts.other_key else missed
    if facts.terminal_since is not None:
        return "the relay says that it has ended, but gives no link yet that lasts"
    status = facts.status or TaskStatus.UNRECOGNIZED
    return f"the relay says that it is {status.value}"


_OTHER_KEY = (
    "it knew it under another SUNO_API_KEY or SUNO_BASE_URL, so that it waits until its deadline"
)


def why_waiting(delivery: DeliveryFacts, *, now: float, in_use: bool) -> str:
    """Say why a message that is owed is not posted; without a full stop."""
    if not in_use:
        return "no bot is running that could post it"
    if delivery.state == "held":
        return f"it is held because {explained(delivery.reason)}; {_next_try(delivery, now)}"
    if delivery.state == "sending":
        return "it is being handed to Discord"
    if delivery.waits:
        return "an older message to the same channel goes first"
    if delivery.reason:
        return f"{explained(delivery.reason)}; {_next_try(delivery, now)}"
    return "it is about to be"


def _next_try(delivery: DeliveryFacts, now: float) -> str:
    left = (delivery.due_at or now) - now
    return f"the next try is in {span(left)}" if left > 0 else "the next try is due"


def explained(reason: str | None) -> str:
    """Say what a reason of the outbox means."""
    if not reason:
        return "no reason was noted"
    if reason == UNWATCHED:
        return "nobody watched it any more"
    stored = UndeliveredReason(reason)
    if (missing := stored.missing_permissions) is not None:
        names = permissions(missing)
        return f"the bot lacks {names or 'a permission'} there"
    if closed := stored.closed_thread:
        return _THREADS[closed]
    status, _, code = reason.partition("/")
    if status.isdecimal() and code.isdecimal():
        return f"Discord {_MEANINGS[disposition_of(int(status), int(code))]} ({reason})"
    return f"the connection to Discord failed ({reason})"


_THREADS = {
    MissingAccess.UNLOCKED_THREAD: "the thread is locked",
    MissingAccess.OPEN_THREAD: "the thread is archived",
}
_MEANINGS = {
    Disposition.REDIRECT: "says that the place is gone or closed to the bot",
    Disposition.HOLD: "says that a permission is missing",
    Disposition.SIMPLIFY: "refuses what it says",
    Disposition.ACKNOWLEDGE: "has it already",
    Disposition.DISCARD: "takes the answer no more",
    Disposition.STOP: "refuses the token",
    Disposition.RETRY: "could not take it just then",
}
_ENDINGS = {
    EndReason.FINISHED: "the relay said how",
    EndReason.NOT_FOUND: "the relay does not know it",
    EndReason.GAVE_UP: "the deadline was over",
}


def ending_of(facts: TaskFacts, *, now: float) -> str:
    """Say when and how a task ended."""
    how = _ENDINGS[facts.end_reason] if facts.end_reason else "it is not known how"
    return f"{moment(facts.ended_at, now=now)}; {how}"


def message_link(delivery: DeliveryFacts) -> str | None:
    """Return the address of a message that was posted."""
    if delivery.message_id is None:
        return None
    place = delivery.guild_id or "@me"
    return f"https://discord.com/channels/{place}/{delivery.channel_id}/{delivery.message_id}"
