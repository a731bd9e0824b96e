"""Draws a discriminator's verdicts over pictures: where they look made, where real."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cyclekit.errors import MediaError
from cyclekit.inference.critic import Critic, Verdicts
from cyclekit.inference.fit import resized, wanted_size
from cyclekit.media.header import opened
from cyclekit.media.images import MAX_PIXELS, Metadata, Picture, read, to_8_bits, write
from cyclekit.media.mirror import Job
from cyclekit.media.nested import parse_json
from cyclekit.media.scale import NARROWEST, with_scale

LARGEST = 2048
"""Pixels of a map's longer side at most: a patch is many pixels wide."""
SMALLEST = NARROWEST
"""Pixels of a map's longer side at least; a smaller picture is shown enlarged."""
KEY = "cyclekit critique"
"""Key of the PNG text that holds what was found, so that a second run needs no network."""
_ANCHORS = ((178, 24, 43), (239, 138, 98), (247, 247, 247), (103, 169, 207), (33, 102, 172))
"""RGB from fake over undecided to real; told apart by people who see no red or green."""
_LABELS = {0.0: "fake", 0.5: "unsure", 1.0: "real"}


@dataclass(frozen=True)
class Finding:
    """What was found of one picture."""

    real: float
    """Share of its patches that are judged real, 0 to 1."""
    verdict: float
    """Mean verdict, from -1 (fake) to 1 (real)."""
    patches: int
    """How many patches were judged."""
    by: str
    """Who judged, in words; an older map by somebody else is not taken for an answer."""


@dataclass(frozen=True)
class Critique:
    """What became of one input."""

    input: Path
    """The file that was read."""
    output: Path
    """The map, or where it would have been."""
    finding: Finding | None = None
    """What was found; None if there is an error."""
    error: str | None = None
    """Why nothing was found; None if it was."""
    skipped: bool = False
    """Whether the map was there already."""
    notes: tuple[str, ...] = ()
    """What the user should know."""

    def as_dict(self) -> dict[str, Any]:
        """Return what applies, ready for JSON."""
        found = {} if self.finding is None else asdict(self.finding)
        found |= {key: round(found[key], 4) for key in ("real", "verdict") if key in found}
        values = {
            "input": str(self.input),
            "output": None if self.error else str(self.output),
            **found,
            "error": self.error,
            "skipped": self.skipped or None,
            "notes": list(self.notes) or None,
        }
        return {key: value for key, value in values.items() if value is not None}


def critique_files(
    critic: Critic, jobs: Iterable[Job], by: str, *, overwrite: bool = False
) -> Iterator[Critique]:
    """Judge files and draw the maps; one that cannot be read never stops the rest.

    Args:
        critic: the discriminator.
        jobs: pictures and their maps (PNG), from `cyclekit.media.mirror.plan`.
        by: who judges: model and domain, in words.
        overwrite: judge again where there is a map.

    Yields:
        One for each job, in order.
    """
    for job in jobs:
        try:
            yield _critique(critic, job, by, overwrite)
        except MediaError as error:
            reason = str(error)
            for path in (job.input, job.output):
                reason = reason.removeprefix(f"{path}: ")
            yield Critique(job.input, job.output, error=reason)


def _critique(critic: Critic, job: Job, by: str, overwrite: bool) -> Critique:
    if job.error is not None:
        raise MediaError(job.error)
    if job.output.exists() and not overwrite:
        return Critique(job.input, job.output, _found_before(job.output, by), skipped=True)
    picture = read(job.input)
    verdicts = critic(picture.pixels)
    finding = Finding(verdicts.real, verdicts.mean, verdicts.cells.size, by)
    about = Metadata(text={KEY: json.dumps(asdict(finding))})
    write(job.output, Picture(draw(picture.pixels, verdicts), metadata=about))
    return Critique(job.input, job.output, finding, notes=(*picture.notes, *_notes(verdicts)))


def _found_before(path: Path, by: str) -> Finding:
    with opened(path, MAX_PIXELS) as image:
        text = getattr(image, "text", {}).get(KEY)
    try:
        found = parse_json(text or "{}")
        finding = Finding(
            float(found["real"]), float(found["verdict"]), int(found["patches"]), str(found["by"])
        )
    except (ValueError, KeyError, TypeError) as error:
        raise MediaError(f"{path} is no map of ours; choose another folder") from error
    if finding.by != by:
        raise MediaError(f"{path} was judged by {finding.by}; --overwrite judges it again")
    return finding


def _notes(verdicts: Verdicts) -> tuple[str, ...]:
    if verdicts.parts == 1:
        return ()
    return (f"too large to judge at once, so in {verdicts.parts} parts that overlap",)


def draw(image: NDArray[Any], verdicts: Verdicts) -> NDArray[np.uint8]:
    """Lay verdicts over a picture, blue for real and red for fake, with the scale under it.

    Args:
        image: the picture that was judged, uint8 or uint16 RGB (H, W, 3).
        verdicts: what was said of it.

    Returns:
        uint8 RGB; the longer side of the map is between `SMALLEST` and `LARGEST` pixels.
    """
    height, width = image.shape[:2]
    longer = max(height, width)
    wide, tall = wanted_size(width, height, None, LARGEST)
    if longer < SMALLEST:
        wide, tall = (max(1, round(side * SMALLEST / longer)) for side in (width, height))
    ground = to_8_bits(resized(image, wide, tall)).astype(np.float32)
    sure = verdicts.sampled(tall, wide, max(wide, tall) / longer)
    colors = _colors()
    tint = colors[((sure + 1) * 127.5).round().astype(int)].astype(np.float32)
    gray = ground.mean(axis=2, keepdims=True)
    weight = 0.25 + 0.4 * np.abs(sure)[..., None]
    mixed = (gray * (1 - weight) + tint * weight).round().astype(np.uint8)
    return with_scale(mixed, colors, _LABELS)


def _colors() -> NDArray[np.uint8]:
    places = np.linspace(0, 1, len(_ANCHORS))
    channels = np.array(_ANCHORS, float).T
    steps = np.linspace(0, 1, 256)
    return np.stack([np.interp(steps, places, one) for one in channels], 1).round().astype(np.uint8)
