"""One JSON line a tick, on disk, always."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class JsonLines:
    """Append values to a file, a line each.

    On a resumed run, lines beyond the state are dropped first, so that the file tells one story.

    Args:
        path: the file; made if absent.
        images: pictures seen at the state that the run goes on from.
    """

    def __init__(self, path: Path, images: int) -> None:
        self.path = path
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if _images(line) <= images]
            path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")

    def write(self, values: dict[str, Any]) -> None:
        """Append one line."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")


def _images(line: str) -> float:
    try:
        return float(json.loads(line)["images"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # a line cut off by a crash
