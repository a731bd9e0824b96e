"""Do real pictures have the colours that made ones will have?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from cyclekit.data.augment import Augmentation
from cyclekit.data.kinds import Domains
from cyclekit.data.sources import held_out_pictures
from cyclekit.media.palette import is_of
from cyclekit.models import Generator, ImageGenerator
from cyclekit.models.palette import PaletteHead

LOOKED_AT = 4
"""Pictures of a domain."""
FOREIGN = 0.01
"""Share of pixels of other colours beyond which it is told."""


def foreign_colors(
    generators: Mapping[str, Generator], domains: Domains, augmentation: Augmentation
) -> Iterator[str]:
    """Warn of real pictures that a critic can tell from made ones by their colours alone.

    Args:
        generators: by direction; those whose palette is given are looked at.
        domains: first and second.
        augmentation: what happens to pictures before they are learned from.

    Yields:
        A line for each such domain.
    """
    for direction, generator in generators.items():
        palette = _given(generator)
        if palette is None:
            continue
        domain = domains["ab".index(direction[1])]
        pictures = islice(held_out_pictures(domain, LOOKED_AT), LOOKED_AT)
        shares = [1 - is_of(augmentation.prepare(one), palette).mean() for one in pictures]
        share = float(np.mean(shares)) if shares else 0.0
        if share > FOREIGN:
            yield (
                f"{share:.0%} of the pixels of '{domain.name}' have colours that are not in "
                "generator.colors; a critic sees that. Resizing mixes colours (data.load=null "
                "does without), and so does JPEG"
            )


def _given(generator: Generator) -> NDArray[np.uint8] | None:
    head = generator.head if isinstance(generator, ImageGenerator) else None
    if not isinstance(head, PaletteHead) or head.codebook.given is None:
        return None
    return np.asarray(head.palette.cpu().numpy(), np.uint8)
