"""The entities of one local Discord by their ids."""

from sandbox.discord.channel_kinds import DIRECT, GROUP
from sandbox.discord.channels import Channel, Message
from sandbox.discord.errors import Payload, api_error
from sandbox.discord.events import Event, EventBus
from sandbox.discord.guilds import Guild, make_guild
from sandbox.discord.interactions import Interaction
from sandbox.discord.message_parts import Attachment
from sandbox.discord.shared_state import SharedState
from sandbox.discord.snowflakes import parse_snowflake
from sandbox.discord.users import User


class DiscordState:
    """Users, guilds, direct messages, and the files that were uploaded."""

    def __init__(self, shared: SharedState) -> None:
        self.shared = shared
        self.events = EventBus(shared.changes)
        self.users: dict[int, User] = {shared.bot.id: shared.bot}
        self.guilds: dict[int, Guild] = {}
        self.private_channels: dict[int, Channel] = {}
        self.files: dict[int, Attachment] = {}
        self.application_settings: Payload = {}
        """Further fields of ``GET /applications/@me`` that the application's owner has set."""
        self.owner = self.add_user("Owner")

    def publish(
        self,
        kind: str,
        *,
        message: Message | None = None,
        interaction: Interaction | None = None,
        text: str = "",
    ) -> None:
        """Publish an event that happens now."""
        self.events.publish(Event(kind, self.shared.clock.now(), message, interaction, text))

    def add_user(self, name: str, locale: str = "en-US", *, installed: bool = False) -> User:
        """Create a user."""
        user = User(self.shared.ids.stable_id(), name, locale, installed=installed)
        self.users[user.id] = user
        return user

    def add_guild(
        self,
        name: str,
        locale: str = "en-US",
        *,
        with_bot: bool = True,
        commands_only: bool = False,
    ) -> Guild:
        """Create a guild, with the bot in it unless told otherwise."""
        guild = make_guild(self.shared, name, locale, self.owner)
        self.guilds[guild.id] = guild
        if commands_only:
            guild.authorize_commands()
        elif with_bot:
            guild.add_bot()
        return guild

    def open_dm(self, user: User) -> Channel:
        """Return the direct message of a user and the bot; open it if there is none yet."""
        return self.dm_with(user) or self._private(user.name, DIRECT, [user], includes_bot=True)

    def dm_with(self, user: User) -> Channel | None:
        """Return the direct message of a user and the bot, or None before it is opened."""
        for channel in self.private_channels.values():
            if channel.includes_bot and channel.recipients == [user]:
                return channel
        return None

    def open_private(self, *users: User) -> Channel:
        """Create a conversation of users without the bot."""
        kind = DIRECT if len(users) == 2 else GROUP
        name = ", ".join(user.name for user in users)
        return self._private(name, kind, list(users), includes_bot=False)

    def _private(self, name: str, kind: int, users: list[User], *, includes_bot: bool) -> Channel:
        shared = self.shared
        channel = Channel(
            shared=shared,
            id=shared.ids.stable_id(),
            name=name,
            kind=kind,
            created_at=shared.clock.time(),
            recipients=users,
            includes_bot=includes_bot,
        )
        self.private_channels[channel.id] = channel
        return channel

    @property
    def channels(self) -> dict[int, Channel]:
        """Every channel, thread and direct message by its id, deleted ones too."""
        places = [self.private_channels, *(one.all_channels for one in self.guilds.values())]
        return {key: channel for known in places for key, channel in known.items()}

    def channel(self, channel_id: int) -> Channel:
        """Return a channel, or raise ApiError 10003."""
        places = [self.private_channels, *(one.all_channels for one in self.guilds.values())]
        for known in places:
            channel = known.get(channel_id)
            if channel is not None and not channel.deleted:
                return channel
        raise api_error(10003)

    def file(self, written: str) -> Attachment | None:
        """Return the file with the id in a path, or None if there is none."""
        identity = parse_snowflake(written)
        return None if identity is None else self.files.get(identity)

    def user(self, user_id: int) -> User:
        """Return a user, or raise ApiError 10013."""
        if user_id not in self.users:
            raise api_error(10013)
        return self.users[user_id]

    def channel_visible_to_bot(self, channel_id: int) -> Channel:
        """Return a channel that the bot sees, or raise ApiError 10003 or 50001."""
        channel = self.channel(channel_id)
        if not channel.is_accessible_to(self.shared.bot):
            raise api_error(50001)
        return channel

    def guild_with_bot(self, guild_id: int) -> Guild:
        """Return a guild that the bot is in, or raise ApiError 10004."""
        guild = self.guilds.get(guild_id)
        if guild is None or not guild.has_bot:
            raise api_error(10004)
        return guild

    def shares_guild(self, user: User) -> bool:
        """Whether the bot shares a guild with a user, which direct messages require."""
        return any(guild.has_bot and user.id in guild.members for guild in self.guilds.values())
