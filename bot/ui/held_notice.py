"""What is said about a notice that cannot be posted: a word to those who wait, and the inbox."""

import discord

from bot.delivery.discord_errors import Missing, names_unreachable_recipient
from bot.i18n.catalog import Catalog
from bot.relay.models import Task
from bot.storage.models import Delivery, UndeliveredNotice
from bot.ui.escaping import code_span, escape_line
from bot.ui.limits import MAX_DESCRIPTION, whole_lines
from bot.ui.notice import Notice
from bot.ui.songs import marker

_TITLE = 60
_MARKER = 220
_ROOM_FOR_MORE = 100
"""Code points for how many more there are."""

MISSING = "missing:"
"""Begins the reason of a delivery that lacks permissions; their names follow, with commas."""

_THREADS: dict[str, str] = {
    Missing.UNLOCKED_THREAD: "held-word-thread-locked",
    Missing.OPEN_THREAD: "held-word-thread-archived",
}


def missing_reason(granted: discord.Permissions | None, *, in_thread: bool) -> str:
    """Return the reason for holding what lacks a permission, as far as one can tell which."""
    if granted is None:
        return MISSING
    names = [
        name for name, has in posting_permissions(granted, in_thread=in_thread).items() if not has
    ]
    return MISSING + ",".join(names)


def posting_permissions(granted: discord.Permissions, *, in_thread: bool) -> dict[str, bool]:
    """Return whether each permission that a notice needs is there, by the key of its name."""
    if in_thread:
        posting = {"send-messages-in-threads": granted.send_messages_in_threads}
    else:
        posting = {"send-messages": granted.send_messages}
    return {"view-channel": granted.view_channel} | posting


def held_notice(delivery: Delivery, catalog: Catalog, *, bare: bool = False) -> Notice:
    """Return the word that a notice is held, why, and what to do: at most 2000 code points.

    ``bare``: without a word that a relay or a person wrote.
    """
    title = "" if bare else escape_line(delivery.task.title, limit=_TITLE)
    lines = [
        catalog.text(
            "held-word",
            titled="yes" if title else "no",
            title=title,
            place=f"<#{delivery.redirected_from}>",
        ),
        _cause(delivery.reason or "", catalog),
        catalog.text("held-word-kept"),
    ]
    if not bare:
        lines.append(f"-# {code_span(marker(delivery.task), limit=_MARKER)}")
    return Notice("\n".join(lines), (), (), discord.AllowedMentions.none())


def _cause(reason: str, catalog: Catalog) -> str:
    names = [name for name in reason.removeprefix(MISSING).split(",") if name]
    if reason.startswith(MISSING) and names:
        shown = catalog.listed(catalog.text(f"permission-{name}") for name in names)
        return catalog.text("held-word-missing", permissions=shown)
    return catalog.text(_THREADS.get(reason, "held-word-trouble"))


def inbox_embed(entries: list[UndeliveredNotice], catalog: Catalog) -> discord.Embed:
    """Return what could not be posted, a line each, as many as an embed can hold."""
    lines = [_line(entry, catalog) for entry in entries]
    shown = whole_lines(lines, MAX_DESCRIPTION - _ROOM_FOR_MORE)
    if len(shown) < len(lines):
        shown.append(catalog.text("inbox-more", count=len(lines) - len(shown)))
    title = catalog.text("inbox-title", count=len(entries))
    return discord.Embed(title=title, description="\n".join(shown))


def _line(entry: UndeliveredNotice, catalog: Catalog) -> str:
    return catalog.text(
        "inbox-held" if entry.held else "inbox-dropped",
        id=code_span(entry.task.id, limit=40),
        title=_title(entry.task),
        place=f"<#{entry.channel_id}>",
        since=f"<t:{entry.created_at:.0f}:R>",
        why=_why(entry, catalog),
    )


def _title(task: Task) -> str:
    title = escape_line(task.title, limit=30)
    return f" **{title}**" if title else ""


def _why(entry: UndeliveredNotice, catalog: Catalog) -> str:
    if not entry.held:
        unreachable = names_unreachable_recipient(entry.reason)
        return catalog.text("inbox-why-person" if unreachable else "inbox-why-gone")
    if entry.reason.startswith(MISSING):
        return catalog.text("inbox-why-permission")
    if entry.reason in _THREADS:
        return catalog.text("inbox-why-thread")
    return catalog.text(
        "inbox-why-content" if entry.reason.startswith("4") else "inbox-why-trouble"
    )
