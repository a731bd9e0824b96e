"""How long the command takes to say what it can do."""

from __future__ import annotations

import subprocess
import sys

from benches.measuring import Figures, in_turn


def bench_help() -> list[Figures]:
    """Time `cyclekit --help` as a process."""
    command = [sys.executable, "-m", "cyclekit", "--help"]
    python = [sys.executable, "-c", "pass"]

    def run(words: list[str]) -> object:
        return subprocess.run(words, capture_output=True, check=True)

    best = in_turn({"help": lambda: run(command), "python": lambda: run(python)}, rounds=5)
    return [{"help_s": round(best["help"], 3), "bare_python_s": round(best["python"], 3)}]
