"""Tests that web pages and hand-typed addresses get no access to the local Discord."""

import io

import aiohttp
import discord
import pytest

from sandbox.discord import LocalDiscord
from sandbox.page import PageServer, PageState, RelayControls
from sandbox.relay import LocalRelay
from sandbox.users import add_demo_users
from tests.support.sandbox_client import connected_client, logged_in_client

FROM_A_PAGE = [
    ({"Host": "evil.example"}, 421),
    ({"Host": "127.0.0.1.evil.example"}, 421),
    ({"Host": "localhost:80"}, 421),
    ({"Origin": "http://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "same-origin"}, 403),
]
ROUTES = [
    ("GET", "/api/v10/users/@me"),
    ("GET", "/api/v10/gateway"),
    ("POST", "/api/v10/interactions/1/x/callback"),
    ("POST", "/api/v10/webhooks/1/x"),
    ("GET", "/attachments/1/1/x"),
    ("GET", "/gateway"),
]
NO_IDS = ["²", "١", "x", "-1", "9" * 20, "9" * 5000]
"""Among them what Python takes for digits, and more of these than it reads."""


@pytest.mark.parametrize(("headers", "status"), FROM_A_PAGE, ids=str)
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_web_pages_cannot_use_the_api(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Requests from another site and by another name of this machine are refused."""
    async with LocalDiscord() as local, aiohttp.ClientSession() as session:
        url = f"http://{local.host}:{local.port}{path}"
        known = {"Authorization": f"Bot {local.token}"}
        async with session.request(method, url, headers=known | headers) as answer:
            assert answer.status == status
        assert local.requests == []


@pytest.mark.parametrize(("headers", "status"), FROM_A_PAGE, ids=str)
async def test_web_pages_cannot_open_the_gateway(headers: dict[str, str], status: int) -> None:
    """Browsers let every page open a WebSocket, so its Origin header is checked."""
    async with LocalDiscord() as local, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(local.gateway_url, headers=headers)
        assert refused.value.status == status


async def test_every_run_has_its_own_tokens() -> None:
    """Bot and interaction tokens cannot be derived from another run or from ids."""
    tokens = set()
    for _ in range(2):
        async with connected_client() as harness:
            typed = await harness.local.command(harness.ada, harness.songs, "suno status", id="x")
            tokens |= {harness.local.token, typed.token}
            assert str(harness.local.application_id) not in harness.local.token
            assert str(typed.id) not in typed.token
    assert len(tokens) == 4
    assert min(map(len, tokens)) > 30


@pytest.mark.malformed_requests
@pytest.mark.parametrize("written", NO_IDS, ids=ascii)
async def test_a_path_without_an_id_is_refused(written: str) -> None:
    """An invalid id in a path gives Discord's error, not an internal one."""
    async with logged_in_client() as harness, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bot {harness.local.token}"}
        for path, status in (
            (f"{harness.local.api_url}/channels/{written}", 400),
            (f"{harness.local.api_url}/channels/{harness.songs.id}/messages?before={written}", 400),
            (f"http://{harness.local.host}:{harness.local.port}/attachments/1/{written}/x", 404),
        ):
            async with session.get(path, headers=headers) as answer:
                assert answer.status == status, path


@pytest.mark.malformed_requests
@pytest.mark.parametrize("written", NO_IDS, ids=ascii)
async def test_a_body_without_an_id_is_refused(written: str) -> None:
    """An invalid id in a JSON field or a file's name gives Discord's error."""
    async with logged_in_client() as harness, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bot {harness.local.token}"}
        messages = f"{harness.local.api_url}/channels/{harness.songs.id}/messages"
        reply = {"content": "x", "message_reference": {"message_id": written}}
        async with session.post(messages, headers=headers, json=reply) as answer:
            assert answer.status == 400
        form = aiohttp.FormData()
        form.add_field("payload_json", "{}")
        form.add_field(f"files[{written}]", b"x", filename="x")
        async with session.post(messages, headers=headers, data=form) as answer:
            assert answer.status == 400


@pytest.mark.parametrize("written", NO_IDS, ids=ascii)
async def test_the_page_serves_no_file_without_an_id(written: str) -> None:
    """An address with an invalid id gives 404."""
    async with LocalDiscord() as local, LocalRelay() as relay:
        users = add_demo_users(local).all
        async with (
            PageServer(PageState(local, RelayControls(relay), users)) as page,
            aiohttp.ClientSession() as session,
            session.get(f"{page.url}files/1/{written}/x") as answer,
        ):
            assert answer.status == 404


async def test_an_uploaded_file_runs_nothing_in_a_browser() -> None:
    """An uploaded file is shown as plain content, whatever type it declares."""
    async with logged_in_client() as harness, aiohttp.ClientSession() as session:
        page = discord.File(io.BytesIO(b"<script>alert(1)</script>"), "x.html")
        message = await harness.place().send(file=page)
        async with session.get(message.attachments[0].url) as answer:
            assert answer.status == 200
            assert answer.headers["Content-Security-Policy"] == "sandbox"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
