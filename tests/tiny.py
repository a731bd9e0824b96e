"""Tiny networks and pictures, made in memory; shared by all tests."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from cyclekit.checkpoint.model import Critics, ModelInfo, save_model
from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.models.base import Kind
from cyclekit.registry import Registry, Spec

SMALL: dict[str, Any] = {
    "width": 8,
    "blocks": 1,
    "depth": 2,
    "side": 16,
    "latent": 8,
    "chunk": 4,
    "embedding": 8,
}
"""What makes a network small, where it has such an option."""


DATA = Path(__file__).parents[2] / "shared" / "data"


def real_data() -> Path:
    """Return the folder of real data, or skip the test."""
    if not DATA.is_dir():
        pytest.skip(f"no real data at {DATA}")
    return DATA


def tiny_spec(registry: Registry[Any], name: str, **options: Any) -> Spec:
    """Describe the smallest variant of any registered network, with `options` on top."""
    known = registry.options(name)
    small = {option: value for option, value in SMALL.items() if option in known}
    return Spec(name, small | options)


def tiny_generator(name: str = "mobile", **options: Any) -> Any:
    """Build a tiny generator in evaluation mode; the same weights every time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return GENERATORS.create(tiny_spec(GENERATORS, name, **options)).eval()


def names_of(kind: Kind) -> list[str]:
    """List the generators that make pictures from pictures, or from noise."""
    return [name for name in GENERATORS.names() if tiny_generator(name).kind == kind]


def batch(
    n: int = 1, height: int = 16, width: int = 16, channels: int = 3, seed: int = 0
) -> Tensor:
    """Make network input: float32 (N, C, H, W) in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, channels, height, width, generator=generator) * 2 - 1


def picture(
    height: int = 16, width: int = 16, channels: int = 3, seed: int = 0
) -> NDArray[np.uint8]:
    """Make a stored picture: uint8 (H, W, C)."""
    levels = np.random.default_rng(seed).integers(0, 256, (height, width, channels))
    return levels.astype(np.uint8)


def tiny_model(
    path: Path,
    names: tuple[str, str] = ("horse", "zebra"),
    directions: tuple[str, ...] = ("ab", "ba"),
    *,
    keep_discriminators: bool = False,
) -> Path:
    """Write a model file with tiny generators; return its path."""
    spec = tiny_spec(DISCRIMINATORS, "patch")
    critics = Critics(spec, "lsgan") if keep_discriminators else None
    info = ModelInfo(tiny_spec(GENERATORS, "mobile"), names, directions, {"images": 12}, critics)
    judges = {name: DISCRIMINATORS.create(spec) for name in (critics.domains if critics else ())}
    save_model(path, {direction: tiny_generator() for direction in directions}, info, judges)
    return path


def tiny_noise_model(path: Path, names: tuple[str, ...] = ("cat", "dog", "owl")) -> Path:
    """Write a model file that makes 16 px pictures from noise: of several classes, or one."""
    classes = {"classes": len(names)} if len(names) > 1 else {}
    spec = tiny_spec(GENERATORS, "biggan", **classes)
    info = ModelInfo(spec, names, ("noise",), {"images": 12}, kind="noise")
    save_model(path, {"noise": tiny_generator("biggan", **classes)}, info)
    return path


def tiny_domain_model(
    path: Path, names: tuple[str, ...] = ("cat", "dog", "owl"), style: int = 4
) -> Path:
    """Write a model file that knows many domains, and styles that can be seen."""
    spec = tiny_spec(GENERATORS, "stargan", classes=len(names), style=style)
    generator = tiny_generator("stargan", classes=len(names), style=style)
    for weight in (generator.domain.weight, generator.steer.weight):
        weight.data.mul_(5)
    info = ModelInfo(spec, names, ("any",), {"images": 12}, kind="domains")
    save_model(path, {"any": generator}, info)
    return path
