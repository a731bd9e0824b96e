"""A tiny run of any registered method, made from its preset, and pictures for it."""

from pathlib import Path
from typing import Any

import numpy as np

from cyclekit.config.resolve import preset_names, read_preset, resolve
from cyclekit.config.schema import Config
from cyclekit.data.kinds import KINDS, Domains
from cyclekit.methods.base import data_kind
from cyclekit.models import DISCRIMINATORS, GENERATORS
from tests.clips import make_clip
from tests.tiny import tiny_spec
from tests.training.worlds import TINY, two_folders

SMALLER = {
    "resnet9": "mobile", "resnet6": "mobile", "resnet9_antialias": "mobile",
    "resnet6_antialias": "mobile", "unet256": "unet", "unet128": "unet",
}  # fmt: skip
"""Networks whose size is in their name, and what stands for them."""
KEPT = ("norm", "dropout", "others", "style", "colors")
"""Options of networks that a small one keeps: they decide what it does."""


def tiny_game(name: str, **train: object) -> Config:
    """Shrink the preset of a method (or of cyclegan, if it has none) to 16 px."""
    preset = read_preset(name if name in preset_names() else "cyclegan")
    method = preset["method"] if preset["method"]["name"] == name else {"name": name}
    tree = {
        "method": method,
        "generator": _tiny(GENERATORS, preset["generator"]),
        "discriminator": _tiny(DISCRIMINATORS, preset["discriminator"], layers=1),
        "data": TINY["data"],
        "train": {**TINY["train"], "images": 16, **train},
    }
    return resolve([tree])


def drawing_game(**train: object) -> Config:
    """Describe a tiny run of networks that draw at random as they work, several times a step."""
    network = {"width": 8, "blocks": 1, "dropout": 0.5, "down": "strided"}
    head = {"head": "palette", "colors": 4, "relaxation": "gumbel"}
    generator = {"generator": {"name": "resnet", **network, **head}}
    return resolve([tiny_game("cyclegan", **train).plain(), generator])


def _tiny(registry: Any, part: dict[str, Any], **options: Any) -> dict[str, Any]:
    name = SMALLER.get(part["name"], part["name"])
    known = registry.options(name)
    kept = {key: value for key, value in part.items() if key in KEPT and key in known}
    options = {key: value for key, value in options.items() if key in known}
    spec = tiny_spec(registry, name, **options, **kept)
    return {"name": spec.name, **spec.options}


def world_of(name: str, folder: Path) -> Domains:
    """Lay out red and blue pictures, or films, as a method of any kind of data wants them.

    What is there stays: several processes may share it.
    """
    kind = KINDS[data_kind(name)]
    if kind.frames > 1:
        roots = [_film(folder / one, tint) for one, tint in (("red", 0), ("blue", 2))]
    else:
        if not (folder / "red").exists():
            two_folders(folder)
        roots = [folder / "red", folder / "blue"]
    roots = [folder] if kind.labelled else roots[: kind.least]
    return kind.find_in(Config.model_validate({"data": {"roots": roots}}).data)


def _film(folder: Path, channel: int) -> Path:
    if folder.exists():
        return folder
    draws = np.random.default_rng(channel)
    frames = draws.integers(0, 60, (12, 32, 32, 3)).astype(np.uint8)
    frames[..., channel] += 180
    folder.mkdir(parents=True)
    make_clip(folder / "film.mp4", list(frames))
    return folder
