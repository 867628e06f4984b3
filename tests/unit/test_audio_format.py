"""Recognising audio files by their content."""

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
def test_audio_is_recognised_by_its_first_bytes(start: bytes, extension: str) -> None:
    """The file extension follows from the format."""
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
def test_other_files_are_not_audio(start: bytes) -> None:
    """Pages, programs, archives, images, videos and UTF-16 text are rejected."""
    assert audio_extension(start.ljust(SIGNATURE_LENGTH, b"\0")) is None


@pytest.mark.parametrize("brand", [b"isom", b"iso5", b"iso6", b"mp42", b"dash"])
def test_an_mp4_is_classified_by_its_tracks(brand: bytes) -> None:
    """The track list may be before or after the samples."""
    for at_end in (False, True):
        song = mp4(brand, b"soun", at_end=at_end)
        assert audio_extension(song[:SIGNATURE_LENGTH]) == "m4a"
        assert is_general_mp4(song[:SIGNATURE_LENGTH])
        assert has_only_audio_tracks(io.BytesIO(song))
        assert not has_only_audio_tracks(io.BytesIO(mp4(brand, b"vide", b"soun", at_end=at_end)))
        assert not has_only_audio_tracks(io.BytesIO(mp4(brand, b"text", at_end=at_end)))


def test_invalid_sizes_in_an_mp4_are_handled() -> None:
    """Any box size gives a result, 64-bit sizes too."""
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


def test_the_file_is_rewound() -> None:
    """It is uploaded from the start."""
    file = io.BytesIO(mp4(b"isom", b"soun"))
    assert has_only_audio_tracks(file)
    assert file.tell() == 0
