"""Make two domains to learn pixel art from: `tools/pixel_art.py PHOTOS PAINTINGS -o OUT`.

Paintings are reduced to a few hundred pixels and to a few colours that serve all of them; photographs are
reduced alike and keep their colours. Writes OUT/trainA, OUT/trainB and OUT/palette.hex.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from orderly import run_tool

from cyclekit.media.folders import list_pictures
from cyclekit.media.images import Picture, read_rgb, write
from cyclekit.media.palette import indices

Pixels = NDArray[np.uint8]
SEEN = 20_000
"""Pixels of each painting that decide on the colours."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("paintings", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--photo-width", type=int, default=144, help="of every photograph, px")
    parser.add_argument("--width", type=int, default=280, help="of every painting, px")
    parser.add_argument("--colors", type=int, default=16)
    arguments = parser.parse_args()
    paintings = [reduced(read_rgb(path), arguments.width) for path in pictures(arguments.paintings)]
    palette = shared_palette(paintings, arguments.colors)
    for number, painting in enumerate(paintings):
        nearest = palette[nearest_colors(painting, palette)]
        assert indices(nearest, palette) is not None
        write_to(arguments.output / f"trainB/{number}.png", Picture(nearest, palette=palette))
    for path in pictures(arguments.photos):
        photo = reduced(read_rgb(path), arguments.photo_width)
        write_to(arguments.output / f"trainA/{path.stem}.png", Picture(photo))
    lines = [bytes(color).hex() for color in palette.tolist()]
    (arguments.output / "palette.hex").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(arguments.output / "palette.hex")


def pictures(place: Path) -> list[Path]:
    return list_pictures(place) if place.is_dir() else [place]


def reduced(image: Pixels, width: int) -> Pixels:
    height = max(1, round(len(image) * width / image.shape[1]))
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def shared_palette(images: Sequence[Pixels], count: int) -> Pixels:
    """Find the colours that serve all pictures alike: k-means in CIE Lab, from dark to light."""
    draws = np.random.default_rng(0)
    seen = np.concatenate([draws.choice(image.reshape(-1, 3), SEEN) for image in images])
    cv2.setRNGSeed(0)
    ends = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 60, 0.1)
    _, _, centres = cv2.kmeans(lab(seen), count, None, ends, 4, cv2.KMEANS_PP_CENTERS)
    centres = centres[np.argsort(centres[:, 0])]
    rgb = cv2.cvtColor(centres[None].astype(np.float32), cv2.COLOR_Lab2RGB)[0]
    return np.asarray(np.rint(rgb.clip(0, 1) * 255), np.uint8)


def nearest_colors(image: Pixels, palette: Pixels) -> NDArray[np.int64]:
    differences = lab(image.reshape(-1, 3))[:, None] - lab(palette)[None]
    return np.asarray(np.square(differences).sum(2).argmin(1).reshape(image.shape[:2]), np.int64)


def lab(colors: Pixels) -> NDArray[np.float32]:
    """Turn colours (N, 3) to CIE Lab, in which distances are what the eye sees."""
    return np.asarray(
        cv2.cvtColor(colors[None].astype(np.float32) / 255, cv2.COLOR_RGB2Lab)[0], np.float32
    )


def write_to(path: Path, picture: Picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, picture)


if __name__ == "__main__":
    run_tool(main)
