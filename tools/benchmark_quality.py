"""How good do models get here, and in how long? `tools/benchmark_quality.py DATA -o RUNS`.

DATA holds the folders `maps` (train, val: aerial photograph left, its map right) and `photo2anime`
(trainA, trainB, testA, testB). Each is learned without pairs and measured on pictures that training
did not see; where ground truth exists (`maps`), by what the literature on it measures: RMSE, and
the share of pixels within 5 and 10 levels, beside the plain map of one colour that is right most
often.

With `--minutes` the recipe is `cyclegan-lite` with crops of 128 px, for machines without a GPU;
without, it is the paper's (`cyclegan`, 200 epochs, 256 px). Both run on whatever device there is.
Interrupted? The same command goes on: finished data sets are skipped, begun runs resumed. Results
are in RUNS/NAME/quality.json; the table goes to stdout.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from orderly import run_tool

from cyclekit.checkpoint.model import read_info
from cyclekit.data.layouts import Domain, find_domains
from cyclekit.data.sources import read_source
from cyclekit.devices import find_device, machine_name
from cyclekit.media.atomic import replacing
from cyclekit.metrics.estimate import Estimate, mean_estimate
from cyclekit.metrics.paired import accuracy, rmse

Found = dict[str, Any]
RESULT = "quality.json"
# Crops as large in the world as those of whole pictures at 286 px, so that the network meets at
# 256 px what it has learned.
LITE = (
    "--preset", "cyclegan-lite", "--set", "data.load=286", "--set", "data.crop=128",
    "--set", "train.state_every=200", "--set", "train.sample_every=400",
)  # fmt: skip
FULL = ("--preset", "cyclegan", "--epochs", "200")
SHOWN = {
    "rmse": "RMSE, levels",
    "within5": "within 5 levels",
    "within10": "within 10 levels",
    "edges": "edge SSIM",
    "cycle": "cycle PSNR, dB",
    "frechet": "Frechet distance",
    "kernel": "kernel distance ×1000",
}
"""Scores of the table, by the first part of their key."""


@dataclass(frozen=True)
class Task:
    """A data set and what is learned of it."""

    names: tuple[str, str]
    """Of its domains: what is translated, and what into."""
    settings: tuple[str, ...] = ()
    """Beside the recipe's."""
    truth: bool = False
    """Whether it says what each picture should become."""


TASKS = {
    # Colours must change, so a generator is not held to leave its target alone.
    "maps": Task(("aerial", "map"), ("method.identity=0",), truth=True),
    "photo2anime": Task(("photo", "anime")),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="RUNS")
    parser.add_argument("--minutes", type=float, help="for each data set  [the full recipe]")
    parser.add_argument("--only", choices=TASKS, action="append", help="may be repeated  [all]")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--features", default="none", help="for distances, as in `evaluate`")
    parser.add_argument("--features-file", type=Path)
    arguments = parser.parse_args()
    rows = [measured(name, arguments) for name in arguments.only or TASKS]
    print(table(rows))


def measured(name: str, arguments: argparse.Namespace) -> Found:
    """Train and measure one data set, unless the same has been done already."""
    run, task = arguments.output / name, TASKS[name]
    command = training(name, arguments)
    if (run / RESULT).exists():
        before: Found = json.loads((run / RESULT).read_text(encoding="utf-8"))
        if before["command"] == command:
            return before
        sys.exit(f"{run / RESULT} is of other settings; choose another -o")
    cyclekit(command)
    found = {
        "name": name, "command": command, **provenance(run, arguments.device),
        "scores": scores(name, arguments),
        "plain": plain_map(arguments.data / name) if task.truth else {},
    }  # fmt: skip
    with replacing(run / RESULT) as part:
        part.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def training(name: str, arguments: argparse.Namespace) -> list[str]:
    lite = arguments.minutes is not None
    recipe = (*LITE, "--minutes", f"{arguments.minutes:g}") if lite else FULL
    settings = [part for one in (*TASKS[name].settings, *arguments.set) for part in ("--set", one)]
    return [
        "train", str(arguments.data / name), "-o", str(arguments.output / name),
        "--names", *TASKS[name].names, *recipe, *settings, "--device", arguments.device,
    ]  # fmt: skip


def cyclekit(arguments: list[str]) -> str:
    """Run the command; what it says on stderr is shown."""
    done = subprocess.run(
        [sys.executable, "-m", "cyclekit", *arguments], stdout=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        sys.exit(done.returncode)
    return done.stdout


def provenance(run: Path, device: str) -> Found:
    """Tell what the run took and on what."""
    model = read_info(run / "model.safetensors").provenance
    kept = {key: model[key] for key in ("images", "seconds", "pictures", "date", "cyclekit")}
    chosen = find_device(device)
    return {
        **kept, "device": machine_name(chosen), "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
    }  # fmt: skip


def scores(name: str, arguments: argparse.Namespace) -> list[Found]:
    """Measure the run's model on the test split, as `cyclekit evaluate` does."""
    task, weights = TASKS[name], arguments.features_file
    printed = cyclekit([
        "evaluate", "-m", str(arguments.output / name), "--data", str(arguments.data / name),
        "--names", *task.names, "--direction", task.names[1], "--device", arguments.device,
        "--pairs", "names" if task.truth else "none", "--features", arguments.features,
        *(("--features-file", str(weights)) if weights else ()), "--json",
    ])  # fmt: skip
    lines = [json.loads(line) for line in printed.splitlines()]
    return [line for line in lines if line["kind"] == "score"]


def plain_map(root: Path) -> Found:
    """Measure the map of one colour: the one that the training maps like best, for each score."""
    target: Domain = find_domains([root])[1]
    seen = np.concatenate(
        [read_source(source)[::16, ::16].reshape(-1, 3) for source in target.train]
    )
    truths = [
        torch.from_numpy(read_source(source)).permute(2, 0, 1)[None] for source in target.held_out
    ]

    def over_all(score: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], colour: Any) -> Found:
        flat = torch.tensor(colour).view(1, 3, 1, 1)
        values = torch.cat([score(truth, flat.expand_as(truth)) for truth in truths])
        found: Estimate = mean_estimate(values)
        return {
            "value": found.value,
            "error": found.error,
            "colour": [round(float(one), 1) for one in colour],
        }

    return {
        "rmse": over_all(rmse, seen.mean(0)),
        "within5": over_all(lambda x, y: accuracy(x, y, 5), likeliest(seen, 5)),
        "within10": over_all(lambda x, y: accuracy(x, y, 10), likeliest(seen, 10)),
    }


def likeliest(seen: NDArray[np.uint8], levels: int) -> NDArray[np.float64]:
    """Return the one of the 300 commonest colours that most pixels (N, 3) are near to."""
    colours, counts = np.unique(seen, axis=0, return_counts=True)
    common = colours[np.argsort(-counts)[:300]].astype(np.int16)
    near = [(np.abs(seen - colour).max(1) < levels).mean() for colour in common]
    return common[int(np.argmax(near))].astype(np.float64)


def table(rows: list[Found]) -> str:
    """Write what was measured as the README has it."""
    lines = [
        "| data | score | value | doing nothing | one colour everywhere |", "|---|---|---|---|---|"
    ]  # fmt: skip
    for row in rows:
        for score in row["scores"]:
            key = score["key"].split(":")[0]
            if key in SHOWN:
                cells = [row["name"], SHOWN[key], number(score), plain(score["do_nothing"])]
                lines.append(f"| {' | '.join([*cells, number(row['plain'].get(key))])} |")
    how = [
        f"{row['name']}: {row['images']:,} pictures of each domain in {row['seconds'] / 60:.0f}"
        f" minutes on {row['device']} ({row['threads']} threads of {row['cores']} cores)"
        for row in rows
    ]
    return "\n".join([*lines, "", *how])


def number(found: Found | None) -> str:
    if found is None:
        return ""
    value, error = found["value"], found.get("error")
    return plain(value) if error is None else f"{plain(value)} ± {error:.2g}"


def plain(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


if __name__ == "__main__":
    run_tool(main)
