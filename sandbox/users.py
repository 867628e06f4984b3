"""Who plays in the demo, and where."""

from dataclasses import dataclass

from sandbox.discord import Channel, LocalDiscord, User


@dataclass(frozen=True, slots=True)
class DemoUsers:
    """Four people of one server, and its two channels."""

    you: User
    friend: User
    admin: User
    singer: User
    """Reads Chinese."""
    songs: Channel
    lyrics: Channel

    @property
    def people(self) -> list[User]:
        """Everybody, the one who looks at it first."""
        return [self.you, self.friend, self.admin, self.singer]


def add_demo_users(discord: LocalDiscord) -> DemoUsers:
    """Make the people, the server with its channels, and a direct message for each."""
    guild = discord.add_guild("Song Club")
    you, friend = discord.add_user("you"), discord.add_user("friend")
    admin, singer = discord.add_user("admin"), discord.add_user("歌友", "zh-CN")
    for person in (you, friend, singer):
        guild.add_member(person)
    guild.add_member(admin, administrator=True)
    cast = DemoUsers(
        you, friend, admin, singer, guild.add_channel("songs"), guild.add_channel("lyrics")
    )
    for person in cast.people:
        discord.open_dm(person)
    return cast
