"""Threads that the bot starts: in a channel, from a message, or as a post of a forum."""

from datetime import datetime

from sandbox.discord.channel_kinds import (
    ANNOUNCEMENT,
    ANNOUNCEMENT_THREAD,
    FORUMS,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    THREAD_PARENTS,
    THREADS,
)
from sandbox.discord.channels import Channel, Message
from sandbox.discord.errors import Payload, api_error, invalid
from sandbox.discord.guilds import Guild
from sandbox.discord.message_builder import Draft
from sandbox.discord.message_service import MessageService
from sandbox.discord.permissions import Permission
from sandbox.discord.schema import (
    Validator,
    boolean,
    choice_of,
    integer,
    list_of,
    object_of,
    read_object_as,
    snowflake,
    text,
)
from sandbox.discord.state import DiscordState

_settings: dict[str, Validator] = {
    "auto_archive_duration": choice_of(60, 1440, 4320, 10080),
    "rate_limit_per_user": integer(0, 21_600),
}
_named = {"name": text(100, min_length=1), **_settings}
_thread = object_of(_named, required=("name",))
_new_thread = object_of(
    _named | {"type": choice_of(*sorted(THREADS)), "invitable": boolean}, required=("name",)
)
_forum_post = object_of(
    _named | {"applied_tags": list_of(snowflake, most=5), "message": object_of({})},
    required=("name", "message"),
)
_changes = object_of(
    {
        "name": text(100),
        "archived": boolean,
        "locked": boolean,
        "invitable": boolean,
        "flags": integer(),
        "applied_tags": list_of(snowflake, most=5),
        **_settings,
    }
)


class ThreadService:
    """Starts, changes, joins and leaves threads for the bot."""

    def __init__(self, state: DiscordState, messages: MessageService) -> None:
        self._state = state
        self._messages = messages

    def start_from(self, channel_id: int, message_id: int, wanted: Payload) -> Channel:
        """Start a public thread from a message, which can have only one (160004)."""
        channel, guild = self._parent(channel_id)
        if channel.kind in FORUMS:
            raise api_error(50024)
        self._require(channel, Permission.CREATE_PUBLIC_THREADS)
        wanted = read_object_as(_thread, wanted)
        start = self._messages.get(channel.id, message_id)
        if start.id in guild.all_channels:
            raise api_error(160004)
        usual = ANNOUNCEMENT_THREAD if channel.kind == ANNOUNCEMENT else PUBLIC_THREAD
        return self._make(channel, guild, wanted, usual, start.id)

    def start(self, channel_id: int, wanted: Payload) -> Channel:
        """Start a thread without a message: a private one, unless ``type`` says otherwise."""
        channel, guild = self._parent(channel_id)
        kind = PRIVATE_THREAD if wanted.get("type") is None else wanted["type"]
        private = kind == PRIVATE_THREAD
        needed = Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS
        self._require(channel, needed)
        wanted = read_object_as(_new_thread, wanted)
        in_news = channel.kind == ANNOUNCEMENT
        if in_news != (kind == ANNOUNCEMENT_THREAD):
            text = "Threads of this type are not for this channel."
            raise invalid(("type",), "BASE_TYPE_CHOICES", text)
        return self._make(channel, guild, wanted, kind)

    def post(self, channel_id: int, draft: Draft) -> tuple[Channel, Message]:
        """Start a post of a forum with its first message; that has no nonce."""
        forum, guild = self._parent(channel_id)
        self._require(forum, Permission.SEND_MESSAGES)
        wanted = read_object_as(_forum_post, draft.payload)
        moderator = bool(self._may(forum) & Permission.MANAGE_THREADS)
        tags = forum.forum.checked_tags(wanted.get("applied_tags") or [], moderator=moderator)
        written = Draft(draft.payload["message"], draft.uploads)
        first = self._messages.compose(forum, written)
        thread = self._make(forum, guild, wanted, PUBLIC_THREAD, first.id)
        thread.applied_tags = tags
        self._messages.begin(thread, first)
        return thread, first

    def archived(
        self, channel_id: int, *, limit: int, before: datetime | None = None
    ) -> tuple[list[Channel], bool]:
        """Return the public archived threads of a channel, and whether there are more.

        The one that was archived last comes first.
        """
        if not 2 <= limit <= 100:
            text = "Value should be between 2 and 100."
            raise invalid(("limit",), "NUMBER_TYPE_MAX", text)
        channel, _ = self._parent(channel_id)
        self._require(channel, Permission.READ_MESSAGE_HISTORY)
        found = sorted(
            (
                thread
                for thread in channel.threads
                if thread.archived
                and not thread.deleted
                and thread.kind != PRIVATE_THREAD
                and (before is None or thread.archived_at < before)
            ),
            key=lambda thread: thread.archived_at,
            reverse=True,
        )
        return found[:limit], len(found) > limit

    def change(self, channel_id: int, wanted: Payload) -> Channel:
        """Rename, archive, reopen or lock a thread, as Manage Threads allows."""
        thread = self._state.channel_visible_to_bot(channel_id)
        if not thread.is_thread:
            raise api_error(50013)
        self._require(thread, Permission.MANAGE_THREADS)
        changes = read_object_as(_changes, wanted)
        archived = changes.get("archived", thread.archived)
        if thread.archived and archived:
            raise api_error(50083)
        thread.name = changes.get("name") or thread.name
        thread.set_archived(archived, locked=changes.get("locked"))
        return thread

    def join(self, channel_id: int) -> None:
        """Add the bot to a thread that it has access to.

        Raises ApiError 50083 for archived ones.
        """
        thread = self._thread(channel_id)
        if thread.archived:
            raise api_error(50083)
        thread.thread_members.add(self._state.shared.bot.id)

    def leave(self, channel_id: int) -> None:
        """Remove the bot from a thread."""
        thread = self._thread(channel_id)
        if thread.archived:
            raise api_error(50083)
        bot = self._state.shared.bot
        if bot.id in thread.thread_members:
            thread.remove_from_thread(bot)

    def _thread(self, channel_id: int) -> Channel:
        thread = self._state.channel_visible_to_bot(channel_id)
        if not thread.is_thread:
            raise api_error(50024)
        return thread

    def _parent(self, channel_id: int) -> tuple[Channel, Guild]:
        channel = self._state.channel_visible_to_bot(channel_id)
        if channel.guild is None or channel.kind not in THREAD_PARENTS:
            raise api_error(50024)
        return channel, self._state.guilds[channel.guild.id]

    def _may(self, channel: Channel) -> Permission:
        return channel.permissions_of(self._state.shared.bot)

    def _require(self, channel: Channel, permission: Permission) -> None:
        if not self._may(channel) & permission:
            raise api_error(50013)

    def _make(
        self,
        channel: Channel,
        guild: Guild,
        wanted: Payload,
        kind: int,
        identity: int | None = None,
    ) -> Channel:
        bot = self._state.shared.bot
        if len(guild.active_threads) >= guild.max_active_threads:
            raise api_error(160006)
        return guild.add_thread(
            channel,
            wanted["name"],
            identity=identity,
            kind=kind,
            owner=bot,
            members=(bot,),
            auto_archive_duration=wanted.get("auto_archive_duration"),
        )
