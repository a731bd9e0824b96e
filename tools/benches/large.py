"""A picture of 30 megapixels in 4 GiB: time beside a small picture, and peak memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

SHARED = Path(__file__).parents[3] / "shared/data"
MODELS = {
    "resnet9": SHARED / "weights/vintagify-0.1.2-G_A2B.pth",
    "starry-night": None,
}
WIDTH, HEIGHT = 6684, 4456
MEMORY = "4G"
ROUNDS = 3


def bench_large() -> list[dict[str, Any]]:
    """Measure each model in a process of its own, whose peak memory is its own too."""
    figures = []
    for name, path in MODELS.items():
        if path is not None and not path.exists():
            figures.append({"model": name, "skipped": f"no weights at {path}"})
            continue
        command = [sys.executable, __file__, str(path or name)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        figures.append({"model": name, **json.loads(done.stdout)})
    return figures


def measure(model: str) -> dict[str, Any]:
    """Time a square of 256 before and after the large picture, and the large picture once."""
    import resource
    import time

    import cyclekit

    translate = cyclekit.load(model, memory=MEMORY)
    picture = large_picture()
    square = np.ascontiguousarray(picture[:256, :256])

    def seconds(image: Any) -> float:
        started = time.perf_counter()
        translate(image)
        return time.perf_counter() - started

    seconds(square)
    small = [seconds(square) for _ in range(ROUNDS)]
    large = seconds(picture)
    small += [seconds(square) for _ in range(ROUNDS)]
    fair = min(small) * picture.shape[0] * picture.shape[1] / 256**2
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "precision": translate.precision,
        "square_ms": round(min(small) * 1e3, 1),
        "large_s": round(large, 1),
        "times_its_pixels": round(large / fair, 2),
        "peak_gib": round(peak, 2),
    }


def large_picture() -> Any:
    """Read the real photograph beside the checkout, or tile a sample to its size."""
    from cyclekit.media.images import read

    path = SHARED / "odd/large-6684x4456.jpg"
    if path.exists():
        return read(path).pixels
    sample = read(Path(__file__).parents[2] / "datasets/samples/coffee.jpg").pixels
    times = (-(-HEIGHT // sample.shape[0]), -(-WIDTH // sample.shape[1]), 1)
    return np.ascontiguousarray(np.tile(sample, times)[:HEIGHT, :WIDTH])


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
