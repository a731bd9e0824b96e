"""Play the games, with and without what balances them: `tools/benchmark_games.py -o OUT`.

Parts: saturation, confidence, losses, collapse-ring, collapse-digits, classes, truncation, from
noise; and worlds, from pictures whose true translation is known (all by default).
Every run is made by the project's own trainer on the CPU; OUT gets PART.json and plots.
Interrupted, or out of `--minutes`, the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from games import collapse, conditional, confidence, losses, mappings, saturation
from games.playing import OutOfTimeError, Table
from orderly import run_tool

PARTS = {
    "saturation": saturation.run,
    "confidence": confidence.run,
    "losses": losses.run,
    "collapse-ring": collapse.run_ring,
    "collapse-digits": collapse.run_digits,
    "classes": conditional.run,
    "truncation": conditional.run_truncation,
    "worlds": mappings.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of all")
    parser.add_argument("--part", action="append", choices=PARTS, help="one part; may be repeated")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--seeds", type=int, default=3, help="runs to average over")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    table = Table(arguments.output, time.monotonic() + 60 * arguments.minutes)
    for part in arguments.part or PARTS:
        try:
            found = PARTS[part](table, arguments.output, arguments.seeds)
        except OutOfTimeError:
            sys.exit(f"{part}: the minutes are over; the same command goes on")
        path = arguments.output / f"{part}.json"
        path.write_text(json.dumps(found, indent=1), encoding="utf-8")
        print(path, flush=True)


if __name__ == "__main__":
    run_tool(main)
