"""Summarizes in a sentence why a task's message was or was not posted. Pure."""

from bot.delivery.discord_errors import Disposition, disposition_of
from bot.doctor.formatting import format_count, format_duration, format_permissions, format_time
from bot.relay.models import TaskStatus
from bot.storage.account_facts import KeyProblem
from bot.storage.models import (
    CreationState,
    DeliveryPurpose,
    EndReason,
    MissingAccess,
    UndeliveredReason,
)
from bot.storage.task_facts import DeliveryFacts, OwnerKind, TaskFacts
from bot.storage.watches import UNWATCHED

POLL_DELAY = 120.0
"""Seconds by which a poll must be overdue to be reported."""


def summarize(facts: TaskFacts, *, now: float, in_use: bool, relay: str | None) -> str:
    """Return why nothing was posted yet, or that it was.

    ``in_use``: whether a bot is running on the database; ``relay``: which one the bot is set to
    use, empty without a key, ``None`` if the settings do not tell.
    """
    is_operators = facts.owner is OwnerKind.OPERATOR
    if facts.running and is_operators and relay not in (None, facts.account):
        used = f"uses another one (SUNO_RELAY={relay})" if relay else "has no SUNO_API_KEY"
        return (
            f"Nothing was posted yet: the task belongs to the relay {facts.account},"
            f" and the bot {used}."
        )
    if facts.running:
        return f"Nothing was posted yet: {_why_running(facts, now, in_use)}."
    notices = [each for each in facts.deliveries if each.purpose is DeliveryPurpose.NOTICE]
    if not notices and facts.status is None:
        return "The task ended; deliveries older than thirty days are not kept."
    if not notices:
        return "Nothing was posted: nobody watched the task any more when it ended."
    return _summarize_notices(notices, now, in_use)


_WAITING = ("collecting", "due", "sending", "held")


def _summarize_notices(notices: list[DeliveryFacts], now: float, in_use: bool) -> str:
    waiting = [each for each in notices if each.state in _WAITING]
    posted = [each for each in notices if each.state == "sent"]
    if waiting:
        begun = f"{len(posted)} of {len(notices)} messages posted" if posted else "Not posted yet"
        return f"{begun}: {_why_waiting(waiting[0], now, in_use)}."
    if posted:
        return f"The task was posted, in {format_count(len(posted), 'message')}."
    last = notices[-1]
    if last.reason == UNWATCHED:
        return "Nothing was posted: nobody watched the task any more."
    if last.state == "quarantined":
        return "The task could not be posted: its row in the database is unreadable."
    reason = describe_reason(last.reason)
    return f"The task could not be posted: {reason}, and no watcher could be reached."


def _why_running(facts: TaskFacts, now: float, in_use: bool) -> str:
    if not in_use:
        return "no bot is running that could ask the relay"
    if facts.key_problem is not None:
        return KEY_PROBLEMS[facts.key_problem]
    if facts.creation in _UNSENT:
        return _UNSENT[facts.creation]
    if facts.polled_at is None and not facts.known:
        return "the relay was not asked about it yet"
    if now - (facts.next_poll_at or now) > POLL_DELAY:
        last = facts.polled_at or facts.added_at
        return f"the relay could not be asked since {format_time(last, now=now)}"
    if facts.misses:
        found = "does not return it any more" if facts.known else "does not know it"
        missed = f"the relay {found} (in {format_count(facts.misses, 'poll')})"
        if not facts.other_key:
            return missed
        changed = _OTHER_SETTINGS if facts.owner is OwnerKind.OPERATOR else "another key"
        return f"{missed}; it returned it under {changed}, so the task waits until its deadline"
    if facts.terminal_since is not None:
        return "the relay says that it has ended, but gives no permanent link yet"
    status = facts.status or TaskStatus.UNRECOGNIZED
    return f"the relay says that it is {status.value}"


_OTHER_SETTINGS = "another SUNO_API_KEY or SUNO_BASE_URL"
_UNSENT: dict[CreationState | None, str] = {
    CreationState.QUEUED: "the request to create it waits to be sent",
    CreationState.SUBMITTING: "the request to create it is being sent",
}
KEY_PROBLEMS = {
    KeyProblem.UNREADABLE: "no key in ENCRYPTION_KEY decrypts the key of the account",
    KeyProblem.REJECTED: "the relay rejects the key of the account",
}
"""What is wrong with the key of a connected account."""


def _why_waiting(delivery: DeliveryFacts, now: float, in_use: bool) -> str:
    if not in_use:
        return "no bot is running that could post it"
    if delivery.state == "collecting":
        left = max((delivery.due_at or now) - now, 0)
        return (
            "it waits for the other tasks that are watched together with it,"
            f" for {format_duration(left)} at most"
        )
    if delivery.state == "held":
        return f"it is held because {describe_reason(delivery.reason)}; {_next_try(delivery, now)}"
    if delivery.state == "sending":
        return "it is being sent to Discord"
    if delivery.waits:
        return "an older message to the same channel goes first"
    if delivery.reason:
        return f"{describe_reason(delivery.reason)}; {_next_try(delivery, now)}"
    return "it is about to be sent"


def _next_try(delivery: DeliveryFacts, now: float) -> str:
    left = (delivery.due_at or now) - now
    return f"the next try is in {format_duration(left)}" if left > 0 else "the next try is due"


def describe_reason(reason: str | None) -> str:
    """Return what a stored reason for not delivering means."""
    if not reason:
        return "no reason was recorded"
    if reason == UNWATCHED:
        return "nobody watched it any more"
    undelivered = UndeliveredReason(reason)
    if (missing := undelivered.missing_permissions) is not None:
        return f"the bot lacks {format_permissions(missing) or 'a permission'} there"
    if missing_access := undelivered.missing_access:
        return _MISSING_ACCESS[missing_access]
    status, _, code = reason.partition("/")
    if status.isdecimal() and code.isdecimal():
        return f"Discord {_MEANINGS[disposition_of(int(status), int(code))]} ({reason})"
    return f"the connection to Discord failed ({reason})"


_MISSING_ACCESS = {
    MissingAccess.UNLOCKED_THREAD: "the thread is locked",
    MissingAccess.OPEN_THREAD: "the thread is archived",
    MissingAccess.FORUM_TAG: "the forum requires a tag, and has none that the bot may apply",
}
_MEANINGS = {
    Disposition.REDIRECT: "says that the channel is gone or closed to the bot",
    Disposition.HOLD: "says that a permission is missing",
    Disposition.SIMPLIFY: "refuses its content",
    Disposition.ACKNOWLEDGE: "has it already",
    Disposition.DISCARD: "accepts no answer to that interaction any more",
    Disposition.STOP: "refuses the token",
    Disposition.RETRY: "could not accept it at that moment",
}
_END_REASONS = {
    EndReason.FINISHED: "the relay reported it",
    EndReason.NOT_FOUND: "the relay does not know the task",
    EndReason.GAVE_UP: "the deadline was reached",
    EndReason.DISCONNECTED: "its relay account was disconnected",
    EndReason.REJECTED: "nothing was created",
    EndReason.UNCONFIRMED: "no answer says whether it was created; it may be charged",
}


def describe_end(facts: TaskFacts, *, now: float) -> str:
    """Return when and why a task ended."""
    reason = _END_REASONS[facts.end_reason] if facts.end_reason else "the reason is unknown"
    if facts.rejection:
        reason = f"{reason} ({facts.rejection})"
    return f"{format_time(facts.ended_at, now=now)}; {reason}"


def message_link(delivery: DeliveryFacts) -> str | None:
    """Return the URL of a message, ``None`` if it was not posted."""
    if delivery.message_id is None:
        return None
    server, channel = delivery.guild_id or "@me", delivery.thread_id or delivery.channel_id
    return f"https://discord.com/channels/{server}/{channel}/{delivery.message_id}"
