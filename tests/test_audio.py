import pytest

from bot.posting.attachments.audio import LONGEST_MAGIC, extension_of


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
    assert extension_of(start.ljust(LONGEST_MAGIC, b"\0")) == extension


@pytest.mark.parametrize(
    "start",
    [
        *(b"<!doctype html>", b"<html><head>", b'{"error": 1}', b"PK\x03\x04", b"MZ\x90\x00"),
        *(b"\x7fELF", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"#!/bin/sh\n"),
        *(b"\xff\xfe<\x00h\x00", b"\xff\xff\xff\xff", b"\xff\xe0\x90\x64", b"\xff\xfb\xf0\x64"),
        *(b"RIFF\x24\x08\x00\x00AVI ", b"\x00\x00\x00\x1cftypmp42", b"GIF89a", b""),
    ],
)
def test_what_is_not_audio_is_told_apart(start: bytes) -> None:
    """Pages, programs, archives, pictures, films, texts of two bytes a letter."""
    assert extension_of(start.ljust(LONGEST_MAGIC, b"\0")) is None
