"""What an exported file says of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cyclekit.checkpoint.header import ModelInfo, read_header, write_header
from cyclekit.errors import CheckpointError

KEY = "cyclekit"
"""Under which an exported file keeps it, as JSON."""
FORMAT = 1
LARGEST_STRIDE = 4096


@dataclass(frozen=True)
class About:
    """Facts of an exported network, beside its weights."""

    info: ModelInfo
    """Domains, the one direction inside, and where the model comes from."""
    stride: int
    """What height and width must be a multiple of; 1 where the file itself pads."""
    processing: bool
    """Whether it takes and gives stored pictures, uint8 (N, H, W, 3), and not float32
    (N, 3, H, W) in [-1, 1]."""
    precision: str
    """"fp32", "fp16" or "int8"."""
    macs: int
    """Multiplications of one picture of 256x256, or the next larger that fits."""
    parameters: int
    """Weights."""
    palette: tuple[str, ...] = ()
    """The colours that all outputs consist of, as "#1a1c2c"; empty for any."""
    note: str = ""
    """What was kept in float and at which PSNR, of an int8 network."""
    text: str = ""
    """What its makers say about it."""

    def dump(self) -> str:
        """Return all of it as JSON."""
        facts = asdict(self)
        facts["info"] = write_header(self.info)
        return json.dumps({"format": FORMAT, **facts})


def read_about(path: Path, text: str) -> About:
    """Read what `About.dump` returned; the file may be anybody's.

    Args:
        path: of its file, for messages.
        text: the JSON.

    Raises:
        CheckpointError: if it is damaged, or of a newer version.
    """
    try:
        facts = json.loads(text)
        number = int(facts.pop("format"))
        if number > FORMAT:
            raise CheckpointError(
                f"{path}: export format {number}, this cyclekit reads up to {FORMAT}; upgrade it"
            )
        return _checked(path, facts)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged metadata ({error})") from error


def _checked(path: Path, facts: Mapping[str, Any]) -> About:
    info = read_header(path, str(facts["info"]))
    if info.kind != "translator" or len(info.directions) != 1:
        raise CheckpointError(f"{path}: damaged metadata (a {info.kind}, {info.directions})")
    stride = int(facts["stride"])
    if not 1 <= stride <= LARGEST_STRIDE:
        raise CheckpointError(f"{path}: damaged metadata (stride {stride})")
    if facts["precision"] not in ("fp32", "fp16", "int8"):
        raise CheckpointError(f"{path}: damaged metadata (precision {facts['precision']!r})")
    palette = tuple(str(color) for color in facts.get("palette", ()))
    if any(len(bytes.fromhex(color.removeprefix("#"))) != 3 for color in palette):
        raise CheckpointError(f"{path}: damaged metadata (palette {palette})")
    return About(
        info, stride, bool(facts["processing"]), str(facts["precision"]), int(facts["macs"]),
        int(facts["parameters"]), palette, str(facts.get("note", "")), str(facts.get("text", "")),
    )  # fmt: skip
