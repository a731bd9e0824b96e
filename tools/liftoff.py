"""Draw a short film of a sample photograph: the rocket lifts off, the camera stands still.

    .venv/bin/python tools/liftoff.py OUT.mp4 [--close]

`--close` shows no more than what is around the rocket, so that most of the picture moves. Towers and sky stand still under the noise of a camera at night; the rocket and its flame move.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from orderly import run_tool

from cyclekit.media.images import read_rgb
from cyclekit.pixels import Array

SAMPLE = Path(__file__).parents[1] / "datasets/samples/rocket.jpg"
FRAMES, RATE = 60, 25
WIDTH, HEIGHT = 640, 426
IGNITION = 15
"""Frame at which the rocket begins to rise."""
LEFT, RIGHT, TOP, BASE = 306, 342, 118, 402
"""Where the rocket stands in the photograph, in pixels."""
NOISE = 2.0
"""Standard deviation in levels of 255, as of a camera in the dark."""
CLOSE = (slice(0, 416), slice(244, 404))
"""Rows and columns of a close view."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--close", action="store_true")
    options = parser.parse_args()
    frames = [frame[CLOSE] if options.close else frame for frame in draw()]
    with av.open(str(options.out), "w") as out:
        stream: Any = out.add_stream("libx264", rate=RATE, options={"crf": "18"})
        stream.height, stream.width, _ = frames[0].shape
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))


def draw() -> Iterator[Array]:
    """Yield the frames, uint8 RGB (HEIGHT, WIDTH, 3)."""
    photograph = read_rgb(SAMPLE)[:HEIGHT].astype(np.float32)
    empty = _without_rocket(photograph)
    noise = np.random.default_rng(0)
    for number in range(FRAMES):
        seconds = max(0, number - IGNITION) / RATE
        shown = _with_rocket(empty, photograph, round(65 * seconds**2))
        shown += noise.normal(0, NOISE, (*shown.shape[:2], 1))
        yield np.clip(np.rint(shown), 0, 255).astype(np.uint8)


def _without_rocket(photograph: Any) -> Any:
    """Fill the rocket's place with sky, evenly from its left to its right."""
    empty = photograph.copy()
    left, right = (
        cv2.blur(photograph[:BASE, edge - 2 : edge + 3], (5, 9)).mean(axis=1, keepdims=True)
        for edge in (LEFT - 4, RIGHT + 4)
    )
    share = np.linspace(0, 1, RIGHT - LEFT, dtype=np.float32)[None, :, None]
    empty[:BASE, LEFT:RIGHT] = left + share * (right - left)
    return empty


def _with_rocket(empty: Any, photograph: Any, height: int) -> Any:
    rocket = photograph[TOP:BASE, LEFT:RIGHT]
    differs = np.abs(rocket - empty[TOP:BASE, LEFT:RIGHT]).max(axis=2, keepdims=True)
    opaque = cv2.GaussianBlur(np.clip(differs / 24, 0, 1), (3, 3), 0)[..., None]
    top, hidden = max(0, TOP - height), max(0, height - TOP)
    bottom = BASE - height
    shown = empty.copy()
    place = shown[top:bottom, LEFT:RIGHT]
    place += opaque[hidden:] * (rocket[hidden:] - place)
    return shown + _flame(shown.shape, bottom, height) if height else shown


def _flame(shape: tuple[int, ...], top: int, height: int) -> Any:
    """Light up what is below the rocket, in levels of RGB."""
    light = np.zeros(shape[:2], np.float32)
    middle, length = (LEFT + RIGHT) // 2, min(90, 12 + height)
    cv2.ellipse(light, (middle, top + length // 2 - 8), (7, length // 2), 0, 0, 360, 1, -1)
    glow = cv2.GaussianBlur(light, (0, 0), 5) + 0.6 * cv2.GaussianBlur(light, (0, 0), 16)
    return glow[..., None] * np.array([255, 190, 90], np.float32)


if __name__ == "__main__":
    run_tool(main)
