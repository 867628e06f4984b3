import io
import re
import wave
from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.discord import Attachment, LocalDiscord
from sandbox.page import PageServer, PageState, RelayControls
from sandbox.page.captions import translated
from sandbox.page.generated_media import AUDIO_SECONDS
from sandbox.page.server import STATIC
from sandbox.relay import LocalRelay
from sandbox.users import add_demo_users
from tests.support.paths import ROOT


@pytest.fixture
async def page() -> AsyncIterator[PageServer]:
    """Return the server of a page; no browser and no bot."""
    async with LocalDiscord() as discord, LocalRelay() as relay:
        state = PageState(discord, RelayControls(relay), add_demo_users(discord).all)
        async with PageServer(state) as page:
            yield page


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Return what asks the server."""
    async with aiohttp.ClientSession() as session:
        yield session


async def test_the_page_loads_only_its_own_resources(
    page: PageServer, session: aiohttp.ClientSession
) -> None:
    """Scripts, styles, pictures and connections are allowed from its own server alone."""
    async with session.get(page.url) as answer:
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "require-trusted-types-for 'script'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("host", ["evil.example", "localhost:80", "127.0.0.1"])
async def test_another_name_for_this_machine_is_refused(
    page: PageServer, session: aiohttp.ClientSession, host: str
) -> None:
    """A site whose name resolves to 127.0.0.1 (DNS rebinding) gets nothing."""
    async with session.get(page.url, headers={"Host": host}) as answer:
        assert answer.status == 421
        assert page.url in await answer.text()


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_requests_from_another_site_are_refused(
    page: PageServer, session: aiohttp.ClientSession, site: str
) -> None:
    """Another site cannot load even a picture."""
    async with session.get(page.url, headers={"Sec-Fetch-Site": site}) as answer:
        assert answer.status == 403


async def test_a_link_on_another_page_opens_the_page(
    page: PageServer, session: aiohttp.ClientSession
) -> None:
    """A terminal may be a web page itself; such a link opens the page and nothing else."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
    async with session.get(page.url, headers=headers) as answer:
        assert answer.status == 200
    async with session.get(f"{page.url}media/x.mp3", headers=headers) as answer:
        assert answer.status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
async def test_only_the_page_can_open_its_websocket(
    page: PageServer, session: aiohttp.ClientSession, origin: str | None
) -> None:
    """A WebSocket request with another Origin header, or without one, is refused."""
    headers = {"Origin": origin} if origin else {}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await session.ws_connect(f"{page.url}socket", headers=headers)
    assert refused.value.status == 403


async def test_the_page_gets_a_snapshot_when_it_connects(
    page: PageServer, session: aiohttp.ClientSession
) -> None:
    """The snapshot contains the current user, all users and all channels."""
    headers = {"Origin": page.url.rstrip("/")}
    async with session.ws_connect(f"{page.url}socket", headers=headers) as socket:
        event = await socket.receive_json()
    assert event["event"] == "snapshot"
    assert event["users"][event["me"]]["name"] == "you"
    assert [channel["name"] for channel in event["channels"]] == ["Suno Bot", "songs", "lyrics"]


@pytest.mark.parametrize(
    "request_", [{"do": "press", "message": "1", "id": "x"}, {"do": "task", "kind": "opera"}]
)
async def test_a_request_for_something_unknown_gives_an_error(
    page: PageServer, session: aiohttp.ClientSession, request_: dict[str, str]
) -> None:
    """The page stays connected after the error."""
    headers = {"Origin": page.url.rstrip("/")}
    async with session.ws_connect(f"{page.url}socket", headers=headers) as socket:
        await socket.receive_json()
        await socket.send_json({"ref": 7, **request_})
        while (event := await socket.receive_json()).get("ref") != 7:
            pass
        assert event["error"]


@pytest.mark.parametrize("path", ["static/../server.py", "static/%2e%2e/server.py", "static/js"])
async def test_only_the_page_s_own_files_are_served(
    page: PageServer, session: aiohttp.ClientSession, path: str
) -> None:
    """No path leads out of the folder of the page."""
    async with session.get(f"{page.url}{path}") as answer:
        assert answer.status == 404


async def test_a_cover_is_generated_from_the_clip_id(
    page: PageServer, session: aiohttp.ClientSession
) -> None:
    """The same id gives the same picture, large or small."""
    pictures = []
    for name in ("image_one", "image_large_one", "image_two"):
        async with session.get(f"{page.url}media/{name}.jpeg") as answer:
            assert answer.content_type == "image/png"
            pictures.append(await answer.read())
    assert pictures[0].startswith(b"\x89PNG")
    assert pictures[0] == pictures[1]
    assert pictures[0] != pictures[2]


async def test_a_tune_can_be_requested_in_ranges(
    page: PageServer, session: aiohttp.ClientSession
) -> None:
    """It is a WAV file with sound, and players may request a part of it."""
    async with session.get(f"{page.url}media/one.mp3") as answer:
        assert answer.content_type == "audio/wav"
        sound = await answer.read()
    with wave.open(io.BytesIO(sound)) as opened:
        assert opened.getnframes() == AUDIO_SECONDS * opened.getframerate()
        assert max(opened.readframes(20_000)) > 0
    async with session.get(f"{page.url}media/one.mp3", headers={"Range": "bytes=44-99"}) as part:
        assert part.status == 206
        assert await part.read() == sound[44:100]


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/xhtml+xml"])
async def test_an_executable_upload_is_served_as_text(
    page: PageServer, session: aiohttp.ClientSession, content_type: str
) -> None:
    """An uploaded HTML or SVG file with scripts is served as plain text."""
    data = b"<script>alert(1)</script>"
    page.page.discord.state.files[7] = Attachment(7, "file", data, content_type, "")
    async with session.get(f"{page.url}files/1/7/file") as answer:
        assert answer.content_type == "text/plain"
        assert await answer.read() == data


PAIRS = [
    *((text, back) for text in ("text", "quiet") for back in ("chat", "side", "ephemeral")),
    *(("strong", back) for back in ("raised", "deep", "hover")),
    *(("on-accent", "accent"), ("mention", "mention-back"), ("link", "chat"), ("link", "side")),
    *((f"{kind}-text", "side") for kind in ("good", "bad", "warn")),
    *(("text", "pinged"), ("quiet", "pinged"), ("text", "code"), ("quiet", "field")),
]
"""A colour of text, and what it stands on."""


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("pair", PAIRS, ids="/".join)
def test_every_text_has_enough_contrast(theme: str, pair: tuple[str, str]) -> None:
    """The contrast is at least 4.5 to 1, as the accessibility guidelines require."""
    css = (STATIC / "css" / "tokens.css").read_text()
    block = css.split(f'[data-theme="{theme}"] {{')[1].split("}")[0]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    light, dark = sorted((_luminance(colours[name]) for name in pair), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_no_module_of_the_page_parses_markup_or_is_too_long() -> None:
    """Texts become text nodes only, and the length of a module is limited."""
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|Function\("
    )
    modules = sorted(STATIC.glob("js/**/*.js"))
    assert len(modules) > 20
    for path in modules:
        text = path.read_text(encoding="utf-8")
        assert not forbidden.search(text), path.name
        assert len(text.splitlines()) < 300, path.name


def test_the_page_has_no_external_or_inline_resources() -> None:
    """Scripts, fonts and pictures are local; the page has no inline script or style."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]*src=)|<style", page)
    for path in STATIC.rglob("*.*"):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"""(src|href|url\(|from|import)[\s=("']*https?:""", text), path.name


def test_both_languages_of_the_page_have_the_same_texts() -> None:
    """Each text that one file has is in the other, with the same placeholders."""
    english, chinese = (
        dict(re.findall(r'^  "?([\w-]+)"?: (".*"),$', path.read_text("utf-8"), re.MULTILINE))
        for path in (STATIC / "js/texts/english.js", STATIC / "js/texts/chinese.js")
    )
    assert len(english) > 100
    assert list(english) == list(chinese)
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", chinese[key])), key


def test_every_caption_of_the_tour_is_translated() -> None:
    """The scenes have titles and comments in English; no Latin word is left in Chinese."""
    source = (ROOT / "sandbox" / "scenario.py").read_text(encoding="utf-8")
    captions = re.findall(r'(?:start_scene|comment)\("([^"]+)"\)', source)
    assert len(captions) >= 7
    for caption in captions:
        assert not re.search("[A-Za-z]", translated((caption,), "zh-CN"))
        assert translated((caption,), "en-US") == caption
