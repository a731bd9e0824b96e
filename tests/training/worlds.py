"""Tiny runs: two folders of flat pictures, tiny networks, a few steps."""

from pathlib import Path

import cv2
import numpy as np
import torch

from cyclekit.config.resolve import resolve
from cyclekit.config.schema import Config
from cyclekit.data.kinds import KINDS
from cyclekit.data.layouts import Domain, find_domains
from cyclekit.methods.base import data_kind
from cyclekit.training.listener import Listener

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


FROM_NOISE = {
    "gan": {
        "method": {"name": "gan", "penalty": "r1", "penalty_every": 2, "memory": 3}
        | {"instance_noise": 0.1, "critic_steps": 2},
        "generator": {"name": "dcgan", "side": 16, "width": 8, "latent": 8},
        "discriminator": {"name": "dcgan", "layers": 1, "width": 8, "norm": "spectral"}
        | {"others": "statistics"},
    },
    "biggan": {
        "method": {"name": "biggan"},
        "generator": {"name": "biggan", "side": 16, "width": 8, "chunk": 4, "embedding": 8},
        "discriminator": {"name": "biggan", "layers": 1, "width": 8, "others": "discrimination"},
        "train": {"initialization": "orthogonal", "gain": 1.0},
    },
}
"""Tiny games from noise, with all that has a state or draws at random switched on."""


class Notes(Listener):
    """Keeps what a run says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, message: str) -> None:
        self.lines.append(message)

    def health(self) -> list[str]:
        return [line for line in self.lines if line.startswith("health: ")]


def tiny_config(**train: object) -> Config:
    return resolve([TINY, {"train": train}])


def tiny_noise_config(method: str, **train: object) -> Config:
    return resolve([TINY, FROM_NOISE[method], {"train": train}])


def pictures_for(method: str, folder: Path, count: int = 5) -> tuple[Domain, ...]:
    """Lay out what a method from noise learns from: red pictures, or red and blue ones."""
    two_folders(folder, count)
    return KINDS[data_kind(method)].find([folder / "red"] if method == "gan" else [folder], None)


def two_folders(folder: Path, count: int = 5) -> tuple[Domain, Domain]:
    draws = np.random.default_rng(0)
    for name, color in (("red", 2), ("blue", 0)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            image = draws.integers(0, 60, (20, 20, 3)).astype(np.uint8)
            image[..., color] += 180
            cv2.imwrite(str(folder / name / f"{i}.png"), image)
    return find_domains([folder / "red", folder / "blue"])
