"""What each option of cyclegan is worth at small size: `tools/benchmark_ablation.py MAPS -o OUT`.

Every variant trains on aerial photographs and maps as if they were unpaired, sees as many pictures,
and is measured on the pairs of the validation split: the kernel distance of MobileNetV2's features
and the error against the true picture, in both directions. Interrupt it at any moment; the same
command goes on. `--table` prints what has been measured so far.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from orderly import run_tool
from torch import Tensor

from cyclekit.checkpoint.model import load_model
from cyclekit.checkpoint.state import load_state
from cyclekit.config.resolve import resolve
from cyclekit.data.layouts import Domain, find_domains
from cyclekit.data.sources import read_source
from cyclekit.hub.extractors import open_extractor
from cyclekit.media.atomic import replacing
from cyclekit.metrics.kernel import kernel_distance
from cyclekit.metrics.paired import rmse
from cyclekit.models import Generator
from cyclekit.models.features.base import FeatureNetwork
from cyclekit.pixels import from_bytes
from cyclekit.training.loop import train

SIDE, PAIRS = 64, 80
"""Of the pictures, px; and how many pairs are measured."""
WAYS = ("ab", "ba")
Settings = dict[str, dict[str, Any]]
BASE: Settings = {
    "method": {"name": "cyclegan", "identity": 0.0},
    "generator": {"name": "resnet", "blocks": 3, "width": 12},
    "discriminator": {"name": "patch", "width": 16, "layers": 2},
    "data": {"load": 72, "crop": SIDE, "workers": 0},
    "optimizer": {"rate": 5e-4},
    "train": {"batch": 2, "precision": "fp32", "half_life": 200, "state_every": 400}
    | {"sample_every": 10**6, "log_every": 200},
}
VARIANTS: dict[str, Settings] = {
    "cycle and critics only": {},
    "identity 0.5": {"method": {"identity": 0.5}},
    "identity 0.5, every 4th step": {"method": {"identity": 0.5, "identity_every": 4}},
    "identity 0.5, falling to 0 at half": {"method": {"identity": 0.5, "identity_until": 0.5}},
    "cycle falling to a tenth": {"method": {"cycle_end": 0.1}},
    "cycle on features, up to half": {"method": {"cycle_features": 0.5}},
    "batch statistics, memory 3": {
        "method": {"memory": 3},
        "discriminator": {"others": "statistics"},
    },
    "spectral norm": {"discriminator": {"norm": "spectral"}},
    "R1, gamma 1, every 16th step": {
        "method": {"penalty": "r1", "penalty_weight": 1.0, "penalty_every": 16}
    },
    "anti-aliased": {
        "generator": {"down": "blur", "up": "blur"},
        "discriminator": {"antialias": True},
    },
}
"""What is changed beside the base, which comes first."""
LAST_WEIGHTS = "the last weights, not their average"
"""Of the base's run: it costs no training."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("maps", type=Path, help="folder with train and val, pairs side by side")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--features", type=Path, help="weights of MobileNetV2; else installed ones")
    parser.add_argument("--images", type=int, default=1000, help="pictures that each variant sees")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument(
        "--only", action="append", choices=VARIANTS, metavar="NAME", help="this variant; repeatable"
    )
    parser.add_argument("--table", action="store_true", help="only print what is there")
    arguments = parser.parse_args()
    if not arguments.table:
        measure_all(arguments)
    print(table(arguments.output))


def measure_all(arguments: argparse.Namespace) -> None:
    """Measure every seed of every variant that is not there yet; all variants first."""
    domains = find_domains([arguments.maps], ("photo", "map"))
    network = open_extractor("mobilenet", arguments.features).network.eval()
    truth = Truth(domains, network)
    for seed in range(arguments.seeds):
        for name in arguments.only or VARIANTS:
            changes = VARIANTS[name]
            folder = arguments.output / name.replace(" ", "-").replace(",", "") / str(seed)
            result = folder / "result.json"
            if result.exists():
                continue
            length = {"train": {"images": arguments.images, "seed": seed}}
            config = resolve([BASE, changes, length])
            done = train(config, domains, folder / "run", device=torch.device("cpu"))
            told = {"seed": seed, "images": done.images, "seconds": round(done.seconds)}
            averages = {way: load_model(folder / "run/model.safetensors", way)[0] for way in WAYS}
            _keep(result, {"variant": name, **told, **truth.measure(averages)})
            if not changes:
                last = _last_weights(folder / "run/state.pt", averages)
                _keep(
                    folder / "last" / "result.json",
                    {"variant": LAST_WEIGHTS, **told, **truth.measure(last)},
                )


def _keep(path: Path, found: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_text(json.dumps(found))
    print(json.dumps(found), flush=True)


def _last_weights(state: Path, averages: Mapping[str, Generator]) -> dict[str, Generator]:
    weights, last = load_state(state)["method"], copy.deepcopy(dict(averages))
    for way, generator in last.items():
        prefix = f"g_{way}."
        generator.load_state_dict(
            {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
        )
    return last


class Truth:
    """The validation pairs, and what is known of them before a model is measured."""

    def __init__(self, domains: tuple[Domain, Domain], network: FeatureNetwork) -> None:
        self.network = network
        self.levels = {
            letter: torch.cat([_small(read_source(source)) for source in domain.held_out[:PAIRS]])
            for letter, domain in zip("ab", domains, strict=True)
        }
        self.features = {letter: self.describe(levels) for letter, levels in self.levels.items()}

    @torch.no_grad()
    def measure(self, generators: Mapping[str, Generator]) -> dict[str, float]:
        """Translate all pairs both ways; return distances x 1000 and errors in levels."""
        found = {}
        for direction, generator in generators.items():
            source, target = direction
            made = torch.cat(
                [generator(from_bytes(part)) for part in self.levels[source].split(16)]
            )
            levels = ((made + 1) * 127.5).round().clamp(0, 255).byte()
            distance = kernel_distance(self.describe(levels), self.features[target])
            found[f"kernel_{direction}"] = 1000 * distance.value
            found[f"rmse_{direction}"] = float(rmse(self.levels[target], levels).mean())
        return found

    @torch.no_grad()
    def describe(self, levels: Tensor) -> Tensor:
        """Return the features of uint8 (N, 3, H, W), (N, D)."""
        fitted = [self.network.fit(picture.permute(1, 2, 0).numpy()) for picture in levels]
        inputs = torch.from_numpy(np.stack(fitted)).permute(0, 3, 1, 2)
        return torch.cat([self.network(part).pooled for part in inputs.split(16)])


def _small(image: np.ndarray[Any, Any]) -> Tensor:
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(small).permute(2, 0, 1)[None]


def table(folder: Path) -> str:
    """Return Markdown: a row a variant, means over seeds and their half-ranges."""
    found: dict[str, list[Mapping[str, Any]]] = {name: [] for name in (*VARIANTS, LAST_WEIGHTS)}
    for path in sorted(folder.rglob("result.json")):
        result = json.loads(path.read_text())
        found[result["variant"]].append(result)
    base = found[next(iter(VARIANTS))]
    lines = [
        "| cyclegan with | KD photo to map | KD map to photo | RMSE to map | RMSE to photo | seeds |",
        "|---|---|---|---|---|---|",
    ]
    keys = ("kernel_ab", "kernel_ba", "rmse_ab", "rmse_ba")
    for name, results in found.items():
        if results:
            cells = [_cell([result[key] for result in results]) for key in keys]
            lines.append(f"| {name} | {' | '.join(cells)} | {len(results)} |")
    if base:
        images = base[0]["images"]
        lines.append(f"\n{images} pictures each; {time.strftime('%Y-%m-%d')}.")
    return "\n".join(lines)


def _cell(values: list[float]) -> str:
    half = (max(values) - min(values)) / 2
    return f"{statistics.mean(values):.1f} ± {half:.1f}" if len(values) > 1 else f"{values[0]:.1f}"


if __name__ == "__main__":
    run_tool(main)
