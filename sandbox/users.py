"""The users of the demo, and the channels where they meet."""

from dataclasses import dataclass

from sandbox.discord import Channel, Guild, LocalDiscord, User


@dataclass(frozen=True, slots=True)
class DemoUsers:
    """Four users of one guild, and its two channels."""

    guild: Guild
    you: User
    friend: User
    admin: User
    chinese_user: User
    """Uses Discord in Chinese."""
    songs: Channel
    lyrics: Channel

    @property
    def all(self) -> list[User]:
        """All users; the page shows the view of the first at the beginning."""
        return [self.you, self.friend, self.admin, self.chinese_user]


def add_demo_users(discord: LocalDiscord) -> DemoUsers:
    """Create the users, the guild with its channels, and a direct message for each user."""
    guild = discord.add_guild("Song Club")
    you, friend = discord.add_user("you"), discord.add_user("friend")
    admin, chinese_user = discord.add_user("admin"), discord.add_user("歌友", "zh-CN")
    guild.add_role("Listeners")
    for user in (you, friend, chinese_user):
        guild.add_member(user)
    guild.add_member(admin, administrator=True)
    songs, lyrics = guild.add_channel("songs"), guild.add_channel("lyrics")
    users = DemoUsers(guild, you, friend, admin, chinese_user, songs, lyrics)
    for user in users.all:
        discord.open_dm(user)
    return users
