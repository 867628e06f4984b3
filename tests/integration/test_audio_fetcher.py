import asyncio
import itertools
import shutil
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.delivery.attachments.audio_fetcher import (
    MAX_REDIRECTS,
    AudioFetcher,
    AudioFetchError,
    FetchedAudio,
    FetchFailure,
    Resolver,
    resolve_host,
)
from tests.support.media_server import MP3, MediaServer, always, mp4, raw_responses

LIMIT = 1 << 20
HTML = b"<!doctype html><title>Sign in</title>"


class Changing:
    """A resolver that gives another address at each question, the last one from then on."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = itertools.chain(addresses, itertools.repeat(addresses[-1]))
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        """Resolve a name."""
        self.asked += 1
        return [next(self._addresses)]


async def fetched(media: MediaServer, link: str, limit: int = LIMIT, seconds: float = 5.0) -> bytes:
    """Fetch from the server of songs; return the content of the file."""
    async with AudioFetcher(seconds=seconds, loopback_port=media.port) as fetcher:
        return content(await fetcher.fetch(link, limit))


def content(sound: FetchedAudio) -> bytes:
    """Return what a file holds, and close it."""
    with sound.file as file:
        return file.read()


async def why_not(
    media: MediaServer, link: str, limit: int = LIMIT, seconds: float = 5.0
) -> FetchFailure:
    """Return why the server of songs is not fetched from."""
    with pytest.raises(AudioFetchError) as refused:
        await fetched(media, link, limit, seconds)
    return refused.value.failure


async def refusal(link: str, resolve: Resolver | None = None) -> FetchFailure:
    """Return why a link is not fetched by a fetcher as it is in use."""
    async with AudioFetcher(seconds=5, resolve=resolve or always("192.0.2.1")) as fetcher:
        with pytest.raises(AudioFetchError) as refused:
            await fetcher.fetch(link, LIMIT)
    return refused.value.failure


@pytest.mark.parametrize(
    "link",
    [
        "http://songs.example/song.mp3",
        "http://songs.example:443/song.mp3",
        "https://songs.example:8443/song.mp3",
        "https://songs.example:22/song.mp3",
        "https://ada@songs.example/song.mp3",
        "https://ada:secret@songs.example/song.mp3",
        "https://:@songs.example/song.mp3",
        "ftp://songs.example/song.mp3",
        "file:///etc/passwd",
        "/song.mp3",
        "https://",
        "https://[::1/song.mp3",
        "https://2130706433/song.mp3",
        "https://127.1/song.mp3",
    ],
)
async def test_a_link_that_is_not_plain_https_is_refused_unasked(link: str) -> None:
    """Only https, only port 443, no name or password, no address in disguise."""
    asked = Changing("192.0.2.1")
    assert await refusal(link, asked) is FetchFailure.LINK
    assert asked.asked == 0


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1"),  # noqa: S104 # refused
        *("::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "fe80::1", "fd00::1"),
    ],
)
async def test_a_name_of_an_address_that_is_not_public_is_refused(address: str) -> None:
    """It is judged by what it resolves to; and so is the bare address."""
    assert (
        await refusal("https://songs.example/song.mp3", always(address)) is FetchFailure.NOT_PUBLIC
    )
    host = f"[{address}]" if ":" in address else address
    assert await refusal(f"https://{host}/song.mp3") is FetchFailure.NOT_PUBLIC


@pytest.mark.parametrize("host", ["localhost", "0x7f000001"])
async def test_what_the_system_itself_calls_loopback_is_refused(host: str) -> None:
    """The resolver in use knows such names without asking anybody."""
    assert await refusal(f"https://{host}/song.mp3", resolve_host) is FetchFailure.NOT_PUBLIC


async def test_a_name_that_is_not_known_is_refused() -> None:
    """As one that cannot be reached."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    assert await refusal("https://songs.example/song.mp3", resolve) is FetchFailure.UNREACHABLE


async def test_loopback_is_refused_unless_it_is_allowed(media: MediaServer) -> None:
    """Over http and over https, whatever is served there."""
    link = media.song()
    assert await refusal(link) is FetchFailure.LINK
    assert await refusal(link.replace("http:", "https:")) is FetchFailure.LINK
    assert (
        await refusal("https://localhost/song.mp3", always("127.0.0.1")) is FetchFailure.NOT_PUBLIC
    )
    assert media.requests == []
    assert await fetched(media, link) == MP3


async def test_a_name_is_resolved_once_for_a_connection(media: MediaServer) -> None:
    """The address that was checked is the one that is asked: a second answer would not count."""
    media.song()
    changing = Changing("127.0.0.1", "10.0.0.1")
    async with AudioFetcher(seconds=5, resolve=changing, loopback_port=media.port) as fetcher:
        sound = await fetcher.fetch(media.link(host="songs.example"), LIMIT)
    assert content(sound) == MP3
    assert changing.asked == 1


async def test_a_name_that_changes_its_address_is_checked_anew(media: MediaServer) -> None:
    """A redirect to the same name resolves it again, and a private address is refused then."""
    media.redirect("/again.mp3")
    changing = Changing("127.0.0.1", "10.0.0.1")
    async with AudioFetcher(seconds=5, resolve=changing, loopback_port=media.port) as fetcher:
        with pytest.raises(AudioFetchError) as refused:
            await fetcher.fetch(media.link(host="songs.example"), LIMIT)
    assert refused.value.failure is FetchFailure.NOT_PUBLIC
    assert len(media.requests) == 1


async def test_of_several_addresses_only_those_that_may_be_asked_are(media: MediaServer) -> None:
    """A private one among them is passed over."""
    media.song()
    resolve = always("10.0.0.1", "fd00::1", "127.0.0.1")
    async with AudioFetcher(seconds=5, resolve=resolve, loopback_port=media.port) as fetcher:
        sound = await fetcher.fetch(media.link(host="songs.example"), LIMIT)
    assert content(sound) == MP3


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("https://127.0.0.1/song.mp3", FetchFailure.NOT_PUBLIC),
        ("https://10.0.0.1/song.mp3", FetchFailure.NOT_PUBLIC),
        ("https://[::ffff:10.0.0.1]/song.mp3", FetchFailure.NOT_PUBLIC),
        ("https://169.254.169.254/latest/meta-data", FetchFailure.NOT_PUBLIC),
        ("http://127.0.0.1:1/song.mp3", FetchFailure.LINK),
        ("http://songs.example/song.mp3", FetchFailure.LINK),
        ("//ada:secret@127.0.0.1/song.mp3", FetchFailure.LINK),
        ("file:///etc/passwd", FetchFailure.LINK),
        ("http://[", FetchFailure.LINK),
    ],
)
async def test_a_redirect_is_judged_as_a_link_is(
    media: MediaServer, target: str, why: FetchFailure
) -> None:
    """It leads nowhere that a relay could not have named itself."""
    assert await why_not(media, media.redirect(target)) is why


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(media: MediaServer, status: int) -> None:
    """A store for files is often somewhere else."""
    media.song()
    assert await fetched(media, media.redirect("/song.mp3", status, "/old.mp3")) == MP3


async def test_a_circle_of_redirects_ends(media: MediaServer) -> None:
    """After three that were followed."""
    assert await why_not(media, media.redirect("/song.mp3")) is FetchFailure.REDIRECTS
    assert len(media.requests) == MAX_REDIRECTS + 1


async def test_nothing_of_ours_is_told(media: MediaServer) -> None:
    """No cookie, no key, no page that we came from, and a name that says no more than it must."""
    media.song()
    media.redirect("/song.mp3", path="/old.mp3")
    resolve = always("127.0.0.1")
    async with AudioFetcher(seconds=5, resolve=resolve, loopback_port=media.port) as fetcher:
        content(await fetcher.fetch(media.link("/old.mp3", host="songs.example"), LIMIT))
    assert len(media.requests) == 2
    for request in media.requests:
        assert set(request.headers) == {
            *("Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"),
        }
        assert request.headers["User-Agent"] == "suno-bot"


@pytest.mark.parametrize("kind", ["text/html", "video/mp4", "application/json", ""])
async def test_what_is_not_called_audio_is_refused(media: MediaServer, kind: str) -> None:
    """Even where it begins as a song does."""
    assert await why_not(media, media.song(kind=kind)) is FetchFailure.TYPE


@pytest.mark.parametrize("data", [HTML, b"", b"ID3", b"PK\x03\x04" + bytes(99), b"\x7fELF" * 9])
@pytest.mark.parametrize("kind", ["audio/mpeg", "application/octet-stream"])
async def test_what_is_not_audio_is_refused(media: MediaServer, kind: str, data: bytes) -> None:
    """Whatever it is called."""
    assert await why_not(media, media.song(data, kind)) is FetchFailure.NOT_AUDIO


@pytest.mark.parametrize("brand", [b"M4A ", b"isom", b"iso5", b"mp42", b"dash"])
async def test_sound_in_an_mp4_is_audio_and_a_film_is_not(media: MediaServer, brand: bytes) -> None:
    """Whatever brand it bears: newer songs are Opus in one."""
    song = mp4(brand, b"soun")
    assert await fetched(media, media.song(song, "audio/mp4")) == song
    if brand != b"M4A ":
        film = media.song(mp4(brand, b"vide", b"soun"), "audio/mp4")
        assert await why_not(media, film) is FetchFailure.NOT_AUDIO


@pytest.mark.parametrize("status", [204, 206, 304, 401, 403, 404, 410, 500])
async def test_only_a_whole_answer_counts(media: MediaServer, status: int) -> None:
    """An error page is no song, nor is a part of one."""
    assert await why_not(media, media.song(status=status)) is FetchFailure.STATUS


async def test_a_file_of_just_the_limit_is_fetched(media: MediaServer) -> None:
    """One byte more is refused by its announced length, before anything of it is read."""
    assert await fetched(media, media.song(), limit=len(MP3)) == MP3
    assert await why_not(media, media.song(), limit=len(MP3) - 1) is FetchFailure.TOO_LARGE


async def test_a_file_that_does_not_say_how_long_it_is_has_the_same_limit(
    media: MediaServer,
) -> None:
    """It is counted as it comes."""
    link = media.stream(MP3[:100], MP3[100:])
    assert await fetched(media, link, limit=len(MP3)) == MP3
    assert await why_not(media, link, limit=len(MP3) - 1) is FetchFailure.TOO_LARGE


async def test_a_file_without_end_is_given_up(media: MediaServer) -> None:
    """When the limit is reached, not when memory or the disk is full."""
    link = media.stream(MP3 * 40, endless=True)
    assert await why_not(media, link) is FetchFailure.TOO_LARGE


async def test_a_file_longer_than_a_spool_is_whole(media: MediaServer) -> None:
    """What does not fit into memory is on disk, and the same."""
    song = MP3 * 1500
    assert len(song) > 2 << 20
    assert await fetched(media, media.song(song), limit=len(song)) == song


@pytest.mark.parametrize("chunk", [b"\xff", b""])
async def test_a_slow_drip_is_given_up(media: MediaServer, chunk: bytes) -> None:
    """A byte now and then, or nothing any more, does not hold up a message."""
    link = media.stream(MP3, chunk, every=0.05, endless=True)
    assert await why_not(media, link, seconds=0.4) is FetchFailure.TOO_SLOW


async def test_redirects_do_not_buy_more_time(media: MediaServer) -> None:
    """The bound spans all that is asked, and the resolving of names."""

    async def slowly(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(0.15)
        return ["127.0.0.1"]

    link = media.redirect("/song.mp3").replace("127.0.0.1", "songs.example")
    async with AudioFetcher(seconds=0.4, resolve=slowly, loopback_port=media.port) as fetcher:
        with pytest.raises(AudioFetchError) as refused:
            await fetcher.fetch(link, LIMIT)
    assert refused.value.failure is FetchFailure.TOO_SLOW


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n28\r\n" + MP3[:40] + b"\r\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"Content-Length: 5000\r\n\r\n" + MP3, FetchFailure.WRONG_LENGTH),
        (CHUNKED, FetchFailure.WRONG_LENGTH),
        (b"Content-Length: 40\r\n\r\n" + MP3, FetchFailure.NOT_HTTP),
        (b"Content-Length: 20\r\n" + CHUNKED + b"0\r\n\r\n", FetchFailure.NOT_HTTP),
    ],
    ids=["shorter", "cut off", "longer", "of two lengths"],
)
async def test_a_file_that_is_not_as_long_as_announced_is_refused(
    text: bytes, why: FetchFailure
) -> None:
    """Half a song is no song, and what is said after the end is not to be trusted."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n"
    async with (
        raw_responses(head + text) as port,
        AudioFetcher(seconds=5, loopback_port=port) as fetcher,
    ):
        with pytest.raises(AudioFetchError) as refused:
            await fetcher.fetch(f"http://127.0.0.1:{port}/song.mp3", LIMIT)
    assert refused.value.failure is why


def a_certificate(folder: Path) -> ssl.SSLContext:
    """Return the side of a server whose certificate nobody has signed but itself."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=songs.example", "-addext", "subjectAltName=DNS:songs.example"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """Nothing behind it is read."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nConnection: close\r\n\r\n" + MP3
    async with (
        raw_responses(answer, a_certificate(tmp_path)) as port,
        AudioFetcher(seconds=5, resolve=always("127.0.0.1"), loopback_port=port) as fetcher,
    ):
        with pytest.raises(AudioFetchError) as refused:
            await fetcher.fetch(f"https://songs.example:{port}/song.mp3", LIMIT)
    assert refused.value.failure is FetchFailure.UNREACHABLE


async def test_https_is_not_given_up_for_http(media: MediaServer) -> None:
    """A server that speaks http where https was asked is not asked otherwise."""
    link = media.song().replace("http:", "https:")
    assert await why_not(media, link) is FetchFailure.UNREACHABLE
    assert media.requests == []
