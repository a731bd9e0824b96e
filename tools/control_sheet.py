"""Show on one sheet what control over a translation does: `tools/control_sheet.py SHEET.jpg`.

For each sample, with the embedded model: the original, strength 0.5, strength 1, the luminance
kept, the colour kept, and a mask: only the cup, or all but the eyes.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from orderly import picture_file, run_tool
from PIL import Image

import cyclekit
from cyclekit.media.images import read_rgb
from cyclekit.media.sheet import sheet

SAMPLES = Path(__file__).parents[1] / "datasets/samples"
MASKS = {  # black or white outside, then ellipses of the other: centre and half axes in pixels
    "coffee.jpg": (0, ((280, 217), (196, 164)), ((285, 110), (120, 95))),
    "chelsea.png": (255, ((172, 116), (35, 31)), ((320, 134), (24, 27))),
}
FEATHER = 10
CELL = 240


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sheet", type=picture_file)
    options = parser.parse_args()
    translate = cyclekit.load(precision="fp32")
    rows = []
    for name, (outside, *ellipses) in MASKS.items():
        before = read_rgb(SAMPLES / name)
        after = translate(before)
        mask = np.full(before.shape[:2], outside, np.uint8)
        for center, axes in ellipses:
            cv2.ellipse(mask, center, axes, 0, 0, 360, 255 - outside, -1)
        ways = (
            {"strength": 0},
            {"strength": 0.5},
            {"strength": 1},
            {"keep": "luminance"},
            {"keep": "color"},
            {"mask": mask, "feather": FEATHER},
        )
        rows.append([_cropped(cyclekit.blend(before, after, **way)) for way in ways])
    Image.fromarray(sheet(rows, CELL)).save(options.sheet, quality=85)


def _cropped(picture: np.ndarray) -> np.ndarray:
    """Cut the middle square out, so that the sheet has no empty bands."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]


if __name__ == "__main__":
    run_tool(main)
