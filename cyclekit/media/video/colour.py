"""Between the stored numbers of a video and RGB, without a drift in colour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from cyclekit.media.picture import turned
from cyclekit.media.video.clip import UNSPECIFIED, Clip, Colour
from cyclekit.pixels import Array

SRGB = Colour(matrix=1, primaries=1, transfer=13, range=1)
"""How pictures and animations, which are sRGB, are tagged when they become a video."""
LIMITED, FULL = 1, 2
_RGB = 0
_BT709, _BT601 = 1, 5
_SWSCALE = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
"""swscale's number for a matrix of H.273."""
# Averages where chroma shrinks, interpolates where it grows, rounds exactly. The default, without
# SWS_ACCURATE_RND, makes every round trip 1.2 levels darker; bicubic takes twice the time.
_FLAGS = 0x20 | 0x2000 | 0x40000  # SWS_AREA | SWS_FULL_CHR_H_INT | SWS_ACCURATE_RND


def used_matrix(colour: Colour, width: int, height: int) -> int:
    """Return the matrix that players use: the tagged one, or by custom BT.709 from 720 lines on."""
    if colour.matrix in _SWSCALE:
        return colour.matrix
    return _BT709 if width >= 1280 or height > 576 else _BT601


def stored_colour(clip: Clip, width: int, height: int) -> Colour:
    """Return the tags for a video of a size that shows the colours of a clip.

    They are the clip's own, but for what would then be understood in another way: RGB becomes
    BT.709, and a matrix that players guess from the size is named where the guess changes.
    """
    colour = clip.colour
    if colour.matrix == _RGB:
        return replace(SRGB, transfer=colour.transfer) if colour.transfer != 2 else SRGB
    meant = used_matrix(colour, clip.width, clip.height)
    if colour.matrix == UNSPECIFIED and meant != used_matrix(colour, width, height):
        return replace(colour, matrix=meant)
    return colour


class Unpacker:
    """Turns decoded frames into upright RGB.

    Args:
        colour: tags of the frames.
        orientation: how to turn them, as EXIF says it: 1 to 8.
        depth: bits a channel; above 8, the result is uint16.
        alpha: whether to keep a fourth channel.
        size: width and height before turning.
    """

    def __init__(
        self, colour: Colour, orientation: int, depth: int, alpha: bool, size: tuple[int, int]
    ) -> None:
        self._orientation = orientation
        self._size = size
        kind = "rgba" if alpha else "rgb"
        self._format = f"{kind}{64 if alpha else 48}le" if depth > 8 else kind + "24" * (not alpha)
        self._matrix = _SWSCALE[used_matrix(colour, *size)]
        self._range = colour.range
        self._swscale = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> Array:
        """Convert a frame.

        Returns:
            uint8 or uint16, (H, W, 3) or (H, W, 4).
        """
        made = self._swscale.reformat(
            frame,
            *self._size,
            format=self._format,
            src_colorspace=self._matrix,
            src_color_range=self._range or None,
            interpolation=_FLAGS,
            threads=1,
        )
        return turned(cast(Array, made.to_ndarray()), self._orientation)


class Packer:
    """Turns RGB into frames to encode.

    Args:
        pixel_format: FFmpeg's name, such as "yuv420p" or "yuv444p10le".
        colour: tags of the result.
        size: width and height of the result; frames of another are resized.
    """

    def __init__(self, pixel_format: str, colour: Colour, size: tuple[int, int]) -> None:
        self._format = pixel_format
        self._size = size
        self._colour = colour
        self.deep = av.VideoFormat(pixel_format).components[0].bits > 8
        self._swscale = VideoReformatter()

    def __call__(self, pixels: Array) -> VideoFrame:
        """Convert a picture.

        Args:
            pixels: uint8 or uint16 RGB, (H, W, 3) or (H, W, 4).
        """
        form = av.VideoFormat(self._format)
        if pixels.shape[2] == 4 and not any(part.is_alpha for part in form.components):
            pixels = on_white(pixels)
        deep = pixels.dtype == np.uint16
        names = {
            (3, False): "rgb24",
            (4, False): "rgba",
            (3, True): "rgb48le",
            (4, True): "rgba64le",
        }
        frame = VideoFrame.from_numpy_buffer(
            cast(Any, np.ascontiguousarray(pixels)), names[pixels.shape[2], deep]
        )
        is_rgb = form.is_rgb
        colour = self._colour
        matrix = _SWSCALE[used_matrix(colour, *self._size)]
        made: Any = self._swscale.reformat(
            frame,
            *self._size,
            format=self._format,
            dst_colorspace=None if is_rgb else matrix,
            dst_color_range=None if is_rgb else (colour.range or LIMITED),
            interpolation=_FLAGS,
            threads=1,
        )
        if not is_rgb:  # encoders such as prores read the tags of frames
            made.colorspace, made.color_range = colour.matrix, colour.range
            made.color_primaries, made.color_trc = colour.primaries, colour.transfer
        return cast(VideoFrame, made)


def on_white(pixels: Array) -> Array:
    """Show RGBA (H, W, 4) before a white wall: RGB (H, W, 3) of the same depth."""
    full = np.iinfo(pixels.dtype).max
    colour, alpha = pixels[..., :3].astype(np.uint32), pixels[..., 3:].astype(np.uint32)
    blended = (colour * alpha + full * (full - alpha) + full // 2) // full
    return cast(Array, blended.astype(pixels.dtype))
