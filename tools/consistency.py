"""Measure what the consistency loss does to flicker: `tools/consistency.py PHOTOS PAINTING OUT CLIP...`.

Trains the same small recipe twice, with `consistency.weight` 0 and 10, for the same number of
pictures (`--images`), translates the clips frame by frame with both models, and writes
OUT/consistency.json and OUT/consistency.jpg (a frame, and four times its change to the next).
Interrupted? The same command goes on.
"""

import argparse
import json
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from games.plots import show_rows
from orderly import run_tool
from paintings import write_scales

import cyclekit
from cyclekit.config.resolve import read_preset, resolve
from cyclekit.data.layouts import find_domains
from cyclekit.inference.fit import resized, wanted_size
from cyclekit.inference.steady import Steadiness, SteadyTranslator
from cyclekit.inference.translator import Translator
from cyclekit.media.video.source import open_source
from cyclekit.metrics.flicker import flicker
from cyclekit.training.loop import train

WEIGHTS = {"without": 0.0, "with": 10.0}
SCALES = (40, 50, 60)
FRAMES, LONGER = 40, 480
SHOWN = 240
"""Side of the pictures that are shown, px."""


def main() -> None:
    options = _parse()
    torch.set_num_threads(1)
    painting = write_scales(options.painting, options.out / "painting", SCALES, edge=0)
    models = {name: _learned(options, painting, weight) for name, weight in WEIGHTS.items()}
    found = {"images": options.images, "clips": {}}
    rows: dict[str, list[np.ndarray]] = {"film": [], **{name: [] for name in models}}
    for clip in options.clips:
        frames = _frames(clip)
        results = {name: list(model.stream(frames)) for name, model in models.items()}
        found["clips"][clip.name] = {
            name: _measured(frames, made, models[name]) for name, made in results.items()
        }
        for name, shown in {"film": frames, **results}.items():
            rows[name] += _pair(shown)
    (options.out / "consistency.json").write_text(json.dumps(found, indent=2) + "\n")
    show_rows(list(rows.items()), options.out / "consistency.jpg", times=1)
    print(json.dumps(found, indent=2))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("painting", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--images", type=int, default=2400)
    return parser.parse_args()


def _learned(options: argparse.Namespace, painting: Path, weight: float) -> Translator:
    run = options.out / f"weight-{weight:g}"
    settings = {
        "generator": {"name": "mobile", "width": 48, "blocks": 6},
        "discriminator": {"name": "patch", "width": 24},
        "data": {"crop": 64, "load": 160, "workers": 0},
        "train": {"images": options.images, "batch": 4, "state_every": 500, "sample_every": 1000},
        "consistency": {"weight": weight},
    }
    config = resolve([read_preset("painting"), settings])
    domains = find_domains([options.photos, painting], ("photo", "painting"))
    train(config, domains, run, device=torch.device("cpu"))
    return cyclekit.load(run / "model.safetensors", "painting", device="cpu", precision="fp32")


def _frames(clip: Path) -> list[np.ndarray]:
    """Return frames from the clip's first quarter on, small."""
    source = open_source(clip, None, None)
    first = (source.clip.frames or 0) // 4
    size = wanted_size(source.clip.width, source.clip.height, None, LONGER)
    frames = islice(source.frames(), first, first + FRAMES)
    return [resized(frame.pixels()[..., :3], *size) for frame in frames]


def _measured(
    frames: list[np.ndarray], made: list[np.ndarray], model: Translator
) -> dict[str, float]:
    """Return flicker, frame by frame and with carried statistics, and how strong the style is."""
    steady = list(SteadyTranslator(model, Steadiness(hold=0)).stream(frames))
    alone, carried = list(flicker(frames, made)), list(flicker(frames, steady))
    change = [float(np.abs(b.astype(float) - a).mean()) for a, b in zip(frames, made, strict=True)]
    return {
        "change": _mean(one.flicker for one in alone),
        "still_change": _mean(one.still_flicker for one in alone),
        "warping_error": _mean(one.warping_error for one in alone),
        "source_warping_error": _mean(one.source_warping_error for one in alone),
        "still_change_steady": _mean(one.still_flicker for one in carried),
        "warping_error_steady": _mean(one.warping_error for one in carried),
        "style": float(np.mean(change)),
        "detail": float(np.mean([_detail(frame) for frame in made])),
        "source_detail": float(np.mean([_detail(frame) for frame in frames])),
    }


def _mean(values: object) -> float:
    found = [value for value in values if not np.isnan(value)]
    return float(np.mean(found)) if found else float("nan")


def _detail(frame: np.ndarray) -> float:
    """Mean step from pixel to pixel, levels: what a blur would take away."""
    levels = frame.astype(float)
    return float(np.abs(np.diff(levels, axis=0)).mean() + np.abs(np.diff(levels, axis=1)).mean())


def _pair(frames: list[np.ndarray]) -> list[np.ndarray]:
    """Return the middle of a frame, and how much the next differs there, four times as strong."""
    change = np.abs(frames[1].astype(np.int16) - frames[0])
    return [_middle(frames[0]), _middle((4 * change).clip(0, 255).astype(np.uint8))]


def _middle(frame: np.ndarray) -> np.ndarray:
    side = min(frame.shape[:2])
    top, left = ((size - side) // 2 for size in frame.shape[:2])
    return resized(frame[top : top + side, left : left + side], SHOWN, SHOWN)


if __name__ == "__main__":
    run_tool(main)
