"""Ten thousand small pictures against five hundred: peak memory and open files of the command."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil

from cyclekit.checkpoint.model import ModelInfo, save_model
from cyclekit.models import GENERATORS
from cyclekit.models.initialize import initialize
from cyclekit.registry import Spec

SIDE = 48
COUNTS = (500, 10_000)


def bench_many() -> list[dict[str, Any]]:
    """Translate both folders by a tiny network, each in a process of its own."""
    figures: dict[str, Any] = {"side": SIDE}
    with tempfile.TemporaryDirectory() as folder:
        model = tiny_model(Path(folder, "model.safetensors"))
        for count in COUNTS:
            source = Path(folder, f"in{count}")
            write_small_pictures(source, count)
            command = [
                sys.executable, "-m", "cyclekit", "translate", str(source), "-q",
                "-o", str(Path(folder, f"out{count}")), "-m", str(model),
            ]  # fmt: skip
            started = time.perf_counter()
            figures[f"peak_mb_{count}"], figures[f"open_files_{count}"] = watched(command)
            figures[f"seconds_{count}"] = round(time.perf_counter() - started, 1)
    few, many = COUNTS
    ratio = figures[f"peak_mb_{many}"] / figures[f"peak_mb_{few}"]
    return [{**figures, "ratio": round(ratio, 3)}]


def watched(command: list[str]) -> tuple[float, int]:
    """Return the largest resident size of a command in MB, and the most files it had open."""
    process = psutil.Popen(command, stdout=subprocess.DEVNULL)
    most = 0
    while psutil.pid_exists(process.pid) and process.status() != psutil.STATUS_ZOMBIE:
        with suppress(psutil.Error):
            most = max(most, process.num_fds())
        time.sleep(0.02)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} ended with status {status}")
    return round(usage.ru_maxrss / 1024, 1), most


def write_small_pictures(folder: Path, count: int) -> None:
    draws = np.random.default_rng(0)
    folder.mkdir()
    for number in range(count):
        corners = draws.integers(0, 256, (3, 3, 3)).astype(np.uint8)
        picture = cv2.resize(corners, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{number:05d}.jpg"), picture)


def tiny_model(path: Path) -> Path:
    spec = Spec("mobile", {"width": 16, "blocks": 2})
    generator = GENERATORS.create(spec)
    initialize(generator)
    save_model(path, {"ab": generator}, ModelInfo(spec, ("a", "b"), ("ab",)))
    return path
