"""The collection of files that break tools; what is said of each was looked up by eye."""

from pathlib import Path

import pytest

import cyclekit

ODD = Path(cyclekit.__file__).parents[2] / "shared" / "data" / "odd"
COUNT = 83
REFUSED = {
    "broken.png": "not a picture that can be read",
    "broken_data_stream.png": "damaged",
    "decompression_bomb.gif": "too large to open safely",
    "hopper_webp.tif": "WebP compression, which is not supported",
    "truncated_image.png": "truncated",
    "truncated_jpeg.jpg": "truncated",
    "zero-bytes.jpg": "the file is empty",
    "zero_width.gif": "not a picture that can be read",
}
"""Files that cannot be read, and a part of the reason given."""


def odd(name: str = "") -> Path:
    """Return the path of an odd file; skip the test where there are none."""
    if not ODD.is_dir():
        pytest.skip(f"no real data at {ODD}")
    return ODD / name
