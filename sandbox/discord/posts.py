"""Messages that are posted in channels, by the bot with its token or by people."""

from sandbox.discord.channel_kinds import WITHOUT_MESSAGES
from sandbox.discord.channels import Channel
from sandbox.discord.composing import Composer, Draft
from sandbox.discord.errors import Payload, invalid, refusal
from sandbox.discord.messages import Message
from sandbox.discord.people import User
from sandbox.discord.permissions import Permission
from sandbox.discord.world import World

NONCE_WINDOW = 180.0
"""Seconds in which a repeated nonce gives the first message; Discord says "a few minutes"."""

_GUILD_MESSAGES_INTENT = 1 << 9
_DIRECT_MESSAGES_INTENT = 1 << 12


class Posts:
    """Posts, shows, changes and deletes messages, as far as the bot may."""

    def __init__(self, world: World, composer: Composer) -> None:
        self._world = world
        self._composer = composer
        self.nonce_window = NONCE_WINDOW
        self._by_nonce: dict[tuple[int, str], Message] = {}

    def post(self, channel_id: int, draft: Draft) -> Message:
        """Post the bot's message, or give the first one with the same enforced nonce."""
        channel = self._world.channel_for_the_bot(channel_id)
        may = channel.permissions_of(self._world.scene.bot)
        self._require_posting(channel, may)
        self._require_content(draft, may=may)
        draft = draft.checked(channel)
        key = self._nonce_key(channel, draft)
        first = None if key is None else self._first_with(key)
        if first is not None:
            return first
        message = self._composer.blank(channel, self._world.scene.bot)
        self._composer.refer(message, draft.payload.get("message_reference"))
        self._composer.fill(message, draft, embeds_allowed=bool(may & Permission.EMBED_LINKS))
        if channel.archived:
            channel.set_archived(False)
        if key is not None:
            self._by_nonce[key] = message
        self._publish(message)
        return message

    def compose(self, forum: Channel, draft: Draft) -> Message:
        """Write the message that a post of a forum begins with; it is nowhere yet."""
        message = self._composer.blank(forum, self._world.scene.bot)
        may = forum.permissions_of(message.author)
        self._require_content(draft, may=may)
        draft = draft.checked(forum)
        self._composer.fill(message, draft, embeds_allowed=bool(may & Permission.EMBED_LINKS))
        return message

    def begin(self, thread: Channel, message: Message) -> None:
        """Let a thread of a forum begin with a message."""
        message.channel = thread
        self._publish(message)

    def _require_content(self, draft: Draft, *, may: Permission) -> None:
        """Refuse files without permission (50013)."""
        if draft.uploads and not may & Permission.ATTACH_FILES:
            raise refusal(50013)

    def _require_posting(self, channel: Channel, may: Permission) -> None:
        if channel.kind in WITHOUT_MESSAGES:
            raise refusal(50008)
        if channel.guild is None:
            self._require_open_dm(channel)
        if channel.archived and channel.locked and not may & Permission.MANAGE_THREADS:
            raise refusal(50083)
        if channel.locked and not may & Permission.MANAGE_THREADS:
            raise refusal(160005)
        speak = Permission.SEND_MESSAGES
        if channel.is_thread:
            speak = Permission.SEND_MESSAGES_IN_THREADS
        if not may & speak:
            raise refusal(50013)

    def _require_open_dm(self, channel: Channel) -> None:
        person = channel.recipients[0]
        if not person.accepts_direct_messages:
            raise refusal(50007)
        if not (person.installed or self._world.shares_guild(person)):
            raise refusal(50278)

    def _nonce_key(self, channel: Channel, draft: Draft) -> tuple[int, str] | None:
        nonce = draft.payload.get("nonce")
        if nonce is None or not draft.payload.get("enforce_nonce"):
            return None
        return channel.id, str(nonce)

    def _first_with(self, key: tuple[int, str]) -> Message | None:
        first = self._by_nonce.get(key)
        if first is None:
            return None
        age = self._world.scene.clock.now() - first.created_at.timestamp()
        if age > self.nonce_window:
            return None
        if first.deleted:
            raise refusal(10008)
        return first

    def say(self, person: User, channel: Channel, draft: Draft) -> Message:
        """Post a person's message; what people may is not looked at."""
        message = self._composer.blank(channel, person)
        self._composer.refer(message, draft.payload.get("message_reference"))
        self._composer.fill(message, draft)
        self._publish(message)
        return message

    def _publish(self, message: Message) -> None:
        self._composer.publish(message)
        self._world.scene.announce("message", message=message)
        tell_about(self._world, "MESSAGE_CREATE", message, message.event_payload())

    def get(self, channel_id: int, message_id: int) -> Message:
        """Give one message, or refuse with 50001 or 10008."""
        channel = self._world.channel_for_the_bot(channel_id)
        if not channel.permissions_of(self._world.scene.bot) & Permission.READ_MESSAGE_HISTORY:
            raise refusal(50001)
        return self._known(channel, message_id)

    def _known(self, channel: Channel, message_id: int) -> Message:
        message = channel.history.get(message_id)
        if message is None or message.deleted:
            raise refusal(10008)
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
        """Give up to ``limit`` messages, newest first; none without Read Message History."""
        if not 1 <= limit <= 100:
            text = "Value should be between 1 and 100."
            raise invalid(("limit",), "NUMBER_TYPE_MAX", text)
        channel = self._world.channel_for_the_bot(channel_id)
        if channel.kind in WITHOUT_MESSAGES:
            raise refusal(50008)
        if not channel.permissions_of(self._world.scene.bot) & Permission.READ_MESSAGE_HISTORY:
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
        """Change one of the bot's own messages; never pings anybody."""
        channel = self._world.channel_for_the_bot(channel_id)
        message = self._known(channel, message_id)
        if message.author is not self._world.scene.bot:
            raise refusal(50005)
        may = channel.permissions_of(self._world.scene.bot)
        if channel.archived:
            raise refusal(50083)
        if channel.locked and not may & Permission.MANAGE_THREADS:
            raise refusal(160005)
        self._require_content(draft, may=may)
        draft = draft.checked(channel, message=message)
        self._composer.fill(message, draft, embeds_allowed=bool(may & Permission.EMBED_LINKS))
        message.edited_at = self._world.scene.clock.time()
        self._world.scene.announce("edit", message=message)
        tell_about(self._world, "MESSAGE_UPDATE", message, message.event_payload())
        return message

    def delete(self, channel_id: int, message_id: int) -> None:
        """Delete the bot's own message, or another's with Manage Messages (else 50013)."""
        channel = self._world.channel_for_the_bot(channel_id)
        message = self._known(channel, message_id)
        may = channel.permissions_of(self._world.scene.bot)
        if message.author is not self._world.scene.bot and not may & Permission.MANAGE_MESSAGES:
            raise refusal(50013)
        self.remove(message)

    def remove(self, message: Message) -> None:
        """Make a message disappear, whoever does it."""
        message.deleted = True
        self._world.scene.announce("delete", message=message)
        tell_about(self._world, "MESSAGE_DELETE", message, message.delete_payload())


def tell_about(world: World, event: str, message: Message, data: Payload) -> None:
    """Send the bot an event about a message, if it is there and has the intent for it."""
    if message.ephemeral or not message.channel.is_open_to(world.scene.bot):
        return
    guild = message.channel.guild
    if guild is None:
        world.scene.dispatch(event, data, None, _DIRECT_MESSAGES_INTENT)
    else:
        world.scene.dispatch(event, data, guild.id, _GUILD_MESSAGES_INTENT)
