"""What all parts measure with: turns, peaks, pictures, a tiny model."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from cyclekit.models import GENERATORS
from cyclekit.models.initialize import initialize
from cyclekit.registry import Spec

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
SAMPLES = Path(__file__).parents[2] / "datasets/samples"
Figures = dict[str, Any]


def in_turn(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Run each way once to warm up, then all in turn; return the best seconds of each."""
    best = dict.fromkeys(ways, float("inf"))
    for round_ in range(rounds + 1):
        for name, way in ways.items():
            _wait()
            started = time.perf_counter()
            way()
            _wait()
            if round_:
                best[name] = min(best[name], time.perf_counter() - started)
    return best


def _wait() -> None:
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def peak_memory(command: list[str]) -> int:
    """Return the largest resident size of a command, kB."""
    script = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, *command], capture_output=True, text=True, check=True
    )
    return int(result.stdout)


def photograph(side: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Cut a square from a sample photograph."""
    samples = sorted(SAMPLES.glob("*.[jp][pn]g"))
    image = cv2.imread(str(samples[seed % len(samples)]))
    draws = np.random.default_rng(seed)
    top = int(draws.integers(0, image.shape[0] - side + 1))
    left = int(draws.integers(0, image.shape[1] - side + 1))
    return np.ascontiguousarray(image[top : top + side, left : left + side, ::-1])


def write_pictures(folder: Path, count: int) -> None:
    folder.mkdir()
    for seed in range(count):
        cv2.imwrite(str(folder / f"{seed:04d}.jpg"), photograph(256, seed)[..., ::-1])


def tiny_model(path: Path, width: int = 32, blocks: int = 2) -> Path:
    from cyclekit.checkpoint.model import ModelInfo, save_model

    spec = Spec("mobile", {"width": width, "blocks": blocks})
    generator = GENERATORS.create(spec)
    initialize(generator)
    save_model(path, {"ab": generator}, ModelInfo(spec, ("a", "b"), ("ab",)))
    return path
