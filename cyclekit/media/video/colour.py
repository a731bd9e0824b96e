"""What the colour tags of a video mean."""

from __future__ import annotations

from dataclasses import replace

from cyclekit.media.video.clip import UNSPECIFIED, Clip, Colour

SRGB = Colour(matrix=1, primaries=1, transfer=13, range=1)
"""How pictures and animations, which are sRGB, are tagged when they become a video."""
RGB = 0
"""The matrix of what is not YUV."""
LIMITED, FULL = 1, 2
"""Ranges."""
_BT709, _BT601 = 1, 5
SWSCALE = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
"""swscale's number for a matrix of H.273."""


def used_matrix(colour: Colour, width: int, height: int) -> int:
    """Return the matrix that players use: the tagged one, or by custom BT.709 above 576 lines."""
    if colour.matrix in SWSCALE:
        return colour.matrix
    return _BT709 if width >= 1280 or height > 576 else _BT601


def stored_colour(clip: Clip, width: int, height: int) -> Colour:
    """Return the tags for a video of a size that shows the colours of a clip.

    They are the clip's own, but for what would then be understood in another way: RGB becomes
    BT.709, and a matrix that players guess from the size is named where the guess changes.
    """
    colour = clip.colour
    if colour.matrix == RGB:
        return replace(SRGB, transfer=colour.transfer) if colour.transfer != 2 else SRGB
    meant = used_matrix(colour, clip.width, clip.height)
    if colour.matrix == UNSPECIFIED and meant != used_matrix(colour, width, height):
        return replace(colour, matrix=meant)
    return colour
