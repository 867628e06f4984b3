"""Posts, edits, lists and deletes messages in channels, for the bot and for users."""

from sandbox.discord.channel_kinds import NO_MESSAGE_CHANNELS
from sandbox.discord.channels import Channel, Message
from sandbox.discord.errors import Payload, api_error, invalid
from sandbox.discord.message_builder import Draft, MessageBuilder
from sandbox.discord.permissions import Permission
from sandbox.discord.state import DiscordState
from sandbox.discord.users import User

NONCE_WINDOW = 180.0
"""Seconds in which a repeated nonce gives the first message; Discord says "a few minutes"."""

_GUILD_MESSAGES_INTENT = 1 << 9
_DIRECT_MESSAGES_INTENT = 1 << 12


class MessageService:
    """Posts, returns, edits and deletes messages within the bot's permissions."""

    def __init__(self, state: DiscordState, message_builder: MessageBuilder) -> None:
        self._state = state
        self._message_builder = message_builder
        self.nonce_window = NONCE_WINDOW
        self._by_nonce: dict[tuple[int, str], Message] = {}

    def post(self, channel_id: int, draft: Draft) -> Message:
        """Post the bot's message, or give the first one with the same enforced nonce."""
        channel = self._state.channel_visible_to_bot(channel_id)
        may = channel.permissions_of(self._state.shared.bot)
        self._require_posting(channel, may)
        self._require_content(draft, may=may)
        draft = draft.validated(channel)
        key = self._nonce_key(channel, draft)
        first = None if key is None else self._first_with(key)
        if first is not None:
            return first
        message = self._message_builder.create(channel, self._state.shared.bot)
        self._message_builder.set_reference(message, draft.payload.get("message_reference"))
        self._message_builder.fill(
            message, draft, embeds_allowed=bool(may & Permission.EMBED_LINKS)
        )
        if channel.archived:
            channel.set_archived(False)
        if key is not None:
            self._by_nonce[key] = message
        self._publish(message)
        return message

    def compose(self, forum: Channel, draft: Draft) -> Message:
        """Create the first message of a forum post, without publishing it."""
        message = self._message_builder.create(forum, self._state.shared.bot)
        may = forum.permissions_of(message.author)
        self._require_content(draft, may=may)
        draft = draft.validated(forum)
        self._message_builder.fill(
            message, draft, embeds_allowed=bool(may & Permission.EMBED_LINKS)
        )
        return message

    def begin(self, thread: Channel, message: Message) -> None:
        """Publish the first message of a forum post."""
        message.channel = thread
        self._publish(message)

    def _require_content(self, draft: Draft, *, may: Permission) -> None:
        """Refuse files without permission (50013)."""
        if draft.uploads and not may & Permission.ATTACH_FILES:
            raise api_error(50013)

    def _require_posting(self, channel: Channel, may: Permission) -> None:
        if channel.kind in NO_MESSAGE_CHANNELS:
            raise api_error(50008)
        if channel.guild is None:
            self._require_open_dm(channel)
        if channel.archived and channel.locked and not may & Permission.MANAGE_THREADS:
            raise api_error(50083)
        if channel.locked and not may & Permission.MANAGE_THREADS:
            raise api_error(160005)
        speak = Permission.SEND_MESSAGES
        if channel.is_thread:
            speak = Permission.SEND_MESSAGES_IN_THREADS
        if not may & speak:
            raise api_error(50013)

    def _require_open_dm(self, channel: Channel) -> None:
        user = channel.recipients[0]
        if not user.accepts_direct_messages:
            raise api_error(50007)
        if not (user.installed or self._state.shares_guild(user)):
            raise api_error(50278)

    def _nonce_key(self, channel: Channel, draft: Draft) -> tuple[int, str] | None:
        nonce = draft.payload.get("nonce")
        if nonce is None or not draft.payload.get("enforce_nonce"):
            return None
        return channel.id, str(nonce)

    def _first_with(self, key: tuple[int, str]) -> Message | None:
        first = self._by_nonce.get(key)
        if first is None:
            return None
        age = self._state.shared.clock.now() - first.created_at.timestamp()
        if age > self.nonce_window:
            return None
        if first.deleted:
            raise api_error(10008)
        return first

    def post_as_user(self, user: User, channel: Channel, draft: Draft) -> Message:
        """Post a message of a user; their permissions are not checked."""
        message = self._message_builder.create(channel, user)
        self._message_builder.set_reference(message, draft.payload.get("message_reference"))
        self._message_builder.fill(message, draft)
        self._publish(message)
        return message

    def _publish(self, message: Message) -> None:
        self._message_builder.publish(message)
        self._state.publish("message", message=message)
        dispatch_message_event(self._state, "MESSAGE_CREATE", message, message.event_payload())

    def get(self, channel_id: int, message_id: int) -> Message:
        """Return one message, or refuse with 50001 or 10008."""
        channel = self._state.channel_visible_to_bot(channel_id)
        if not channel.permissions_of(self._state.shared.bot) & Permission.READ_MESSAGE_HISTORY:
            raise api_error(50001)
        return self._known(channel, message_id)

    def _known(self, channel: Channel, message_id: int) -> Message:
        message = channel.history.get(message_id)
        if message is None or message.deleted:
            raise api_error(10008)
        return message

    def list(
        self,
        channel_id: int,
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
    ) -> list[Message]:
        """Return up to ``limit`` messages, newest first; none without Read Message History."""
        if not 1 <= limit <= 100:
            text = "Value should be between 1 and 100."
            raise invalid(("limit",), "NUMBER_TYPE_MAX", text)
        channel = self._state.channel_visible_to_bot(channel_id)
        if channel.kind in NO_MESSAGE_CHANNELS:
            raise api_error(50008)
        if not channel.permissions_of(self._state.shared.bot) & Permission.READ_MESSAGE_HISTORY:
            return []
        known = channel.messages
        if after is not None:
            chosen = [one for one in known if one.id > after][:limit]
        elif around is not None:
            half = limit // 2
            chosen = [one for one in known if one.id <= around][-half - 1 :]
            chosen += [one for one in known if one.id > around][:half]
        else:
            chosen = [one for one in known if before is None or one.id < before][-limit:]
        return chosen[::-1]

    def edit(self, channel_id: int, message_id: int, draft: Draft) -> Message:
        """Edit one of the bot's own messages; an edit notifies nobody."""
        channel = self._state.channel_visible_to_bot(channel_id)
        message = self._known(channel, message_id)
        if message.author is not self._state.shared.bot:
            raise api_error(50005)
        may = channel.permissions_of(self._state.shared.bot)
        if channel.archived:
            raise api_error(50083)
        if channel.locked and not may & Permission.MANAGE_THREADS:
            raise api_error(160005)
        self._require_content(draft, may=may)
        draft = draft.validated(channel, message=message)
        self._message_builder.fill(
            message, draft, embeds_allowed=bool(may & Permission.EMBED_LINKS)
        )
        message.edited_at = self._state.shared.clock.time()
        self._state.publish("edit", message=message)
        dispatch_message_event(self._state, "MESSAGE_UPDATE", message, message.event_payload())
        return message

    def delete(self, channel_id: int, message_id: int) -> None:
        """Delete the bot's own message, or another's with Manage Messages (else 50013)."""
        channel = self._state.channel_visible_to_bot(channel_id)
        message = self._known(channel, message_id)
        may = channel.permissions_of(self._state.shared.bot)
        if message.author is not self._state.shared.bot and not may & Permission.MANAGE_MESSAGES:
            raise api_error(50013)
        self.remove(message)

    def remove(self, message: Message) -> None:
        """Delete a message, whoever does so."""
        message.deleted = True
        self._state.publish("delete", message=message)
        dispatch_message_event(self._state, "MESSAGE_DELETE", message, message.delete_payload())


def dispatch_message_event(
    state: DiscordState, event: str, message: Message, data: Payload
) -> None:
    """Send the bot an event about a message, if it is there and has the intent for it."""
    if message.ephemeral or not message.channel.is_accessible_to(state.shared.bot):
        return
    guild = message.channel.guild
    if guild is None:
        state.shared.dispatch(event, data, None, _DIRECT_MESSAGES_INTENT)
    else:
        state.shared.dispatch(event, data, guild.id, _GUILD_MESSAGES_INTENT)
