import io
import re
import wave
from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.discord import Attachment, LocalDiscord
from sandbox.page import PageServer, PageState, RelayControls
from sandbox.page.generated_media import AUDIO_SECONDS
from sandbox.page.server import STATIC
from sandbox.relay import LocalRelay
from sandbox.users import add_demo_users


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


async def test_the_page_forbids_everything_that_is_not_its_own(
    page: PageServer, session: aiohttp.ClientSession
) -> None:
    """Scripts, styles, pictures and connections: from this server alone."""
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
    """A site whose name suddenly means 127.0.0.1 gets nothing."""
    async with session.get(page.url, headers={"Host": host}) as answer:
        assert answer.status == 421
        assert page.url in await answer.text()


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_site_cannot_ask(
    page: PageServer, session: aiohttp.ClientSession, site: str
) -> None:
    """Not even for a picture."""
    async with session.get(page.url, headers={"Sec-Fetch-Site": site}) as answer:
        assert answer.status == 403


async def test_a_link_that_stands_elsewhere_opens_the_page(
    page: PageServer, session: aiohttp.ClientSession
) -> None:
    """Such as in a terminal that is a page itself; nothing but the page is opened so."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
    async with session.get(page.url, headers=headers) as answer:
        assert answer.status == 200
    async with session.get(f"{page.url}media/x.mp3", headers=headers) as answer:
        assert answer.status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
async def test_only_the_page_itself_opens_its_socket(
    page: PageServer, session: aiohttp.ClientSession, origin: str | None
) -> None:
    """Browsers say where a WebSocket comes from; who does not say it is refused too."""
    headers = {"Origin": origin} if origin else {}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await session.ws_connect(f"{page.url}socket", headers=headers)
    assert refused.value.status == 403


async def test_the_page_gets_everything_when_it_connects(
    page: PageServer, session: aiohttp.ClientSession
) -> None:
    """Who one is, the people, the places."""
    headers = {"Origin": page.url.rstrip("/")}
    async with session.ws_connect(f"{page.url}socket", headers=headers) as socket:
        event = await socket.receive_json()
    assert event["event"] == "snapshot"
    assert event["users"][event["me"]]["name"] == "you"
    assert [channel["name"] for channel in event["channels"]] == ["Suno Bot", "songs", "lyrics"]


@pytest.mark.parametrize(
    "request_", [{"do": "press", "message": "1", "id": "x"}, {"do": "task", "kind": "opera"}]
)
async def test_what_is_not_there_is_told(
    page: PageServer, session: aiohttp.ClientSession, request_: dict[str, str]
) -> None:
    """The page stays connected."""
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
    """No way leads out of the folder."""
    async with session.get(f"{page.url}{path}") as answer:
        assert answer.status == 404


async def test_a_cover_is_a_picture_of_its_own(
    page: PageServer, session: aiohttp.ClientSession
) -> None:
    """Drawn from the clip's id: the same id gives the same picture, large or small."""
    pictures = []
    for name in ("image_one", "image_large_one", "image_two"):
        async with session.get(f"{page.url}media/{name}.jpeg") as answer:
            assert answer.content_type == "image/png"
            pictures.append(await answer.read())
    assert pictures[0].startswith(b"\x89PNG")
    assert pictures[0] == pictures[1]
    assert pictures[0] != pictures[2]


async def test_a_tune_can_be_played_from_anywhere_in_it(
    page: PageServer, session: aiohttp.ClientSession
) -> None:
    """It is a WAV file with sound in it, and players may ask for a part."""
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
async def test_a_file_that_could_run_is_served_as_text(
    page: PageServer, session: aiohttp.ClientSession, content_type: str
) -> None:
    """Whatever the bot uploads: a page or a drawing with scripts in it stays a text here."""
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
def test_every_text_stands_out_from_what_it_stands_on(theme: str, pair: tuple[str, str]) -> None:
    """By 4.5 to 1, as the guidelines for accessible pages ask."""
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
    """Text becomes text nodes; a module fits in the head."""
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|Function\("
    )
    modules = sorted(STATIC.glob("js/**/*.js"))
    assert len(modules) > 20
    for path in modules:
        text = path.read_text(encoding="utf-8")
        assert not forbidden.search(text), path.name
        assert len(text.splitlines()) < 300, path.name


def test_nothing_of_the_page_comes_from_elsewhere() -> None:
    """Neither scripts nor fonts nor pictures; no script and no style stands in the page itself."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]*src=)|<style", page)
    for path in STATIC.rglob("*.*"):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"""(src|href|url\(|from|import)[\s=("']*https?:""", text), path.name
