"""What a critic adds to learning from pairs: `tools/benchmark_pairs.py DATA -o OUT`.

Trains pix2pix and the same network without its critic on as many pictures, translates all held-out
pairs, and writes pairs.json (PSNR and RMSE, paired test, share of the true power in the upper half
of the frequencies), spectra.png and sheet.png. Interrupted, the same command goes on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from matplotlib import rc_context
from matplotlib.figure import Figure
from numpy.typing import NDArray
from orderly import run_tool
from torch import Tensor

from cyclekit.checkpoint.model import load_model
from cyclekit.cli.training_report import Interruption, TrainingReport
from cyclekit.config.resolve import parse_set, resolve
from cyclekit.config.schema import Config
from cyclekit.data.layouts import Domain
from cyclekit.data.pairs import find_pairs
from cyclekit.data.sources import held_out_pairs
from cyclekit.inference.translator import Translator
from cyclekit.media.sheet import sheet
from cyclekit.metrics.paired import psnr, rmse
from cyclekit.metrics.significance import compare_means
from cyclekit.metrics.spectrum import radial_power
from cyclekit.training.loop import train

WEIGHTS = {"l1": 0.0, "pix2pix": 1.0}
"""Weight of the critic's judgement in each run."""
ROWS = 4
Pixels = NDArray[np.uint8]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="pairs, in any layout that cyclekit reads")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of both runs")
    parser.add_argument("--images", type=int, default=9000, help="pairs that each run sees")
    parser.add_argument("--direction", choices=("ab", "ba"), default="ba")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="S.K=V")
    arguments = parser.parse_args()
    domains = find_pairs([arguments.data])
    pairs = list(held_out_pairs(*domains, len(domains[0].held_out)))
    inputs, targets = (pairs_side(pairs, letter) for letter in arguments.direction)
    made = {}
    for name, weight in WEIGHTS.items():
        config = recipe(weight, arguments.images, arguments.direction, arguments.settings)
        if not learn(config, domains, arguments.output / name):
            return
        made[name] = translate(arguments.output / name / "model.safetensors", inputs)
    report = compare(targets, made) | {"images": arguments.images, "pairs": len(pairs)}
    (arguments.output / "pairs.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    draw_spectra(report["spectra"], arguments.output / "spectra.png")
    rows = [[inputs[i], *(of[i] for of in made.values()), targets[i]] for i in range(ROWS)]
    write_sheet(rows, arguments.output / "sheet.png")
    print(json.dumps({name: value for name, value in report.items() if name != "spectra"}))


def recipe(weight: float, images: int, direction: str, settings: Sequence[str]) -> Config:
    """Narrow networks and 128 px crops, for half an hour on one core; all else is the paper's."""
    tree: dict[str, Any] = {
        "method": {"name": "pix2pix", "direction": direction, "adversarial_weight": weight},
        "generator": {"name": "unet", "depth": 6, "width": 32, "norm": "batch_per_picture"},
        "discriminator": {"name": "patch", "width": 32, "norm": "batch_per_picture"},
        "data": {"load": None, "crop": 128, "workers": 0},
        "train": {"images": images, "batch": 1, "state_every": 500},
    }
    return resolve([tree, *map(parse_set, settings)])


def learn(config: Config, domains: tuple[Domain, ...], folder: Path) -> bool:
    """Train, or go on; say whether the run is whole."""
    cpu = torch.device("cpu")
    with Interruption() as asked, TrainingReport(quiet=False) as report:
        done = train(
            config, domains, folder, device=cpu, listener=report, stop=lambda _: asked.asked
        )
    return done.done


def pairs_side(pairs: Sequence[tuple[Pixels, Pixels]], letter: str) -> list[Pixels]:
    return [pair["ab".index(letter)] for pair in pairs]


def translate(model: Path, inputs: Sequence[Pixels]) -> list[Pixels]:
    translator = Translator(load_model(model)[0], precision="fp32", device="cpu")
    return [np.asarray(made, np.uint8) for made in translator.stream(inputs)]


def compare(targets: Sequence[Pixels], made: dict[str, list[Pixels]]) -> dict[str, Any]:
    """Score every run, and test their difference on the same pairs."""
    true = levels(targets)
    outputs = {name: levels(pictures) for name, pictures in made.items()}
    scores = {
        name: {"psnr": psnr(true, output), "rmse": rmse(true, output)}
        for name, output in outputs.items()
    }
    spectra = {name: radial_power(of).mean(0) for name, of in {"real": true, **outputs}.items()}
    upper = {name: float(power[len(power) // 2 :].sum()) for name, power in spectra.items()}
    runs = {
        name: {score: summary(values) for score, values in of.items()}
        | {"fine_detail": round(upper[name] / upper["real"], 4)}
        for name, of in scores.items()
    }
    first, second = scores
    tests = {
        score: compare_means(scores[first][score], scores[second][score]).p_value
        for score in scores[first]
    }
    plain = {name: power.tolist() for name, power in spectra.items()}
    return {"runs": runs, "p_values": tests, "spectra": plain}


def summary(values: Tensor) -> dict[str, float]:
    error = float(values.std() / len(values) ** 0.5)
    return {"mean": round(float(values.mean()), 3), "error": round(error, 3)}


def levels(pictures: Sequence[Pixels]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)


def draw_spectra(spectra: dict[str, list[float]], path: Path) -> None:
    """Draw power by frequency; the run without a critic falls below at the upper end."""
    colors = {"real": "#222222", "l1": "#c8553d", "pix2pix": "#2a6fbb"}
    labels = {"real": "real pictures", "l1": "L1 alone", "pix2pix": "pix2pix: L1 and a critic"}
    figure = Figure((6, 3.6), layout="constrained")
    axes = figure.add_subplot()
    for name, power in spectra.items():
        periods = np.arange(1, len(power))
        frequency = periods / (2 * (len(power) - 1))
        axes.loglog(frequency, power[1:], color=colors[name], label=labels[name], lw=1.6)
    axes.set_xlabel("spatial frequency, periods a pixel")
    axes.set_ylabel("power of luminance")
    axes.legend(frameon=False)
    with rc_context({"svg.hashsalt": "cyclekit"}):
        figure.savefig(path, dpi=110)


def write_sheet(rows: Sequence[Sequence[Pixels]], path: Path) -> None:
    """Write input, L1 alone, pix2pix, and what it should be, one pair a row."""
    picture = sheet(rows, rows[0][0].shape[0])
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    run_tool(main)
