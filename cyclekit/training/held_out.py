"""How good the generators are on pictures that training never sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cyclekit.data.augment import Augmentation
from cyclekit.data.kinds import Domains
from cyclekit.data.layouts import Domain
from cyclekit.data.sources import read_source
from cyclekit.errors import ConfigError, DataError, MediaError
from cyclekit.methods.base import DataKind
from cyclekit.metrics.kernel import kernel_distance
from cyclekit.metrics.structure import self_similarity, structure_distance
from cyclekit.models import DomainGenerator, Generator, ImageGenerator, NoiseGenerator
from cyclekit.models.features.extractor import Extractor
from cyclekit.pixels import to_image, to_tensor

Pixels = NDArray[np.uint8]
MOST = 128
"""Pictures a domain that are looked at; of more, these are spread over all."""
THOUSANDTHS, HUNDREDTHS = 1000, 100
"""The kernel distance and the structure distance are shown times these."""

_ADVICE: dict[DataKind, str] = {
    "single": "give one folder that holds 'train' and 'test'",
    "labelled": "give one folder that holds 'train' and 'test', and each of them a folder a class",
}
"""Where held-out pictures lie, by the kind of data; else it is two domains."""
_TWO = "give test folders, such as testA and testB"


@dataclass(frozen=True)
class Finding:
    """What was measured of one generator."""

    title: str
    """Which: "horse to zebra"."""
    kernel: float
    """Kernel distance to real held-out pictures, times 1000; lower is better."""
    kernel_error: float | None
    """Its standard error."""
    structure: float | None
    """Structure distance between inputs and outputs, times 100; None where there are no inputs."""


@dataclass(frozen=True)
class Evaluation:
    """What was measured at one moment of a run."""

    images: int
    """Pictures seen by then."""
    kernel_name: str
    """What the kernel distance is called, after the network: "KID"."""
    findings: tuple[Finding, ...]
    """One a generator."""

    @property
    def score(self) -> float:
        """The mean kernel distance, by which the best model is chosen; lower is better."""
        return sum(finding.kernel for finding in self.findings) / len(self.findings)

    def plain(self) -> dict[str, Any]:
        """Return plain values for the log, the page and the model's header."""
        findings = [asdict(one) for one in self.findings]
        return {**asdict(self), "findings": findings, "score": self.score}

    def __str__(self) -> str:
        parts = [f"{one.title} {one.kernel:.1f}{_layout(one)}" for one in self.findings]
        return f"at {self.images} images, {self.kernel_name} ×1000: {', '.join(parts)}"


class Examiner:
    """Compares what generators make with held-out pictures, at the size of training's crops.

    Args:
        extractor: the feature network.
        domains: of the run.
        augmentation: of the run; held-out pictures are resized as it does, and cut from the middle.
        device: where the generators are.
        kind: of the data, for advice where pictures are missing.

    Raises:
        DataError: if a domain has fewer than two readable held-out pictures.
    """

    def __init__(
        self, extractor: Extractor, domains: Domains, augmentation: Augmentation,
        device: torch.device, kind: DataKind = "unpaired",
    ) -> None:  # fmt: skip
        self._extractor, self._device = extractor, device
        self._network = extractor.network.to(device)
        self._names = [domain.name for domain in domains]
        self._pictures = [_held_out(domain, augmentation, kind) for domain in domains]
        self._real = [self._describe(pictures)[0] for pictures in self._pictures]

    @staticmethod
    def require_known(generators: Mapping[str, Generator]) -> None:
        """Refuse generators none of which can be measured.

        Raises:
            ConfigError: naming them.
        """
        known = (NoiseGenerator, DomainGenerator, ImageGenerator)
        if not any(isinstance(generator, known) for generator in generators.values()):
            raise ConfigError(
                f"train.evaluate_every: what makes '{', '.join(generators)}' is not measured as it "
                "trains; leave it out"
            )

    @torch.no_grad()
    def examine(self, generators: Mapping[str, Generator], images: int) -> Evaluation:
        """Measure every generator.

        Args:
            generators: by direction, settled.
            images: pictures seen so far.
        """
        findings: list[Finding] = []
        for direction, generator in generators.items():
            if isinstance(generator, NoiseGenerator):
                findings.append(self._examine_noise(generator))
            elif isinstance(generator, DomainGenerator):
                findings += [
                    self._examine_domain(generator, label) for label in range(len(self._names))
                ]
            elif isinstance(generator, ImageGenerator) and direction in ("ab", "ba"):
                findings.append(self._examine_translator(direction, generator))
        return Evaluation(images, self._extractor.kernel_name, tuple(findings))

    def _examine_noise(self, generator: NoiseGenerator) -> Finding:
        real = torch.cat(self._real)
        made = [
            to_image(generator(*generator.inputs([number], seed=0))[0])
            for number in range(len(real))
        ]
        kernel = kernel_distance(self._describe(made)[0], real)
        return _finding(f"noise to {', '.join(self._names)}", kernel.value, kernel.error)

    def _examine_translator(self, direction: str, generator: ImageGenerator) -> Finding:
        first, second = ("ab".index(letter) for letter in direction)
        title = f"{self._names[first]} to {self._names[second]}"
        return self._compare(title, self._pictures[first], second, generator)

    def _examine_domain(self, generator: DomainGenerator, label: int) -> Finding:
        others = [
            picture
            for place, pictures in enumerate(self._pictures)
            if place != label
            for picture in pictures
        ]
        target = torch.tensor([label], device=self._device)
        title = f"any to {self._names[label]}"
        return self._compare(title, others, label, lambda x: generator(x, target))

    def _compare(
        self, title: str, sources: list[Pixels], target: int, translate: Callable[[Tensor], Tensor]
    ) -> Finding:
        made = [
            to_image(translate(to_tensor(picture)[None].to(self._device))[0]) for picture in sources
        ]
        pooled, layout = self._describe(made)
        kernel = kernel_distance(pooled, self._real[target])
        moved = structure_distance(self._describe(sources)[1], layout).mean()
        return _finding(title, kernel.value, kernel.error, float(moved))

    def _describe(self, pictures: Sequence[Any]) -> tuple[Tensor, Tensor]:
        """Return pooled features (N, D) and descriptions of the layout (N, L), on the CPU."""
        pooled, layout = [], []
        for picture in pictures:
            levels = torch.from_numpy(self._network.fit(picture)).permute(2, 0, 1)[None]
            with torch.no_grad():
                seen = self._network(levels.to(self._device))
            pooled.append(seen.pooled.float().cpu())
            layout.append(self_similarity(seen.places).cpu())
        return torch.cat(pooled), torch.cat(layout)


def _finding(
    title: str, kernel: float, error: float | None, structure: float | None = None
) -> Finding:
    return Finding(
        title, THOUSANDTHS * kernel, None if error is None else THOUSANDTHS * error,
        None if structure is None else HUNDREDTHS * structure,
    )  # fmt: skip


def _layout(finding: Finding) -> str:
    return "" if finding.structure is None else f" (structure ×100 {finding.structure:.2f})"


def _held_out(domain: Domain, augmentation: Augmentation, kind: DataKind) -> list[Pixels]:
    """Read the held-out pictures of a domain, cut to squares from their middle."""
    step = max(1, -(-len(domain.held_out) // MOST))
    squares = []
    for source in domain.held_out[::step]:
        try:
            squares.append(_middle(augmentation.prepare(read_source(source)), augmentation.crop))
        except MediaError:
            continue  # held out of this measure; whoever translates it names it
    if len(squares) < 2:
        raise DataError(
            f"domain '{domain.name}' has {len(squares)} readable held-out pictures, "
            f"train.evaluate_every needs at least 2; {_ADVICE.get(kind, _TWO)}"
        )
    return squares


def _middle(image: Pixels, side: int) -> Pixels:
    height, width = image.shape[:2]
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(image[top : top + side, left : left + side])
