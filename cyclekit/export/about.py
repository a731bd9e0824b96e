"""What an exported file says of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cyclekit.checkpoint.header import ModelInfo, read_header, write_header
from cyclekit.errors import CheckpointError
from cyclekit.media.nested import parse_json

KEY = "cyclekit"
"""Under which an exported file keeps it, as JSON."""
FORMAT = 1
LARGEST_STRIDE = 4096
MEMORY = 24.0
"""Bytes for each pixel that a picture takes at least: once in and once out."""


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
    parameters: int = 0
    """Weights."""
    macs_per_pixel: float = 0.0
    """Multiplications for each pixel of a picture."""
    bytes_per_pixel: float = 0.0
    """Memory at its peak, for each pixel of a picture."""
    reach: int | None = None
    """Pixels that an output pixel sees on either side; None for all."""
    whole: str = ""
    """Why it sees all."""
    palette: tuple[str, ...] = ()
    """The colours that all outputs consist of, as "#1a1c2c"; empty for any."""
    note: str = ""
    """What else there is to tell: what was kept in float and at which PSNR, of an int8 network."""
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
        facts = parse_json(text)
        number = int(facts.pop("format"))
        if number > FORMAT:
            raise CheckpointError(
                f"{path}: export format {number}, this cyclekit reads up to {FORMAT}; upgrade it"
            )
        return _checked(path, facts)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
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
    reach = facts["reach"]
    return About(
        info=info,
        stride=stride,
        processing=bool(facts["processing"]),
        precision=str(facts["precision"]),
        parameters=int(facts["parameters"]),
        macs_per_pixel=float(facts["macs_per_pixel"]),
        bytes_per_pixel=max(MEMORY, float(facts["bytes_per_pixel"])),
        reach=None if reach is None else max(0, int(reach)),
        whole=str(facts["whole"]),
        palette=palette,
        note=str(facts.get("note", "")),
        text=str(facts.get("text", "")),
    )
