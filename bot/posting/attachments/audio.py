"""What a file is by its first bytes, whatever a server calls it."""

LONGEST_MAGIC = 12
"""How many bytes of a file are needed to tell."""

_MAGIC = ((b"ID3", "mp3"), (b"fLaC", "flac"), (b"OggS", "ogg"))


def extension_of(start: bytes) -> str | None:
    """Return the extension of the audio file that begins with ``start``, ``None`` if it is none.

    ``start`` holds at least ``LONGEST_MAGIC`` bytes.
    """
    for magic, extension in _MAGIC:
        if start.startswith(magic):
            return extension
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        return "wav"
    if start[4:8] == b"ftyp" and start[8:11] in (b"M4A", b"M4B"):
        return "m4a"
    return _by_frame(start[0], start[1], start[2])


def _by_frame(first: int, second: int, third: int) -> str | None:
    """Judge by the header of an audio frame, where a file begins without any other."""
    if first != 0xFF or second & 0xE0 != 0xE0:
        return None
    if second & 0xF6 == 0xF0:
        return "aac"
    version, layer = second >> 3 & 0b11, second >> 1 & 0b11
    bitrate, rate = third >> 4, third >> 2 & 0b11
    known = version != 0b01 and layer != 0b00 and bitrate not in (0b0000, 0b1111) and rate != 0b11
    return "mp3" if known else None
