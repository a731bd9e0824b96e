"""What videos can be written as: codecs, and the containers that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_X26X = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip


@dataclass(frozen=True)
class Codec:
    """A way to compress frames."""

    encoder: str
    """FFmpeg's name of the encoder."""
    pixel_formats: tuple[str, ...]
    """What it can write, the default first; without the "le" of FFmpeg's names."""
    crf: tuple[int, int] | None = None
    """Default and greatest quality number; 0 is without loss. None where there is none."""
    presets: tuple[str, ...] = ()
    """From fast to small."""
    preset: str | None = None
    """The default one."""
    deep_preset: str | None = None
    """The default, and the fastest that works, for more than 8 bits; None if all do."""
    preset_option: str = "preset"
    """FFmpeg's name of the option."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Set always."""
    lossless: Mapping[str, str] = field(default_factory=dict)
    """Set instead of the quality number when that is 0."""
    odd_420: bool = True
    """Whether 4:2:0 may have an odd number of columns or rows, 4:2:2 of columns."""
    tells_aspect: bool = False
    """Whether its own stream says how wide a pixel is."""
    smallest: tuple[int, int] = (1, 1)
    """Columns and rows below which the encoder fails."""


_YUV = ("yuv420p", "yuv422p", "yuv444p", "yuv420p10", "yuv422p10", "yuv444p10")
CODECS = {
    "h264": Codec(
        "libx264", _YUV, (18, 51), _X26X, "veryfast",
        lossless={"qp": "0"}, odd_420=False, tells_aspect=True,
    ),
    "h265": Codec(
        "libx265", _YUV, (20, 51), _X26X, "veryfast", options={"x265-params": "log-level=none"},
        lossless={"x265-params": "log-level=none:lossless=1"}, odd_420=False, tells_aspect=True,
        smallest=(64, 16),  # x265 4.2 spoils the memory of narrower frames
    ),
    "av1": Codec(
        "libsvtav1", ("yuv420p", "yuv420p10"), (26, 63), tuple(map(str, range(13, -1, -1))), "10",
        deep_preset="8",  # SVT-AV1 4.1 makes 10 bits ugly in its faster presets
        lossless={"svtav1-params": "lossless=1"}, smallest=(4, 4),
    ),
    "vp9": Codec(
        "libvpx-vp9", ("yuv420p", "yuv422p", "yuv444p"), (26, 63),
        tuple(map(str, range(8, -1, -1))), "6", preset_option="cpu-used",
        options={"b": "0", "deadline": "realtime", "row-mt": "1"}, lossless={"lossless": "1"},
    ),
    "prores": Codec(
        "prores_ks", ("yuv422p10", "yuv444p10"),
        presets=("proxy", "lt", "standard", "hq"), preset="hq", preset_option="profile",
        odd_420=False,
    ),
    "ffv1": Codec(
        "ffv1", (*_YUV, "yuv420p16", "yuv422p16", "yuv444p16"),
        options={"level": "3", "slicecrc": "1"},
    ),
}  # fmt: skip
"""By the name that users give."""


@dataclass(frozen=True)
class Container:
    """A kind of file."""

    format: str
    """FFmpeg's name of the format."""
    codecs: tuple[str, ...] = ()
    """Codecs that it holds and that are played from it, the default first."""
    audio: str | None = None
    """Encoder for sound that it cannot hold as it is; None if it holds no sound."""
    subtitles: str | None = None
    """Encoder for text subtitles that it cannot hold as they are."""
    tells_aspect: bool = False
    """Whether it can say how wide a pixel is."""


_MP4 = Container(
    "mp4", ("h264", "h265", "av1", "vp9", "ffv1"), "aac", "mov_text", tells_aspect=True
)
_MOV = Container("mov", ("h264", "h265", "prores"), "aac", "mov_text", tells_aspect=True)
CONTAINERS = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": _MOV,
    ".mkv": Container("matroska", tuple(CODECS), "libopus", "subrip"),
    ".webm": Container("webm", ("vp9", "av1"), "libopus", "webvtt"),
    ".gif": Container("gif"),
    ".webp": Container("webp"),
}
"""By the ending of the file's name."""
ANIMATIONS = ("gif", "webp")
"""Formats of pictures that move: no codec to choose, no sound."""
PIXEL_FORMATS = (*_YUV, "yuv420p16", "yuv422p16", "yuv444p16")
"""Names that users give."""
WEBP_QUALITY = 25
"""The default of animated WebP, as 100 minus WebP's own quality."""
