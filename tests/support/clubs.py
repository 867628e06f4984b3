"""Servers with relays of their own, and a bot that is a process of its own.

The relays are on this machine; hosts that do not exist stand for them.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from yarl import URL

from bot.i18n.catalog import catalog_for
from bot.relay.providers import CUSTOM
from sandbox.bot_process import BotProcess
from sandbox.discord import Channel, Guild, Message
from sandbox.relay import LocalRelay, song
from tests.support.account_panels import AccountPanels, database_files
from tests.support.sandbox_session import SandboxSession
from tests.support.settings_panel import shown_text

ENGLISH = catalog_for("en")
SONG = "a-song-with-the-same-id"
TITLES = ("Paper Boats", "Iron Kites", "Glass Birds", "Stone Leaves")
SONG_LENGTH, LONGER = 100, 200
"""Seconds in which a relay makes a song, and after which it surely has."""
TIMEOUT = 90
"""Seconds; a broken relay is asked again after some of them, and keys are checked now and then."""


@dataclass(frozen=True)
class Club:
    """A server with a channel, and the relay that its manager Ada connects."""

    guild: Guild
    channel: Channel
    relay: LocalRelay
    host: str

    @property
    def key(self) -> str:
        """The key that the relay accepts when the bot starts."""
        return key_of(self.host)


def key_of(host: str, version: int = 1) -> str:
    """Return a key for the relay at a host, of no form that the log could know and redact."""
    return f"key/of+{host.partition('.')[0]}=0123456789/{version:04}"


@dataclass(frozen=True)
class Clubs(AccountPanels):
    """Some servers, each with a relay of its own, and the bot that serves all of them."""

    clubs: Sequence[Club]
    bot: BotProcess

    @property
    def database(self) -> Path:
        """The database of the bot."""
        return self.sandbox.folder / "suno.db"

    @property
    def direct(self) -> Channel:
        """Ada's direct messages with the bot."""
        return self.sandbox.discord.open_dm(self.sandbox.ada)

    async def connect(self, club: Club, key: str = "") -> str:
        """Let Ada enter a key for the relay of a club; return what the panel shows then."""
        values = {"key": key or club.key, "url": f"https://{club.host}"}
        panel = await self.panel(channel=club.channel)
        return shown_text(await self.enter_key(panel, CUSTOM, **values))

    async def replace_key(self, club: Club, key: str) -> str:
        """Let the relay accept another key alone, and Ada enter it."""
        club.relay.key = key
        return await self.connect(club, key)

    async def watch(self, club: Club, task_id: str = SONG, **options: object) -> None:
        """Let Ada watch a task in the channel of a club."""
        asked = await self.sandbox.discord.command(
            self.sandbox.ada, club.channel, "suno watch", id=task_id, **options
        )
        await asked.wait_for_answer(timeout=TIMEOUT)

    async def notice(self, channel: Channel, task_id: str = SONG) -> Message:
        """Wait for the notice of a task."""
        (notice,) = await self.sandbox.discord.wait_for(
            lambda: self.sandbox.notices(task_id, channel), TIMEOUT, f"the notice of {task_id}"
        )
        return notice

    async def trouble(self, club: Club, kind: str) -> None:
        """Wait until the panel of a club says what is wrong with its relay."""
        words = ENGLISH.text(f"account-trouble-{kind}", time="").split("(")[0]
        async with asyncio.timeout(TIMEOUT):
            while words not in shown_text(await self.panel(channel=club.channel)):
                pass  # each panel is a request to the bot, which goes on meanwhile

    async def restart(self) -> None:
        """Kill the bot, and start it again."""
        await self.kill()
        await self.bot.start()
        await self.sandbox.discord.wait_until_ready(timeout=TIMEOUT)

    async def kill(self) -> None:
        """Kill the bot, and wait until Discord has noticed."""
        await self.bot.kill()
        await self.sandbox.discord.wait_until_disconnected()

    @asynccontextmanager
    async def another_bot(self, **changes: str) -> AsyncIterator[None]:
        """Run a bot with other settings on the same database; the first one was killed."""
        settings = self.sandbox.environment | changes
        async with BotProcess(self.sandbox.folder, settings, self.bot.program):
            await self.sandbox.discord.wait_until_ready(timeout=TIMEOUT)
            yield
        await self.sandbox.discord.wait_until_disconnected()

    def key_files(self, encrypted: Sequence[bytes]) -> list[str]:
        """Return the files of the database that hold one of some encrypted keys."""
        contents = database_files(self.database).items()
        return [name for name, content in contents if any(each in content for each in encrypted)]


@asynccontextmanager
async def open_clubs(sandbox: SandboxSession, count: int, **changes: str) -> AsyncIterator[Clubs]:
    """Start the bot in some servers, in which Ada has connected nothing yet.

    Each relay knows a song with the same id, and none of them has the same title. ``changes``: of
    the bot's settings.
    """
    async with AsyncExitStack() as stack:
        clubs = []
        for title in TITLES[:count]:
            host = f"{title.split()[0].lower()}.example"
            relay = await stack.enter_async_context(LocalRelay(key=key_of(host)))
            relay.add(song(SONG, title=title, takes=SONG_LENGTH))
            guild = sandbox.discord.add_guild(title)
            guild.add_member(sandbox.ada, permissions=("manage_guild",))
            clubs.append(Club(guild, guild.add_channel("songs"), relay, host))
        ports = {each.host: str(URL(each.relay.base_url).port) for each in clubs}
        options = [word for host, port in ports.items() for word in ("--relay", host, port)]
        bot = BotProcess(
            sandbox.folder, sandbox.environment | changes, ("-m", "sandbox.local_bot", *options)
        )
        await stack.enter_async_context(bot)
        await sandbox.discord.wait_until_ready(timeout=TIMEOUT)
        await sandbox.discord.wait_until_commands(timeout=TIMEOUT)
        yield Clubs(sandbox, clubs, bot)
