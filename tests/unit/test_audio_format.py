import io

import pytest

from bot.delivery.attachments.audio_format import (
    SIGNATURE_LENGTH,
    audio_extension,
    has_only_audio_tracks,
    is_general_mp4,
)
from tests.support.media_server import mp4


@pytest.mark.parametrize(
    ("start", "extension"),
    [
        (b"ID3\x04", "mp3"),
        (b"\xff\xfb\x90\x64", "mp3"),
        (b"\xff\xf3\x40\xc0", "mp3"),
        (b"\xff\xf1\x50\x80", "aac"),
        (b"fLaC", "flac"),
        (b"OggS", "ogg"),
        (b"RIFF\x24\x08\x00\x00WAVE", "wav"),
        (b"\x00\x00\x00\x1cftypM4A ", "m4a"),
    ],
)
def test_audio_is_known_by_how_it_begins(start: bytes, extension: str) -> None:
    """Its extension follows from that."""
    assert audio_extension(start.ljust(SIGNATURE_LENGTH, b"\0")) == extension


@pytest.mark.parametrize(
    "start",
    [
        *(b"<!doctype html>", b"<html><head>", b'{"error": 1}', b"PK\x03\x04", b"MZ\x90\x00"),
        *(b"\x7fELF", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"#!/bin/sh\n"),
        *(b"\xff\xfe<\x00h\x00", b"\xff\xff\xff\xff", b"\xff\xe0\x90\x64", b"\xff\xfb\xf0\x64"),
        *(b"RIFF\x24\x08\x00\x00AVI ", b"\x00\x00\x00\x1cftypqt  ", b"GIF89a", b""),
    ],
)
def test_what_is_not_audio_is_told_apart(start: bytes) -> None:
    """Pages, programs, archives, pictures, films, texts of two bytes a letter."""
    assert audio_extension(start.ljust(SIGNATURE_LENGTH, b"\0")) is None


@pytest.mark.parametrize("brand", [b"isom", b"iso5", b"iso6", b"mp42", b"dash"])
def test_an_mp4_of_a_general_brand_is_judged_by_its_tracks(brand: bytes) -> None:
    """Wherever they are described: newer songs are Opus in such a file."""
    for at_end in (False, True):
        song = mp4(brand, b"soun", at_end=at_end)
        assert audio_extension(song[:SIGNATURE_LENGTH]) == "m4a"
        assert is_general_mp4(song[:SIGNATURE_LENGTH])
        assert has_only_audio_tracks(io.BytesIO(song))
        assert not has_only_audio_tracks(io.BytesIO(mp4(brand, b"vide", b"soun", at_end=at_end)))
        assert not has_only_audio_tracks(io.BytesIO(mp4(brand, b"text", at_end=at_end)))


def test_the_sizes_in_an_mp4_need_not_be_true() -> None:
    """Whatever they are, an answer comes; a box may be larger than four bytes can say."""
    song = mp4(b"isom", b"soun")
    large = song[:24] + b"\0\0\0\1free" + (16).to_bytes(8, "big") + song[24:]
    assert has_only_audio_tracks(io.BytesIO(large))
    for size in (b"\0\0\0\0", b"\0\0\0\1", b"\0\0\0\7", b"\xff\xff\xff\xff"):
        for at in range(len(song) - 5008):
            has_only_audio_tracks(io.BytesIO(song[:at] + size + song[at + 4 :]))
        assert not has_only_audio_tracks(io.BytesIO(size + song[4:]))
    assert not any(
        has_only_audio_tracks(io.BytesIO(song[:length])) for length in range(len(song) - 5008)
    )


def test_the_file_is_left_at_its_beginning() -> None:
    """It is sent from there."""
    file = io.BytesIO(mp4(b"isom", b"soun"))
    assert has_only_audio_tracks(file)
    assert file.tell() == 0
