"""What there is to know about a model, gathered for a reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from cyclekit.checkpoint.model import DOMAINS, ModelInfo
from cyclekit.hub.open import open_generator
from cyclekit.hub.source import embedded_models
from cyclekit.models import GENERATORS
from cyclekit.registry import Spec

SIDE = 256
"""Height and width, in pixels, that the cost is counted at."""


@dataclass(frozen=True)
class Card:
    """Facts of one model."""

    path: str
    """The file."""
    bytes: int
    """Size of the file."""
    architecture: str
    """Name of the generator."""
    options: Mapping[str, Any]
    """Options that differ from the generator's own defaults."""
    parameters: int
    """Of one direction."""
    macs: int
    """Multiplications of one direction at `SIDE` x `SIDE`, rounded up to the stride."""
    stride: int
    """What height and width are padded to a multiple of, in pixels."""
    names: tuple[str, str]
    """The two domains."""
    directions: tuple[str, ...]
    """What the model can do, as "horse-to-zebra"."""
    discriminators: str
    """What `cyclekit critique` can ask: network, loss, domains; empty if they were not kept."""
    provenance: Mapping[str, Any]
    """Where it comes from."""
    text: str
    """What its makers say about it; empty if nothing."""


def read_card(source: str | Path | None) -> Card:
    """Gather the facts of the model that `source` means, as in `open_generator`.

    Raises:
        UsageError: if there is no such name or file.
        CheckpointError: if the file cannot be used.
    """
    model = open_generator(source)
    info = model.info
    return Card(
        path=str(model.path),
        bytes=model.path.stat().st_size,
        architecture=info.generator.name,
        options=info.generator.options,
        parameters=sum(parameter.numel() for parameter in model.generator.parameters()),
        macs=count_macs(info.generator),
        stride=model.generator.stride,
        names=info.names,
        directions=translations(info),
        discriminators=_kept(info),
        provenance=info.provenance,
        text=_card_text(model.path),
    )


def translations(info: ModelInfo) -> tuple[str, ...]:
    """Return what a model can do, as "horse-to-zebra"."""
    return tuple("-to-".join(info.domains(direction)) for direction in info.directions)


def _kept(info: ModelInfo) -> str:
    if info.critics is None:
        return ""
    names = (info.names[DOMAINS.index(domain)] for domain in info.critics.domains)
    return f"{info.critics.discriminator.name} ({info.critics.adversarial}) of {', '.join(names)}"


def count_macs(spec: Spec, side: int = SIDE) -> int:
    """Count the multiplications of one picture of `side` x `side`, without weights or memory."""
    with torch.device("meta"):
        generator = GENERATORS.create(spec).eval()
        side += -side % generator.stride
        picture = torch.empty(1, generator.in_channels, side, side)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        generator(picture)
    return int(counter.get_total_flops()) // 2


def _card_text(path: Path) -> str:
    card = path.with_suffix(".md")
    if path not in embedded_models().values() or not card.is_file():
        return ""
    return card.read_text(encoding="utf-8").strip()
