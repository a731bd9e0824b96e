"""Kill `translate` at random moments and see what the next run makes of it: `tools/kill_test.py`.

A folder of pictures is translated once without disturbance. Then again and again, each time ended
by `kill -9` at a random moment (every third time twice) and started anew; afterwards the output
must be the undisturbed one's, byte for byte, with nothing beside it. Each run is a process of its
own, forked from one that has imported everything, so that the moments fall into the work.
"""

from __future__ import annotations

import argparse
import contextlib
import os

from orderly import run_tool

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process with threads should not be forked

import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from cyclekit.checkpoint.model import ModelInfo, save_model
from cyclekit.cli.main import main as cyclekit
from cyclekit.hub.open import open_generator
from cyclekit.inference.folder import translate_files
from cyclekit.inference.translator import Translator
from cyclekit.media.atomic import PART
from cyclekit.media.images import Picture, write
from cyclekit.models import GENERATORS
from cyclekit.models.initialize import initialize
from cyclekit.registry import Spec

IMPORTED = (open_generator, translate_files, Translator)
"""What the command would import first."""
SIDES = (32, 32, 24, 24, 24, 100)
"""Pixels: neighbours of one size share a batch, and in 16 bits it shows with how many."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50, help="moments  [50]")
    parser.add_argument("--pictures", type=int, default=300, help="in the folder  [300]")
    parser.add_argument("--seed", type=int, default=0, help="of the moments  [0]")
    arguments = parser.parse_args()
    draws = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as place:
        source, wanted, target = (Path(place, name) for name in ("in", "wanted", "out"))
        make_pictures(source, arguments.pictures)
        model = make_model(Path(place, "model.safetensors"))
        started = time.perf_counter()
        if finish(start(source, wanted, model)) != 0:
            sys.exit("the undisturbed run failed")
        seconds = time.perf_counter() - started
        print(f"undisturbed: {len(list(wanted.iterdir()))} outputs in {seconds:.2f} s", flush=True)
        for number in range(1, arguments.times + 1):
            shutil.rmtree(target, ignore_errors=True)
            killed = [
                kill(start(source, target, model), draws.uniform(0, seconds), target)
                for _ in range(2 if number % 3 == 0 else 1)
            ]
            code = finish(start(source, target, model))
            print(f"{number}: {'; '.join(killed)}; {verdict(wanted, target)}", flush=True)
            if code != 0 or contents(target) != contents(wanted):
                sys.exit(f"the run after moment {number} ended with {code} and another output")


def make_pictures(folder: Path, count: int) -> None:
    draws = np.random.default_rng(0)
    for number in range(count):
        side = SIDES[number % len(SIDES)]
        depth = np.uint8 if side == SIDES[-1] else np.uint16
        levels = draws.integers(0, np.iinfo(depth).max, (side, side, 3)).astype(depth)
        suffixes = (".jpg", ".webp", ".png") if depth == np.uint8 else (".png", ".tif")
        write(folder / f"{number:04d}{suffixes[number % len(suffixes)]}", Picture(levels))


def make_model(path: Path) -> Path:
    spec = Spec("resnet", {"width": 16, "blocks": 2})
    generator = GENERATORS.create(spec)
    initialize(generator)
    save_model(path, {"ab": generator}, ModelInfo(spec, ("a", "b"), ("ab",)))
    return path


def start(source: Path, target: Path, model: Path) -> int:
    """Translate in a process of its own; return its number."""
    number = os.fork()
    if number:
        return number
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    words = ["translate", str(source), "-o", str(target), "-m", str(model)]
    code: object = 1
    try:
        cyclekit([*words, "--device", "cpu", "--precision", "fp32"])
    except SystemExit as end:
        code = end.code
    finally:
        os._exit(code if isinstance(code, int) else 1)


def finish(number: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def kill(number: int, seconds: float, target: Path) -> str:
    """Kill a process after some seconds; say how far it had come."""
    time.sleep(seconds)
    os.kill(number, signal.SIGKILL)
    end = finish(number)
    made = list(contents(target))
    parts = sum(name.endswith(PART) for name in made)
    how = "killed" if end == -signal.SIGKILL else "had ended"
    return f"{how} after {seconds:.2f} s with {len(made) - parts} outputs and {parts} parts"


def contents(folder: Path) -> dict[str, bytes]:
    with contextlib.suppress(FileNotFoundError):
        return {path.name: path.read_bytes() for path in folder.iterdir()}
    return {}


def verdict(wanted: Path, target: Path) -> str:
    expected, made = contents(wanted), contents(target)
    other = sum(made.get(name) != data for name, data in expected.items())
    return f"then {other} differ, {len(made.keys() - expected.keys())} are too many"


if __name__ == "__main__":
    run_tool(main)
