"""The messages that the bot has posted, as everybody in their channel sees them."""

from collections.abc import Collection
from dataclasses import dataclass

from bot.i18n.catalog import catalog_for
from sandbox.discord import LocalDiscord, Message
from sandbox.discord.channel_kinds import FORUMS
from tests.support.replies import with_plain_commands
from tests.support.seen_messages import looks_like_card

_CATALOG = catalog_for("en-US")


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """A message of the bot that everybody in a channel sees."""

    channel_id: int
    content: str
    text: str
    """The whole message, with its embeds and buttons."""
    mentioned: frozenset[int] = frozenset()
    """Ids of the users whom it notifies."""

    @property
    def is_held_notice(self) -> bool:
        """Whether it only says that a notice waits for a blocked channel."""
        kept = with_plain_commands(_CATALOG.text("held-notice-kept"))
        return kept in with_plain_commands(self.content)

    @property
    def is_live_card(self) -> bool:
        """Whether it is a live card, which shows the state of tasks."""
        return looks_like_card(self.content, self.text, self.mentioned)

    @property
    def is_minimal(self) -> bool:
        """Whether it says that Discord refused the full text."""
        minimal = with_plain_commands(_CATALOG.text("notice-minimal-status"))
        return minimal in with_plain_commands(self.content)

    @property
    def is_possible_duplicate(self) -> bool:
        """Whether it says that it may have been posted before."""
        return _CATALOG.text("notice-possible-duplicate") in self.content

    def original_channel(self, channel_ids: Collection[int]) -> int:
        """Return the channel that the message is meant for.

        That is one of ``channel_ids`` if the message says that it replaces a notice there, else the
        channel that it stands in.
        """
        for channel_id in channel_ids:
            if _CATALOG.text("notice-instead", place=f"<#{channel_id}>") in self.content:
                return channel_id
        return self.channel_id


def messages_of_bot(discord: LocalDiscord) -> list[PostedMessage]:
    """Return every message of the bot that is not ephemeral."""
    return [
        PostedMessage(
            _place_of(message), message.content, str(message.payload()), frozenset(message.pinged)
        )
        for channel in discord.state.channels.values()
        for message in channel.history.values()
        if message.author is discord.bot_user
    ]


def _place_of(message: Message) -> int:
    """Return the channel that a message is for; that which begins a post is for its forum."""
    forum = message.channel.parent
    begins_post = forum is not None and forum.kind in FORUMS and message.id == message.channel.id
    return forum.id if forum is not None and begins_post else message.channel.id
