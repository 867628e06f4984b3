"""What becomes of relay accounts by events in Discord, and what people are told about it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import discord
import pytest
from pydantic import SecretStr
from yarl import URL

from bot.accounts.credit import CreditMonitor
from bot.accounts.service import NewAccount
from bot.app import BotParts
from bot.delivery.account_messages import AccountMessages
from bot.i18n.catalog import catalog_for
from bot.relay.errors import ErrorKind
from bot.storage.models import AccountOwner, Destination, RelayAccount, WatchRequest
from sandbox.discord import Channel
from sandbox.relay import LocalRelay, song
from tests.support.account_harness import HOST, until
from tests.support.sandbox_session import SandboxSession, running_built_bot

ENGLISH = catalog_for("en-US")
KEY, OTHER_KEY = "sk-a-key-of-the-club-7a1b", "sk-another-key-of-it-9c3d"
SONG = "a-song-of-the-club"
POST = "POST /channels/{id}/messages"


@dataclass(frozen=True)
class Club:
    """A bot, and a server with a relay of its own."""

    sandbox: SandboxSession
    bot: BotParts
    relay: LocalRelay

    @property
    def owner(self) -> AccountOwner:
        """Whose account the server's is."""
        return AccountOwner(guild_id=self.sandbox.guild.id)

    @property
    def direct(self) -> Channel:
        """Ada's direct messages with the bot."""
        return self.sandbox.discord.open_dm(self.sandbox.ada)

    async def connect(self, owner: AccountOwner | None = None, key: str = KEY) -> RelayAccount:
        """Let Ada connect an account, by default the server's."""
        connected = await self.bot.client.services.accounts.connect(
            owner or self.owner,
            NewAccount("custom", f"https://{HOST}", "", SecretStr(key)),
            user_id=self.sandbox.ada.id,
            locale="en-US",
        )
        return connected.account

    async def watch_directly(self) -> None:
        """Let Ada watch the song in her direct messages, with what she may use in the server."""
        await self.bot.client.services.watchlist.add(
            [SONG],
            WatchRequest(self.sandbox.ada.id, Destination(self.direct.id, locale="en-US")),
            caller_guild_id=self.sandbox.guild.id,
        )

    async def notice_a_refused_key(self, account: RelayAccount) -> None:
        """Wait until the relay has refused the key, and let the bot notice that."""
        connection = await self.bot.registry.by_id(account.id)
        assert connection is not None

        async def is_refused() -> bool:
            return connection.client.circuit_status.cause is ErrorKind.AUTH

        await until(is_refused)
        await self.bot.registry.tick()


@asynccontextmanager
async def open_club(sandbox: SandboxSession, relay: LocalRelay) -> AsyncIterator[Club]:
    """Run the bot."""
    port = URL(relay.base_url).port
    assert port is not None
    async with running_built_bot(sandbox, relay_hosts={HOST: port}) as bot:
        yield Club(sandbox, bot, relay)


def share_another_server(sandbox: SandboxSession) -> None:
    """Let Ada be in another server with the bot, or Discord takes no direct message to her."""
    sandbox.discord.add_guild("Another Club").add_member(sandbox.ada)


@pytest.fixture
async def relay() -> AsyncIterator[LocalRelay]:
    """Yield the relay of the club, with a song."""
    async with LocalRelay(key=KEY) as relay:
        relay.add(song(SONG, title="Paper Boats", takes=300))
        yield relay


async def test_removing_the_bot_is_told_where_something_was_watched(
    sandbox: SandboxSession, relay: LocalRelay
) -> None:
    """In one direct message; the key is deleted."""
    share_another_server(sandbox)
    async with open_club(sandbox, relay) as club:
        await club.connect()
        await club.watch_directly()
        sandbox.guild.remove_bot()
        notice = await sandbox.wait_for_notice(SONG, club.direct)
        assert "disconnected" in str(notice.payload())
        assert len(club.direct.messages) == 1
        assert await club.bot.client.services.accounts.of(club.owner) is None
        assert [each.account for each in club.bot.registry.connections] == ["custom"]


async def test_a_removal_while_the_bot_was_away_deletes_the_key_at_the_next_start(
    sandbox: SandboxSession, relay: LocalRelay
) -> None:
    """Though Discord only leaves the server out of its list, and other data stay for a day."""
    share_another_server(sandbox)
    async with open_club(sandbox, relay) as club:
        await club.connect()
        await club.watch_directly()
    sandbox.guild.remove_bot()
    async with open_club(sandbox, relay) as club:
        await sandbox.wait_for_notice(SONG, club.direct)
        assert await club.bot.client.services.accounts.of(club.owner) is None
        assert [each.account for each in club.bot.registry.connections] == ["custom"]


async def test_who_connected_a_refused_key_gets_one_direct_message(
    sandbox: SandboxSession, relay: LocalRelay
) -> None:
    """Also over restarts; the watch waits, and is told when there is a new key."""
    async with open_club(sandbox, relay) as club:
        account = await club.connect()
        await club.watch_directly()
        relay.key = OTHER_KEY
        relay.clock.advance(400)
        await club.notice_a_refused_key(account)
        (message,) = await sandbox.discord.wait_for(lambda: club.direct.messages, 120, "the word")
        assert KEY[-4:] in message.content
        assert KEY not in message.content
    async with open_club(sandbox, relay) as club:
        await club.notice_a_refused_key(account)
        await club.bot.registry.tick()
        await club.connect(key=OTHER_KEY)
        await sandbox.wait_for_notice(SONG, club.direct)
        assert len(club.direct.messages) == 2


async def test_who_cannot_be_told_of_a_refused_key_is_told_when_discord_works_again(
    sandbox: SandboxSession, relay: LocalRelay
) -> None:
    """The message comes once."""
    async with open_club(sandbox, relay) as club:
        account = await club.connect()
        await club.watch_directly()
        sandbox.discord.faults.add(POST, status=503, times=None)
        relay.key = OTHER_KEY
        await club.notice_a_refused_key(account)
        assert club.direct.messages == []
        sandbox.discord.faults.clear()
        await club.bot.registry.tick()
        await club.bot.registry.tick()
        (message,) = club.direct.messages
        assert KEY[-4:] in message.content


async def test_who_takes_no_direct_messages_is_not_told_again(
    sandbox: SandboxSession, relay: LocalRelay, caplog: pytest.LogCaptureFixture
) -> None:
    """The panel and the health page show the same."""
    async with open_club(sandbox, relay) as club:
        account = await club.connect()
        await club.watch_directly()
        sandbox.discord.faults.add(POST, status=403, code=50007, times=None)
        relay.key = OTHER_KEY
        await club.notice_a_refused_key(account)
        sandbox.discord.faults.clear()
        await club.bot.registry.tick()
        assert club.direct.messages == []
        assert f"Refused key not told: account={account.id} cause=403/50007" in caplog.text


async def test_who_connected_an_account_without_credit_is_told_when_discord_works(
    sandbox: SandboxSession, relay: LocalRelay
) -> None:
    """The message comes once, and names the key by its last characters."""
    async with open_club(sandbox, relay) as club:
        account = await club.connect()
        monitor = CreditMonitor(
            club.bot.client.services.credit, AccountMessages(club.bot.client).tell_no_credit
        )
        sandbox.discord.faults.add(POST, status=503, times=None)
        await monitor.record(account.id, has_credit=False)
        await monitor.tick()
        assert club.direct.messages == []
        sandbox.discord.faults.clear()
        await monitor.tick()
        await monitor.tick()
        (message,) = club.direct.messages
        assert "credit" in message.content
        assert KEY[-4:] in message.content


@pytest.mark.parametrize("is_member", [True, False])
async def test_a_message_names_a_server_that_the_gateway_does_not_send(
    sandbox: SandboxSession, relay: LocalRelay, is_member: bool
) -> None:
    """With several processes it is another's; a server that the bot has left has only an id."""
    share_another_server(sandbox)
    async with open_club(sandbox, relay) as club:
        account = await club.connect()
    if not is_member:
        sandbox.guild.remove_bot()
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(sandbox.discord.token)
        assert await AccountMessages(client).tell_rejected(account)
    (message,) = club.direct.messages
    assert (sandbox.guild.name if is_member else str(sandbox.guild.id)) in message.content


async def test_forgetting_names_and_deletes_the_own_account(
    sandbox: SandboxSession, relay: LocalRelay
) -> None:
    """The question says so before anything is deleted."""
    async with open_club(sandbox, relay) as club:
        own = AccountOwner(user_id=sandbox.ada.id)
        await club.connect(own)
        await club.connect()
        question = await sandbox.command_answer("suno forget")
        assert ENGLISH.text("forget-account", count=1) in question.content
        assert ENGLISH.text("forget-connected-servers", count=1) in question.content
        (row,) = question.components
        pressed = await sandbox.discord.press(
            sandbox.ada, question, row["components"][0]["custom_id"]
        )
        await sandbox.discord.wait_for(lambda: pressed.updated_source, 120, "that it is done")
        assert await club.bot.client.services.accounts.of(own) is None
        assert await club.bot.client.services.accounts.of(club.owner) is not None
