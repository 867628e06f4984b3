"""Every button, menu and modal of creating, pressed in both languages.

Each is in the table below with how it is reached and what its answer has to be. A custom id that
the cogs of creating handle and the table lacks fails a test.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, get_args, get_type_hints

import pytest
import pytest_asyncio

from bot.app import COGS
from bot.ui.custom_ids import CustomId
from sandbox.discord import Interaction, Message
from sandbox.relay.faults import out_of_quota
from tests.support.creation_studio import Studio, button, filled_in, open_studio
from tests.support.settings_panel import shown_text

pytestmark = pytest.mark.asyncio(loop_scope="module")

LYRICS = "[Verse]\nBoats at the quay\n\n[Chorus]\nRow, row"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Room:
    """A server in which creating is on, with a song and lyrics that Ada has made."""

    studio: Studio
    song: Message
    """The notice of a song."""
    lyrics: Message
    """The notice of lyrics."""

    def text(self, key: str, **values: Any) -> str:
        """Return a text in the language of the room."""
        return self.studio.text(key, **values)

    def version(self, number: int) -> str:
        """Return how a version of the song is called."""
        return self.text("create-version-of-several", title="Harbour", number=number)

    def line(self, name: str, value: str) -> str:
        """Return the line of a setting in the overview."""
        label = self.text(f"create-settings-label-{name}")
        return self.text("settings-line", label=label, value=value)


async def finished(studio: Studio, charges: int) -> Message:
    """Wait for the result of the last of so many requests; return its notice."""
    return await studio.notice((await studio.task_ids(charges))[-1])


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["en-US", "zh-CN"])
async def room(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Room]:
    """Yield a room whose quotas nothing here uses up."""
    async with open_studio(tmp_path_factory.mktemp("room"), request.param) as studio:
        for name, most in (("user", "100"), ("server", "1000")):
            panel = (await studio.use("suno-settings create")).messages[0]
            await studio.select(panel, "create-settings-menu", name)
            await studio.select(panel, f"create-settings:{name}", most)
        opened = await studio.use("suno compose")
        await studio.send(opened, title="Harbour", style="folk", lyrics=LYRICS)
        song = await finished(studio, 1)
        await studio.use("suno write", topic="the sea")
        yield Room(studio, song, await finished(studio, 2))


Place = Message | Interaction
"""A message with a component, or what has opened a modal."""


@dataclass(frozen=True)
class Pressed:
    """A component, and what pressing it has to do."""

    reach: Callable[[Room], Awaitable[Place]]
    check: Callable[[Room, Interaction], Awaitable[None]]
    values: dict[str, Any] = field(default_factory=dict)
    """What is entered in a modal."""
    chosen: tuple[Any, ...] = ()
    """What is chosen in a menu."""


# How components are reached


async def the_song(room: Room) -> Place:
    """Return the notice of the song."""
    return room.song


async def the_lyrics(room: Room) -> Place:
    """Return the notice of the lyrics."""
    return room.lyrics


async def the_menu(room: Room) -> Message:
    """Open the menu of the song."""
    return (await room.studio.press(room.song, button(room.song, "create:more:"))).messages[0]


async def the_panel(room: Room) -> Message:
    """Open the panel of the settings."""
    return (await room.studio.use("suno-settings create")).messages[0]


async def the_panel_turned_off(room: Room) -> Message:
    """Open the panel where creating is off."""
    panel = await the_panel(room)
    await room.studio.press(panel, "create-settings-button:off")
    return panel


async def a_refused_draft(room: Room) -> Message:
    """Enter a song without lyrics; return the answer."""
    opened = await room.studio.use("suno compose")
    return (await room.studio.send(opened, title="Harbour", lyrics="")).messages[0]


async def the_form(room: Room) -> Interaction:
    """Open the modal for a song from lyrics."""
    return await room.studio.use("suno compose")


async def the_extension(room: Room) -> Interaction:
    """Open the modal that extends the first version."""
    menu = await the_menu(room)
    return await room.studio.press(menu, button(menu, "version:extend:1:"))


async def the_price(room: Room) -> Interaction:
    """Open the modal for the price."""
    panel = await page("price")(room)
    return await room.studio.press(panel, "create-settings-button:price")


def refused(command: str, path: str, **options: Any) -> Callable[[Room], Awaitable[Interaction]]:
    """Return how to open the modal of a command's request that the relay has refused."""

    async def reach(room: Room) -> Interaction:
        faults, text = room.studio.sandbox.relay.faults, room.text("create-rejected-credit")
        before = len([each for each in room.studio.sandbox.songs.messages if text in shown(each)])
        faults.add(out_of_quota(), path=path, times=1)
        await room.studio.use(command, **options)
        notice = (await room.studio.notices(text, before + 1))[-1]
        return await room.studio.press(notice, button(notice, "create:edit:"))

    return reach


def page(name: str, *chosen: Any) -> Callable[[Room], Awaitable[Message]]:
    """Return how to open the page of a setting, after something was chosen there."""

    async def reach(room: Room) -> Message:
        panel = await the_panel(room)
        await room.studio.select(panel, "create-settings-menu", name)
        if chosen:
            values = [each(room) if callable(each) else each for each in chosen]
            await room.studio.select(panel, f"create-settings:{name}", *values)
            await room.studio.select(panel, "create-settings-menu", name)
        return panel

    return reach


async def the_page_of_a_price(room: Room) -> Message:
    """Open the page of the price after one was entered."""
    await room.studio.send(await the_price(room), price="a lot")
    return await page("price")(room)


def makers(room: Room) -> Any:
    """Return a role of the server."""
    guild = room.studio.sandbox.guild
    found = [role for role in guild.roles.values() if role.name == "Makers"]
    return found[0] if found else guild.add_role("Makers")


# What the answers have to be


def shown(message: Message) -> str:
    """Return what a message shows."""
    return str(message.payload())


def changed(used: Interaction) -> Message:
    """Return the message that an interaction has changed."""
    assert used.updated_source
    assert used.source is not None
    return used.source


def opens(key: str, **filled: str) -> Callable[[Room, Interaction], Awaitable[None]]:
    """Return the check that a modal with this title is opened, and what is filled in."""

    async def check(room: Room, used: Interaction) -> None:
        assert used.modal is not None
        assert used.modal["title"] == room.text(key)
        values = filled_in(used)
        assert {name: values[name] for name in filled} == filled

    return check


def makes(
    name: str, *, kind: str = "music", **body: Any
) -> Callable[[Room, Interaction], Awaitable[None]]:
    """Return the check that something is made: what is said, sent and posted."""

    async def check(room: Room, used: Interaction) -> None:
        answer = used.messages[0]
        assert answer.ephemeral
        making = room.text("create-making", title=name, titled="yes", kind=kind)
        assert making in answer.content
        recorded = room.studio.sandbox.relay.submissions.recorded

        def begun() -> list[str]:
            """Return the tasks of the newest request, once it is that."""
            sent = {name: recorded[-1].body.get(name) for name in body}
            return list(recorded[-1].task_ids) if sent == body else []

        ids = await room.studio.sandbox.discord.wait_for(begun, 120, f"a request with {body}")
        notice = await room.studio.notice(ids[0])
        assert f"<@{room.studio.ada.id}>" in notice.content

    return check


def says(*keys: str) -> Callable[[Room, Interaction], Awaitable[None]]:
    """Return the check that the panel says some texts."""

    async def check(room: Room, used: Interaction) -> None:
        for key in keys:
            assert room.text(key) in shown_text(changed(used))

    return check


def sets(name: str, words: Callable[[Room], str]) -> Callable[[Room, Interaction], Awaitable[None]]:
    """Return the check that a setting has a value now; set its default again."""

    async def check(room: Room, used: Interaction) -> None:
        assert room.line(name, words(room)) in shown_text(changed(used))
        assert room.text("settings-saved") in shown_text(changed(used))
        if name in ("roles", "models", "model", "price"):
            panel = await page(name)(room)
            if f"create-settings-default:{name}" in shown(panel):
                await room.studio.press(panel, f"create-settings-default:{name}")

    return check


async def shows_the_menu(room: Room, used: Interaction) -> None:
    """Check that the menu offers everything that the relay can do, and says what counts."""
    menu = used.messages[0]
    assert menu.ephemeral
    assert room.text("create-files-count") in menu.content
    assert room.text("create-menu", title="Harbour", titled="yes") in menu.content
    for action in ("again", "edit"):
        assert room.text(f"create-button-{action}") in shown(menu)
    for action in ("extend", "wav", "timing", "stems"):
        label = room.text(f"create-button-{action}-of-several", number=2)
        assert f"'{label}'" in shown(menu)


async def makes_it_again(room: Room, used: Interaction) -> None:
    """Check that the same request is made once more."""
    await makes("Harbour", title="Harbour", tags="folk", prompt=LYRICS)(room, used)


async def links_a_wav_file(room: Room, used: Interaction) -> None:
    """Check that the answer links the file of the version."""
    description = used.messages[0].embeds[0]["description"]
    assert room.version(1) in description
    assert f"[{room.text('create-wav-link')}](" in description
    assert ".wav" in description


async def sends_timed_lyrics(room: Room, used: Interaction) -> None:
    """Check that the answer has a file, and a reader with the time of each section."""
    answer = used.messages[0]
    assert answer.content == room.text("create-timing", version=room.version(1))
    assert [each.filename for each in answer.attachments] == ["Harbour-1.lrc"]
    assert "Verse · 0:02" in shown(answer)
    assert room.text("reader-go-to-version", number=1) in shown(answer)


async def links_stems(room: Room, used: Interaction) -> None:
    """Check that the answer links each part of the version."""
    description = used.messages[0].embeds[0]["description"]
    assert room.text("create-stems", version=room.version(1)) in description
    assert "[Harbour (Vocals)](" in description


async def turns_it_off(room: Room, used: Interaction) -> None:
    """Check that creating is off; turn it on again."""
    await says("create-settings-switched-off", "create-settings-off")(room, used)
    await room.studio.press(changed(used), "create-settings-button:on")


def in_a_day(number: int) -> Callable[[Room], str]:
    """Return the words of a quota."""
    return lambda room: room.text("create-settings-a-day", number=number)


def default(key: str) -> Callable[[Room], str]:
    """Return the words of a default."""
    return lambda room: room.text(key)


DESCRIBED = refused("suno create", "/suno/submit/music", description="a harbour")
WRITTEN = refused("suno write", "/suno/submit/lyrics", topic="the harbour")

TABLE: dict[str, Pressed] = {
    "create:more": Pressed(the_song, shows_the_menu),
    "create:again": Pressed(the_menu, makes_it_again),
    "create:edit": Pressed(the_menu, opens("create-form-custom", title="Harbour", lyrics=LYRICS)),
    "create:song": Pressed(the_lyrics, opens("create-form-custom", title="The Sea")),
    "version:extend": Pressed(the_menu, opens("create-form-extension", title="Harbour")),
    "version:wav": Pressed(the_menu, links_a_wav_file),
    "version:timing": Pressed(the_menu, sends_timed_lyrics),
    "version:stems": Pressed(the_menu, links_stems),
    "create-draft": Pressed(a_refused_draft, opens("create-form-custom", title="Harbour")),
    "create-form:description": Pressed(
        DESCRIBED,
        makes("a quay", gpt_description_prompt="a quay"),
        {"description": "a quay"},
    ),
    "create-form:custom": Pressed(
        the_form,
        makes("Quay", title="Quay", prompt="[Verse]\nLa"),
        {"title": "Quay", "lyrics": "[Verse]\nLa"},
    ),
    "create-form:lyrics": Pressed(
        WRITTEN, makes("a quay", kind="lyrics", prompt="a quay"), {"description": "a quay"}
    ),
    "create-extension": Pressed(
        the_extension,
        makes("Harbour", continue_at=5, prompt="[Bridge]\nOut"),
        {"extend_at": "0:05", "lyrics": "[Bridge]\nOut"},
    ),
    "create-settings-menu": Pressed(
        the_panel, says("create-settings-explain-user"), chosen=("user",)
    ),
    "create-settings:user": Pressed(page("user"), sets("user", in_a_day(100)), chosen=("100",)),
    "create-settings:server": Pressed(
        page("server"), sets("server", in_a_day(1000)), chosen=("1000",)
    ),
    "create-settings:roles": Pressed(
        page("roles"), sets("roles", lambda room: f"<@&{makers(room).id}>"), chosen=(makers,)
    ),
    "create-settings:models": Pressed(
        page("models"),
        sets("models", lambda room: room.studio.catalog.listed(["v4", "v4.5"])),
        chosen=("chirp-v4", "chirp-auk"),
    ),
    "create-settings:model": Pressed(
        page("model"), sets("model", lambda _: "v4"), chosen=("chirp-v4",)
    ),
    "create-settings-button:on": Pressed(
        the_panel_turned_off, says("create-settings-switched-on", "create-settings-on")
    ),
    "create-settings-button:off": Pressed(the_panel, turns_it_off),
    "create-settings-button:overview": Pressed(
        page("user"), says("create-settings-title", "create-settings-on")
    ),
    "create-settings-button:price": Pressed(page("price"), opens("create-settings-label-price")),
    "create-settings-default:roles": Pressed(
        page("roles", makers), sets("roles", default("create-settings-roles-all"))
    ),
    "create-settings-default:models": Pressed(
        page("models", "chirp-v4"), sets("models", default("create-settings-models-all"))
    ),
    "create-settings-default:model": Pressed(
        page("model", "chirp-v4"),
        sets("model", lambda room: room.text("create-settings-model-first", model="v5")),
    ),
    "create-settings-default:price": Pressed(
        the_page_of_a_price, sets("price", default("create-settings-price-none"))
    ),
    "create-price": Pressed(
        the_price, sets("price", lambda _: "2 credits"), {"price": "2 credits"}
    ),
}
"""By the start of the custom id."""


def starts_of(custom_id: type[CustomId]) -> Iterator[str]:
    """Yield how the custom ids of a kind begin: with each of the actions that it names."""
    for hint in get_type_hints(custom_id, include_extras=True).values():
        pattern = next((each for each in get_args(hint) if isinstance(each, str)), "")
        if re.fullmatch(r"[a-z]+(\|[a-z]+)+", pattern):
            yield from (f"{custom_id.kind}:{action}" for action in pattern.split("|"))
            return
    yield custom_id.kind


async def test_the_table_has_every_button() -> None:
    """Whatever the cogs of creating answer."""
    cogs = [import_module(name) for name in COGS if "creat" in name]
    handled = {
        each
        for cog in cogs
        for each in vars(cog).values()
        if isinstance(each, type) and issubclass(each, CustomId) and each is not CustomId
    }
    assert len(cogs) >= 3
    assert sorted(start for each in handled for start in starts_of(each)) == sorted(TABLE)


@pytest.mark.parametrize("start", TABLE)
async def test_every_button_answers_in_the_language_of_who_presses_it(
    room: Room, start: str
) -> None:
    """With what it is for, and with no word of the other language."""
    pressed, studio = TABLE[start], room.studio
    place = await pressed.reach(room)
    if isinstance(place, Interaction):
        assert place.modal is not None
        assert place.modal["custom_id"].startswith(start)
        used = await studio.send(place, **pressed.values)
    elif pressed.chosen:
        values = [each(room) if callable(each) else each for each in pressed.chosen]
        used = await studio.select(place, button(place, start), *values)
    else:
        used = await studio.press(place, button(place, start))
    answers = [*used.messages, *([changed(used)] if used.updated_source else [])]
    answer = str([used.modal, *map(shown, answers)])
    assert bool(CHINESE.search(answer)) == (studio.ada.locale == "zh-CN")
    await pressed.check(room, used)
