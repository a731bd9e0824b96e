"""Looks a film over once: which frames show something new, and where scenes begin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from cyclekit.errors import MediaError
from cyclekit.media.distinct import DISTINCT, Distinct
from cyclekit.media.scenes import Look, look_at
from cyclekit.media.video.opening import decoded, opened

LONG = 6000
"""Frames, four minutes at 25 a second, from which on only key frames are looked at."""
_AREA = 0x20
_SIZE = (64, 36)


@dataclass(frozen=True)
class Survey:
    """What is in a film."""

    times: tuple[int, ...]
    """When its frames are shown, rising, in units of its stream's time base."""
    new: tuple[int, ...]
    """Places in `times` of the frames that differ from all new ones before."""
    cuts: tuple[int, ...]
    """Places in `times` where another scene begins, as far as frames were looked at."""


def survey(path: Path, least: float = DISTINCT, long: int = LONG) -> Survey:
    """Decode a film once, small.

    Args:
        path: the file.
        least: as for `Distinct`.
        long: frames from which on only key frames are decoded, and can be new.

    Raises:
        MediaError: if it cannot be read, or no frame of it can be decoded.
    """
    times = _times(path)
    known = Distinct(least)
    last: Look | None = None
    looks: dict[int, tuple[bool, bool]] = {}
    for pts, small in _small_frames(path, keys_only=len(times) >= long):
        look = look_at(small)
        looks[pts] = known.is_new(small), last is not None and last.is_cut_to(look)
        last = look
    if not looks:
        raise MediaError(f"{path}: no frame of it can be decoded")
    shown = tuple(sorted(times if len(times) >= long else looks))
    place = {pts: number for number, pts in enumerate(shown)}
    return Survey(
        shown,
        tuple(place[pts] for pts, (new, _) in sorted(looks.items()) if new and pts in place),
        tuple(place[pts] for pts, (_, cut) in sorted(looks.items()) if cut and pts in place),
    )


def _times(path: Path) -> set[int]:
    """Read when frames are shown, without decoding them."""
    times = set()
    with opened(path) as (container, stream):
        try:
            for packet in container.demux(stream):
                if packet.size and packet.pts is not None and not packet.is_discard:
                    times.add(packet.pts)
        except FFmpegError:  # breaks off: what is there serves
            pass
    return times


def _small_frames(path: Path, *, keys_only: bool) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    with opened(path) as (container, stream):
        if keys_only:
            stream.codec_context.skip_frame = "NONKEY"
        try:
            for packet in container.demux(stream):
                for raw in decoded(stream, packet) or ():
                    if raw.pts is not None and not raw.is_corrupt:
                        yield raw.pts, _shrunk(raw)
        except FFmpegError:
            return


def _shrunk(raw: VideoFrame) -> NDArray[np.uint8]:
    width, height = _SIZE
    small = raw.reformat(width=width, height=height, format="rgb24", interpolation=_AREA)
    return np.asarray(small.to_ndarray(), np.uint8)
