"""Tests that the local Discord refuses malformed bodies and normalises valid ones."""

import json
from typing import Any

import aiohttp
import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.discord.command_limits import INTEGER, STRING, read_commands
from sandbox.discord.errors import ApiError
from sandbox.discord.message_limits import Files, read_message
from sandbox.discord.modal_limits import read_choices, read_modal
from tests.support.sandbox_client import ClientHarness, logged_in_client, status_and_code

SONG = "https://cdn.example.com/song.mp3"


async def test_a_response_contains_the_normalised_message() -> None:
    """Texts are trimmed, ids are strings, and unknown fields are removed."""
    async with logged_in_client() as harness:
        first = await harness.post(content="x")
        posted = await harness.post(
            content="  hello\n",
            color="red",
            message_reference={"message_id": int(first["id"]), "mood": "good"},
            embeds=[
                {
                    "type": "image",
                    "title": " Song ",
                    "flavour": "sweet",
                    "timestamp": "2026-01-02T03:04:05Z",
                    "footer": {"text": "by Ada ", "size": 5},
                    "image": {"url": SONG, "height": 5},
                    "fields": [{"name": " a", "value": "b ", "wide": True}],
                    "video": {"url": SONG},
                    "description": None,
                }
            ],
            components=[
                {
                    "type": 1,
                    "colour": "red",
                    "components": [
                        {
                            "type": 2,
                            "style": 1,
                            "label": " Go ",
                            "custom_id": " go ",
                            "size": 5,
                            "emoji": {"id": 5, "name": "note", "shape": "round"},
                        }
                    ],
                }
            ],
        )
        assert posted["content"] == "hello"
        assert "color" not in posted
        assert posted["message_reference"]["message_id"] == first["id"]
        assert posted["embeds"] == [
            {
                "type": "rich",
                "title": "Song",
                "timestamp": "2026-01-02T03:04:05+00:00",
                "footer": {"text": "by Ada"},
                "image": {"url": SONG},
                "fields": [{"name": "a", "value": "b", "inline": False}],
            }
        ]
        button = {
            "type": 2,
            "id": 2,
            "style": 1,
            "label": "Go",
            "custom_id": " go ",
            "emoji": {"id": "5", "name": "note"},
        }
        assert posted["components"] == [{"type": 1, "id": 1, "components": [button]}]
        path = f"/channels/{harness.songs.id}/messages/{posted['id']}"
        assert (await harness.request("GET", path))["embeds"] == posted["embeds"]


@pytest.mark.malformed_requests
async def test_components_v2_cannot_be_undone() -> None:
    """A message of components has no text, and an edit to it must remove the text."""
    async with logged_in_client() as harness:
        text = {"type": 10, "content": "x"}
        posted = await harness.post(flags=1 << 15, components=[text])
        path = f"/channels/{harness.songs.id}/messages/{posted['id']}"
        with pytest.raises(discord.HTTPException) as refused:
            await harness.request("PATCH", path, json={"content": "y"})
        assert status_and_code(refused.value) == (400, 50035)
        body = {"flags": 0, "components": [{**text, "content": "y"}]}
        assert (await harness.request("PATCH", path, json=body))["flags"] == 1 << 15
        older = await harness.post(content="x", embeds=[{"title": "x"}])
        path = f"/channels/{harness.songs.id}/messages/{older['id']}"
        body = {"flags": 1 << 15, "components": [text]}
        with pytest.raises(discord.HTTPException) as refused:
            await harness.request("PATCH", path, json=body)
        assert status_and_code(refused.value) == (400, 50035)
        body |= {"content": None, "embeds": []}
        assert (await harness.request("PATCH", path, json=body))["components"] == [
            {**text, "id": 1}
        ]


@pytest.mark.malformed_requests
async def test_an_edit_keeps_only_existing_files() -> None:
    """Files are kept by their ids; an unknown id is refused without a change."""
    async with logged_in_client() as harness:
        message = await harness.place().send(file=discord.File(__file__))
        path = f"/channels/{harness.songs.id}/messages/{message.id}"
        for wanted, status in ((["5"], 400), ([message.attachments[0].id], 200), ([], 400)):
            body = {"attachments": [{"id": one} for one in wanted]}
            if status == 200:
                assert len((await harness.request("PATCH", path, json=body))["attachments"]) == 1
            else:
                with pytest.raises(discord.HTTPException) as refused:
                    await harness.request("PATCH", path, json=body)
                assert refused.value.status == status
        assert len(harness.songs.messages[0].attachments) == 1


REQUESTS = [
    "POST /channels/{songs}/messages",
    "PATCH /channels/{songs}/messages/{message}",
    "POST /channels/{songs}/messages/{message}/threads",
    "POST /channels/{songs}/threads",
    "POST /channels/{forum}/threads",
    "PATCH /channels/{thread}",
    "POST /users/@me/channels",
    "PUT /applications/{application}/commands",
    "POST /interactions/{interaction}/{token}/callback",
    "POST /webhooks/{application}/{token}",
    "PATCH /webhooks/{application}/{token}/messages/@original",
]

BROKEN = [
    b"{",
    b"\xff\xfe",
    b"nonsense",
    b'{"content": NaN}',
    b"[" * 100_000,
    b'{"content": ' + b"9" * 5000 + b"}",
]
WRONG_TYPES = [b"5", b'"x"', b"true", b"[5]", b"[[]]"]
"""JSON, but of another kind."""


@pytest.mark.malformed_requests
@pytest.mark.parametrize("request_", REQUESTS)
async def test_malformed_bodies_are_client_errors(request_: str) -> None:
    """Invalid JSON gives 50109, JSON of another type 50035, and nothing gives HTTP 500."""
    async with logged_in_client() as harness, aiohttp.ClientSession() as session:
        method, url = await target(harness, request_)
        headers = {
            "Authorization": f"Bot {harness.local.token}",
            "Content-Type": "application/json",
        }
        for body in BROKEN + WRONG_TYPES:
            async with session.request(method, url, data=body, headers=headers) as response:
                payload = await response.json()
                assert response.status in (400, 404), (body[:40], payload)
                assert payload["code"] in ((50109,) if body in BROKEN else (50035, 50006, 10062))
        multipart = [
            ("multipart/form-data", b"x"),
            ("multipart/form-data; boundary=x", b"x"),
            ("multipart/form-data; boundary=x", part("payload_json", b"{")),
            ("multipart/form-data; boundary=x", part("payload_json", b"[]")),
            ("multipart/form-data; boundary=x", part("payload_json", b"{}")[:-9]),
        ]
        for content_type, body in multipart:
            told_type = {**headers, "Content-Type": content_type}
            async with session.request(method, url, data=body, headers=told_type) as response:
                assert response.status in (400, 404), (content_type, body)


@pytest.mark.malformed_requests
@pytest.mark.parametrize(
    "body",
    [
        {"type": {}, "data": {}},
        {"type": True, "data": {}},
        {"type": 4, "data": 5},
        {"type": 4, "data": []},
        {"type": 5, "data": {"flags": "64"}},
        {"type": 9, "data": {"components": [5]}},
        {"data": {"content": "x"}},
    ],
    ids=str,
)
async def test_a_callback_of_the_wrong_kind_is_refused(body: dict[str, Any]) -> None:
    """The interaction can still be answered afterwards."""
    async with logged_in_client() as harness:
        _, url = await target(harness, "POST /interactions/{interaction}/{token}/callback")
        path = url.removeprefix(harness.local.api_url)
        with pytest.raises(discord.HTTPException) as refused:
            await harness.request("POST", path, json=body)
        assert status_and_code(refused.value) == (400, 50035)
        await harness.request("POST", path, json={"type": 4, "data": {"content": "x"}})


def part(name: str, body: bytes) -> bytes:
    """Give a form of one part."""
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
    return head + body + b"\r\n--x--\r\n"


async def target(harness: ClientHarness, request_: str) -> tuple[str, str]:
    """Make what a request is about; give its method and its address."""
    harness.local.rate_limits.enabled = False
    message = await harness.post(content="x")
    thread = harness.guild.add_thread(harness.songs, "thread")
    harness.guild.grant("manage_threads")
    forum = harness.guild.add_channel("forum", 15)
    path = f"/applications/{harness.local.application_id}/commands"
    await harness.request("PUT", path, json=[{"name": "suno", "description": "x"}])
    interaction = await harness.local.command(harness.ada, harness.songs, "suno")
    if "webhooks" in request_:
        callback = f"/interactions/{interaction.id}/{interaction.token}/callback"
        await harness.request("POST", callback, json={"type": 4, "data": {"content": "x"}})
    method, path = request_.format(
        songs=harness.songs.id,
        message=message["id"],
        thread=thread.id,
        forum=forum.id,
        application=harness.local.application_id,
        interaction=interaction.id,
        token=interaction.token,
    ).split(" ")
    return method, f"{harness.local.api_url}{path}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
GOOD: dict[str, Any] = {
    "content": " x ",
    "nonce": "n",
    "flags": 4,
    "embeds": [
        {
            "title": "x",
            "color": 5,
            "footer": {"text": "x", "icon_url": SONG},
            "fields": [{"name": "n", "value": "v"}],
        }
    ],
    "allowed_mentions": {"parse": ["roles"], "users": [1], "replied_user": True},
    "attachments": [{"id": 0, "filename": "x.png"}],
    "message_reference": {"message_id": 1},
    "components": [
        {
            "type": 1,
            "components": [
                {
                    "type": 3,
                    "custom_id": "x",
                    "options": [{"label": "x", "value": "y", "emoji": {"name": "🎵"}}],
                }
            ],
        }
    ],
}
FILES = Files(names=["x.png"], ids=["0"], new=1)


def places(value: Any) -> list[tuple[Any, ...]]:
    """List the ways to everything within a value."""
    entries: Any = []
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    return [(), *((key, *rest) for key, inner in entries for rest in places(inner))]


def changed(value: Any, way: tuple[Any, ...], other: Any) -> Any:
    """Give a copy of a value with something else in one place."""
    if not way:
        return other
    copy: Any = json.loads(json.dumps(value))
    inner = copy
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = other
    return copy


@settings(deadline=None)
@given(st.sampled_from(places(GOOD)[1:]), JSON)
def test_a_message_with_any_field_replaced_is_accepted_or_refused(way: Any, other: Any) -> None:
    """An accepted message is accepted again in its normalised form."""
    kept, faulty = read_message(changed(GOOD, way, other), FILES)
    if not faulty:
        again, still = read_message(kept, FILES)
        assert not still
        assert again == kept


@settings(deadline=None)
@given(JSON)
def test_other_forms_with_any_field_replaced_are_accepted_or_refused(value: Any) -> None:
    """The same holds for commands, modals and choices."""
    for commands in (value, [{"name": "x", "description": "x", "options": value}]):
        kept, faulty = read_commands(commands)
        if not faulty:
            again, still = read_commands(kept)
            assert not still
            assert again == kept
    for read, form in (
        (read_modal, value),
        (read_modal, {"title": "x", "custom_id": "x", "components": value}),
        (_read_choices_of_text, value),
        (_read_choices_of_numbers, {"choices": value}),
    ):
        try:
            accepted = read(form)
        except ApiError:
            continue
        assert read(accepted) == accepted


def _read_choices_of_text(data: Any) -> Any:
    return {"choices": read_choices(data, STRING)}


def _read_choices_of_numbers(data: Any) -> Any:
    return {"choices": read_choices(data, INTEGER)}
