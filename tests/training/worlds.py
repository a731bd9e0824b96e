"""Tiny runs: two folders of flat pictures, tiny networks, a few steps."""

from pathlib import Path

import cv2
import numpy as np
import torch

from cyclekit.config.resolve import resolve
from cyclekit.config.schema import Config
from cyclekit.data.layouts import Domain, find_domains

CPU = torch.device("cpu")

TINY = {
    "generator": {"name": "mobile", "width": 8, "blocks": 1},
    "discriminator": {"name": "patch", "layers": 1, "width": 8},
    "method": {"name": "cyclegan", "pool": 3},
    "data": {"load": None, "crop": 16, "workers": 0},
    "train": {
        "images": 24,
        "batch": 2,
        "log_every": 4,
        "state_every": 8,
        "sample_every": 12,
        "precision": "fp32",
    },
}


def tiny_config(**train: object) -> Config:
    return resolve([TINY, {"train": train}])


def two_folders(folder: Path, count: int = 5) -> tuple[Domain, Domain]:
    draws = np.random.default_rng(0)
    for name, color in (("red", 2), ("blue", 0)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            image = draws.integers(0, 60, (20, 20, 3)).astype(np.uint8)
            image[..., color] += 180
            cv2.imwrite(str(folder / name / f"{i}.png"), image)
    return find_domains([folder / "red", folder / "blue"])
