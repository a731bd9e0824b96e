"""What a comparison found, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from cyclekit.bench.contenders import Contender
from cyclekit.export.difference import difference
from cyclekit.export.order import Picture

NEAR = 1.0
"""Mean difference from float32 in levels of 255 that a recommended contender may have."""


@dataclass(frozen=True)
class Measured:
    """One contender's runs."""

    contender: Contender
    seconds: tuple[float, ...]
    """Of each run."""
    bytes: int
    """Memory at its peak, beyond what Python and its packages take."""
    picture: Picture
    """What it made of a photograph."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    model: str
    program: str
    precision: str
    parameters: int | None
    """Weights; None where the file does not say."""
    macs: int | None
    """Multiplications of a picture of the size measured."""
    ms: float
    """Median of the runs."""
    noise: float
    """Half of the runs lie in a span of this share of the median."""
    frames_per_second: float
    memory_mb: float
    """At its peak, beyond what Python and its packages take."""
    peak_share: float | None
    """Of what a product of matrices reaches in this format; None where that is not measured."""
    levels: float
    """Mean difference from the model's first row, of 255."""
    psnr: float
    """dB, against the model's first row."""

    @property
    def name(self) -> str:
        """What runs it."""
        return f"{self.program} {self.precision}"


def make_row(
    measured: Measured, first: Measured, *, parameters: int | None, macs: int | None,
    peak: float | None,
) -> Row:  # fmt: skip
    """Turn runs into figures.

    Args:
        measured: the runs.
        first: of the same model, in float32 where it can.
        parameters: of the model.
        macs: of the model, for this size of picture.
        peak: operations a second of a matrix product in this format.
    """
    middle = median(measured.seconds)
    low, _, high = quantiles(measured.seconds, n=4) if len(measured.seconds) > 1 else (middle,) * 3
    apart = difference(first.picture, measured.picture)
    one = measured.contender
    return Row(
        model=one.model,
        program=one.program,
        precision=one.precision,
        parameters=parameters,
        macs=macs,
        ms=1000 * middle,
        noise=(high - low) / middle,
        frames_per_second=1 / middle,
        memory_mb=measured.bytes / 1e6,
        peak_share=2 * macs / middle / peak if macs and peak else None,
        levels=apart.mean,
        psnr=apart.psnr,
    )


def recommend(rows: Sequence[Row]) -> str:
    """Say which of one model's rows to use, and how sure that is."""
    near = sorted((row for row in rows if row.levels < NEAR), key=lambda row: row.ms)
    best = near[0]
    text = f"{best.name}: {best.ms:.1f} ms"
    rivals = [row for row in near[1:] if row.ms < best.ms * (1 + max(best.noise, row.noise))]
    if rivals:
        text += f" (no clear lead over {' and '.join(row.name for row in rivals)}: measure again)"
    faster = [row for row in rows if row.ms < best.ms and row not in near]
    for row in faster:
        text += f"; {row.name} takes {row.ms:.1f} ms, but is {row.psnr:.1f} dB from float32"
    return text
