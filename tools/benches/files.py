"""A hundred thousand files against ten thousand: time and peak memory of a survey of headers."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benches.many import watched

SIDE = 64
COUNTS = (10_000, 100_000)
DIFFERENT = 500
"""Pictures that are made; the rest are copies, for a header is a header."""


def bench_files() -> list[dict[str, Any]]:
    """Survey names and headers of both folders, each in a process of its own."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in COUNTS:
            source = Path(folder, f"in{count}")
            write_files(source, count)
            command = [
                sys.executable, "-m", "cyclekit", "data", "survey", str(source), "--quick", "-q",
                "--device", "cpu",
            ]  # fmt: skip
            started, used = time.perf_counter(), _processor_time()
            figures[f"peak_mb_{count}"], figures[f"open_files_{count}"] = watched(command)
            figures[f"seconds_{count}"] = round(time.perf_counter() - started, 1)
            figures[f"processor_seconds_{count}"] = round(_processor_time() - used, 1)
    few, many = COUNTS
    ratio = figures[f"peak_mb_{many}"] / figures[f"peak_mb_{few}"]
    return [{**figures, "ratio": round(ratio, 3)}]


def _processor_time() -> float:
    """Return what all processes started from here have used: what a busy machine cannot stretch."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def write_files(folder: Path, count: int) -> None:
    """Write JPEGs, and among a thousand one with a name that is no text, and one that is broken."""
    draws = np.random.default_rng(0)
    folder.mkdir()
    contents = []
    for _ in range(DIFFERENT):
        corners = draws.integers(0, 256, (3, 3, 3)).astype(np.uint8)
        picture = cv2.resize(corners, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        contents.append(cv2.imencode(".jpg", picture)[1].tobytes())
    for number in range(count):
        content = contents[number % DIFFERENT] if number % 1000 else b"no picture"
        name = b"%06d.jpg" % number if number % 1000 != 1 else b"%06d \xe9.jpg" % number
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(content)
