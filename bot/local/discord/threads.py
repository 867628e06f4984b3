"""Threads that the bot starts: in a channel, from a message, or as a post of a forum."""

from typing import Any

from bot.local.discord.channel_kinds import (
    ANNOUNCEMENT,
    ANNOUNCEMENT_THREAD,
    OF_POSTS,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    THREADS,
    WITH_THREADS,
)
from bot.local.discord.channels import Channel
from bot.local.discord.composing import Draft
from bot.local.discord.errors import Faulty, Payload, refusal
from bot.local.discord.guilds import Guild
from bot.local.discord.messages import Message
from bot.local.discord.permissions import Permission
from bot.local.discord.posts import Posts
from bot.local.discord.texts import check_choice, check_count, check_number, check_text
from bot.local.discord.world import World

_ARCHIVE_AFTER = (60, 1440, 4320, 10080)
"""Minutes without a message after which a thread may be archived."""


class Threads:
    """Starts threads, and lets the bot join and leave them."""

    def __init__(self, world: World, posts: Posts) -> None:
        self._world = world
        self._posts = posts

    def start_from(self, channel_id: int, message_id: int, wanted: Payload) -> Channel:
        """Start a public thread from a message, which can have only one (160004)."""
        channel, guild = self._parent(channel_id)
        if channel.kind in OF_POSTS:
            raise refusal(50024)
        self._require(channel, Permission.CREATE_PUBLIC_THREADS)
        thread_faults(wanted).raise_if_any()
        start = self._posts.get(channel.id, message_id)
        if start.id in guild.all_channels:
            raise refusal(160004)
        usual = ANNOUNCEMENT_THREAD if channel.kind == ANNOUNCEMENT else PUBLIC_THREAD
        return self._make(channel, guild, wanted, usual, start.id)

    def start(self, channel_id: int, wanted: Payload) -> Channel:
        """Start a thread without a message: a private one, unless ``type`` says otherwise."""
        channel, guild = self._parent(channel_id)
        kind = PRIVATE_THREAD if wanted.get("type") is None else wanted["type"]
        private = kind == PRIVATE_THREAD
        needed = Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS
        self._require(channel, needed)
        faulty = thread_faults(wanted)
        in_news = channel.kind == ANNOUNCEMENT
        if kind not in THREADS or in_news != (kind == ANNOUNCEMENT_THREAD):
            text = f"Value must be one of {tuple(sorted(THREADS))}, as the channel allows."
            faulty.add(("type",), "BASE_TYPE_CHOICES", text)
        faulty.raise_if_any()
        return self._make(channel, guild, wanted, kind)

    def post(self, channel_id: int, draft: Draft) -> tuple[Channel, Message]:
        """Start a post of a forum with its first message; that has no nonce."""
        forum, guild = self._parent(channel_id)
        self._require(forum, Permission.SEND_MESSAGES)
        faulty = thread_faults(draft.payload)
        check_count(faulty, ("applied_tags",), draft.payload.get("applied_tags"), most=5)
        message: Any = draft.payload.get("message")
        if not isinstance(message, dict):
            faulty.add(("message",), "BASE_TYPE_REQUIRED", "This field is required")
        faulty.raise_if_any()
        first = self._posts.compose(forum, Draft(message, draft.uploads))
        thread = self._make(forum, guild, draft.payload, PUBLIC_THREAD, first.id)
        self._posts.begin(thread, first)
        return thread, first

    def join(self, channel_id: int) -> None:
        """Let the bot join a thread that it has access to. Refuses archived ones with 50083."""
        thread = self._thread(channel_id)
        if thread.archived:
            raise refusal(50083)
        thread.thread_members.add(self._world.scene.bot.id)

    def leave(self, channel_id: int) -> None:
        """Let the bot leave a thread."""
        thread = self._thread(channel_id)
        if thread.archived:
            raise refusal(50083)
        bot = self._world.scene.bot
        if bot.id in thread.thread_members:
            thread.remove_from_thread(bot)

    def _thread(self, channel_id: int) -> Channel:
        thread = self._world.channel_for_the_bot(channel_id)
        if not thread.is_thread:
            raise refusal(50024)
        return thread

    def _parent(self, channel_id: int) -> tuple[Channel, Guild]:
        channel = self._world.channel_for_the_bot(channel_id)
        if channel.guild is None or channel.kind not in WITH_THREADS:
            raise refusal(50024)
        return channel, channel.guild

    def _may(self, channel: Channel) -> Permission:
        return channel.permissions_of(self._world.scene.bot)

    def _require(self, channel: Channel, permission: Permission) -> None:
        if not self._may(channel) & permission:
            raise refusal(50013)

    def _make(
        self,
        channel: Channel,
        guild: Guild,
        wanted: Payload,
        kind: int,
        identity: int | None = None,
    ) -> Channel:
        bot = self._world.scene.bot
        return guild.add_thread(
            channel, wanted["name"], identity=identity, kind=kind, owner=bot, members=(bot,)
        )


def thread_faults(wanted: Payload) -> Faulty:
    """Find what is wrong with a request to start a thread."""
    faulty = Faulty()
    check_text(faulty, ("name",), wanted.get("name"), shortest=1, longest=100)
    here = ("auto_archive_duration",)
    check_choice(faulty, here, wanted.get("auto_archive_duration"), _ARCHIVE_AFTER)
    slow = wanted.get("rate_limit_per_user")
    check_number(faulty, ("rate_limit_per_user",), slow, lowest=0, highest=21_600)
    return faulty
