"""Decides how a video is written, before any of it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from cyclekit.errors import UsageError
from cyclekit.media.video.codecs import CODECS, CONTAINERS, Codec, Container


@dataclass(frozen=True)
class Wishes:
    """How the user wants a video to be written; None leaves the choice."""

    codec: str | None = None
    """A name of `CODECS`."""
    crf: int | None = None
    """Quality number: smaller is better and larger, 0 without loss."""
    preset: str | None = None
    """Effort of the encoder, by its own name."""
    pixel_format: str | None = None
    """A name of `PIXEL_FORMATS`."""


@dataclass(frozen=True)
class Encoding:
    """How a video is written; all is decided, and fits together."""

    container: Container
    """Kind of file."""
    codec: Codec
    """Way to compress."""
    pixel_format: str
    """FFmpeg's name."""
    options: Mapping[str, str]
    """For the encoder."""
    notes: tuple[str, ...] = ()
    """What the user should know."""


def container_of(path: Path) -> Container:
    """Return the kind of file that a name asks for.

    Raises:
        UsageError: if such a file cannot be written.
    """
    found = CONTAINERS.get(path.suffix.lower())
    if found is None:
        known = ", ".join(CONTAINERS)
        what = f"'{path.suffix}' cannot be written" if path.suffix else "the name has no ending"
        raise UsageError(f"{path}: {what}; expected {known}, frames/%06d.png or -")
    return found


def choose(path: Path, wishes: Wishes, size: tuple[int, int]) -> Encoding:
    """Decide how to write a video file.

    Args:
        path: its name.
        wishes: what the user asked for.
        size: width and height of its frames.

    Raises:
        UsageError: if the wishes do not fit together, or not this kind of file.
    """
    container = container_of(path)
    name = wishes.codec or container.codecs[0]
    if name not in container.codecs:
        homes = ", ".join(end for end, kind in CONTAINERS.items() if name in kind.codecs)
        fitting = ", ".join(container.codecs)
        kind = path.suffix.lower()
        raise UsageError(
            f"{kind} does not hold {name}; expected {fitting} there, or one of {homes}"
        )
    codec = CODECS[name]
    if size[0] < codec.smallest[0] or size[1] < codec.smallest[1]:
        least = "x".join(map(str, codec.smallest))
        raise UsageError(f"{size[0]}x{size[1]} is too small for {name}; expected {least} or more")
    pixel_format, notes = _pixel_format(name, wishes.pixel_format, size)
    options = {
        **codec.options,
        **_quality(name, wishes.crf),
        **_preset(name, wishes.preset, pixel_format),
    }
    return Encoding(container, codec, pixel_format, options, notes)


def _quality(name: str, wanted: int | None) -> Mapping[str, str]:
    codec = CODECS[name]
    if codec.crf is None:
        if wanted is not None:
            hint = "is always lossless" if name == "ffv1" else "has --preset instead"
            raise UsageError(f"--crf means nothing to {name}, which {hint}")
        return {}
    default, most = codec.crf
    if wanted is not None and wanted > most:
        raise UsageError(f"--crf {wanted}: expected 0 to {most} for {name}")
    return codec.lossless if wanted == 0 else {"crf": str(default if wanted is None else wanted)}


def _preset(name: str, wanted: str | None, pixel_format: str) -> Mapping[str, str]:
    codec = CODECS[name]
    default, presets = codec.preset, codec.presets
    if codec.deep_preset is not None and pixel_format.endswith("le"):
        default = codec.deep_preset
        presets = presets[presets.index(default) :]
    if wanted is not None and wanted not in presets:
        known = f"expected one of {', '.join(presets)}" if presets else "leave it out"
        raise UsageError(f"--preset {wanted}: {name} has no such preset here; {known}")
    chosen = wanted or default
    return {} if chosen is None else {codec.preset_option: chosen}


def _pixel_format(
    name: str, wanted: str | None, size: tuple[int, int]
) -> tuple[str, tuple[str, ...]]:
    """Choose one that keeps the size: some codecs hold odd sides only in full chroma."""
    codec = CODECS[name]
    if wanted is not None and wanted not in codec.pixel_formats:
        known = ", ".join(codec.pixel_formats)
        raise UsageError(f"--pixel-format {wanted}: {name} expects one of {known}")
    chosen = wanted or codec.pixel_formats[0]
    notes: tuple[str, ...] = ()
    if not codec.odd_420 and _splits(chosen, size):
        full = chosen.replace("420", "444").replace("422", "444")
        what = f"{size[0]}x{size[1]} has an odd side, which {name} cannot hold in {chosen}"
        if wanted is not None:
            raise UsageError(f"--pixel-format {wanted}: {what}; choose {full} or --size")
        notes = (f"{what}: written as {full}, which fewer players show; --size makes it even",)
        chosen = full
    return ffmpeg_name(chosen), notes


def ffmpeg_name(pixel_format: str) -> str:
    """Return FFmpeg's name of one of `PIXEL_FORMATS`: deep ones are stored low byte first."""
    return pixel_format + "le" * pixel_format[-2:].isdigit()


def _splits(pixel_format: str, size: tuple[int, int]) -> bool:
    """Whether a side is odd where two pixels share their chroma."""
    width, height = size
    return ("420" in pixel_format and bool(width % 2 or height % 2)) or (
        "422" in pixel_format and bool(width % 2)
    )


def square_size(size: tuple[int, int], aspect: Fraction) -> tuple[int, int]:
    """Return the size with square pixels that looks the same and loses none."""
    width, height = size
    if aspect >= 1:
        return round(width * aspect), height
    return width, round(height / aspect)
