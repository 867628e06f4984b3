"""Renders undelivered notices: the message that a notice is held, and the inbox."""

import discord

from bot.i18n.catalog import Catalog
from bot.storage.models import Delivery, MissingAccess, UndeliveredNotice, UndeliveredReason
from bot.ui.escaping import code_span, escape_line
from bot.ui.limits import MAX_DESCRIPTION, whole_lines
from bot.ui.notice import Notice
from bot.ui.task_names import task_name
from bot.ui.task_text import marker

_MAX_TITLE = 60
"""Code points of a task's title in the message that its notice is held."""
_MAX_MARKER = 220
"""Code points of the marker."""
_MORE_LINE = 100
"""Code points reserved for the line with the number of notices that are not listed."""

_MISSING_ACCESS_KEYS = {
    MissingAccess.UNLOCKED_THREAD: "held-notice-thread-locked",
    MissingAccess.OPEN_THREAD: "held-notice-thread-archived",
    MissingAccess.FORUM_TAG: "held-notice-forum-tag",
}


def held_notice(delivery: Delivery, catalog: Catalog, *, bare: bool = False) -> Notice:
    """Return the message that a notice is held, with the reason and what to do.

    At most 2000 code points. ``bare``: without any text that a relay or a user wrote.
    """
    title = "" if bare else escape_line(delivery.task.title, limit=_MAX_TITLE)
    lines = [
        catalog.text(
            "held-notice",
            titled="yes" if title else "no",
            title=title,
            place=f"<#{delivery.redirected_from}>",
        ),
        _cause(UndeliveredReason(delivery.reason or ""), catalog),
        catalog.text("held-notice-kept"),
    ]
    if not bare:
        lines.append(f"-# {code_span(marker(delivery.task), limit=_MAX_MARKER)}")
    return Notice("\n".join(lines), (), (), discord.AllowedMentions.none())


def _cause(reason: UndeliveredReason, catalog: Catalog) -> str:
    if names := reason.missing_permissions:
        permissions = catalog.listed(catalog.text(f"permission-{name}") for name in names)
        return catalog.text("held-notice-missing", permissions=permissions)
    if missing := reason.missing_access:
        return catalog.text(_MISSING_ACCESS_KEYS[missing])
    return catalog.text("held-notice-trouble")


def inbox_embed(entries: list[UndeliveredNotice], catalog: Catalog) -> discord.Embed:
    """Return the undelivered notices, one per line, as many as an embed can hold."""
    lines = [_inbox_line(entry, catalog) for entry in entries]
    listed = whole_lines(lines, MAX_DESCRIPTION - _MORE_LINE)
    if len(listed) < len(lines):
        listed.append(catalog.text("inbox-more", count=len(lines) - len(listed)))
    title = catalog.text("inbox-title", count=len(entries))
    return discord.Embed(title=title, description="\n".join(listed))


def _inbox_line(entry: UndeliveredNotice, catalog: Catalog) -> str:
    return catalog.text(
        "inbox-held" if entry.held else "inbox-dropped",
        task=task_name(entry.task, catalog),
        place=f"<#{entry.channel_id}>",
        since=f"<t:{entry.created_at:.0f}:R>",
        why=_inbox_cause(entry, catalog),
    )


def _inbox_cause(entry: UndeliveredNotice, catalog: Catalog) -> str:
    reason = UndeliveredReason(entry.reason)
    if not entry.held:
        unreachable = reason.recipient_unreachable
        return catalog.text("inbox-why-person" if unreachable else "inbox-why-gone")
    if reason.missing_permissions is not None:
        return catalog.text("inbox-why-permission")
    if missing := reason.missing_access:
        in_forum = missing is MissingAccess.FORUM_TAG
        return catalog.text("inbox-why-forum-tag" if in_forum else "inbox-why-thread")
    rejected = entry.reason.startswith("4")
    return catalog.text("inbox-why-content" if rejected else "inbox-why-trouble")
