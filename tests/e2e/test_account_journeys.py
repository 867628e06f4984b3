"""Relay accounts in a bot that is a process of its own: two servers, four relays, new keys, ends.

The relays are on this machine; hosts that do not exist stand for them.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from yarl import URL

from bot.encryption import new_key
from bot.i18n.catalog import catalog_for
from bot.relay.providers import CUSTOM
from sandbox.bot_process import BotProcess
from sandbox.discord import Channel, Guild, Message
from sandbox.relay import LocalRelay, song
from tests.support.account_panels import AccountPanels, database_files, encrypted_keys
from tests.support.sandbox_session import SandboxSession
from tests.support.settings_panel import shown_text

ENGLISH = catalog_for("en")
SONG, OTHER_SONG = "a-song-with-the-same-id", "another-song-of-the-club"
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
    """Return a key for the relay at a host."""
    return f"sk-{version}-of-{host.partition('.')[0]}-0123456789"


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
async def open_clubs(sandbox: SandboxSession, count: int) -> AsyncIterator[Clubs]:
    """Start the bot in some servers, in which Ada has connected nothing yet.

    Each relay knows a song with the same id, and none of them has the same title.
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
        bot = BotProcess(sandbox.folder, sandbox.environment, ("-m", "sandbox.local_bot", *options))
        await stack.enter_async_context(bot)
        await sandbox.discord.wait_until_ready(timeout=TIMEOUT)
        await sandbox.discord.wait_until_commands(timeout=TIMEOUT)
        yield Clubs(sandbox, clubs, bot)


@pytest.fixture
async def two_clubs(sandbox: SandboxSession) -> AsyncIterator[Clubs]:
    """Yield two servers; both have connected their relay."""
    async with open_clubs(sandbox, 2) as clubs:
        for club in clubs.clubs:
            assert club.host in await clubs.connect(club)
        yield clubs


async def test_the_same_task_id_is_another_song_in_each_server(two_clubs: Clubs) -> None:
    """One finishes while the other goes on; each is told once, where it was watched."""
    first, second = two_clubs.clubs
    for club in two_clubs.clubs:
        await two_clubs.watch(club)
    first.relay.clock.advance(LONGER)
    assert TITLES[0] in str((await two_clubs.notice(first.channel)).payload())
    assert two_clubs.sandbox.notices(SONG, second.channel) == []
    await two_clubs.restart()
    second.relay.clock.advance(LONGER)
    assert TITLES[1] in str((await two_clubs.notice(second.channel)).payload())
    for club, other in ((first, second), (second, first)):
        assert len(two_clubs.sandbox.notices(SONG, club.channel)) == 1
        shown = str([each.payload() for each in club.channel.messages])
        assert TITLES[two_clubs.clubs.index(other)] not in shown


async def test_watches_go_on_when_their_key_is_replaced(two_clubs: Clubs) -> None:
    """One notice each, whether the bot is killed right after the replacement or not."""
    club, neighbour = two_clubs.clubs
    new, newer = key_of(club.host, 2), key_of(club.host, 3)
    club.relay.add(song(OTHER_SONG, takes=3 * LONGER))
    for task_id in (SONG, OTHER_SONG):
        await two_clubs.watch(club, task_id)
    old = encrypted_keys(two_clubs.database)
    assert new[-4:] in await two_clubs.replace_key(club, new)
    club.relay.clock.advance(LONGER)
    await two_clubs.notice(club.channel)
    assert newer[-4:] in await two_clubs.replace_key(club, newer)
    await two_clubs.restart()
    club.relay.clock.advance(3 * LONGER)
    await two_clubs.notice(club.channel, OTHER_SONG)
    await two_clubs.panel(channel=neighbour.channel)
    for task_id in (SONG, OTHER_SONG):
        assert len(two_clubs.sandbox.notices(task_id, club.channel)) == 1
    stored = encrypted_keys(two_clubs.database)
    assert len(stored) == 2
    assert two_clubs.key_files([each for each in old if each not in stored]) == []


@pytest.mark.parametrize("encryption_key", ["", new_key()], ids=["lost", "changed"])
async def test_watches_wait_for_a_key_that_cannot_be_read(
    two_clubs: Clubs, encryption_key: str
) -> None:
    """The panel and the health page say so, and the watch goes on with the old encryption key."""
    club, _ = two_clubs.clubs
    await two_clubs.watch(club)
    await two_clubs.kill()
    club.relay.clock.advance(LONGER)
    asked = len(club.relay.requests)
    kind = "unreadable" if encryption_key else "disabled"
    async with two_clubs.another_bot(ENCRYPTION_KEY=encryption_key):
        panel = await two_clubs.panel(channel=club.channel)
        assert ENGLISH.text(f"account-trouble-{kind}") in shown_text(panel)
        health = await two_clubs.sandbox.discord.command(
            two_clubs.sandbox.ada, club.channel, "suno-settings health"
        )
        page = await health.wait_for_answer(timeout=TIMEOUT)
        problem = ENGLISH.text("health-relay-server-unreadable-key").partition(":")[0]
        assert problem in page.embeds[0]["description"]
        assert len(club.relay.requests) == asked
        assert two_clubs.sandbox.notices(SONG, club.channel) == []
    await two_clubs.bot.start()
    await two_clubs.sandbox.discord.wait_until_ready(timeout=TIMEOUT)
    assert TITLES[0] in str((await two_clubs.notice(club.channel)).payload())
    assert len(two_clubs.sandbox.notices(SONG, club.channel)) == 1


async def test_watches_go_on_when_a_key_that_cannot_be_read_is_entered_again(
    two_clubs: Clubs,
) -> None:
    """It is encrypted with the new encryption key; nothing else has to be done."""
    club, _ = two_clubs.clubs
    await two_clubs.watch(club)
    await two_clubs.kill()
    club.relay.clock.advance(LONGER)
    async with two_clubs.another_bot(ENCRYPTION_KEY=new_key()):
        assert club.key[-4:] in await two_clubs.connect(club)
        assert TITLES[0] in str((await two_clubs.notice(club.channel)).payload())
        assert len(two_clubs.sandbox.notices(SONG, club.channel)) == 1


async def test_broken_relays_hold_up_no_other_server(sandbox: SandboxSession) -> None:
    """One is down, one refuses its key, one is slow: the notices of the healthy one arrive.

    The watches of the others wait, their panels say why, and they end truthfully once each relay is
    repaired. Who connected the refused key gets one direct message.
    """
    async with open_clubs(sandbox, 4) as clubs:
        down, refusing, slow, healthy = clubs.clubs
        for club in clubs.clubs:
            await clubs.connect(club)
            await clubs.watch(club)
        gate = asyncio.Event()
        down.relay.start_outage()
        refusing.relay.key = key_of(refusing.host, 2)
        slow.relay.delay = gate.wait
        for club in clubs.clubs:
            club.relay.clock.advance(LONGER)
        assert TITLES[3] in str((await clubs.notice(healthy.channel)).payload())
        for number in range(5):
            task_id = f"healthy-song-{number}"
            healthy.relay.add(song(task_id, takes=SONG_LENGTH))
            await clubs.watch(healthy, task_id)
            healthy.relay.clock.advance(LONGER)
            await clubs.notice(healthy.channel, task_id)
        await clubs.trouble(down, "other")
        await clubs.trouble(refusing, "auth")
        word = await sandbox.discord.wait_for(lambda: clubs.direct.messages, TIMEOUT, "the word")
        assert refusing.key[-4:] in word[0].content
        assert refusing.guild.name in word[0].content
        for club in (down, refusing, slow):
            assert sandbox.notices(SONG, club.channel) == []
        down.relay.end_outage()
        gate.set()
        await clubs.replace_key(refusing, key_of(refusing.host, 2))
        for club, title in zip(clubs.clubs, TITLES, strict=True):
            assert title in str((await clubs.notice(club.channel)).payload())
        assert len(clubs.direct.messages) == 1
        for club in clubs.clubs:
            assert len(sandbox.notices(SONG, club.channel)) == 1


async def test_a_disconnection_ends_watches_and_deletes_the_key(two_clubs: Clubs) -> None:
    """With one message about each task, and no copy of the key in any file of the database."""
    club, neighbour = two_clubs.clubs
    club.relay.add(song(OTHER_SONG, takes=SONG_LENGTH))
    await two_clubs.watch(club, SONG)
    await two_clubs.watch(club, OTHER_SONG)
    await two_clubs.watch(neighbour)
    key, kept = encrypted_keys(two_clubs.database)
    assert two_clubs.key_files([key]) != []
    panel = await two_clubs.panel(channel=club.channel)
    await two_clubs.press(panel, "account:server:disconnect")
    assert ENGLISH.text("account-disconnect-watches", count=2) in shown_text(panel)
    await two_clubs.press(panel, "account:server:confirm")
    assert ENGLISH.text("account-disconnected", count=2) in shown_text(panel)
    assert two_clubs.key_files([key]) == []
    assert encrypted_keys(two_clubs.database) == [kept]
    club.relay.clock.advance(LONGER)
    for task_id in (SONG, OTHER_SONG):
        assert "was disconnected" in str((await two_clubs.notice(club.channel, task_id)).payload())
    await two_clubs.restart()
    neighbour.relay.clock.advance(LONGER)
    assert TITLES[1] in str((await two_clubs.notice(neighbour.channel)).payload())
    for task_id in (SONG, OTHER_SONG):
        assert len(two_clubs.sandbox.notices(task_id, club.channel)) == 1


@pytest.mark.parametrize("is_running", [True, False], ids=["running", "stopped meanwhile"])
async def test_a_server_that_removes_the_bot_takes_its_key_with_it(
    two_clubs: Clubs, is_running: bool
) -> None:
    """What Ada watches with it in direct messages is told there, once; the neighbour goes on."""
    club, neighbour = two_clubs.clubs
    sandbox = two_clubs.sandbox
    await two_clubs.watch(club, private=True)
    await two_clubs.watch(neighbour)
    key, kept = encrypted_keys(two_clubs.database)
    if not is_running:
        await two_clubs.kill()
    club.guild.remove_bot()
    if not is_running:
        await two_clubs.bot.start()
    assert "was disconnected" in str((await two_clubs.notice(two_clubs.direct)).payload())
    assert two_clubs.key_files([key]) == []
    assert encrypted_keys(two_clubs.database) == [kept]
    neighbour.relay.clock.advance(LONGER)
    assert TITLES[1] in str((await two_clubs.notice(neighbour.channel)).payload())
    assert len(sandbox.notices(SONG, two_clubs.direct)) == 1
