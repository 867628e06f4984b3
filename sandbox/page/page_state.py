"""What all open pages share: the servers behind them, what is shown, and who is notified."""

import asyncio
from typing import Any, Protocol

from sandbox.discord import Channel, Guild, LocalDiscord, User
from sandbox.page.bot_controls import BotControls
from sandbox.page.captions import translated
from sandbox.page.message_log import MessageLog
from sandbox.page.relay_controls import RelayControls
from sandbox.page.rendering import PageRenderer

MEDIA_URL = "https://songs.example.com/media"
"""Where the relay says that covers and audio are: a public host, as the bot links to no other. The
page shows what its own server has at that path."""


class Viewer(Protocol):
    """An open page."""

    user: User
    """The user whose view it shows."""

    def send_event(self, event: str, **details: Any) -> None:
        """Send something to the page."""


class StartableTour(Protocol):
    """The tour, which any page can start."""

    def start(self) -> None:
        """Start the tour unless it plays already."""


class PageState:
    """The local Discord, the relay and the bot as the open pages show and control them.

    ``relay`` is the operator's, ``server_relay`` one whose tasks the bot sees only with the account
    that the server connects. ``users`` are those whose view a page can show, the first one at the
    beginning. Create it before the bot starts: ephemeral messages from before are not known to it.
    """

    def __init__(
        self,
        discord: LocalDiscord,
        relay: RelayControls,
        users: list[User],
        bot: BotControls | None = None,
        server_relay: RelayControls | None = None,
    ) -> None:
        self.discord = discord
        self.relays = {"operator": relay}
        """The relays by the account at which they are asked."""
        if server_relay is not None:
            self.relays["server"] = server_relay
        self.users = users
        self.bot = bot
        self.message_log = MessageLog(discord)
        for each in self.relays.values():
            each.media = MEDIA_URL
        self.renderer = PageRenderer(discord, self.message_log, MEDIA_URL)
        self.viewers: set[Viewer] = set()
        self.opened = asyncio.Event()
        """Set as soon as a page has been opened."""
        self.caption: tuple[str, ...] = ()
        """The sentences of the tour at the moment, in English."""
        self.tour: StartableTour | None = None

    @property
    def guild(self) -> Guild:
        """The server that a page shows."""
        return next(iter(self.discord.state.guilds.values()))

    def set_membership(self, *, invited: bool) -> None:
        """Add the bot to the server or remove it, and show every page what that changes."""
        if invited != self.guild.has_bot:
            change = self.guild.add_bot if invited else self.guild.remove_bot
            change()
        self.broadcast("membership", invited=invited)
        self.broadcast_channels()
        self.broadcast("commands")

    def snapshot(self, user: User) -> dict[str, Any]:
        """Return everything that one user sees, and the state of the relay and the bot."""
        return {
            "me": str(user.id),
            "bot": str(self.discord.bot_user.id),
            "people": [str(one.id) for one in self.users],
            "users": self.renderer.users(),
            "roles": self.renderer.roles(),
            "guild": self.guild.name,
            "channels": self.renderer.channels(user),
            "messages": self.renderer.history(user),
            "relays": {name: relay.description() for name, relay in self.relays.items()},
            "process": self.bot.description() if self.bot else None,
            "invited": self.guild.has_bot,
            "caption": translated(self.caption, user.locale),
        }

    def broadcast(self, event: str, **details: Any) -> None:
        """Send something to every open page."""
        for viewer in self.viewers:
            viewer.send_event(event, **details)

    def broadcast_channels(self) -> None:
        """Send every page the channels that its user sees, and what the bot may do there."""
        for viewer in self.viewers:
            viewer.send_event("channels", channels=self.renderer.channels(viewer.user))

    def broadcast_process(self) -> None:
        """Send the state of the bot's process to every page."""
        self.broadcast("process", process=self.bot.description() if self.bot else None)

    def broadcast_caption(self, *caption: str, channel: Channel | None = None) -> None:
        """Show a line above the messages of every page, and open ``channel`` there."""
        self.caption = caption
        opened = str(channel.id) if channel else None
        for viewer in self.viewers:
            text = translated(caption, viewer.user.locale)
            viewer.send_event("tour", caption=text, channel=opened)
