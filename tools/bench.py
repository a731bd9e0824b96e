"""Measure cyclekit beside a plain reference, in one run: `tools/bench.py [PART...] [--json]`.

Parts: forward, train, translate, memory, many, control, video, video-memory, help, large, files
(all by default). Ratios are of the best of several alternating runs, because machines are shared. Runs
unchanged on a CPU and on a GPU.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path

import torch
from orderly import run_tool

sys.path.insert(0, str(Path(__file__).parent))
from benches.command import bench_help
from benches.control import bench_control
from benches.files import bench_files
from benches.folder import bench_memory, bench_translate
from benches.forward import bench_forward
from benches.large import bench_large
from benches.many import bench_many
from benches.measuring import DEVICE, Figures
from benches.training import bench_train
from benches.video import bench_video, bench_video_memory


def main() -> None:
    parts = {
        "forward": bench_forward,
        "train": bench_train,
        "translate": bench_translate,
        "memory": bench_memory,
        "many": bench_many,
        "control": bench_control,
        "video": bench_video,
        "video-memory": bench_video_memory,
        "help": bench_help,
        "large": bench_large,
        "files": bench_files,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    parser.add_argument("--json", action="store_true", help="one object a figure")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(parts)
    if unknown:
        parser.error(f"unknown part {', '.join(sorted(unknown))}; expected {', '.join(parts)}")
    report({"machine": machine()}, arguments.json)
    for name in arguments.parts or parts:
        for figures in parts[name]():
            report({"part": name, **figures}, arguments.json)


def report(figures: Figures, as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures), flush=True)
    else:
        print("  ".join(f"{name} {value}" for name, value in figures.items()), flush=True)


def machine() -> str:
    if DEVICE.type == "cuda":
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    name = torch.cpu.get_capabilities().get("cpu_name", platform.processor())
    return f"{name}, {torch.get_num_threads()} cores, torch {torch.__version__}"


if __name__ == "__main__":
    run_tool(main)
