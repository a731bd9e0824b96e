"""Damages files: flipped bytes, odd numbers in headers, cuts, headers of other files, repeats."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_NUMBERS = [bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\1", b"\1\0\0\0"]
"""At which arithmetic breaks."""


def damaged(
    originals: Mapping[str, bytes], numbers: Sequence[int], seed: int
) -> Iterator[tuple[str, bytes]]:
    """Make damaged files; each depends on the originals, the seed and its number alone.

    Args:
        originals: content by name; none is empty.
        numbers: of the files to make.
        seed: of all draws.

    Yields:
        Name and content; one name in ten ends like another format's.
    """
    names = sorted(originals)
    for number in numbers:
        draws = random.Random(f"{seed} {number}")
        name = draws.choice(names)
        data = bytearray(originals[name])
        for _ in range(draws.choice([1, 1, 2, 3])):
            how = draws.choice([_flip, _flip, _set_number, _cut, _splice, _repeat])
            how(data, draws, originals[draws.choice(names)])
        if draws.random() < 0.5:
            _sign(data)
        suffix = Path(name if draws.random() < 0.9 else draws.choice(names)).suffix
        yield f"{number:05d}-{Path(name).stem}{suffix}", bytes(data)


def _flip(data: bytearray, draws: random.Random, other: bytes) -> None:
    """Change some bytes, half of the time in what is likely to be the header."""
    end = len(data) if draws.random() < 0.5 else min(len(data), 512)
    for _ in range(draws.choice([1, 2, 8, 64]) if end else 0):
        data[draws.randrange(end)] = draws.randrange(256)


def _set_number(data: bytearray, draws: random.Random, other: bytes) -> None:
    place = draws.randrange(max(1, min(len(data), 1024)))
    value = draws.choice(_NUMBERS)[: draws.choice([2, 4])]
    data[place : place + len(value)] = value


def _cut(data: bytearray, draws: random.Random, other: bytes) -> None:
    del data[draws.randrange(len(data) + 1) :]


def _splice(data: bytearray, draws: random.Random, other: bytes) -> None:
    """Put the beginning of another file before this one, or in the place of its own."""
    head = draws.choice([8, 32, 64, 256, len(other) // 2])
    data[: draws.choice([0, head, draws.randrange(len(data) + 1)])] = other[:head]


def _repeat(data: bytearray, draws: random.Random, other: bytes) -> None:
    """Move all that follows a place, by a piece that is then there twice."""
    place = draws.randrange(len(data) + 1)
    data[place:place] = data[place : place + draws.choice([1, 12, 100, 4000])]


def _sign(data: bytearray) -> None:
    """Make a PNG's checksums right again, so that the damage comes further than to them."""
    place = 8 if data.startswith(b"\x89PNG\r\n\x1a\n") else len(data)
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        end = place + 8 + length
        if end + 4 > len(data):
            return
        struct.pack_into(">I", data, end, zlib.crc32(data[place + 4 : end]))
        place = end + 4
