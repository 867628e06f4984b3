"""Renders the replies to requests to create: accepted, or why not and how to change that."""

import io
from collections.abc import Mapping

import discord

from bot.i18n.catalog import Catalog
from bot.relay.creation import FieldProblem, ProblemKind
from bot.relay.models import TaskKind
from bot.storage.models import (
    Creation,
    CreationRefusal,
    CreationRefusalReason,
    CreationReport,
    QuotaUse,
    ServerSettings,
    WatchRefusal,
    WatchRefusalReason,
)
from bot.ui.creation_forms import CREATION_FIELDS, field_name
from bot.ui.custom_ids import CreationDraftId
from bot.ui.escaping import escape_line, truncate
from bot.ui.limits import MAX_CONTENT
from bot.ui.task_text import short_line, spoken_duration
from bot.ui.views import ActionButton, button_view
from bot.ui.watch_replies import refusal_text, watch_reply

TIME_PROBLEM = FieldProblem("extend_at", ProblemKind.UNSUPPORTED)
"""What stands where an extension begins is no time."""
_REFUSAL_KEYS = {
    WatchRefusalReason.ROLE_MISSING: "create-refused-watch-role",
    WatchRefusalReason.BOT_CANNOT_POST: "create-refused-bot-cannot-post",
    WatchRefusalReason.FORUM_TAG_MISSING: "create-refused-forum-tag",
    WatchRefusalReason.MEMBER_CANNOT_POST: "create-refused-member-cannot-post",
    WatchRefusalReason.NO_DIRECT_MESSAGES: "create-refused-no-direct-messages",
    WatchRefusalReason.NO_COMMON_SERVER: "create-refused-no-common-server",
}
_MAX_TITLE = 80
_MAX_PRICE = 300


def creation_reply(report: CreationReport, settings: ServerSettings, catalog: Catalog) -> str:
    """Return what is said when a request was stored: what comes, when, where, and what is left."""
    request = report.creation.request
    title = _title(report.creation)
    place = "private" if report.private else "there" if report.elsewhere else "here"
    name, time = f"create-told-{place}", ""
    if report.typical:
        name = f"create-usually-{place}"
        time = spoken_duration(report.typical.median, catalog)
    channel = f"<#{report.destination.channel_id}>"
    making = catalog.text(
        "create-making",
        title=title,
        titled="yes" if title else "no",
        kind="lyrics" if request.task_kind is TaskKind.LYRICS else "music",
    )
    if report.is_unreachable:
        name = "create-told-unreachable"
    told = catalog.text(name, time=time, place=channel)
    return "\n".join([making, told, *quota_lines(report.quota, settings, report.price, catalog)])


def quota_lines(
    quota: QuotaUse, settings: ServerSettings, price: str, catalog: Catalog
) -> list[str]:
    """Return how much may still be created here, and the price, as subtext; empty without either.

    The server's quota is named only where it ends before the person's own.
    """
    parts = []
    user, server = quota.left_of_user, quota.left_of_server
    if user is not None:
        parts.append(catalog.text("create-left", left=user, limit=settings.creations_per_user))
    if server is not None and (user is None or server < user):
        limit = settings.creations_per_server
        parts.append(catalog.text("create-left-here", left=server, limit=limit))
    if price:
        parts.append(catalog.text("create-price", price=escape_line(price, limit=_MAX_PRICE)))
    return [f"-# {' '.join(parts)}"] if parts else []


def refused_text(refusal: CreationRefusal | WatchRefusal, catalog: Catalog, form: str = "") -> str:
    """Return why a request was not accepted, and what to do.

    ``form`` is the one that it was written in, which names its fields; here and below.
    """
    if isinstance(refusal, WatchRefusal):
        key = _REFUSAL_KEYS.get(refusal.reason)
        return refusal_text(key, refusal, catalog) if key else watch_reply(refusal, catalog)
    roles = catalog.listed(f"<@&{role_id}>" for role_id in refusal.role_ids)
    text = catalog.text(f"create-refused-{refusal.reason.replace('_', '-')}", roles=roles)
    if refusal.reason is not CreationRefusalReason.INVALID:
        return text
    return "\n".join(
        [text, *(f"• {_problem_text(each, form, catalog)}" for each in refusal.problems)]
    )


def draft_reply(
    text: str, draft: str, values: Mapping[str, str], form: str, catalog: Catalog
) -> tuple[str, discord.File, discord.ui.View | None]:
    """Return an answer that keeps what was typed: in a file, and behind a button.

    The file is there in case the bot is restarted before the button is pressed.
    """
    content = f"{truncate(text, MAX_CONTENT - 300)}\n{catalog.text('create-typed')}"
    button = ActionButton(catalog.text("create-button-edit"), CreationDraftId(draft).encode())
    return content, typed_file(values, form, catalog), button_view([button])


def typed_file(values: Mapping[str, str], form: str, catalog: Catalog) -> discord.File:
    """Return what was typed as a text file (UTF-8), each text below the name of its field."""
    parts = [
        f"{field_name(name, form, catalog)}\n{values[name]}"
        for name in CREATION_FIELDS
        if name not in ("instrumental", "model") and values.get(name)
    ]
    body = "\n\n".join(parts)
    name = catalog.text("create-draft-name")
    return discord.File(io.BytesIO(body.encode()), filename=f"{name}.txt")


def has_typed_text(values: Mapping[str, str]) -> bool:
    """Whether anything was typed that would be lost."""
    return any(values.get(name) for name in ("description", "title", "style", "lyrics"))


def _title(creation: Creation) -> str:
    """Return what a request is called by who made it; escaped.

    Its title, else the start of its description, which nobody sees but who has written it.
    """
    request, is_own = creation.request, creation.written_by == creation.user_id
    return short_line(request.title or (request.description if is_own else ""), columns=_MAX_TITLE)


def _problem_text(problem: FieldProblem, form: str, catalog: Catalog) -> str:
    field = field_name(problem.field, form, catalog)
    if problem == TIME_PROBLEM:
        return catalog.text("create-problem-time", field=field)
    if problem.kind is ProblemKind.TOO_LONG:
        return catalog.text(
            "create-problem-too-long", field=field, length=problem.length, limit=problem.limit
        )
    if problem.kind is ProblemKind.EMPTY:
        return catalog.text("create-problem-empty", field=field)
    if problem.field == "model":
        return catalog.text("create-problem-model", field=field)
    if problem.field == "kind":
        return catalog.text("create-problem-unsupported")
    return catalog.text("create-problem-other", field=field)
