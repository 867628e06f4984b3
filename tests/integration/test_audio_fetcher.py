"""Fetching audio from untrusted URLs: addresses, redirects, sizes, times and formats."""

import asyncio
import itertools
import shutil
import ssl
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.delivery.attachments.audio_fetcher import (
    MAX_REDIRECTS,
    AudioFetcher,
    AudioFetchError,
    FetchedAudio,
    FetchFailure,
)
from bot.public_connector import Resolver, resolve_host
from tests.support.media_server import MP3, MediaServer, always, mp4, raw_responses

LIMIT = 1 << 20
HTML = b"<!doctype html><title>Sign in</title>"


class ChangingResolver:
    """A resolver that returns the next address for each query, then repeats the last one."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = itertools.chain(addresses, itertools.repeat(addresses[-1]))
        self.queries = 0

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        """Resolve a name."""
        self.queries += 1
        return [next(self._addresses)]


async def fetched(media: MediaServer, link: str, limit: int = LIMIT, seconds: float = 5.0) -> bytes:
    """Fetch from the media server and return the content of the file."""
    async with AudioFetcher(seconds=seconds, loopback_port=media.port) as fetcher:
        return content(await fetcher.fetch(link, limit))


def content(sound: FetchedAudio) -> bytes:
    """Return the content of a file and close it."""
    with sound.file as file:
        return file.read()


async def failure_of(
    media: MediaServer, link: str, limit: int = LIMIT, seconds: float = 5.0
) -> FetchFailure:
    """Return why a fetch from the media server fails."""
    with pytest.raises(AudioFetchError) as refused:
        await fetched(media, link, limit, seconds)
    return refused.value.failure


async def rejection(link: str, resolve: Resolver | None = None) -> FetchFailure:
    """Return why a fetcher with production settings rejects a URL."""
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
async def test_only_plain_https_urls_are_resolved(link: str) -> None:
    """The scheme is https, the port 443, without credentials or numeric host names."""
    resolver = ChangingResolver("192.0.2.1")
    assert await rejection(link, resolver) is FetchFailure.LINK
    assert resolver.queries == 0


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1"),  # noqa: S104 # refused
        *("::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "fe80::1", "fd00::1"),
    ],
)
async def test_private_addresses_are_rejected(address: str) -> None:
    """Host names are judged by the resolved address, literal addresses directly."""
    assert (
        await rejection("https://songs.example/song.mp3", always(address))
        is FetchFailure.NOT_PUBLIC
    )
    host = f"[{address}]" if ":" in address else address
    assert await rejection(f"https://{host}/song.mp3") is FetchFailure.NOT_PUBLIC


@pytest.mark.parametrize("host", ["localhost", "0x7f000001"])
async def test_system_names_of_loopback_are_rejected(host: str) -> None:
    """The system resolver answers these names without DNS."""
    assert await rejection(f"https://{host}/song.mp3", resolve_host) is FetchFailure.NOT_PUBLIC


async def test_an_unknown_host_is_unreachable() -> None:
    """A failed DNS query counts as unreachable."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    assert await rejection("https://songs.example/song.mp3", resolve) is FetchFailure.UNREACHABLE


async def test_loopback_is_refused_unless_it_is_allowed(media: MediaServer) -> None:
    """The rule holds for http and https."""
    link = media.song()
    assert await rejection(link) is FetchFailure.LINK
    assert await rejection(link.replace("http:", "https:")) is FetchFailure.LINK
    assert (
        await rejection("https://localhost/song.mp3", always("127.0.0.1"))
        is FetchFailure.NOT_PUBLIC
    )
    assert media.requests == []
    assert await fetched(media, link) == MP3


async def test_a_host_is_resolved_once_per_connection(media: MediaServer) -> None:
    """The checked address is the one connected to, so DNS rebinding fails."""
    media.song()
    changing = ChangingResolver("127.0.0.1", "10.0.0.1")
    async with AudioFetcher(seconds=5, resolve=changing, loopback_port=media.port) as fetcher:
        sound = await fetcher.fetch(media.link(host="songs.example"), LIMIT)
    assert content(sound) == MP3
    assert changing.queries == 1


async def test_a_redirect_to_the_same_host_resolves_it_again(media: MediaServer) -> None:
    """A private address is rejected then."""
    media.redirect("/again.mp3")
    changing = ChangingResolver("127.0.0.1", "10.0.0.1")
    async with AudioFetcher(seconds=5, resolve=changing, loopback_port=media.port) as fetcher:
        with pytest.raises(AudioFetchError) as refused:
            await fetcher.fetch(media.link(host="songs.example"), LIMIT)
    assert refused.value.failure is FetchFailure.NOT_PUBLIC
    assert len(media.requests) == 1


async def test_private_addresses_of_a_host_are_skipped(media: MediaServer) -> None:
    """Only the public addresses of a host are connected to."""
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
async def test_a_redirect_is_checked_like_a_url(
    media: MediaServer, target: str, why: FetchFailure
) -> None:
    """A redirect to a forbidden URL is rejected."""
    assert await failure_of(media, media.redirect(target)) is why


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(media: MediaServer, status: int) -> None:
    """File storage often redirects to another host."""
    media.song()
    assert await fetched(media, media.redirect("/song.mp3", status, "/old.mp3")) == MP3


async def test_redirects_are_limited(media: MediaServer) -> None:
    """At most three redirects are followed."""
    assert await failure_of(media, media.redirect("/song.mp3")) is FetchFailure.REDIRECTS
    assert len(media.requests) == MAX_REDIRECTS + 1


async def test_requests_contain_no_private_headers(media: MediaServer) -> None:
    """There are no cookies, keys or referrer, and the user agent is minimal."""
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
async def test_other_content_types_are_rejected(media: MediaServer, kind: str) -> None:
    """The content type must be audio even if the content is."""
    assert await failure_of(media, media.song(kind=kind)) is FetchFailure.TYPE


@pytest.mark.parametrize("data", [HTML, b"", b"ID3", b"PK\x03\x04" + bytes(99), b"\x7fELF" * 9])
@pytest.mark.parametrize("kind", ["audio/mpeg", "application/octet-stream"])
async def test_content_that_is_not_audio_is_rejected(
    media: MediaServer, kind: str, data: bytes
) -> None:
    """The content must be audio even if the content type is."""
    assert await failure_of(media, media.song(data, kind)) is FetchFailure.NOT_AUDIO


@pytest.mark.parametrize("brand", [b"M4A ", b"isom", b"iso5", b"mp42", b"dash"])
async def test_an_mp4_is_accepted_only_with_sound_alone(media: MediaServer, brand: bytes) -> None:
    """Video tracks are rejected whatever the brand; newer songs are Opus in MP4."""
    song = mp4(brand, b"soun")
    assert await fetched(media, media.song(song, "audio/mp4")) == song
    if brand != b"M4A ":
        film = media.song(mp4(brand, b"vide", b"soun"), "audio/mp4")
        assert await failure_of(media, film) is FetchFailure.NOT_AUDIO


@pytest.mark.parametrize("status", [204, 206, 304, 401, 403, 404, 410, 500])
async def test_only_status_200_is_accepted(media: MediaServer, status: int) -> None:
    """Error pages and partial content are rejected."""
    assert await failure_of(media, media.song(status=status)) is FetchFailure.STATUS


async def test_a_file_of_exactly_the_limit_is_fetched(media: MediaServer) -> None:
    """One byte more is rejected by the Content-Length before the body is read."""
    assert await fetched(media, media.song(), limit=len(MP3)) == MP3
    assert await failure_of(media, media.song(), limit=len(MP3) - 1) is FetchFailure.TOO_LARGE


async def test_a_file_without_content_length_has_the_same_limit(
    media: MediaServer,
) -> None:
    """The bytes are counted while they are read."""
    link = media.stream(MP3[:100], MP3[100:])
    assert await fetched(media, link, limit=len(MP3)) == MP3
    assert await failure_of(media, link, limit=len(MP3) - 1) is FetchFailure.TOO_LARGE


async def test_an_endless_file_is_aborted_at_the_limit(media: MediaServer) -> None:
    """Neither memory nor disk is filled."""
    link = media.stream(MP3 * 40, endless=True)
    assert await failure_of(media, link) is FetchFailure.TOO_LARGE


async def test_a_file_beyond_the_memory_limit_is_complete(media: MediaServer) -> None:
    """The rest is spooled to disk."""
    song = MP3 * 1500
    assert len(song) > 2 << 20
    assert await fetched(media, media.song(song), limit=len(song)) == song


@pytest.mark.parametrize("chunk", [b"\xff", b""])
async def test_a_slow_response_times_out(media: MediaServer, chunk: bytes) -> None:
    """A response that sends single bytes, or stops, does not delay a message."""
    link = media.stream(MP3, chunk, every=0.05, endless=True)
    assert await failure_of(media, link, seconds=0.4) is FetchFailure.TOO_SLOW


async def test_the_timeout_includes_redirects_and_dns(media: MediaServer) -> None:
    """All requests and queries of a fetch share one timeout."""

    async def slow_resolve(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(0.15)
        return ["127.0.0.1"]

    link = media.redirect("/song.mp3").replace("127.0.0.1", "songs.example")
    async with AudioFetcher(seconds=0.4, resolve=slow_resolve, loopback_port=media.port) as fetcher:
        with pytest.raises(AudioFetchError) as refused:
            await fetcher.fetch(link, LIMIT)
    assert refused.value.failure is FetchFailure.TOO_SLOW


async def test_media_hosts_are_resolved_on_threads_of_their_own() -> None:
    """Name servers that do not answer would otherwise keep Discord's names waiting, too."""
    loop, answered = asyncio.get_running_loop(), threading.Event()
    waiting = [loop.run_in_executor(None, answered.wait) for _ in range(64)]  # all threads there
    try:
        assert await asyncio.wait_for(resolve_host("localhost", 443), 30)
    finally:
        answered.set()
        await asyncio.gather(*waiting)


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
async def test_a_wrong_content_length_is_rejected(text: bytes, why: FetchFailure) -> None:
    """A file that is shorter or longer than announced is invalid."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n"
    async with (
        raw_responses(head + text) as port,
        AudioFetcher(seconds=5, loopback_port=port) as fetcher,
    ):
        with pytest.raises(AudioFetchError) as refused:
            await fetcher.fetch(f"http://127.0.0.1:{port}/song.mp3", LIMIT)
    assert refused.value.failure is why


def a_certificate(folder: Path) -> ssl.SSLContext:
    """Return the TLS context of a server with a self-signed certificate."""
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
async def test_a_self_signed_certificate_is_rejected(tmp_path: Path) -> None:
    """No response is read."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nConnection: close\r\n\r\n" + MP3
    async with (
        raw_responses(answer, a_certificate(tmp_path)) as port,
        AudioFetcher(seconds=5, resolve=always("127.0.0.1"), loopback_port=port) as fetcher,
    ):
        with pytest.raises(AudioFetchError) as refused:
            await fetcher.fetch(f"https://songs.example:{port}/song.mp3", LIMIT)
    assert refused.value.failure is FetchFailure.UNREACHABLE


async def test_https_never_falls_back_to_http(media: MediaServer) -> None:
    """A server that speaks http on the https port is unreachable."""
    link = media.song().replace("http:", "https:")
    assert await failure_of(media, link) is FetchFailure.UNREACHABLE
    assert media.requests == []
