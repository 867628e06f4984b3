"""What users ask the bot for, and what its replies promise them."""

from dataclasses import dataclass
from enum import StrEnum

from bot.i18n.catalog import catalog_for
from tests.support.replies import says, with_plain_commands

WATCHES_PER_USER = 100
"""The limit that the bot under test is configured with."""

_CATALOG = catalog_for("en-US")
_NO_PERMISSION = _CATALOG.text(
    "watch-no-permission", where="here", channel="", permissions="\N{BULLET}"
).partition("\N{BULLET}")[0]


class Command(StrEnum):
    """The subcommand of ``/suno`` that a user runs."""

    WATCH = "watch"
    UNWATCH = "unwatch"
    FORGET = "forget"


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


def classify_reply(task_id: str, reply: str | None) -> ReplyKind:
    """Return what the reply to a command about one task tells the user."""
    if not reply:
        return ReplyKind.UNKNOWN
    if reply.startswith(_NO_PERMISSION):
        return ReplyKind.NOT_WATCHING
    limit = with_plain_commands(_CATALOG.text("watch-error-too-many", limit=WATCHES_PER_USER))
    if with_plain_commands(reply) == limit:
        return ReplyKind.NOT_WATCHING
    matching = (kind for key, kind in _REPLIES.items() if says(reply, key, task_id))
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
    relays: frozenset[str] = frozenset({""})
    """The names of the relays whose accounts the user may have used."""
    may_be_disconnected: bool = False
    """Whether such an account may have been disconnected since."""

    @property
    def reply_kind(self) -> ReplyKind:
        """What the reply tells the user."""
        return classify_reply(self.task_id, self.reply)

    def __str__(self) -> str:
        where = f"by {self.user_id} in {self.channel_id}"
        return (
            f"{self.command} {self.task_id} {where}: {self.reply_kind} ({(self.reply or '')[:70]})"
        )
