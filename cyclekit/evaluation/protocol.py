"""How a measurement was made, and what in it should make a reader careful."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from cyclekit.errors import MediaError
from cyclekit.evaluation.describe import JPEG_QUALITY
from cyclekit.evaluation.pile import Pile
from cyclekit.media.header import opened
from cyclekit.media.picture import MAX_PIXELS
from cyclekit.models.features.extractor import Extractor

FEW = 50
"""Pictures below which the level of a distance says little."""
LOOKED_AT = 200
"""Headers that are read for sizes."""
LOSSY = {".jpg", ".jpeg", ".jpe", ".jfif"}


def describe_networks(extractors: Sequence[Extractor]) -> list[dict[str, Any]]:
    """List the networks that scores depend on."""
    return [
        {
            "name": extractor.name, "title": extractor.title, "sha256": extractor.digest,
            "published_weights": extractor.published, "resize": extractor.network.resize,
        }
        for extractor in extractors
    ]  # fmt: skip


def describe_pile(pile: Pile) -> dict[str, Any]:
    """Count the pictures of a pile, their formats by ending, and the commonest sizes."""
    endings = Counter(source.path.suffix.lower() for source in pile.sources.values())
    sizes: Counter[str] = Counter()
    for source in list(pile.sources.values())[:LOOKED_AT]:
        try:
            with opened(source.path, MAX_PIXELS) as image:
                width, height = image.size
        except MediaError:
            continue  # named where it is measured
        sizes[f"{width // 2 if source.half else width}x{height}"] += 1
    return {
        "name": pile.name, "pictures": len(pile), "formats": dict(endings),
        "sizes": dict(sizes.most_common(5)),
    }  # fmt: skip


def version() -> str:
    """Return what measured, for the record."""
    return f"cyclekit {metadata.version('cyclekit')}"


def warnings(real: Pile, outputs: Sequence[Pile]) -> list[str]:
    """Say what makes scores misleading before a single one is known."""
    found = [
        f"{pile.name} has {len(pile)} pictures: with fewer than {FEW}, compare scores only with "
        "the floor and with each other"
        for pile in (real, *outputs)
        if len(pile) < FEW
    ]
    for pile in outputs:
        lossy = sum(source.path.suffix.lower() in LOSSY for source in pile.sources.values())
        if lossy and not _are_mostly_lossy(real):
            found.append(
                f"{pile.name}: {lossy} of {len(pile)} pictures are stored as JPEG, the real ones "
                f"are not; the column 'JPEG {JPEG_QUALITY}' shows what that is worth"
            )
    return found


def _are_mostly_lossy(pile: Pile) -> bool:
    lossy = sum(source.path.suffix.lower() in LOSSY for source in pile.sources.values())
    return 2 * lossy > len(pile)
