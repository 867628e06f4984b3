"""Generates covers and audio for the songs of the demo from the id of the song.

The same id always gives the same picture and the same melody.
"""

import io
import math
import struct
import wave
import zlib
from collections.abc import Callable
from random import Random

COVER_SIZE = 320
"""Pixels, width and height."""
AUDIO_SECONDS = 24
_RATE = 16_000
"""Samples per second."""
_PENTATONIC = (0, 2, 4, 7, 9, 12, 14, 16)
_BEAT = 0.3
"""Seconds."""

_Colour = tuple[float, float, float]

_SKIES: tuple[tuple[_Colour, _Colour, _Colour], ...] = (
    ((38, 32, 84), (224, 110, 120), (255, 214, 140)),
    ((12, 52, 78), (46, 150, 150), (244, 240, 200)),
    ((58, 20, 70), (190, 60, 130), (255, 170, 110)),
    ((18, 28, 60), (70, 96, 190), (190, 220, 255)),
    ((24, 50, 40), (90, 150, 90), (240, 226, 150)),
)
"""The top of a sky, its horizon, and the light in it."""


def cover(seed: str, size: int = COVER_SIZE) -> bytes:
    """Draw a sky with a light and hills before it; return a PNG of ``size`` × ``size`` pixels."""
    random = Random(seed)  # noqa: S311 # generates images, no secrets
    top, horizon, light = random.choice(_SKIES)
    centre = (random.uniform(0.25, 0.75), random.uniform(0.3, 0.5))
    radius = random.uniform(0.1, 0.17)
    hills = [_hill(random, 0.58 + 0.13 * number) for number in range(3)]
    rows = bytearray()
    for row in range(size):
        y = row / size
        sky = _mixed(top, horizon, min(1.0, y / 0.75))
        rows.append(0)  # this row of the PNG is not filtered
        for column in range(size):
            x = column / size
            colour = _lit(sky, light, math.hypot(x - centre[0], y - centre[1]), radius)
            for depth, hill in enumerate(hills, 1):
                inside = _edge((y - hill(x)) * size)
                if inside > 0:
                    colour = _mixed(colour, _mixed(horizon, top, 0.3 + 0.27 * depth), inside)
            rows += bytes(int(part) for part in colour)
    return _png(size, bytes(rows))


def _hill(random: Random, base: float) -> Callable[[float], float]:
    """Return the height (0 is the top) of a line of hills above every x from 0 to 1."""
    width, shift, height = random.uniform(5, 9), random.uniform(0, 7), random.uniform(0.02, 0.06)

    def height_at(x: float) -> float:
        return base + height * (math.sin(width * x + shift) + 0.5 * math.sin(2.3 * width * x))

    return height_at


def _lit(sky: _Colour, light: _Colour, distance: float, radius: float) -> _Colour:
    glow = _mixed(sky, light, 0.5 * math.exp(-max(distance - radius, 0.0) * 9))
    return _mixed(glow, light, _edge((radius - distance) * COVER_SIZE))


def _edge(pixels: float) -> float:
    """Return how much of a pixel is within a shape whose edge is so many pixels away."""
    return min(max(0.5 + pixels / 1.6, 0.0), 1.0)


def _mixed(first: _Colour, second: _Colour, share: float) -> _Colour:
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


def _png(size: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + check


def melody(seed: str, seconds: int = AUDIO_SECONDS) -> bytes:
    """Return a WAV file (one channel of 16 bits) with a random walk over a scale, and a bass."""
    random = Random(seed)  # noqa: S311 # generates audio, no secrets
    key = random.choice((220.0, 246.94, 261.63, 196.0))
    place, beats = 3, int(seconds / _BEAT)
    samples = [0.0] * (seconds * _RATE)
    for beat in range(beats):
        place = min(max(place + random.choice((-2, -1, -1, 0, 1, 1, 2)), 0), 7)
        if beat % 8 == 0:
            _pluck(samples, beat, key / 2 * random.choice((1.0, 1.0, 0.75, 1.125)), 0.30, 2.4)
        if random.random() < 0.8:
            _pluck(samples, beat, key * 2 ** (_PENTATONIC[place] / 12), 0.22, 1.0)
    return _wav(samples)


def _pluck(samples: list[float], beat: int, pitch: float, loud: float, lasting: float) -> None:
    """Add a plucked note that fades over ``lasting`` seconds."""
    start = int(beat * _BEAT * _RATE)
    step = 2 * math.pi * pitch / _RATE
    for index in range(min(int(lasting * _RATE), len(samples) - start)):
        fading = math.exp(-4 * index / (lasting * _RATE)) * min(1.0, index / 80)
        tone = math.sin(step * index) + 0.35 * math.sin(2 * step * index)
        samples[start + index] += loud * fading * tone


def _wav(samples: list[float]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(_RATE)
        bounded = [int(32_000 * min(max(sample, -1.0), 1.0)) for sample in samples]
        out.writeframes(struct.pack(f"<{len(bounded)}h", *bounded))
    return file.getvalue()
