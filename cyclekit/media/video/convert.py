"""Between the stored numbers of a video and RGB, without a drift in colour."""

from __future__ import annotations

from typing import Any, cast

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from cyclekit.media.picture import Array, turned
from cyclekit.media.video.clip import Colour
from cyclekit.media.video.colour import FULL, LIMITED, RGB, SWSCALE, used_matrix
from cyclekit.media.video.siting import Sited

# Averages where chroma shrinks, interpolates where it grows, rounds exactly. The default, without
# SWS_ACCURATE_RND, makes every round trip 1.2 levels darker; bicubic takes twice the time.
_FLAGS = 0x20 | 0x2000 | 0x40000  # SWS_AREA | SWS_FULL_CHR_H_INT | SWS_ACCURATE_RND
# Interpolating two lines of chroma, swscale 9.5 makes nonsense of deep 4:2:0: green becomes 0.
_DEEP_FLAGS = 0x4 | 0x2000 | 0x40000  # SWS_BICUBIC | SWS_FULL_CHR_H_INT | SWS_ACCURATE_RND
_DEEP_WHITE = 255 * 256
"""White of swscale's 16-bit RGB where the other side is YUV of limited range; ours is 65535."""


class Unpacker:
    """Turns decoded frames into upright RGB.

    Args:
        colour: tags of the frames.
        orientation: how to turn them, as EXIF says it: 1 to 8.
        depth: bits a channel; above 8, the result is uint16.
        alpha: whether to keep a fourth channel.
        size: width and height before turning.
        silent: whether the decoder does not say where chroma lies.
    """

    def __init__(
        self,
        colour: Colour,
        orientation: int,
        depth: int,
        alpha: bool,
        size: tuple[int, int],
        silent: bool = False,
    ) -> None:
        self._orientation = orientation
        self._size = size
        kind = "rgba" if alpha else "rgb"
        self._format = f"{kind}{64 if alpha else 48}le" if depth > 8 else kind + "24" * (not alpha)
        self._matrix = SWSCALE[used_matrix(colour, *size)]
        self._range = colour.range
        self._deep = depth > 8
        self._white = _white(colour, depth)
        self._sited = Sited() if silent else None
        self._swscale = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> Array:
        """Convert a frame.

        Returns:
            uint8 or uint16, (H, W, 3) or (H, W, 4).
        """
        made = self._swscale.reformat(
            self._sited(frame) if self._sited else frame,
            *self._size,
            format=self._format,
            src_colorspace=self._matrix,
            src_color_range=self._range or None,
            interpolation=_DEEP_FLAGS if self._deep else _FLAGS,
            threads=1,
        )
        pixels = cast(Array, made.to_ndarray())
        if self._deep:
            pixels = _scaled(pixels, 65535 / self._white)
        return turned(pixels, self._orientation)


class Packer:
    """Turns RGB into frames to encode.

    Args:
        pixel_format: FFmpeg's name, such as "yuv420p" or "yuv444p10le".
        colour: tags of the result.
        size: width and height of the result; frames of another are resized.
    """

    def __init__(self, pixel_format: str, colour: Colour, size: tuple[int, int]) -> None:
        form = av.VideoFormat(pixel_format)
        self.deep = form.components[0].bits > 8
        self._format = pixel_format
        self._has_alpha = any(component.is_alpha for component in form.components)
        self._is_rgb = form.is_rgb
        self._colour = colour
        self._matrix = SWSCALE[used_matrix(colour, *size)]
        # On the way to 8 bits of full range, swscale 9.5 rounds chroma down: half a level is lost.
        self._detour = colour.range == FULL and not self.deep and not self._is_rgb
        self._size = size
        self._sited = Sited()
        self._swscale = VideoReformatter()

    def __call__(self, pixels: Array) -> VideoFrame:
        """Convert a picture.

        Args:
            pixels: uint8 or uint16 RGB, (H, W, 3) or (H, W, 4).
        """
        frame = self._wrapped(pixels)
        if self._is_rgb:
            return self._swscale.reformat(frame, *self._size, format=self._format)
        colour = self._colour
        frame = self._sited(frame)
        if self._detour:
            frame = self._stored(frame, f"{self._format}12le")
        made: Any = self._stored(frame, self._format)
        # Encoders such as prores read the tags of frames.
        made.colorspace, made.color_range = colour.matrix, colour.range
        made.color_primaries, made.color_trc = colour.primaries, colour.transfer
        return cast(VideoFrame, made)

    def _stored(self, frame: VideoFrame, pixel_format: str) -> VideoFrame:
        range_ = self._colour.range or LIMITED
        yuv = None if frame.format.is_rgb else range_
        return self._swscale.reformat(
            frame,
            *self._size,
            format=pixel_format,
            src_colorspace=self._matrix if yuv else None,
            src_color_range=yuv,
            dst_colorspace=self._matrix,
            dst_color_range=range_,
            interpolation=_FLAGS,
            threads=1,
        )

    def _wrapped(self, pixels: Array) -> VideoFrame:
        """Make a frame around pixels, with as much white and as many channels as swscale expects."""
        if pixels.shape[2] == 4 and not self._has_alpha:
            pixels = on_white(pixels)
        kind = "rgba" if pixels.shape[2] == 4 else "rgb"
        if self._detour and pixels.dtype == np.uint8:
            pixels = pixels.astype(np.uint16) * 257
        if pixels.dtype == np.uint8:
            name = kind if kind == "rgba" else "rgb24"
        else:
            name = "rgba64le" if kind == "rgba" else "rgb48le"
            pixels = pixels if self._is_rgb else _scaled(pixels, _DEEP_WHITE / 65535)
        return VideoFrame.from_numpy_buffer(cast(Any, np.ascontiguousarray(pixels)), name)


def _white(colour: Colour, depth: int) -> int:
    """Return what swscale makes of white in 16 bits: it widens by shifting."""
    if colour.matrix == RGB:
        return 65535
    return ((1 << depth) - 1) << (16 - depth) if colour.range == FULL else _DEEP_WHITE


def _scaled(pixels: Array, factor: float) -> Array:
    import cv2

    return pixels if factor == 1 else cast(Array, cv2.addWeighted(pixels, factor, pixels, 0, 0))


def on_white(pixels: Array) -> Array:
    """Show RGBA (H, W, 4) before a white wall: RGB (H, W, 3) of the same depth."""
    full = np.iinfo(pixels.dtype).max
    colour, alpha = pixels[..., :3].astype(np.uint32), pixels[..., 3:].astype(np.uint32)
    blended = (colour * alpha + full * (full - alpha) + full // 2) // full
    return cast(Array, blended.astype(pixels.dtype))
