"""What there is to know about a model, gathered for a reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from cyclekit.checkpoint.model import DOMAINS, ModelInfo
from cyclekit.export.open import files_of
from cyclekit.hub.model_card import find_model_card
from cyclekit.hub.open import OpenModel, open_model
from cyclekit.hub.store import origin_of
from cyclekit.models import Generator, ImageGenerator, build_generator
from cyclekit.models.base import Kind
from cyclekit.models.exported import ExportedGenerator
from cyclekit.registry import Spec

SIDE = 256
"""Height and width, in pixels, that the cost is counted at."""


@dataclass(frozen=True)
class Card:
    """Facts of one model."""

    path: str
    """The file."""
    bytes: int
    """Size of the file, and of the one with its weights where that is another."""
    architecture: str
    """Name of the generator."""
    options: Mapping[str, Any]
    """Options that differ from the generator's own defaults."""
    parameters: int | None
    """Of one direction; None where the file does not say."""
    kind: Kind
    """What it makes pictures from."""
    macs: int | None
    """Multiplications of one picture, None where the file does not say: of `SIDE` x `SIDE`, rounded up to the stride; from noise, of
    `side` x `side`."""
    stride: int | None
    """What height and width are padded to a multiple of, in pixels; None from noise."""
    side: int | None
    """Height and width of what is made from noise, in pixels; None for a translator."""
    palette: tuple[str, ...]
    """The colours that all outputs consist of, as "#1a1c2c"; empty for any colours."""
    names: tuple[str, ...]
    """The two domains, or the classes."""
    directions: tuple[str, ...]
    """What the model can do, as "horse-to-zebra" or "noise-to-zebra"."""
    discriminators: str
    """What `cyclekit critique` can ask: network, loss, domains; empty if they were not kept."""
    provenance: Mapping[str, Any]
    """Where it comes from."""
    text: str
    """What its makers say about it, in Markdown; empty if nothing."""
    card: Mapping[str, Any] | None
    """The same by field, as in `ModelCard`; None if nothing."""
    notes: tuple[str, ...] = ()
    """What the user should know, such as what was assumed of a foreign network."""


def read_card(source: str | Path | None) -> Card:
    """Gather the facts of the model that `source` means, as in `open_model`.

    Raises:
        UsageError: if there is no such name or file.
        CheckpointError: if the file cannot be used.
    """
    model = open_model(source)
    info = model.info
    cost = cost_of(model)
    written = find_model_card(model.path)
    return Card(
        path=str(model.path),
        bytes=sum(file.stat().st_size for file in files_of(model.path)),
        architecture=info.generator.name,
        options=info.generator.options,
        parameters=cost.parameters,
        kind=info.kind,
        macs=cost.macs,
        stride=getattr(model.generator, "stride", None),
        side=getattr(model.generator, "side", None),
        palette=_hex(getattr(model.generator, "palette", None)),
        names=info.names,
        directions=info.abilities(),
        discriminators=_kept(info),
        provenance={**info.provenance, **origin_of(model.path)},
        text="" if written is None else written.text(),
        card=None if written is None else written.model_dump(mode="json"),
        notes=model.notes,
    )


@dataclass(frozen=True)
class Cost:
    """How much there is to store and to compute."""

    parameters: int | None
    """Weights; None where a foreign file does not say."""
    macs: int | None
    """Multiplications of one picture; None where a foreign file does not say."""


def cost_of(model: OpenModel[Generator], width: int = SIDE, height: int = SIDE) -> Cost:
    """Count what one picture costs.

    Args:
        model: in one direction; from noise, the size of what it makes counts.
        width: of the picture, in pixels; rounded up to the stride.
        height: of the picture, in pixels; rounded up to the stride.
    """
    generator, stride = model.generator, getattr(model.generator, "stride", 1)
    width, height = (side + -side % stride for side in (width, height))
    if isinstance(generator, ExportedGenerator):
        each = generator.macs_per_pixel
        macs = None if each is None else round(each * width * height)
        return Cost(generator.weights, macs)
    macs = count_macs(model.info.generator, direction=model.direction)
    if isinstance(generator, ImageGenerator):
        side = SIDE + -SIDE % stride
        macs = round(macs * width * height / side**2)
    return Cost(sum(parameter.numel() for parameter in generator.parameters()), macs)


def _hex(palette: torch.Tensor | None) -> tuple[str, ...]:
    return () if palette is None else tuple(f"#{bytes(row).hex()}" for row in palette.tolist())


def _kept(info: ModelInfo) -> str:
    if info.critics is None:
        return ""
    names = (info.names[DOMAINS.index(domain)] for domain in info.critics.domains)
    return f"{info.critics.discriminator.name} ({info.critics.adversarial}) of {', '.join(names)}"


def count_macs(spec: Spec, side: int = SIDE, direction: str = "ab") -> int:
    """Count the multiplications of one picture of `side` x `side`, without weights or memory."""
    with torch.device("meta"):
        generator = build_generator(spec, direction).eval()
        inputs = generator.example(side)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        generator(*inputs)
    return int(counter.get_total_flops()) // 2


def card_text(path: Path) -> str:
    """Return what is written about a model, in Markdown; empty if nothing.

    Raises:
        CheckpointError: if its card is damaged.
    """
    written = find_model_card(path)
    return "" if written is None else written.text()
