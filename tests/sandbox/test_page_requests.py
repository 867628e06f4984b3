import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest

from sandbox.page import PageServer, RelayControls
from sandbox.page.command_list import menu_commands, slash_commands
from sandbox.page.server import MEDIA
from sandbox.relay import LocalRelay
from tests.support.sandbox_client import ClientHarness, connected_client

Payload = dict[str, Any]


class Line:
    """The WebSocket of a page, without the page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, page: PageServer) -> None:
        self._socket = socket
        self.page = page
        self.events: list[Payload] = []

    async def ask(self, what: str, **details: Any) -> Any:
        """Ask for something; return what comes back. LookupError with what is said against it."""
        await self._socket.send_json({"ref": 1, "do": what, **details})
        answer = await self._next(lambda told: told.get("ref") == 1)
        if "error" in answer:
            raise LookupError(answer["error"])
        return answer["result"]

    async def told(self, event: str, holds: Callable[[Payload], object] = bool) -> Payload:
        """Return the next event of a kind, also one that came meanwhile."""
        for known in self.events:
            if known["event"] == event and holds(known):
                self.events.remove(known)
                return known
        return await self._next(lambda told: told.get("event") == event and holds(told))

    async def _next(self, wanted: Callable[[Payload], object]) -> Payload:
        async with asyncio.timeout(10):
            while True:
                told: Payload = await self._socket.receive_json()
                if wanted(told):
                    return told
                if "event" in told:
                    self.events.append(told)


@asynccontextmanager
async def a_line(harness: ClientHarness) -> AsyncIterator[Line]:
    """Connect to the page of a club."""
    friend = harness.local.add_user("friend", "zh-CN")
    harness.guild.add_member(friend)
    async with (
        LocalRelay() as relay,
        PageServer(harness.local, RelayControls(relay), [harness.ada, friend]) as page,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{page.url}socket", headers={"Origin": page.url[:-1]}) as socket,
    ):
        line = Line(socket, page)
        await line.told("snapshot")
        yield line


@pytest.fixture
async def harness() -> AsyncIterator[ClientHarness]:
    """Return a Discord with a bot whose answers each test sets itself."""
    async with connected_client() as harness:
        await harness.local.wait_until_commands()
        yield harness


@pytest.fixture
async def line(harness: ClientHarness) -> AsyncIterator[Line]:
    """Return a line to the page of that club."""
    async with a_line(harness) as line:
        yield line


async def test_what_is_typed_is_posted(harness: ClientHarness, line: Line) -> None:
    """As the person who looks; nothing and too much are refused."""
    place = str(harness.songs.id)
    await line.ask("say", channel=place, text=" hello ")
    told = await line.told("message")
    assert told["message"]["content"] == "hello"
    assert told["message"]["author"] == str(harness.ada.id)
    for text in (" ", "x" * 2001):
        with pytest.raises(LookupError, match="1 to 2000"):
            await line.ask("say", channel=place, text=text)


async def test_the_commands_are_those_that_are_registered(
    harness: ClientHarness, line: Line
) -> None:
    """Each subcommand by itself, with its options; menus apart."""
    offered = await line.ask("offered", channel=str(harness.songs.id))
    assert [one["path"] for one in offered["slash"]] == ["suno status", "suno everything"]
    assert [one["name"] for one in offered["slash"][0]["options"]] == ["id", "count", "public"]
    assert offered["menu"] == [{"path": "Watch Suno tasks", "name": "Watch Suno tasks"}]


def test_commands_are_told_in_the_language_of_the_reader() -> None:
    """Names, descriptions and choices, as far as the bot has translated them."""
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


async def test_options_reach_the_bot_as_what_they_are(harness: ClientHarness, line: Line) -> None:
    """Numbers, truths, people, roles and channels: the page sends them as text."""

    async def tell(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(str(vars(interaction.namespace)))

    harness.bot.answer = tell
    role = harness.guild.add_role("crew")
    given = [("id", 3, "abc"), ("count", 4, "2"), ("public", 5, "true")]
    options = [{"name": name, "type": kind, "value": value} for name, kind, value in given]
    await line.ask("command", channel=str(harness.songs.id), name="suno status", options=options)
    told = await line.told("message")
    assert told["message"]["content"] == "{'id': 'abc', 'count': 2, 'public': True}"
    assert told["message"]["used"] == {"by": str(harness.ada.id), "name": "/suno status"}
    given = [
        *(("channel", 7, str(harness.songs.id)), ("user", 6, str(harness.ada.id))),
        *(("role", 8, str(role.id)), ("mood", 3, "calm")),
    ]
    options = [{"name": name, "type": kind, "value": value} for name, kind, value in given]
    await line.ask(
        "command", channel=str(harness.songs.id), name="suno everything", options=options
    )
    assert "calm" in (await line.told("message"))["message"]["content"]


async def test_an_unknown_command_is_refused(harness: ClientHarness, line: Line) -> None:
    """With the words of Discord's own client."""
    with pytest.raises(LookupError, match="no subcommand"):
        await line.ask("command", channel=str(harness.songs.id), name="suno sing")


async def test_choices_are_asked_from_the_bot(harness: ClientHarness, line: Line) -> None:
    """For what is typed, with what is filled in already."""
    harness.bot.choices = [discord.app_commands.Choice(name="Boats", value="1")]
    typed = {"channel": str(harness.songs.id), "name": "suno status", "option": "id", "text": "Bo"}
    others = [{"name": "count", "type": 4, "value": "2"}]
    choices = await line.ask("autocomplete", **typed, others=others)
    assert choices == [{"name": "Boats", "value": "1"}]


async def test_presses_choices_and_modals_reach_the_bot(harness: ClientHarness, line: Line) -> None:
    """A press is answered with a modal, which only the line that pressed gets."""

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
    message = (await line.told("message"))["message"]["id"]
    await line.ask("press", message=message, id="ask")
    shown = await line.told("modal")
    (field,) = shown["modal"]["components"][0]["components"]
    values = {field["custom_id"]: "la"}
    await line.ask("submit", interaction=shown["interaction"], values=values)
    assert "form" in (await line.told("message"))["message"]["content"]
    await line.ask("select", message=message, id="who", values=[str(harness.ada.id)])
    assert str(harness.ada.id) in (await line.told("message"))["message"]["content"]


async def test_an_ephemeral_message_is_for_one_and_can_be_dismissed(
    harness: ClientHarness, line: Line
) -> None:
    """Another person's snapshot does not hold it; what is dismissed does not come back."""

    async def whisper(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("psst", ephemeral=True)

    harness.bot.answer = whisper
    option = {"name": "id", "type": 3, "value": "x"}
    await line.ask("command", channel=str(harness.songs.id), name="suno status", options=[option])
    identity = (await line.told("message"))["message"]["id"]
    me, other = line.page.people
    await line.ask("become", user=str(other.id))
    assert (await line.told("snapshot"))["messages"] == []
    with pytest.raises(LookupError, match="not there"):
        await line.ask("dismiss", message=identity)
    await line.ask("become", user=str(me.id))
    assert [one["id"] for one in (await line.told("snapshot"))["messages"]] == [identity]
    await line.ask("dismiss", message=identity)
    assert (await line.told("removed"))["id"] == identity
    await line.ask("become", user=str(me.id))
    assert (await line.told("snapshot"))["messages"] == []


async def test_a_command_of_a_menu_gets_its_message(harness: ClientHarness, line: Line) -> None:
    """The bot is told which message it was used on."""

    async def tell(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(interaction.extras["message"].content.upper())

    harness.bot.answer = tell
    said = harness.local.say(harness.ada, harness.songs, "look")
    await line.ask("menu", message=str(said.id), name="Watch Suno tasks")
    told = await line.told("message", lambda one: one["message"]["content"] == "LOOK")
    assert told["message"]["used"]["name"] == "Watch Suno tasks"


async def test_a_permission_is_taken_and_given_back(harness: ClientHarness, line: Line) -> None:
    """Every page hears of it; what is not on the list cannot be changed."""
    place = str(harness.songs.id)
    for allowed in (False, True):
        await line.ask("permit", channel=place, name="send_messages", allowed=allowed)
        told = await line.told("channels")
        assert told["channels"][0]["may"]["send_messages"] is allowed
    with pytest.raises(LookupError, match="cannot be changed"):
        await line.ask("permit", channel=place, name="administrator", allowed=True)


async def test_the_relay_s_tasks_age_and_end(line: Line) -> None:
    """What the page shows of a task follows the relay's time; its links lead to the page."""
    task_id = await line.ask("task", kind="song")
    began = await line.told("relay", lambda one: one["relay"]["tasks"])
    assert began["relay"]["tasks"][0]["status"] == "NOT_START"
    await line.ask("advance", seconds=60)
    ended = await line.told("relay", lambda one: one["relay"]["tasks"][0]["ended"])
    (task,) = ended["relay"]["tasks"]
    assert (task["id"], task["status"], task["percent"]) == (task_id, "SUCCESS", 100)
    ((life, submitted),) = line.page.relay.relay.tasks
    told = str(life.at(submitted + 60, submitted_at=submitted))
    assert f"{MEDIA}/" in told
    assert "suno.ai" not in told
    with pytest.raises(LookupError, match="forward"):
        await line.ask("advance", seconds=-1)


@pytest.mark.parametrize(("fault", "status"), [("429", 429), ("502", 502), ("html", 200)])
async def test_the_relay_fails_as_it_is_told_until_it_is_healed(
    line: Line, fault: str, status: int
) -> None:
    """And says so to every page."""
    address = f"{line.page.relay.relay.base_url}/suno/fetch"
    async with aiohttp.ClientSession() as session:
        await line.ask("relay", fault=fault)
        async with session.post(address) as answer:
            assert answer.status == status
        assert (await line.told("relay", lambda one: one["relay"]["looks"]))["relay"][
            "fault"
        ] == fault
        await line.ask("relay", fault="down")
        with pytest.raises(aiohttp.ClientError):
            await session.post(address)
        await line.ask("relay", fault="none")
        async with session.post(address) as answer:
            assert answer.content_type == "application/json"


async def test_an_answer_that_does_not_come_is_told(harness: ClientHarness, line: Line) -> None:
    """Three seconds after the command, as Discord does."""

    async def sleep(interaction: discord.Interaction) -> None:
        del interaction

    harness.bot.answer = sleep
    option = {"name": "id", "type": 3, "value": "x"}
    await line.ask("command", channel=str(harness.songs.id), name="suno status", options=[option])
    assert (await line.told("unanswered"))["used"] == "/suno status"
