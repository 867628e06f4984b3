from typing import Any

import discord
import pytest

from sandbox.discord.command_limits import INTEGER, NUMBER, STRING, read_commands
from sandbox.discord.errors import ApiError, FieldErrors
from sandbox.discord.mentions import find_mentions
from sandbox.discord.message_limits import Files, read_message
from sandbox.discord.modal_limits import read_choices, read_modal
from sandbox.discord.schema import link as link_reader
from tests.support.sandbox_client import logged_in_client, status_and_code

SONG = "https://cdn.example.com/song.mp3"
NOTE = "𝄞"
"""One code point, two in UTF-16, four bytes."""


def button(**changes: Any) -> dict[str, Any]:
    """Give a button that Discord takes."""
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go"} | changes


def link(**changes: Any) -> dict[str, Any]:
    """Give a link button that Discord takes."""
    return {"type": 2, "style": 5, "label": "Go", "url": SONG} | changes


def choice(**changes: Any) -> dict[str, Any]:
    """Give a select that Discord takes."""
    return {
        "type": 3,
        "custom_id": "pick",
        "options": [{"label": "One", "value": "1"}, {"label": "Two", "value": "2"}],
    } | changes


def row(*components: dict[str, Any]) -> dict[str, Any]:
    """Give a row of components."""
    return {"type": 1, "components": list(components)}


def embed(**fields: Any) -> dict[str, Any]:
    """Give a message of one embed."""
    return {"embeds": [fields]}


def rows(*components: dict[str, Any]) -> dict[str, Any]:
    """Give a message of one row."""
    return {"components": [row(*components)]}


def modern(*components: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Give a message that consists of components alone."""
    return {"flags": 1 << 15, "components": list(components), **fields}


def people(**changes: Any) -> dict[str, Any]:
    """Give a select of users that Discord takes."""
    return {"type": 5, "custom_id": "who"} | changes


def chosen(count: int, kind: str = "user") -> list[dict[str, Any]]:
    """Give so many values that are chosen beforehand."""
    return [{"id": str(number), "type": kind} for number in range(count)]


def many(count: int) -> list[dict[str, Any]]:
    """Give that many options of a select."""
    return [{"label": str(number), "value": str(number)} for number in range(count)]


FINE: list[dict[str, Any]] = [
    {},
    {"content": NOTE * 2000, "nonce": "n" * 25},
    {"content": "x", "nonce": 2**60},
    {"embeds": [{"description": "x"}] * 10},
    {"embeds": [{"description": "x" * 3000}] * 2},
    embed(title=NOTE * 256, description=NOTE * 4096, color=0xFFFFFF),
    embed(fields=[{"name": "n" * 256, "value": "v"}] * 20),
    embed(footer={"text": "x" * 2048}, author={"name": "x" * 256, "url": SONG}),
    embed(url="http://127.0.0.1:8080/a", image={"url": "attachment://cover.png"}),
    embed(thumbnail={"url": "http://[::1]/a.png"}),
    {"components": [row(*(button(custom_id=f"{r}{b}") for b in range(5))) for r in range(5)]},
    rows(link(url="https://a.bc/" + "x" * 499)),
    rows(button(label=None, emoji={"name": "🎵"}), button(custom_id="b", emoji={"id": "1"})),
    rows(choice(options=many(25), max_values=25, min_values=0)),
    rows({"type": 5, "custom_id": "who"}),
    rows({"type": 2, "style": 6, "sku_id": "1"}),
    modern({"type": 10, "content": "x"}, row(button()), {"type": 14}),
    modern({"type": 17, "components": [{"type": 12, "items": [{"media": {"url": SONG}}]}]}),
    modern({"type": 13, "file": {"url": "attachment://cover.png"}}),
    rows({"type": 5, "custom_id": "x", "default_values": [{"id": 1, "type": "user"}]}),
    rows(
        {
            "type": 7,
            "custom_id": "x",
            "max_values": 2,
            "default_values": [{"id": "1", "type": "user"}, {"id": "2", "type": "role"}],
        }
    ),
    rows({"type": 8, "custom_id": "x", "channel_types": [0, 5, 11, 15]}),
    rows(choice(options=[{"label": "x", "value": "y", "default": True}])),
    {"attachments": [{"id": 0, "filename": "a b.png"}]},
    {"content": "x", "tts": False, "message_reference": {"message_id": 1}},
    embed(title="x", timestamp="2026-01-02T03:04:05Z"),
    modern(
        {
            "type": 9,
            "components": [{"type": 10, "content": "x"}],
            "accessory": {"type": 11, "media": {"url": SONG}},
        },
        {"type": 9, "components": [{"type": 10, "content": "x"}], "accessory": button()},
    ),
    {"content": "x", "allowed_mentions": {"parse": ["roles"], "users": ["1", "2"]}},
    {"content": "x", "flags": 4 | 1 << 12},
]

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"content": "x" * 2001}, "content"),
    ({"content": 5}, "content"),
    ({"content": "x", "nonce": "n" * 26}, "nonce"),
    ({"content": "x", "flags": 64}, "flags"),
    ({"content": "x", "flags": 1 << 25}, "flags"),
    ({"embeds": [{"title": "x"}] * 11}, "embeds"),
    ({"embeds": [{"description": "x" * 3001}] * 2}, "embeds"),
    (embed(title="x" * 257), "embeds.0.title"),
    (embed(description="x" * 4097), "embeds.0.description"),
    (embed(fields=[{"name": "n", "value": "v"}] * 26), "embeds.0.fields"),
    (embed(fields=[{"name": "n" * 257, "value": "v"}]), "embeds.0.fields.0.name"),
    (embed(fields=[{"name": "n", "value": "v" * 1025}]), "embeds.0.fields.0.value"),
    (embed(fields=[{"name": "n", "value": " "}]), "embeds.0.fields.0.value"),
    (embed(fields=[{"value": "v"}]), "embeds.0.fields.0.name"),
    (embed(footer={"text": "x" * 2049}), "embeds.0.footer.text"),
    (embed(author={"name": "x" * 257}), "embeds.0.author.name"),
    (embed(title="x", color=0x1000000), "embeds.0.color"),
    (embed(title="x", color=-1), "embeds.0.color"),
    (embed(title="x", color="red"), "embeds.0.color"),
    (embed(title="x", url="attachment://x"), "embeds.0.url"),
    (embed(title="x", url=""), "embeds.0.url"),
    (embed(title="x", url="https://a.bc/" + "x" * 2036), "embeds.0.url"),
    (embed(image={"url": "file:///etc/passwd"}), "embeds.0.image.url"),
    (embed(thumbnail={"url": "https://localhost/x"}), "embeds.0.thumbnail.url"),
    (embed(footer={"text": "x", "icon_url": "x"}), "embeds.0.footer.icon_url"),
    (embed(author={"name": "x", "icon_url": "ftp://a.bc"}), "embeds.0.author.icon_url"),
    (embed(author={"name": "x", "url": "https://"}), "embeds.0.author.url"),
    ({"components": [row(button(custom_id=str(n))) for n in range(6)]}, "components"),
    (rows(), "components.0.components"),
    (rows(*(button(custom_id=str(n)) for n in range(6))), "components.0.components"),
    (rows(button(), button()), "components"),
    (rows(button(custom_id="")), "components.0.components.0.custom_id"),
    (rows(button(custom_id="x" * 101)), "components.0.components.0.custom_id"),
    (rows(button(label="x" * 81)), "components.0.components.0.label"),
    (rows(button(label=None)), "components.0.components.0"),
    (rows(button(style=9)), "components.0.components.0.style"),
    (rows(button(url=SONG)), "components.0.components.0"),
    (rows(button(emoji={"name": "smile"})), "components.0.components.0.emoji.name"),
    (rows(link(url=None)), "components.0.components.0.url"),
    (rows(link(url="javascript:alert(1)")), "components.0.components.0.url"),
    (rows(link(url="https://a.bc/" + "x" * 500)), "components.0.components.0.url"),
    (rows(link(custom_id="x")), "components.0.components.0"),
    (rows({"type": 4}), "components.0.components.0.type"),
    ({"components": [button()]}, "components.0.type"),
    (rows(choice(), button()), "components.0.components"),
    (rows(choice(options=many(26))), "components.0.components.0.options"),
    (rows(choice(options=[])), "components.0.components.0.options"),
    (rows(choice(max_values=3)), "components.0.components.0.max_values"),
    (rows(choice(options=many(2) + many(1))), "components.0.components.0.options"),
    (
        rows(choice(options=[{"label": "x" * 101, "value": "1"}])),
        "components.0.components.0.options.0.label",
    ),
    (rows(button(), link(), button(id=1, custom_id="b"), link(id=1)), "components"),
    (rows(button(disabled=1)), "components.0.components.0.disabled"),
    (rows(button(style="1")), "components.0.components.0.style"),
    (rows(button(custom_id=5)), "components.0.components.0.custom_id"),
    (rows(button(emoji="🎵")), "components.0.components.0.emoji"),
    (rows({"type": 2, "style": 6}), "components.0.components.0.sku_id"),
    (rows(button(custom_id=None)), "components.0.components.0.custom_id"),
    ({"components": {}}, "components"),
    ({"components": ["row"]}, "components.0.type"),
    ({"components": [{"type": True, "components": [button()]}]}, "components.0.type"),
    (rows(choice(min_values=2, max_values=1)), "components.0.components.0.min_values"),
    (rows(choice(min_values=-1)), "components.0.components.0.min_values"),
    (rows(choice(max_values=2.5)), "components.0.components.0.max_values"),
    (
        rows(choice(options=[{**one, "default": True} for one in many(2)])),
        "components.0.components.0.options",
    ),
    (rows(people(default_values=chosen(2))), "components.0.components.0.default_values"),
    (
        rows(people(default_values=chosen(1), min_values=2, max_values=3)),
        "components.0.components.0.default_values",
    ),
    (
        rows(people(default_values=chosen(1, "role"))),
        "components.0.components.0.default_values.0.type",
    ),
    (
        rows(people(default_values=[{"type": "user"}])),
        "components.0.components.0.default_values.0.id",
    ),
    (
        rows({"type": 8, "custom_id": "x", "channel_types": [99]}),
        "components.0.components.0.channel_types.0",
    ),
    (modern({"type": 10, "content": "x"}, content="x"), "content"),
    (modern({"type": 10, "content": "x"}, embeds=[{"title": "x"}]), "embeds"),
    (modern({"type": 10, "content": " "}), "components.0.content"),
    (modern({"type": 17, "components": []}), "components.0.components"),
    (
        modern({"type": 17, "components": [{"type": 17, "components": [{"type": 14}]}]}),
        "components.0.components.0.type",
    ),
    (
        modern({"type": 17, "components": [{"type": 14}], "accent_color": -1}),
        "components.0.accent_color",
    ),
    (modern({"type": 14, "spacing": 3}), "components.0.spacing"),
    (
        modern({"type": 12, "items": [{"media": {"url": "attachment://no.png"}}]}),
        "components.0.items.0.media.url",
    ),
    (modern({"type": 13, "file": {"url": SONG}}), "components.0.file.url"),
    (modern({"type": 13, "file": {"url": "attachment://no.mp3"}}), "components.0.file.url"),
    ({"components": [{"type": 10, "content": "x"}]}, "components.0.type"),
    (modern(*[{"type": 10, "content": "x"}] * 41), "components"),
    (
        modern(row(*(button(custom_id=str(n)) for n in range(5))), *[{"type": 14}] * 35),
        "components",
    ),
    (modern(*[{"type": 10, "content": "x" * 2001}] * 2), "components"),
    (modern({"type": 99}), "components.0.type"),
    (
        modern({"type": 9, "components": [{"type": 10, "content": "x"}]}),
        "components.0.accessory",
    ),
    (
        modern({"type": 9, "components": [{"type": 14}], "accessory": button()}),
        "components.0.components.0.type",
    ),
    ({"attachments": [{"id": "0", "description": "x" * 1025}]}, "attachments.0.description"),
    ({"attachments": [{"id": "1"}]}, "attachments.0.id"),
    ({"attachments": [{"filename": "x"}]}, "attachments.0.id"),
    ({"attachments": "cover.png"}, "attachments"),
    ({"content": {"text": "x"}}, "content"),
    ({"content": "x", "tts": "yes"}, "tts"),
    ({"content": "x", "flags": "4"}, "flags"),
    ({"content": "x", "nonce": 2**63}, "nonce"),
    ({"content": "x", "nonce": [1]}, "nonce"),
    ({"content": "x", "enforce_nonce": 1}, "enforce_nonce"),
    ({"embeds": {"title": "x"}}, "embeds"),
    ({"embeds": ["x"]}, "embeds.0"),
    (embed(title=["x"]), "embeds.0.title"),
    (embed(fields={"name": "n", "value": "v"}), "embeds.0.fields"),
    (embed(fields=[{"name": "n", "value": "v", "inline": "no"}]), "embeds.0.fields.0.inline"),
    (embed(footer="x"), "embeds.0.footer"),
    (embed(image={"url": 5}), "embeds.0.image.url"),
    (embed(color=1.5), "embeds.0.color"),
    (embed(timestamp="yesterday"), "embeds.0.timestamp"),
    (embed(timestamp=5), "embeds.0.timestamp"),
    ({"content": "x", "message_reference": {}}, "message_reference.message_id"),
    ({"content": "x", "message_reference": {"message_id": "x"}}, "message_reference.message_id"),
    ({"content": "x", "message_reference": "1"}, "message_reference"),
    ({"content": "x", "allowed_mentions": []}, "allowed_mentions"),
    ({"content": "x", "allowed_mentions": {"users": ["ada"]}}, "allowed_mentions.users.0"),
    ({"content": "x", "allowed_mentions": {"parse": "users"}}, "allowed_mentions.parse"),
    ({"content": "x", "allowed_mentions": {"replied_user": "no"}}, "allowed_mentions.replied_user"),
    ({"sticker_ids": ["1"] * 4}, "sticker_ids"),
    ({"poll": {"question": {"text": "x"}, "answers": []}}, "poll.answers"),
    ({"content": "x", "allowed_mentions": {"parse": ["people"]}}, "allowed_mentions.parse.0"),
    (
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        "allowed_mentions",
    ),
    ({"content": "x", "allowed_mentions": {"users": ["1", "1"]}}, "allowed_mentions.users"),
    (
        {"content": "x", "allowed_mentions": {"users": [str(n) for n in range(101)]}},
        "allowed_mentions.users",
    ),
]


FILES = Files(names=["cover.png"], ids=["0"], new=1)


def faults_of(payload: Any, files: Files = FILES, **circumstances: bool) -> list[str]:
    """List the fields of a message that are at fault."""
    return paths(read_message(payload, files, **circumstances)[1].tree)


def faults_in(read: Any, *arguments: Any) -> list[str]:
    """List the fields for which a reader refuses what it reads."""
    try:
        read(*arguments)
    except ApiError as refusal:
        return paths(refusal.errors or {})
    return []


def paths(tree: dict[str, Any], prefix: str = "") -> list[str]:
    """List the fields that are at fault in an ``errors`` object."""
    found = [prefix.strip(".")] if "_errors" in tree else []
    for name, inner in tree.items():
        if name != "_errors":
            found += paths(inner, f"{prefix}.{name}")
    return found


@pytest.mark.parametrize("payload", FINE, ids=lambda payload: str(payload)[:60])
def test_messages_at_the_limits_are_accepted(payload: dict[str, Any]) -> None:
    """A message at a limit is valid; characters are counted as code points."""
    assert faults_of(payload) == []


@pytest.mark.parametrize(("payload", "path"), REFUSED, ids=lambda value: str(value)[:60])
def test_messages_beyond_a_limit_are_refused(payload: dict[str, Any], path: str) -> None:
    """One step past a limit is refused, and the error names that field alone."""
    assert faults_of(payload) == [path]


def test_a_message_has_at_most_ten_files() -> None:
    """An eleventh upload is refused."""
    assert faults_of({}, Files(new=10)) == []
    assert faults_of({}, Files(new=11)) == ["attachments"]


def test_only_interactions_may_be_ephemeral() -> None:
    """The flag is accepted for answers to interactions only."""
    assert faults_of({"flags": 64}, ephemeral=True) == []


@pytest.mark.malformed_requests
async def test_a_validation_error_has_the_format_of_discord() -> None:
    """It has status 400, code 50035, and nested errors that discord.py can format."""
    async with logged_in_client() as harness:
        with pytest.raises(discord.HTTPException) as refused:
            await harness.place().send(embed=discord.Embed(title="x" * 257))
        assert status_and_code(refused.value) == (400, 50035)
        assert "embeds.0.title: Must be 256 or fewer in length." in refused.value.text
        assert harness.songs.messages == []


@pytest.mark.malformed_requests
@pytest.mark.parametrize(
    "payload",
    [{}, {"content": " \n "}, {"embeds": [{}]}, {"embeds": [{"type": "rich"}]}, {"content": None}],
    ids=str,
)
async def test_an_empty_message_is_refused(payload: dict[str, Any]) -> None:
    """White space and empty embeds count as empty: 50006."""
    async with logged_in_client() as harness:
        with pytest.raises(discord.HTTPException) as refused:
            await harness.post(**payload)
        assert status_and_code(refused.value) == (400, 50006)


@pytest.mark.parametrize(
    "url",
    ["https://a.b c/", "https://a.bc:99999/", "https://a.bc:x/", "https://[::1/", "http://a..bc"],
)
def test_a_link_needs_a_valid_host(url: str) -> None:
    """Spaces, bad ports, bad addresses and empty labels are refused."""
    faulty = FieldErrors()
    link_reader()(url, ("url",), faulty)
    assert paths(faulty.tree) == ["url"]


def test_an_empty_error_collection_raises_nothing() -> None:
    """An exception is raised only if an error was collected."""
    read_message({"content": "x"})[1].raise_if_any()
    with pytest.raises(ApiError, match="Invalid Form Body"):
        read_message({"content": 1})[1].raise_if_any()


def test_mentions_are_found_once_and_in_order() -> None:
    """A user who is mentioned twice is found once."""
    found = find_mentions("<@2> <@1> <@!2> <@&3> @everyone")
    assert (found.users, found.roles, found.everyone) == ([2, 1], [3], True)


def command(**changes: Any) -> dict[str, Any]:
    """Give a command that Discord takes."""
    return {"name": "suno", "description": "Songs", "type": 1} | changes


def option(**changes: Any) -> dict[str, Any]:
    """Give an option that Discord takes."""
    return {"name": "id", "description": "The task", "type": 3} | changes


GOOD_COMMANDS: list[list[dict[str, Any]]] = [
    [],
    [command(name="歌曲"), command(name="ก็"), command(name="a-b_c'd")],
    [command(name=f"c{number}") for number in range(100)],
    [command(options=[option(name=f"o{number}") for number in range(25)])],
    [command(name_localizations={"zh-CN": "歌"}, description_localizations={"zh-TW": "歌"})],
    [{"name": f"Watch {number}", "type": 3} for number in range(15)],
    [command(), {"name": "suno", "type": 3}],
    [command(options=[option(type=2, options=[option(type=1, name="x", options=[option()])])])],
    [command(options=[option(required=True), option(name="more")], contexts=[0, 1, 2])],
    [command(options=[option(choices=[{"name": "A", "value": "a"}] * 25)])],
]

BAD_COMMANDS: list[tuple[Any, str]] = [
    (["suno"], "0"),
    ([command(name=5)], "0.name"),
    ([command(options="id")], "0.options"),
    ([command(options=[option(required="yes")])], "0.options.0.required"),
    ([command(options=[option(type=7, channel_types="text")])], "0.options.0.channel_types"),
    ([command(options=[option(choices=[{"name": "A", "value": 1}])])],
     "0.options.0.choices.0.value"),
    ([command(options=[option(type=4, choices=[{"name": "A", "value": "1"}])])],
     "0.options.0.choices.0.value"),
    ([command(name_localizations=["x"])], "0.name_localizations"),
    ([command(default_member_permissions="all")], "0.default_member_permissions"),
    ([command(dm_permission=1)], "0.dm_permission"),
    ([command(contexts=[0, 0])], "0.contexts"),
    ({}, ""),
    ([command(name="")], "0.name"),
    ([command(name="Suno")], "0.name"),
    ([command(name="suno status")], "0.name"),
    ([command(name="x" * 33)], "0.name"),
    ([command(description="")], "0.description"),
    ([command(description="x" * 101)], "0.description"),
    ([command(type=9)], "0.type"),
    ([command(), command()], "1"),
    ([command(name=f"c{number}") for number in range(101)], ""),
    ([{"name": f"m{number}", "type": 3} for number in range(16)], ""),
    ([{"name": "x", "type": 3, "description": "y"}], "0.description"),
    ([command(name_localizations={"zh": "歌"})], "0.name_localizations.zh"),
    ([command(name_localizations={"de": "Lied"})], "0.name_localizations.de"),
    ([command(description_localizations={"de": "x" * 101})], "0.description_localizations.de"),
    ([command(contexts=[])], "0.contexts"),
    ([command(integration_types=[7])], "0.integration_types.0"),
    ([command(options=[option(name=f"o{number}") for number in range(26)])], "0.options"),
    ([command(options=[option(), option()])], "0.options.1"),
    ([command(options=[option(), option(name="b", required=True)])], "0.options.1"),
    ([command(options=[option(type=1), option(name="b")])], "0.options"),
    ([command(options=[option(type=1, options=[option(type=1)])])], "0.options.0.options.0.type"),
    ([command(options=[option(type=99)])], "0.options.0.type"),
    ([command(options=[option(max_length=6001)])], "0.options.0.max_length"),
    (
        [command(options=[option(choices=[{"name": "", "value": "a"}])])],
        "0.options.0.choices.0.name",
    ),
    (
        [command(options=[option(choices=[{"name": "A", "value": "a"}], autocomplete=True)])],
        "0.options.0",
    ),
    (
        [command(options=[option(choices=[{"name": "A", "value": "a"}] * 26)])],
        "0.options.0.choices",
    ),
    (
        [command(options=[option(name=f"o{n}", description="x" * 100, choices=[
            {"name": "x" * 100, "value": "y" * 100}] * 2) for n in range(20)])],
        "0",
    ),
]  # fmt: skip


@pytest.mark.parametrize("commands", GOOD_COMMANDS, ids=lambda value: str(value)[:60])
def test_commands_at_the_limits_are_accepted(commands: Any) -> None:
    """Names in any script, translations, groups, and values at every limit are valid."""
    assert not read_commands(commands)[1]


@pytest.mark.parametrize(("commands", "path"), BAD_COMMANDS, ids=lambda value: str(value)[:60])
def test_commands_beyond_a_limit_are_refused(commands: Any, path: str) -> None:
    """One step past a limit is refused, and the error names that field alone."""
    assert paths(read_commands(commands)[1].tree) == [path]


def text_input(**changes: Any) -> dict[str, Any]:
    """Give a text input that Discord takes."""
    return {"type": 4, "custom_id": "name", "label": "Name", "style": 1} | changes


def modal(*components: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Give a modal."""
    return {"title": "Search", "custom_id": "search", "components": list(components)} | changes


def label(component: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Give a component with a label, as newer modals have it."""
    return {"type": 18, "label": "Name", "component": component} | changes


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        (modal(row(text_input())), None),
        (modal(label(text_input(label=None)), {"type": 10, "content": "x"}), None),
        (modal(label(choice())), None),
        (modal(row(text_input()), title="x" * 46), "data.title"),
        (modal(row(text_input()), custom_id=""), "data.custom_id"),
        (modal(), "data.components"),
        (modal(*(row(text_input(custom_id=str(n))) for n in range(6))), "data.components"),
        (modal(row(text_input(label="x" * 46))), "data.components.0.components.0.label"),
        (modal(row(text_input(value="x" * 4001))), "data.components.0.components.0.value"),
        (
            modal(row(text_input(placeholder="x" * 101))),
            "data.components.0.components.0.placeholder",
        ),
        (modal(row(text_input(max_length=4001))), "data.components.0.components.0.max_length"),
        (modal(label(text_input(label=None), label="")), "data.components.0.label"),
        (modal({"type": 9}), "data.components.0.type"),
        (modal(row(text_input(style=None))), "data.components.0.components.0.style"),
        (modal(row(text_input(label=None))), "data.components.0.components.0.label"),
        (modal(row(text_input(), text_input(custom_id="b"))), "data.components.0.components"),
        (modal(row(choice())), "data.components.0.components.0.type"),
        (modal(row(text_input()), row(text_input())), "data.components"),
        (modal(label(text_input())), "data.components.0.component.label"),
        (modal(label(choice(disabled=True))), "data.components.0.component.disabled"),
        (modal(label(button())), "data.components.0.component.type"),
        (modal({"type": 18, "label": "x"}), "data.components.0.component"),
        (
            modal(row(text_input(min_length=5, max_length=4))),
            "data.components.0.components.0.min_length",
        ),
        (
            modal(row(text_input(max_length=2, value="abc"))),
            "data.components.0.components.0.value",
        ),
        (modal(label(people(default_values=chosen(1)))), None),
        (modal(label({"type": 19, "custom_id": "file"})), None),
        (modal(label({"type": 23, "custom_id": "yes"})), None),
        (modal(label({"type": 21, "custom_id": "x", "options": many(2)})), None),
        (
            modal(label({"type": 21, "custom_id": "x", "options": many(1)})),
            "data.components.0.component.options",
        ),
        (modal(label({"type": 22, "custom_id": "x", "options": many(1)})), None),
    ],
    ids=lambda value: str(value)[:60],
)
def test_modal_limits_are_enforced(payload: dict[str, Any], path: str | None) -> None:
    """A modal has at most five fields, a short title, and texts of limited length."""
    assert faults_in(read_modal, payload) == ([] if path is None else [path])


@pytest.mark.parametrize(
    ("choices", "path"),
    [
        ([{"name": "x" * 100, "value": "y" * 100}] * 25, None),
        ([{"name": "x", "value": "y"}] * 26, "data.choices"),
        ([{"name": "", "value": "y"}], "data.choices.0.name"),
        ([{"name": "x" * 101, "value": "y"}], "data.choices.0.name"),
        ([{"name": "x", "value": "y" * 101}], "data.choices.0.value"),
        ([{"name": "x", "value": ""}], "data.choices.0.value"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_autocomplete_limits_are_enforced(choices: Any, path: str | None) -> None:
    """At most 25 choices of 1 to 100 characters, which discord.py does not check."""
    found = faults_in(read_choices, {"choices": choices}, STRING)
    assert found == ([] if path is None else [path])


@pytest.mark.parametrize(
    ("kind", "value", "taken"),
    [
        (INTEGER, 5, True),
        (INTEGER, 2**53, False),
        (INTEGER, "5", False),
        (NUMBER, 1.5, True),
        (NUMBER, "1.5", False),
        (STRING, 5, False),
    ],
)
def test_a_choice_has_the_type_of_its_option(kind: int, value: Any, taken: bool) -> None:
    """Numbers must be exact in JavaScript, and texts must be strings."""
    choices = [{"name": "x", "value": value}]
    found = faults_in(read_choices, {"choices": choices}, kind)
    assert found == ([] if taken else ["data.choices.0.value"])
