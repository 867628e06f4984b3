"""``suno-bot doctor why``: what the database knows of one task, as text or as plain data."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from bot.doctor.formatting import format_count, format_time
from bot.doctor.printer import Printer
from bot.doctor.task_summary import (
    KEY_PROBLEMS,
    describe_end,
    describe_reason,
    message_link,
    summarize,
)
from bot.storage.models import DeliveryPurpose
from bot.storage.task_facts import DeliveryFacts, OwnerKind, TaskFacts

_LABEL_WIDTH = 14
"""Characters."""


_PUBLISHED_PURPOSES = {
    DeliveryPurpose.NOTICE: "notice",
    DeliveryPurpose.HELD_NOTICE: "word",
}
"""The names of the purposes in the output: other programs read them."""


def print_task(
    printer: Printer, facts: TaskFacts, *, now: float, in_use: bool, relay: str | None
) -> None:
    """Print what is known of a task, the summary first; arguments as for ``summarize``."""
    printer.print_line(summarize(facts, now=now, in_use=in_use, relay=relay), "bold")
    for label, text in _task_lines(facts, now):
        printer.print_line(f"{label:<{_LABEL_WIDTH}}{text}", indent=2)
    for delivery in facts.deliveries:
        printer.print_line("")
        for label, text in _delivery_lines(delivery, now):
            printer.print_line(f"{label:<{_LABEL_WIDTH}}{text}", indent=2)


def _task_lines(facts: TaskFacts, now: float) -> Iterator[tuple[str, str]]:
    yield "Relay", facts.relay or "unknown: the account is not connected any more"
    yield "Account", _account(facts)
    if facts.added_at is not None:
        yield "Added", format_time(facts.added_at, now=now)
    for place in facts.places:
        people = format_count(place.people, "person", "people")
        yield "Watched by", f"{people} in {_place(place.channel_id, place.guild_id)}"
    if facts.status is not None:
        kind = f", {facts.kind.value}" if facts.kind else ""
        unknown = "" if facts.known else ", unknown to the relay so far"
        yield "Status", f"{facts.status.value}{kind}{unknown}"
        yield "Changed", format_time(facts.changed_at or facts.added_at, now=now)
        first_seen_at = facts.changed_at if facts.known else None  # at the watch command
        yield "Last poll", format_time(facts.polled_at or first_seen_at, now=now)
    if facts.running:
        yield "Next poll", format_time(facts.next_poll_at, now=now)
        yield "Deadline", format_time(facts.deadline_at, now=now)
    else:
        yield "Ended", describe_end(facts, now=now)


def _account(facts: TaskFacts) -> str:
    if facts.owner is OwnerKind.OPERATOR:
        return "the operator's"
    if facts.owner is OwnerKind.UNKNOWN:
        return facts.account
    problem = f"; {KEY_PROBLEMS[facts.key_problem]}" if facts.key_problem else ""
    return f"{facts.account}, of a {facts.owner}{problem}"


def _delivery_lines(delivery: DeliveryFacts, now: float) -> Iterator[tuple[str, str]]:
    people = ""
    if delivery.people:
        people = f" for {format_count(delivery.people, 'person', 'people')}"
    place = _place(delivery.channel_id, delivery.guild_id)
    purpose = _PUBLISHED_PURPOSES[delivery.purpose].capitalize()
    yield purpose, f"{delivery.state},{people} in {place}"
    if delivery.redirected_from is not None:
        yield "Instead of", f"channel {delivery.redirected_from}"
    yield "Attempts", str(delivery.attempts or "none yet")
    if delivery.reason:
        yield "Reason", describe_reason(delivery.reason)
    if delivery.due_at is not None:
        yield "Due", format_time(delivery.due_at, now=now)
    if delivery.sent_at is not None:
        yield "Sent", format_time(delivery.sent_at, now=now)
    if link := message_link(delivery):
        yield "Message", link


def _place(channel_id: int | None, guild_id: int | None) -> str:
    if channel_id is None:
        return "a direct message that is not opened yet"
    return f"channel {channel_id}" if guild_id else f"direct message {channel_id}"


def task_as_json(
    facts: TaskFacts, *, now: float, in_use: bool, relay: str | None
) -> dict[str, Any]:
    """Return what is known of a task with the keys that docs/doctor.md promises.

    Discord's ids are strings, as in its own JSON: they are too large for the numbers of many
    parsers. Arguments as for ``summarize``.
    """
    places = [_as_json(asdict(place)) for place in facts.places]
    deliveries = [_delivery_as_json(delivery) for delivery in facts.deliveries]
    return {
        "summary": summarize(facts, now=now, in_use=in_use, relay=relay),
        **_as_json(asdict(facts)),
        "places": places,
        "deliveries": deliveries,
    }


def _delivery_as_json(delivery: DeliveryFacts) -> dict[str, Any]:
    return {
        **_as_json(asdict(delivery)),
        "purpose": _PUBLISHED_PURPOSES[delivery.purpose],
        "link": message_link(delivery),
        "explanation": delivery.reason and describe_reason(delivery.reason),
    }


_IDS = frozenset({"channel_id", "guild_id", "message_id", "redirected_from", "thread_id"})

_PUBLISHED_NAMES = {
    "end_reason": "ending",
    "polled_at": "looked_at",
    "next_poll_at": "next_look_at",
    "redirected_from": "instead_of",
}
"""The keys of the JSON that differ from the fields' names: other programs read them."""


def _as_json(values: dict[str, Any]) -> dict[str, Any]:
    return {
        _PUBLISHED_NAMES.get(name, name): str(value)
        if name in _IDS and value is not None
        else value
        for name, value in values.items()
    }
