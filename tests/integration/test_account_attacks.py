"""Nobody connects or disconnects a relay account that is not theirs to change, however they try."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from yarl import URL

from bot.app import BotParts
from bot.i18n.catalog import catalog_for
from bot.storage.models import AccountOwner
from sandbox.discord import ActionUnavailable, Message
from sandbox.relay import LocalRelay
from tests.support.account_panels import AccountPanels
from tests.support.sandbox_session import open_sandbox, running_built_bot
from tests.support.settings_panel import shown_text

ENGLISH = catalog_for("en")
KEY, OTHER_KEY = "sk-of-the-club-0123456789-7a1b", "sk-of-the-club-9876543210-9c3d"
HOST = "api.deerapi.com"


@dataclass(frozen=True)
class Place(AccountPanels):
    """A server that Ada and Cleo manage, and a relay."""

    relay: LocalRelay
    bot: BotParts

    @property
    def owner(self) -> AccountOwner:
        """Whose account that of the server is."""
        return AccountOwner(guild_id=self.sandbox.guild.id)

    async def is_connected(self, owner: AccountOwner | None = None) -> bool:
        """Whether an account is stored, by default that of the server."""
        return await self.bot.client.services.accounts.of(owner or self.owner) is not None

    async def connect(self) -> Message:
        """Let Ada connect the account of the server; return the panel."""
        panel = await self.enter_key(await self.panel(), "deerapi", key=KEY)
        assert await self.is_connected()
        return panel


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """Yield a server with a running bot."""
    async with open_sandbox(tmp_path) as sandbox, LocalRelay(key=KEY) as relay:
        sandbox.guild.add_member(sandbox.ada, permissions=("manage_guild",))
        port = URL(relay.base_url).port
        assert port is not None
        async with running_built_bot(sandbox, relay_hosts={HOST: port}) as bot:
            yield Place(sandbox, relay, bot)


async def test_a_modal_that_is_sent_after_the_bot_was_removed_connects_nothing(
    place: Place,
) -> None:
    """Also if Ada has installed the bot for herself: it would not see that the server leaves."""
    sandbox = place.sandbox
    sandbox.ada.installed = True
    opened = await place.press(await place.panel(), "account-connect:server:deerapi")
    sandbox.guild.remove_bot()
    await until_gone(place)
    sent = await sandbox.discord.submit_modal(sandbox.ada, opened, {"key": KEY})
    await sandbox.discord.wait_for(lambda: sent.messages, 120)
    assert sent.messages[0].content == ENGLISH.text("account-server-only")
    assert not await place.is_connected()
    assert place.relay.requests == []


async def test_no_button_of_the_panel_works_after_the_bot_was_removed(place: Place) -> None:
    """In a server where the bot is only a guest."""
    sandbox = place.sandbox
    sandbox.ada.installed = True
    panel = await place.panel()
    sandbox.guild.remove_bot()
    await until_gone(place)
    pressed = await place.press(panel, "account-connect:server:deerapi")
    assert pressed.modal is None
    assert pressed.messages[0].content == ENGLISH.text("account-server-only")


async def test_a_removal_while_discord_is_slow_to_take_the_modal_connects_nothing(
    place: Place,
) -> None:
    """The permission was checked before, and the key is not tested yet."""
    sandbox = place.sandbox
    sandbox.ada.installed = True
    opened = await place.press(await place.panel(), "account-connect:server:deerapi")
    sandbox.discord.faults.add(
        "POST /interactions/{id}/{token}/callback", when="after", delay=3, times=1
    )
    sent = await sandbox.discord.submit_modal(sandbox.ada, opened, {"key": KEY})
    await sandbox.discord.wait_for(lambda: sent.updated_source, 120)
    sandbox.guild.remove_bot()
    await until_gone(place)
    panel = opened.source
    assert panel is not None
    await sandbox.discord.wait_for(lambda: panel.components, 120)
    assert ENGLISH.text("account-error-disconnected") in shown_text(panel)
    assert not await place.is_connected()


async def until_gone(place: Place) -> None:
    """Wait until the bot knows that it was removed."""
    async with asyncio.timeout(120):
        while place.bot.client.get_guild(place.sandbox.guild.id) is not None:  # noqa: ASYNC110 # of a cache
            await asyncio.sleep(0.01)


async def test_a_server_that_removes_the_bot_during_the_test_of_a_key_keeps_none(
    place: Place,
) -> None:
    """The relay answers after the bot is gone."""
    gate = asyncio.Event()
    place.relay.delay = gate.wait
    opened = await place.press(await place.panel(), "account-connect:server:deerapi")
    sent = await place.sandbox.discord.submit_modal(place.sandbox.ada, opened, {"key": KEY})
    async with asyncio.timeout(120):
        await place.relay.wait_for_requests()
    place.sandbox.guild.remove_bot()
    await until_gone(place)
    gate.set()
    panel = opened.source
    assert panel is not None
    await place.sandbox.discord.wait_for(lambda: sent.updated_source and panel.components, 120)
    assert ENGLISH.text("account-error-disconnected") in shown_text(panel)
    assert not await place.is_connected()


async def test_a_panel_that_somebody_else_sees_changes_only_their_own_account(
    place: Place,
) -> None:
    """Panels are private, and Bea's own button never reaches the account of Ada."""
    sandbox = place.sandbox
    own = await place.enter_key(await place.panel("own"), "deerapi", "own", key=KEY)
    with pytest.raises(ActionUnavailable):
        await sandbox.discord.press(sandbox.bea, own, "account:own:disconnect")
    bea = await place.panel("own", sandbox.bea)
    assert ENGLISH.text("account-none-own") in shown_text(bea)
    assert await place.is_connected(AccountOwner(user_id=sandbox.ada.id))


async def test_a_panel_of_one_server_says_nothing_about_another(place: Place) -> None:
    """Who manages both sees each account only in its server."""
    sandbox = place.sandbox
    await place.connect()
    other = sandbox.discord.add_guild("Another Club")
    other.add_member(sandbox.ada, permissions=("manage_guild",))
    panel = await place.panel(channel=other.add_channel("songs"))
    assert ENGLISH.text("account-none-server") in shown_text(panel)
    assert KEY[-4:] not in shown_text(panel)


async def test_two_managers_at_once_leave_one_account(place: Place) -> None:
    """And none after both have confirmed to disconnect it."""
    sandbox = place.sandbox
    cleo = sandbox.discord.add_user("Cleo")
    sandbox.guild.add_member(cleo, permissions=("manage_guild",))
    panels = [await place.connect(), await place.panel(user=cleo)]
    await asyncio.gather(
        place.enter_key(panels[0], "deerapi", key=KEY),
        place.enter_key(panels[1], "deerapi", key=KEY),
    )
    assert await place.is_connected()
    for panel in panels:
        await place.press(panel, "account:server:disconnect")
    await asyncio.gather(*(place.press(each, "account:server:confirm") for each in panels))
    assert not await place.is_connected()


@pytest.mark.parametrize(
    "key",
    [
        "sk-of-a-club\r\nX-Injected: 1",
        "sk-of-a-club\nHost:evil.example",
        "sk-of-a-club\x00-0123456789",
        "sk-of-a-club\u2028-0123456789",
        "ｓｋ-of-a-club-0123456789",
        "sk-of-a-club\t0123456789",
    ],
)
async def test_a_key_cannot_add_a_header(place: Place, key: str) -> None:
    """Nothing is sent to the relay unless the key is one word of printable ASCII."""
    panel = await place.enter_key(await place.panel(), "deerapi", key=key)
    assert ENGLISH.text("account-error-key") in shown_text(panel)
    assert place.relay.requests == []


async def test_attempts_are_counted_across_servers(place: Place) -> None:
    """Five within ten minutes; then nothing is sent, and the answer says when to go on."""
    sandbox = place.sandbox
    for number in range(5):
        await place.enter_key(await place.panel(), "deerapi", key=f"wrong-key-number-{number}")
    sent = len(place.relay.requests)
    other = sandbox.discord.add_guild("Another Club")
    other.add_member(sandbox.ada, permissions=("manage_guild",))
    panel = await place.panel(channel=other.add_channel("songs"))
    await place.enter_key(panel, "deerapi", key=KEY)
    words = re.escape(ENGLISH.text("account-error-attempts", time="AT"))
    assert re.search(words.replace("AT", "<t:[0-9]+:R>"), shown_text(panel))
    assert len(place.relay.requests) == sent
