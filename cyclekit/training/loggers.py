"""What a run writes down as it goes: JSON lines always, TensorBoard's files if wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cyclekit.errors import UsageError
from cyclekit.media.atomic import replacing
from cyclekit.training.log_lines import read_lines


class JsonLines:
    """Append values to a file, a line each.

    On a resumed run, lines beyond the state are dropped first, so that the file tells one story, and
    so are those that cannot be used; `unusable` has their numbers. `ended` is whether the last line
    says why the run ended before its length.

    Args:
        path: the file; made if absent.
        images: pictures seen at the state that the run goes on from.
    """

    def __init__(self, path: Path, images: int) -> None:
        self.path = path
        self.unusable: list[int] = []
        self.ended = False
        if path.exists():
            lines = list(read_lines(path))
            self.unusable = [one.number for one in lines if one.line is None]
            kept = [(one.text, one.line) for one in lines if one.line and one.line.images <= images]
            self.ended = bool(kept and kept[-1][1].ended)
            with replacing(path) as part:  # a kill here must not cost the story so far
                part.write_text("".join(f"{text}\n" for text, _ in kept), encoding="utf-8")

    def write(self, values: dict[str, Any]) -> None:
        """Append one line."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")


class TensorBoard:
    """Write the same values where TensorBoard finds them.

    Args:
        folder: of its files; made if absent.
        images: pictures seen at the state that the run goes on from; what came later is hidden.

    Raises:
        UsageError: if TensorBoard is not installed.
    """

    def __init__(self, folder: Path, images: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise UsageError(
                "train.tensorboard needs TensorBoard: pip install 'cyclekit[track]'"
            ) from error
        self._writer = SummaryWriter(str(folder), purge_step=images + 1)

    def write(self, values: dict[str, Any]) -> None:
        """Append all numbers, those of nested values too, at their count of images."""
        for name, value in _numbers(values):
            self._writer.add_scalar(name, value, int(values["images"]))
        self._writer.flush()


def _numbers(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for key, value in values.items():
        name = f"{prefix}{key.replace(' ', '_')}"
        if isinstance(value, dict):
            yield from _numbers(value, f"{name}/")
        elif isinstance(value, int | float) and key not in ("images", "total"):
            yield name if prefix else f"run/{name}", value
