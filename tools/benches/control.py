"""What control adds to a picture of 30 megapixels: time and memory."""

from __future__ import annotations

import time
import tracemalloc

import cv2
import numpy as np

from benches.measuring import Figures, photograph


def bench_control() -> list[Figures]:
    """Time what control adds to a picture of 30 megapixels, and measure its memory."""
    from cyclekit.inference.control import blend

    before = cv2.resize(photograph(256), (6684, 4456))
    after = np.ascontiguousarray(before[:, ::-1])
    mask = np.zeros(before.shape[:2], np.uint8)
    mask[500:-500, 700:-700] = 255
    figures = []
    for dtype, factor in ((np.uint8, 1), (np.uint16, 257)):
        pair = [image.astype(dtype) * dtype(factor) for image in (before, after)]
        for name, options in (
            ("strength", {"strength": 0.5}),
            ("keep", {"keep": "luminance"}),
            ("mask", {"keep": "color", "strength": 0.7, "mask": mask, "feather": 100}),
        ):
            started = time.perf_counter()
            blend(*pair, **options)
            seconds = time.perf_counter() - started
            tracemalloc.start()
            made = blend(*pair, **options)
            beyond = tracemalloc.get_traced_memory()[1] - made.nbytes
            tracemalloc.stop()
            figures.append(
                {
                    "what": name,
                    "bits": 8 * made.itemsize,
                    "seconds": round(seconds, 1),
                    "mb_beyond_result": round(beyond / 1e6),
                }
            )
    return figures
