"""Recognizes audio files by their content, whatever type a server declares."""

from collections.abc import Iterator
from typing import IO

SIGNATURE_LENGTH = 12
"""Bytes at the beginning of a file that are needed to recognize it."""

_SIGNATURES = ((b"ID3", "mp3"), (b"fLaC", "flac"), (b"OggS", "ogg"))

_AUDIO_BRANDS = (b"M4A ", b"M4B ")
_GENERAL_BRANDS = (
    b"isom",
    b"iso2",
    b"iso3",
    b"iso4",
    b"iso5",
    b"iso6",
    b"iso7",
    b"iso8",
    b"iso9",
    b"mp41",
    b"mp42",
    b"dash",
    b"cmfc",
    b"cmf2",
    b"msdh",
)
"""Brands of MP4 files that hold audio or video: only the tracks show which."""

_MAX_MOOV_SIZE = 4 * 2**20
"""Bytes of the box that describes the tracks; a song's takes a few thousand."""
_MAX_BOXES = 1000
"""Boxes that are read before a file counts as broken."""


def audio_extension(start: bytes) -> str | None:
    """Return the extension of the audio file that begins with ``start``, ``None`` if it is none.

    ``start`` holds at least ``SIGNATURE_LENGTH`` bytes. Where ``is_general_mp4(start)``, this
    holds only if ``has_only_audio_tracks`` of the whole file.
    """
    for magic, extension in _SIGNATURES:
        if start.startswith(magic):
            return extension
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        return "wav"
    if _brand(start) in (*_AUDIO_BRANDS, *_GENERAL_BRANDS):
        return "m4a"
    return _frame_extension(start[0], start[1], start[2])


def is_general_mp4(start: bytes) -> bool:
    """Whether a file that begins with ``start`` is an MP4 that holds audio, video or both."""
    return _brand(start) in _GENERAL_BRANDS


def has_only_audio_tracks(file: IO[bytes]) -> bool:
    """Whether an MP4 file has an audio track and no video track.

    Reads ``file`` and leaves it at its beginning.
    """
    try:
        handlers = set(_handlers(_moov(file)))
    finally:
        file.seek(0)
    return b"soun" in handlers and b"vide" not in handlers


def _brand(start: bytes) -> bytes | None:
    return start[8:12] if start[4:8] == b"ftyp" else None


def _moov(file: IO[bytes]) -> bytes:
    """Return the content of the box that describes the tracks; empty if there is none."""
    at = 0
    for _ in range(_MAX_BOXES):
        file.seek(at)
        header = file.read(16)
        kind, start, size = header[4:8], 8, int.from_bytes(header[:4], "big")
        if size == 1:  # the size follows, for it needs more than four bytes
            start, size = 16, int.from_bytes(header[8:], "big")
        if kind == b"moov" and start < size <= _MAX_MOOV_SIZE:
            file.seek(at + start)
            return file.read(size - start)
        if len(header) < start or size < start:
            break  # the file is at its end, or its last box is this one, or it is broken
        at += size
    return b""


def _handlers(moov: bytes) -> Iterator[bytes]:
    """Yield the handler type of each track: ``soun``, ``vide`` or another."""
    for track in _child_boxes(moov, b"trak"):
        for media in _child_boxes(track, b"mdia"):
            for handler in _child_boxes(media, b"hdlr"):
                yield handler[8:12]


def _child_boxes(content: bytes, wanted: bytes) -> Iterator[bytes]:
    """Yield the content of the boxes of one kind in the content of another."""
    at = 0
    for _ in range(_MAX_BOXES):
        size = int.from_bytes(content[at : at + 4], "big")
        if size < 8:
            return
        if content[at + 4 : at + 8] == wanted:
            yield content[at + 8 : at + size]
        at += size


def _frame_extension(first: int, second: int, third: int) -> str | None:
    """Return the extension by the header of an audio frame, for a file without any other header."""
    if first != 0xFF or second & 0xE0 != 0xE0:
        return None
    if second & 0xF6 == 0xF0:
        return "aac"
    version, layer = second >> 3 & 0b11, second >> 1 & 0b11
    bitrate, rate = third >> 4, third >> 2 & 0b11
    known = version != 0b01 and layer != 0b00 and bitrate not in (0b0000, 0b1111) and rate != 0b11
    return "mp3" if known else None
