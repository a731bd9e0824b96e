"""What is measured, and with what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from cyclekit.evaluation.listener import Listener, Silence
from cyclekit.evaluation.pairing import Pairs
from cyclekit.evaluation.pile import Pile
from cyclekit.models.features import Lpips
from cyclekit.models.features.extractor import Extractor


@dataclass(frozen=True)
class Candidate:
    """A model's pictures."""

    name: str
    """The model's name."""
    output: Pile
    """What it made."""
    back: Pile | None = None
    """Its outputs translated back, by the keys of the inputs."""
    recipe: str | None = None
    """What was trained, where several runs of it are measured; None for a model alone."""


@dataclass(frozen=True)
class Task:
    """What is measured."""

    real: Pile
    """Real pictures of the target domain that training did not see."""
    candidates: Sequence[Candidate]
    """The models, one at least, each with a name of its own."""
    source: Pile | None = None
    """The inputs, by the keys of the outputs."""
    train: Pile | None = None
    """Real pictures of the target domain that training saw."""
    split: str = "test split"
    """Which real pictures these are, in words."""
    pairs: Pairs = "auto"
    """How outputs and real pictures pair up."""


@dataclass(frozen=True)
class Tools:
    """What it is measured with."""

    extractors: Sequence[Extractor] = ()
    """Feature networks; none leaves only scores that need no network."""
    lpips: Lpips | None = None
    """The learned distance of pairs; None leaves it out."""
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    """Where networks run."""
    cache: Path | None = None
    """The user's cache folder; None keeps no features."""
    listener: Listener = field(default_factory=Silence)
    """Hears of progress and of pictures that cannot be read."""
