"""Show what a model with a palette makes: `tools/pixel_sheet.py MODEL SHEET.png`.

The samples as small squares, what the model makes of them below, every pixel enlarged alike, and a
row of its colours.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from orderly import picture_file, run_tool
from PIL import Image

import cyclekit
from cyclekit.errors import UsageError
from cyclekit.media.images import read_rgb
from cyclekit.media.palette import indices
from cyclekit.media.sheet import sheet

SAMPLES = Path(__file__).parents[1] / "datasets/samples"
SIDE, SCALE = 112, 2
STRIP = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("sheet", type=picture_file)
    options = parser.parse_args()
    translate = cyclekit.load(options.model, precision="fp32", device="cpu")
    if translate.palette is None:
        raise UsageError(f"{options.model}: has no palette; its pictures are of any colours")
    paths = sorted(path for path in SAMPLES.iterdir() if path.suffix in (".jpg", ".png"))
    before = [_small(read_rgb(path)) for path in paths]
    after = [translate(picture) for picture in before]
    assert all(indices(picture, translate.palette) is not None for picture in after)
    rows = [[_enlarged(picture) for picture in row] for row in (before, after)]
    made = sheet(rows, SIDE * SCALE)
    colors = cv2.resize(
        translate.palette[None], (made.shape[1], STRIP), interpolation=cv2.INTER_NEAREST
    )
    page = np.concatenate([made, np.full((4, made.shape[1], 3), 255, np.uint8), colors])
    Image.fromarray(page).save(options.sheet, optimize=True)


def _small(picture: np.ndarray) -> np.ndarray:
    """Cut the middle square out and reduce it."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = picture[top : top + side, left : left + side]
    return cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _enlarged(picture: np.ndarray) -> np.ndarray:
    return np.repeat(np.repeat(picture, SCALE, axis=0), SCALE, axis=1)


if __name__ == "__main__":
    run_tool(main)
