"""What users ask the bot for, and what its replies promise them."""

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.i18n.catalog import catalog_for
from bot.ui.escaping import code_span

WATCHES_PER_USER = 100
"""The limit that the bot under test is configured with."""

_CATALOG = catalog_for("en-US")


class Command(StrEnum):
    """The subcommand of ``/suno`` that a user runs."""

    WATCH = "watch"
    UNWATCH = "unwatch"


class ReplyKind(StrEnum):
    """What a reply tells the user.

    Of a reply with several lines, the kind with the smallest value counts.
    """

    WATCHING = "watching"
    ALREADY_WATCHING = "already watching"
    FINISHED = "finished"
    STOPPED = "stopped"
    NOT_WATCHING = "not watching"
    """Nothing is watched, or there was nothing to stop."""
    UNKNOWN = "unknown"
    """There was no reply, or one that leaves it open."""


_REPLIES = {
    "watch-watching": ReplyKind.WATCHING,
    "watch-unchecked": ReplyKind.WATCHING,
    "watch-already": ReplyKind.ALREADY_WATCHING,
    "watch-finished": ReplyKind.FINISHED,
    "watch-failed": ReplyKind.FINISHED,
    "watch-unknown": ReplyKind.NOT_WATCHING,
    "unwatch-done": ReplyKind.STOPPED,
    "unwatch-sending": ReplyKind.UNKNOWN,
    "unwatch-none": ReplyKind.NOT_WATCHING,
}


_AS_POST = re.compile(
    re.escape(_CATALOG.text("watch-as-post", text="", place="PLACE")).replace("PLACE", r"<#\d+>")
)


def without_forum(reply: str) -> str:
    """Return a reply without what it says about a destination that is a forum."""
    return _AS_POST.sub("", reply)


def classify_reply(task_id: str, reply: str | None) -> ReplyKind:
    """Return what the reply to a command about one task tells the user."""
    if not reply:
        return ReplyKind.UNKNOWN
    reply = without_forum(reply)
    if reply.startswith(_CATALOG.text("watch-no-permission", permissions="\N{BULLET}")[:20]):
        return ReplyKind.NOT_WATCHING
    if reply == _CATALOG.text("watch-error-too-many", limit=WATCHES_PER_USER):
        return ReplyKind.NOT_WATCHING
    matching = (
        kind for key, kind in _REPLIES.items() if reply == _CATALOG.text(key, id=code_span(task_id))
    )
    return next(matching, ReplyKind.UNKNOWN)


@dataclass(slots=True)
class UserAction:
    """A command that a user ran in a channel, and the reply to it."""

    command: Command
    task_id: str
    user_id: int
    channel_id: int
    created_at: float
    """The relay's time."""
    reply: str | None = None
    replied_at: float | None = None
    """The relay's time when the reply was there, if the user waited for it so long."""

    @property
    def reply_kind(self) -> ReplyKind:
        """What the reply tells the user."""
        return classify_reply(self.task_id, self.reply)

    def __str__(self) -> str:
        where = f"by {self.user_id} in {self.channel_id}"
        return f"{self.command} {self.task_id} {where}: {self.reply_kind}"
