"""Relay accounts as people connect them: the panel, its modal, and what comes of a key."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from yarl import URL

from bot.i18n.catalog import Catalog, catalog_for
from bot.relay.providers import CUSTOM, KNOWN_RELAYS
from sandbox.discord import Message
from sandbox.relay import LocalRelay, ResponseFormat, song
from sandbox.relay.faults import out_of_quota, server_error
from tests.support.account_panels import AccountPanels
from tests.support.builders import NOON, a_song
from tests.support.histories import ended
from tests.support.sandbox_session import open_sandbox, running_bot, running_built_bot
from tests.support.settings_panel import components_of, shown_text

ENGLISH, CHINESE = catalog_for("en"), catalog_for("zh-CN")
KEY, OTHER_KEY = "a-key-of-the-song-club-7a1b", "another-key-of-the-club-9c3d"
SONG = "a-song-of-this-server"
DEERAPI, HOST, DEAD_HOST = "api.deerapi.com", "relay.example", "nobody.example"


@dataclass(frozen=True)
class Place(AccountPanels):
    """A sandbox whose server can connect a relay of its own, and how Ada does that."""

    relay: LocalRelay
    """The server's, at two hosts."""

    async def connect(
        self, panel: Message, relay: str = "deerapi", owner: str = "server", **values: str
    ) -> Message:
        """Enter a key for a relay, by default the right one; return the panel after the test."""
        return await self.enter_key(panel, relay, owner, **({"key": KEY} | values))


@asynccontextmanager
async def a_place(folder: Path) -> AsyncIterator[Place]:
    """Open a sandbox in which Ada manages the server; no bot runs yet."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(open_sandbox(folder))
        sandbox.guild.add_member(sandbox.ada, permissions=("manage_guild",))
        relay = await stack.enter_async_context(LocalRelay(key=KEY))
        yield Place(sandbox, relay)


def hosts_of(place: Place) -> dict[str, int]:
    """Return the hosts that lead to the server's relay."""
    port = URL(place.relay.base_url).port
    assert port is not None
    return {DEERAPI: port, HOST: port}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """Yield a place with a running bot."""
    async with a_place(tmp_path) as place, running_bot(place.sandbox, relay_hosts=hosts_of(place)):
        yield place


def connected_lines(
    ending: str, relay: str = f"DeerAPI (`{DEERAPI}`)", catalog: Catalog = ENGLISH
) -> str:
    """Return the lines that say that a key works."""
    connected = catalog.text("account-connected", relay=relay)
    return connected + "\n" + catalog.text("account-key", ending=f"`{ending}`")


def problem_line(key: str, host: str = DEERAPI) -> str:
    """Return the line that says why a test failed."""
    return ENGLISH.text(f"account-test-{key}", host=f"`{host}`")


def contents(folder: Path) -> bytes:
    """Return what all files in a folder hold."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


async def test_without_an_account_the_relays_are_offered(place: Place) -> None:
    """There is a button for each known relay, and one for any other; only Ada sees them."""
    panel = await place.panel()
    assert panel.ephemeral
    assert ENGLISH.text("account-none-server") in shown_text(panel)
    labels = {custom_id: one["label"] for custom_id, one in components_of(panel).items()}
    assert list(labels) == [f"account-connect:server:{name}" for name in KNOWN_RELAYS]
    assert labels["account-connect:server:deerapi"] == "DeerAPI"
    assert labels["account-connect:server:custom"] == ENGLISH.text("account-relay-custom")


async def test_a_key_is_tested_and_then_shown_by_its_ending(place: Place) -> None:
    """The panel says which relay and path works, who connected it, and offers changes."""
    panel = await place.connect(await place.panel())
    text = shown_text(panel)
    assert connected_lines("7a1b") in text
    assert ENGLISH.text("account-connected-path", path="`/suno/fetch`") in text
    assert KEY not in text
    text = shown_text(panel := await place.panel())
    assert ENGLISH.text("account-relay", relay=f"DeerAPI (`{DEERAPI}`)") in text
    assert ENGLISH.text("account-key", ending="`7a1b`") in text
    assert f"<@{place.sandbox.ada.id}>" in text
    assert list(components_of(panel)) == [
        "account-connect:server:deerapi",
        "account:server:disconnect",
    ]
    assert KEY not in text


async def test_a_song_of_the_servers_relay_is_watched_to_its_notice(place: Place) -> None:
    """The relay of the operator does not know it."""
    await place.connect(await place.panel())
    place.relay.add(song(SONG, title="Paper Boats"))
    await place.sandbox.use_command("suno watch", place.sandbox.bea, id=SONG)
    place.relay.clock.advance(200)
    assert "Paper Boats" in str((await place.sandbox.wait_for_notice(SONG)).payload())


async def test_the_status_of_a_song_is_not_estimated_by_songs_of_other_accounts(
    tmp_path: Path,
) -> None:
    """Those of the operator take ten minutes; the server's account has had too few so far."""
    usual = ENGLISH.text("card-typical", time=ENGLISH.text("duration-minutes", number=10))
    async with (
        a_place(tmp_path) as place,
        running_built_bot(place.sandbox, relay_hosts=hosts_of(place)) as bot,
    ):
        assert bot.registry.operator is not None
        for number in range(5):
            task = a_song(f"{number}", started_at=NOON, finished_at=NOON + 600)
            await ended(bot.registry.operator.tasks, task, NOON + 900)
        await place.connect(await place.panel())
        place.relay.add(song(SONG))
        place.sandbox.relay.add(song("of-the-operator"))
        shown = await place.sandbox.command_answer("suno status", id="of-the-operator")
        assert usual in str(shown.embeds)
        shown = await place.sandbox.command_answer("suno status", id=SONG)
        assert SONG in str(shown.payload())
        assert usual not in str(shown.embeds)


async def test_any_other_relay_is_connected_by_its_address(place: Place) -> None:
    """A path that does not exist is corrected by the discovery, and the one in use is named."""
    panel = await place.connect(
        await place.panel(), CUSTOM, url=f"https://{HOST}/", path="/elsewhere/fetch"
    )
    text = shown_text(panel)
    assert connected_lines("7a1b", f"`{HOST}`") in text
    assert ENGLISH.text("account-connected-path", path="`/suno/fetch`") in text


async def test_a_relay_is_connected_that_proves_no_path_before_it_shows_a_task(
    place: Place,
) -> None:
    """Its empty batches name no code, so only its single look-up says that it is a relay."""
    place.relay.response_format = ResponseFormat(code=None)
    text = shown_text(await place.connect(await place.panel()))
    assert connected_lines("7a1b") in text
    assert ENGLISH.text("account-connected-path", path="").strip() not in text
    assert ENGLISH.text("account-connected-single") not in text
    place.relay.add(song(SONG, title="Paper Boats"))
    await place.sandbox.use_command("suno watch", place.sandbox.bea, id=SONG)
    place.relay.clock.advance(200)
    assert "Paper Boats" in str((await place.sandbox.wait_for_notice(SONG)).payload())


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"key": OTHER_KEY}, problem_line("auth")),
        ({"key": "short"}, ENGLISH.text("account-error-key")),
        ({"key": "two words of a key"}, ENGLISH.text("account-error-key")),
        ({"url": "http://relay.example"}, ENGLISH.text("account-error-address")),
        ({"url": "https://relay.example:8443"}, ENGLISH.text("account-error-address")),
        ({"url": "relay"}, ENGLISH.text("account-error-address")),
        ({"url": f"https://{DEAD_HOST}"}, problem_line("unavailable", DEAD_HOST)),
    ],
)
async def test_what_cannot_work_is_explained_and_not_stored(
    place: Place, values: dict[str, str], problem: str
) -> None:
    """The relays are offered again, and what was entered is not repeated."""
    relay = CUSTOM if "url" in values else "deerapi"
    panel = await place.connect(await place.panel(), relay, **values)
    text = shown_text(panel)
    assert problem in text
    assert ENGLISH.text("account-nothing-stored") in text
    assert values.get("key", KEY) not in text
    assert ENGLISH.text("account-none-server") in shown_text(await place.panel())


async def test_an_address_that_is_no_relay_is_recognized(place: Place) -> None:
    """A web page answers every request."""
    place.relay.faults.add(server_error(200))
    panel = await place.connect(await place.panel())
    assert problem_line("no-relay") in shown_text(panel)


async def test_an_account_without_credit_is_recognized(place: Place) -> None:
    """The relay says so to the free look-up."""
    place.relay.faults.add(out_of_quota())
    panel = await place.connect(await place.panel())
    assert problem_line("quota") in shown_text(panel)


async def test_a_key_is_replaced_only_by_one_that_works(place: Place) -> None:
    """The old key stays if the new one is refused, and tasks go on with the new one."""
    panel = await place.connect(await place.panel())
    place.relay.add(song(SONG, takes=100))
    await place.sandbox.use_command("suno watch", id=SONG)
    await place.connect(panel, key=OTHER_KEY)
    assert ENGLISH.text("account-kept") in shown_text(panel)
    assert ENGLISH.text("account-key", ending="`7a1b`") in shown_text(panel)
    place.relay.key = OTHER_KEY
    await place.connect(panel, key=OTHER_KEY)
    assert connected_lines("9c3d") in shown_text(panel)
    place.relay.clock.advance(200)
    await place.sandbox.wait_for_notice(SONG)


async def test_replacing_the_key_of_another_relay_fills_in_its_address(place: Place) -> None:
    """Only the key has to be entered again."""
    panel = await place.connect(await place.panel(), CUSTOM, url=f"https://{HOST}")
    place.relay.key = OTHER_KEY
    opened = await place.press(panel, "account-connect:server:custom")
    await place.submit(opened, key=OTHER_KEY)
    assert connected_lines("9c3d", f"`{HOST}`") in shown_text(panel)


async def test_a_disconnection_asks_first_and_ends_the_watches(place: Place) -> None:
    """The question says how many end; each is told in one message, and the key is gone."""
    panel = await place.connect(await place.panel())
    place.relay.add(song(SONG, takes=100))
    for user in (place.sandbox.ada, place.sandbox.bea):
        await place.sandbox.use_command("suno watch", user, id=SONG)
    await place.press(panel, "account:server:disconnect")
    assert ENGLISH.text("account-disconnect-watches", count=2) in shown_text(panel)
    await place.press(panel, "account:server:show")
    assert ENGLISH.text("account-key", ending="`7a1b`") in shown_text(panel)
    await place.press(panel, "account:server:disconnect")
    await place.press(panel, "account:server:confirm")
    assert ENGLISH.text("account-disconnected", count=2) in shown_text(panel)
    assert ENGLISH.text("account-none-server") in shown_text(await place.panel())
    await place.sandbox.wait_for_notice(SONG)
    assert len(place.sandbox.notices(SONG)) == 1


async def test_who_may_no_longer_manage_the_server_is_refused(place: Place) -> None:
    """Each button and the modal check the permission again, and nothing changes."""
    ada, refusal = place.sandbox.ada, ENGLISH.text("settings-not-yours")
    panel = await place.panel()
    opened = await place.press(panel, "account-connect:server:deerapi")
    place.sandbox.guild.add_member(ada, permissions=())
    assert (await place.submit(opened, key=KEY)).messages[0].content == refusal
    pressed = await place.press(panel, "account-connect:server:deerapi")
    assert pressed.messages[0].content == refusal
    place.sandbox.guild.add_member(ada, permissions=("manage_guild",))
    await place.connect(panel)
    place.sandbox.guild.add_member(ada, permissions=())
    pressed = await place.press(panel, "account:server:disconnect")
    assert pressed.messages[0].content == refusal
    place.sandbox.guild.add_member(ada, permissions=("manage_guild",))
    assert ENGLISH.text("account-key", ending="`7a1b`") in shown_text(await place.panel())


async def test_the_panel_names_nobody_who_was_forgotten(place: Place) -> None:
    """The account of the server stays."""
    await place.connect(await place.panel())
    asked = await place.sandbox.command_answer("suno forget")
    await place.press(asked, f"forget:delete:{place.sandbox.ada.id}")
    await place.sandbox.discord.wait_for(lambda: not asked.components)
    text = shown_text(await place.panel())
    assert ENGLISH.text("account-key", ending="`7a1b`") in text
    assert "<@" not in text


async def test_a_users_own_account_is_used_in_direct_messages(place: Place) -> None:
    """It belongs to the user alone: neither the server nor another user has it."""
    bea = place.sandbox.bea
    dm = place.sandbox.discord.open_dm(bea)
    panel = await place.connect(await place.panel("own", bea, dm), owner="own")
    assert connected_lines("7a1b") in shown_text(panel)
    assert ENGLISH.text("account-use-own") in shown_text(panel)
    place.relay.add(song(SONG))
    asked = await place.sandbox.discord.command(bea, dm, "suno watch", id=SONG)
    await asked.wait_for_answer(timeout=120)
    place.relay.clock.advance(200)
    await place.sandbox.wait_for_notice(SONG, dm)
    assert ENGLISH.text("account-none-own") in shown_text(await place.panel("own"))
    assert ENGLISH.text("account-none-server") in shown_text(await place.panel())


async def test_everything_is_said_in_chinese(place: Place) -> None:
    """To a user whose Discord is Chinese."""
    mei = place.sandbox.discord.add_user("梅", locale="zh-CN")
    place.sandbox.guild.add_member(mei, permissions=("manage_guild",))
    panel = await place.panel(user=mei)
    assert CHINESE.text("account-none-server") in shown_text(panel)
    opened = await place.press(panel, "account-connect:server:deerapi")
    assert opened.modal is not None
    assert opened.modal["title"] == CHINESE.text("account-modal-title", relay="DeerAPI")
    await place.submit(opened, key=KEY)
    assert connected_lines("7a1b", catalog=CHINESE) in shown_text(panel)
    await place.press(panel, "account:server:disconnect")
    await place.press(panel, "account:server:confirm")
    assert CHINESE.text("account-disconnected", count=0) in shown_text(panel)


async def test_a_modal_that_was_open_during_a_restart_works(tmp_path: Path) -> None:
    """The bot keeps nothing about it in memory."""
    async with a_place(tmp_path) as place:
        async with running_bot(place.sandbox, relay_hosts=hosts_of(place)):
            panel = await place.panel()
            opened = await place.press(panel, "account-connect:server:deerapi")
        async with running_bot(place.sandbox, relay_hosts=hosts_of(place)):
            await place.submit(opened, key=KEY)
            assert connected_lines("7a1b") in shown_text(panel)


async def test_without_an_encryption_key_the_command_says_so(tmp_path: Path) -> None:
    """An account that was connected before can still be disconnected."""
    async with a_place(tmp_path) as place:
        async with running_bot(place.sandbox, relay_hosts=hosts_of(place)):
            await place.connect(await place.panel())
        async with running_bot(place.sandbox, encryption_key=""):
            own = await place.panel("own")
            assert ENGLISH.text("account-error-disabled") in shown_text(own)
            assert components_of(own) == {}
            panel = await place.panel()
            assert ENGLISH.text("account-trouble-disabled") in shown_text(panel)
            await place.press(panel, "account:server:disconnect")
            await place.press(panel, "account:server:confirm")
            assert ENGLISH.text("account-disconnected", count=0) in shown_text(panel)


async def test_a_refused_key_is_shown_in_the_panel_and_on_the_health_page(place: Place) -> None:
    """Both say what a manager can do."""
    panel = await place.connect(await place.panel())
    place.relay.add(song(SONG, takes=100))
    await place.sandbox.use_command("suno watch", id=SONG)
    place.relay.key = OTHER_KEY
    under_a_minute = ENGLISH.text("health-minutes", count=0)
    problem = ENGLISH.text("health-relay-server-auth", time=under_a_minute)

    async def health() -> str:
        page = await place.sandbox.command_answer("suno-settings health")
        return str(page.embeds[0]["description"])

    while problem not in await health():
        pass  # each page is a request to the bot, which goes on meanwhile
    await place.press(panel, "account:server:disconnect")
    await place.press(panel, "account:server:show")
    trouble = ENGLISH.text("account-trouble-auth", time="").split("(")[0]
    assert trouble in shown_text(panel)
