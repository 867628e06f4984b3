import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest

from sandbox.page import PageServer, PageState, RelayControls
from sandbox.page.browser_json import browser_json
from sandbox.page.command_list import menu_commands, slash_commands
from sandbox.page.page_state import MEDIA_URL
from sandbox.relay import LocalRelay
from tests.support.sandbox_client import ClientHarness, connected_client

Payload = dict[str, Any]


class PageClient:
    """The WebSocket of a page, without the page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, page: PageState) -> None:
        self._socket = socket
        self.page = page
        self.events: list[Payload] = []

    async def request(self, what: str, **details: Any) -> Any:
        """Send a request; return the response. Raises LookupError if it is refused."""
        await self._socket.send_json({"ref": 1, "do": what, **details})
        answer = await self._next(lambda frame: frame.get("ref") == 1)
        if "error" in answer:
            raise LookupError(answer["error"])
        return answer["result"]

    async def event(self, event: str, holds: Callable[[Payload], object] = bool) -> Payload:
        """Return the next event of a kind, also one that arrived earlier."""
        for known in self.events:
            if known["event"] == event and holds(known):
                self.events.remove(known)
                return known
        return await self._next(lambda frame: frame.get("event") == event and holds(frame))

    async def _next(self, wanted: Callable[[Payload], object]) -> Payload:
        async with asyncio.timeout(120):
            while True:
                frame: Payload = await self._socket.receive_json()
                if wanted(frame):
                    return frame
                if "event" in frame:
                    self.events.append(frame)


@asynccontextmanager
async def connect_page(harness: ClientHarness) -> AsyncIterator[PageClient]:
    """Connect a client to a page with two users."""
    friend = harness.local.add_user("friend", "zh-CN")
    harness.guild.add_member(friend)
    relay = LocalRelay()
    users, server_relay = [harness.ada, friend], RelayControls(LocalRelay(key="sk-of-the-server"))
    state = PageState(harness.local, RelayControls(relay), users, server_relay=server_relay)
    async with (
        relay,
        PageServer(state) as server,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.url}socket", headers={"Origin": server.url[:-1]}) as socket,
    ):
        client = PageClient(socket, state)
        await client.event("snapshot")
        yield client


@pytest.fixture
async def harness() -> AsyncIterator[ClientHarness]:
    """Return a Discord with a bot whose answers each test sets itself."""
    async with connected_client() as harness:
        await harness.local.wait_until_commands()
        yield harness


@pytest.fixture
async def client(harness: ClientHarness) -> AsyncIterator[PageClient]:
    """Return a client to the page of that club."""
    async with connect_page(harness) as client:
        yield client


async def test_typed_text_is_posted(harness: ClientHarness, client: PageClient) -> None:
    """It is posted by the current user; empty and too long texts are refused."""
    place = str(harness.songs.id)
    await client.request("send_message", channel=place, text=" hello ")
    frame = await client.event("message")
    assert frame["message"]["content"] == "hello"
    assert frame["message"]["author"] == str(harness.ada.id)
    for text in (" ", "x" * 2001):
        with pytest.raises(LookupError, match="1 to 2000"):
            await client.request("send_message", channel=place, text=text)


def test_snowflakes_are_text_for_a_browser() -> None:
    """A number of JavaScript would round them; other numbers stay what they are."""
    channel = 1323804664033968135
    component = {"default_values": [{"id": channel, "type": "channel"}], "max_values": 25}
    sent = browser_json({"message": {"components": [component], "ephemeral": True, "at": 1.5}})
    (shown,) = json.loads(sent)["message"]["components"]
    assert shown["default_values"] == [{"id": str(channel), "type": "channel"}]
    assert (shown["max_values"], json.loads(sent)["message"]["ephemeral"]) == (25, True)


async def test_no_frame_contains_a_number_that_a_browser_would_round(
    harness: ClientHarness, client: PageClient
) -> None:
    """The channel that a menu has chosen already is sent as text."""
    view = discord.ui.View()
    chosen = discord.SelectDefaultValue(
        id=harness.songs.id, type=discord.SelectDefaultValueType.channel
    )
    view.add_item(discord.ui.ChannelSelect(default_values=[chosen]))
    await harness.bot.get_partial_messageable(harness.songs.id).send("Where?", view=view)
    frame = await client.event("message", lambda frame: frame["message"]["components"])
    assert not re.search(r"(?<![\"\d.])\d{16,}", json.dumps(frame))
    assert str(harness.songs.id) in json.dumps(frame["message"]["components"])


async def test_the_page_lists_the_registered_commands(
    harness: ClientHarness, client: PageClient
) -> None:
    """Subcommands are listed separately with their options, and menu commands apart."""
    offered = await client.request("available_commands", channel=str(harness.songs.id))
    assert [one["path"] for one in offered["slash"]] == ["suno status", "suno everything"]
    assert [one["name"] for one in offered["slash"][0]["options"]] == ["id", "count", "public"]
    assert offered["menu"] == [{"path": "Watch Suno tasks", "name": "Watch Suno tasks"}]


def test_commands_are_listed_in_the_language_of_the_user() -> None:
    """Names, descriptions and choices are translated as far as the bot provides it."""
    choice = {"name": "calm", "value": 1, "name_localizations": {"zh-CN": "平静"}}
    option = {"name": "mood", "type": 3, "description": "How", "choices": [choice]}
    status = {"name": "status", "type": 1, "description": "x", "options": [option]}
    status["description_localizations"] = {"zh-CN": "进度"}
    command = {"name": "suno", "type": 1, "options": [status]}
    (chinese,) = slash_commands([command], "zh-CN")
    (english,) = slash_commands([command], "en-US")
    assert (chinese["name"], chinese["description"]) == ("suno status", "进度")
    assert english["description"] == "x"
    assert chinese["options"][0]["choices"] == [{"name": "平静", "value": 1}]
    menu = {"name": "Watch", "type": 3, "name_localizations": {"zh-CN": "关注"}}
    assert menu_commands([menu], "zh-CN") == [{"path": "Watch", "name": "关注"}]


async def test_options_reach_the_bot_with_their_type(
    harness: ClientHarness, client: PageClient
) -> None:
    """Numbers, booleans, users, roles and channels are converted from the page's texts."""

    async def respond(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(str(vars(interaction.namespace)))

    harness.bot.answer = respond
    role = harness.guild.add_role("crew")
    given = [("id", 3, "abc"), ("count", 4, "2"), ("public", 5, "true")]
    options = [{"name": name, "type": kind, "value": value} for name, kind, value in given]
    await client.request(
        "command", channel=str(harness.songs.id), name="suno status", options=options
    )
    frame = await client.event("message")
    assert frame["message"]["content"] == "{'id': 'abc', 'count': 2, 'public': True}"
    assert frame["message"]["used"] == {"by": str(harness.ada.id), "name": "/suno status"}
    given = [
        *(("channel", 7, str(harness.songs.id)), ("user", 6, str(harness.ada.id))),
        *(("role", 8, str(role.id)), ("mood", 3, "calm")),
    ]
    options = [{"name": name, "type": kind, "value": value} for name, kind, value in given]
    await client.request(
        "command", channel=str(harness.songs.id), name="suno everything", options=options
    )
    assert "calm" in (await client.event("message"))["message"]["content"]


async def test_an_unknown_command_is_refused(harness: ClientHarness, client: PageClient) -> None:
    """The error is worded as in Discord's own client."""
    with pytest.raises(LookupError, match="no subcommand"):
        await client.request("command", channel=str(harness.songs.id), name="suno sing")


async def test_autocomplete_choices_are_requested_from_the_bot(
    harness: ClientHarness, client: PageClient
) -> None:
    """The request contains the typed text and the options that are filled in."""
    harness.bot.choices = [discord.app_commands.Choice(name="Boats", value="1")]
    typed = {"channel": str(harness.songs.id), "name": "suno status", "option": "id", "text": "Bo"}
    others = [{"name": "count", "type": 4, "value": "2"}]
    choices = await client.request("autocomplete", **typed, others=others)
    assert choices == [{"name": "Boats", "value": "1"}]


async def test_presses_choices_and_modals_reach_the_bot(
    harness: ClientHarness, client: PageClient
) -> None:
    """A modal that answers a press is sent only to the client that pressed."""

    class Form(discord.ui.Modal, title="Words"):
        words: discord.ui.TextInput["Form"] = discord.ui.TextInput(label="Words")

    async def answer(interaction: discord.Interaction) -> None:
        data: Any = interaction.data
        if data.get("custom_id") == "ask":
            await interaction.response.send_modal(Form(custom_id="form"))
        else:
            await interaction.response.send_message(f"{data['custom_id']} {data.get('values')}")

    harness.bot.answer = answer
    button = {"type": 2, "style": 1, "label": "Ask", "custom_id": "ask"}
    who = {"type": 5, "custom_id": "who"}
    rows = [{"type": 1, "components": [one]} for one in (button, who)]
    await harness.post(content="?", components=rows)
    message = (await client.event("message"))["message"]["id"]
    await client.request("press", message=message, id="ask")
    shown = await client.event("modal")
    (field,) = shown["modal"]["components"][0]["components"]
    values = {field["custom_id"]: "la"}
    await client.request("submit", interaction=shown["interaction"], values=values)
    assert "form" in (await client.event("message"))["message"]["content"]
    await client.request("select", message=message, id="who", values=[str(harness.ada.id)])
    assert str(harness.ada.id) in (await client.event("message"))["message"]["content"]


async def test_an_ephemeral_message_is_for_one_and_can_be_dismissed(
    harness: ClientHarness, client: PageClient
) -> None:
    """Another user's snapshot does not contain it, and dismissing it is permanent."""

    async def whisper(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("psst", ephemeral=True)

    harness.bot.answer = whisper
    option = {"name": "id", "type": 3, "value": "x"}
    await client.request(
        "command", channel=str(harness.songs.id), name="suno status", options=[option]
    )
    identity = (await client.event("message"))["message"]["id"]
    me, other = client.page.users
    await client.request("switch_user", user=str(other.id))
    assert (await client.event("snapshot"))["messages"] == []
    with pytest.raises(LookupError, match="not there"):
        await client.request("dismiss", message=identity)
    await client.request("switch_user", user=str(me.id))
    assert [one["id"] for one in (await client.event("snapshot"))["messages"]] == [identity]
    await client.request("dismiss", message=identity)
    assert (await client.event("removed"))["id"] == identity
    await client.request("switch_user", user=str(me.id))
    assert (await client.event("snapshot"))["messages"] == []


async def test_a_menu_command_gets_its_message(harness: ClientHarness, client: PageClient) -> None:
    """The bot gets the message on which the command was used."""

    async def respond(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(interaction.extras["message"].content.upper())

    harness.bot.answer = respond
    sent = harness.local.send_message(harness.ada, harness.songs, "look")
    await client.request("menu", message=str(sent.id), name="Watch Suno tasks")
    frame = await client.event("message", lambda one: one["message"]["content"] == "LOOK")
    assert frame["message"]["used"]["name"] == "Watch Suno tasks"


async def test_a_permission_can_be_removed_and_restored(
    harness: ClientHarness, client: PageClient
) -> None:
    """Every page gets the change; unlisted permissions cannot be changed."""
    place = str(harness.songs.id)
    for allowed in (False, True):
        await client.request("set_permission", channel=place, name="send_messages", allowed=allowed)
        frame = await client.event("channels")
        assert frame["channels"][0]["may"]["send_messages"] is allowed
    with pytest.raises(LookupError, match="cannot be changed"):
        await client.request("set_permission", channel=place, name="administrator", allowed=True)


async def test_the_tasks_of_the_relay_are_shown_until_they_end(client: PageClient) -> None:
    """The page shows a task by the relay's clock, with links to the page."""
    task_id = await client.request("task", kind="song")
    began = await client.event("relay", lambda one: one["relay"]["tasks"])
    assert began["relay"]["tasks"][0]["status"] == "NOT_START"
    await client.request("advance", seconds=60)
    ended = await client.event("relay", lambda one: one["relay"]["tasks"][0]["ended"])
    (task,) = ended["relay"]["tasks"]
    assert (task["id"], task["status"], task["percent"]) == (task_id, "SUCCESS", 100)
    ((life, submitted),) = client.page.relays["operator"].relay.tasks
    frame = str(life.at(submitted + 60, submitted_at=submitted))
    assert f"{MEDIA_URL}/" in frame
    assert "suno.ai" not in frame
    with pytest.raises(LookupError, match="forward"):
        await client.request("advance", seconds=-1)


async def test_the_relay_of_the_server_has_tasks_and_faults_of_its_own(client: PageClient) -> None:
    """The page shows both relays, and time passes at both."""
    theirs = client.page.relays["operator"]
    await client.request("task", kind="song", account="server")
    await client.request("relay", fault="429", account="server")
    await client.request("advance", seconds=60)
    shown = await client.event(
        "relay",
        lambda one: one["account"] == "server" and any(t["ended"] for t in one["relay"]["tasks"]),
    )
    assert (shown["relay"]["key"], shown["relay"]["fault"]) == ("sk-of-the-server", "429")
    assert (theirs.relay.tasks, theirs.fault) == ([], "none")
    with pytest.raises(LookupError):
        await client.request("task", kind="song", account="nobody's")


async def test_the_bot_is_removed_from_the_server_and_invited_again(
    harness: ClientHarness, client: PageClient
) -> None:
    """Every page is told."""
    for invited in (False, True):
        await client.request("membership", invited=invited)
        assert (await client.event("membership"))["invited"] is invited
        assert harness.guild.has_bot is invited


@pytest.mark.parametrize(("fault", "status"), [("429", 429), ("502", 502), ("html", 200)])
async def test_a_relay_fault_lasts_until_it_is_cleared(
    client: PageClient, fault: str, status: int
) -> None:
    """Every page gets the state of the fault."""
    address = f"{client.page.relays['operator'].relay.base_url}/suno/fetch"
    async with aiohttp.ClientSession() as session:
        await client.request("relay", fault=fault)
        async with session.post(address) as answer:
            assert answer.status == status
        assert (await client.event("relay", lambda one: one["relay"]["requests"]))["relay"][
            "fault"
        ] == fault
        await client.request("relay", fault="down")
        with pytest.raises(aiohttp.ClientError):
            await session.post(address)
        await client.request("relay", fault="none")
        async with session.post(address) as answer:
            assert answer.content_type == "application/json"


async def test_a_missing_answer_is_reported_to_the_page(
    harness: ClientHarness, client: PageClient
) -> None:
    """The error comes three seconds after the command, as in Discord."""

    async def sleep(interaction: discord.Interaction) -> None:
        del interaction

    harness.bot.answer = sleep
    option = {"name": "id", "type": 3, "value": "x"}
    await client.request(
        "command", channel=str(harness.songs.id), name="suno status", options=[option]
    )
    assert (await client.event("unanswered"))["used"] == "/suno status"


@pytest.mark.parametrize(
    ("fault", "status", "charges"),
    [("moderation", 400, 0), ("credit", 403, 0), ("lost", None, 1), ("none", 200, 1)],
)
async def test_the_page_shows_what_becomes_of_a_request_to_create(
    client: PageClient, fault: str, status: int | None, charges: int
) -> None:
    """What it asked for, whether it was charged, and how many were; look-ups work as before."""
    relay = client.page.relays["operator"].relay
    await client.request("submissions", fault=fault)
    song = {"gpt_description_prompt": f"boats\n{'at the quay ' * 20}", "mv": "chirp-v4"}
    key = {"Authorization": f"Bearer {relay.key}"}
    async with aiohttp.ClientSession(relay.base_url, headers=key) as session:
        if status is None:
            with pytest.raises(aiohttp.ClientError):
                await session.post("/suno/submit/music", json=song)
        else:
            async with session.post("/suno/submit/music", json=song) as answer:
                assert answer.status == status
        async with session.post("/suno/fetch", json={"ids": []}) as answer:
            assert answer.status == 200
    shown = (await client.event("relay", lambda one: one["relay"]["submission"]))["relay"]
    assert (shown["charges"], shown["submissionFault"]) == (charges, fault)
    assert (shown["submission"]["kind"], shown["submission"]["charged"]) == ("music", charges == 1)
    body = shown["submission"]["body"]
    assert body["mv"] == "chirp-v4"
    assert body["gpt_description_prompt"].startswith("boats at the quay")
    assert body["gpt_description_prompt"].endswith("…")
    assert f"{MEDIA_URL}/" in str(relay.tasks) or not charges


async def test_a_fault_of_requests_to_create_stays_with_another_fault(client: PageClient) -> None:
    """Each is switched on and off by itself."""
    relay = client.page.relays["operator"].relay
    await client.request("submissions", fault="slow")
    assert relay.submissions.answer_delay > 0
    await client.request("submissions", fault="moderation")
    assert relay.submissions.answer_delay == 0
    for fault in ("down", "none"):
        await client.request("relay", fault=fault)
    key = {"Authorization": f"Bearer {relay.key}"}
    async with (
        aiohttp.ClientSession(relay.base_url, headers=key) as session,
        session.post("/suno/submit/lyrics", json={"prompt": "boats"}) as answer,
    ):
        assert answer.status == 400
    with pytest.raises(LookupError, match="no such fault"):
        await client.request("submissions", fault="unheard-of")
