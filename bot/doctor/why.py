"""``suno-bot doctor why``: what is known of one task, told or as plain data."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from bot.doctor.delivery_explanation import conclusion, ending_of, explained, message_link
from bot.doctor.formatting import counted, moment
from bot.doctor.printer import Printer
from bot.storage.models import DeliveryPurpose
from bot.storage.task_facts import DeliveryFacts, TaskFacts

_WIDTH = 14

_PUBLISHED_PURPOSES = {
    DeliveryPurpose.NOTICE: "notice",
    DeliveryPurpose.HELD_NOTICE: "word",
}
"""How output that others read names the purposes."""


def show_task(
    printer: Printer, facts: TaskFacts, *, now: float, in_use: bool, asked: str | None = None
) -> None:
    """Print what is known, the conclusion first."""
    printer.line(conclusion(facts, now=now, in_use=in_use, asked=asked), "bold")
    for name, text in _lines(facts, now):
        printer.line(f"{name:<{_WIDTH}}{text}", indent=2)
    for delivery in facts.deliveries:
        printer.line("")
        for name, text in _delivery_lines(delivery, now):
            printer.line(f"{name:<{_WIDTH}}{text}", indent=2)


def _lines(facts: TaskFacts, now: float) -> Iterator[tuple[str, str]]:
    yield "Relay", facts.relay
    if facts.added_at is not None:
        yield "Added", moment(facts.added_at, now=now)
    for place in facts.places:
        people = counted(place.people, "person", "people")
        yield "Watched by", f"{people} in {_place(place.channel_id, place.guild_id)}"
    if facts.status is not None:
        kind = f", {facts.kind.value}" if facts.kind else ""
        known = "" if facts.known else ", never known there"
        yield "Relay says", f"{facts.status.value}{kind}{known}"
        yield "Changed", moment(facts.changed_at or facts.added_at, now=now)
        seen = facts.changed_at if facts.known else None  # when somebody began to watch it
        yield "Last look", moment(facts.polled_at or seen, now=now)
    if facts.running:
        yield "Next look", moment(facts.next_poll_at, now=now)
        yield "Gives up", moment(facts.deadline_at, now=now)
    else:
        yield "Ended", ending_of(facts, now=now)


def _delivery_lines(delivery: DeliveryFacts, now: float) -> Iterator[tuple[str, str]]:
    people = f" for {counted(delivery.people, 'person', 'people')}" if delivery.people else ""
    place = _place(delivery.channel_id, delivery.guild_id)
    yield (
        _PUBLISHED_PURPOSES[delivery.purpose].capitalize(),
        f"{delivery.state},{people} in {place}",
    )
    if delivery.redirected_from is not None:
        yield "Instead of", f"channel {delivery.redirected_from}"
    tries = f"{delivery.attempts} so far" if delivery.attempts else "none yet"
    yield "Tries", tries
    if delivery.reason:
        yield "Reason", explained(delivery.reason)
    if delivery.due_at is not None:
        yield "Due", moment(delivery.due_at, now=now)
    if delivery.sent_at is not None:
        yield "Sent", moment(delivery.sent_at, now=now)
    if link := message_link(delivery):
        yield "Message", link


def _place(channel_id: int | None, guild_id: int | None) -> str:
    if channel_id is None:
        return "a direct message that is not opened yet"
    return f"channel {channel_id}" if guild_id else f"direct message {channel_id}"


def task_as_json(
    facts: TaskFacts, *, now: float, in_use: bool, asked: str | None = None
) -> dict[str, Any]:
    """Return what is known with the keys that docs/doctor.md promises.

    Discord's ids are texts, as in its own JSON: they are too large for the numbers of many readers.
    """
    summary = conclusion(facts, now=now, in_use=in_use, asked=asked)
    places = [_as_json(asdict(place)) for place in facts.places]
    deliveries = [
        _as_json(asdict(each))
        | {"purpose": _PUBLISHED_PURPOSES[each.purpose]}
        | {"link": message_link(each), "explanation": each.reason and explained(each.reason)}
        for each in facts.deliveries
    ]
    return {
        "summary": summary,
        **_as_json(asdict(facts)),
        "places": places,
        "deliveries": deliveries,
    }


_IDS = frozenset({"channel_id", "guild_id", "message_id", "redirected_from"})

_PUBLISHED_NAMES = {
    "end_reason": "ending",
    "polled_at": "looked_at",
    "next_poll_at": "next_look_at",
    "redirected_from": "instead_of",
}
"""The keys of the JSON that differ from the fields' names: others read them."""


def _as_json(values: dict[str, Any]) -> dict[str, Any]:
    return {
        _PUBLISHED_NAMES.get(name, name): str(value)
        if name in _IDS and value is not None
        else value
        for name, value in values.items()
    }
