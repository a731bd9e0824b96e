"""Measure how much less films flicker with `--steady average`, and plot it over time.

    .venv/bin/python tools/flicker_figures.py CLIP... [-m MODEL]... [--frames N] [-o OUT.png]

For each clip and model one JSON line a way of translating: every frame by itself, norm statistics
averaged, and what stands still averaged too. Changes are means over what stands still in the source,
in levels of 255; `added_cut` is how much of what the model added to the source's own change is gone.
"""

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from orderly import run_tool

import cyclekit
from cyclekit.evaluation.figures import COLORS, NOTHING, new_figure
from cyclekit.inference.fit import resized, wanted_size
from cyclekit.inference.steady import Steadiness, SteadyTranslator
from cyclekit.inference.translator import Translator
from cyclekit.media.picture import to_8_bits
from cyclekit.media.video.source import open_source
from cyclekit.metrics.flicker import Flicker, flicker
from cyclekit.pixels import Array

ROOT = Path(__file__).parents[1]
WAYS = {
    "every frame by itself": Steadiness("off"),
    "statistics averaged": Steadiness("average", hold=0),
    "--steady average": Steadiness("average"),
}
SETTLED = 10
"""Frames after which means have settled; sharpness is measured from there."""
Measured = dict[str, list[Flicker]]


@click.command()
@click.argument("clips", nargs=-1, required=True, type=Path)
@click.option("-m", "--model", "models", multiple=True, default=("starry-night",))
@click.option("-o", "--output", type=Path, default=ROOT / "datasets/showcase/flicker.png")
@click.option("--frames", default=40, show_default=True, help="Frames of each clip.")
@click.option("--width", default=480, show_default=True, help="Longer side in pixels.")
@click.option("--precision", default="auto", show_default=True)
def main(
    clips: tuple[Path, ...], models: tuple[str, ...], output: Path, frames: int, width: int,
    precision: str,
) -> None:  # fmt: skip
    """Measure every clip with every model; write the plot, print the numbers."""
    found: dict[tuple[str, str], Measured] = {}
    for model in models:
        translate = cyclekit.load(model, precision=precision)
        for clip in clips:
            film = list(read(clip, frames, width))
            name = Path(model).stem.split("-G_")[0]
            found[clip.name, name] = measure(film, translate, {"clip": clip.name, "model": name})
    draw(found, output)
    click.echo(output)


def read(clip: Path, count: int, width: int) -> Any:
    """Yield the first frames, uint8 RGB, made so small that the longer side is `width`."""
    source = open_source(clip, None, None)
    size = wanted_size(source.clip.width, source.clip.height, None, width)
    for frame in islice(source.frames(), count):
        yield resized(to_8_bits(frame.pixels()[..., :3]), *size)


def measure(film: Sequence[Array], translate: Translator, which: dict[str, str]) -> Measured:
    """Translate in every way, print and return what was measured."""
    found: Measured = {}
    first: dict[str, float] = {}
    for way, steadiness in WAYS.items():
        made = list(SteadyTranslator(translate, steadiness).stream(film))
        found[way] = list(flicker(film, made))
        means = summary(found[way]) | {"sharpness": sharpness(made)}
        first = first or means
        added = [one["still_change"] - one["still_source_change"] for one in (first, means)]
        cuts = {"added_cut": 1 - added[1] / added[0]} | {
            f"{name}_cut": 1 - means[name] / first[name]
            for name in ("still_change", "still_flicker", "warping_error")
        }
        numbers = {name: float(f"{value:.4g}") for name, value in (means | cuts).items()}
        click.echo(json.dumps({**which, "way": way, **numbers}))
    return found


def summary(film: Sequence[Flicker]) -> dict[str, float]:
    """Average over time."""
    names = ("still_share", "still_source_change", "still_change", "still_flicker", "change",
             "source_change", "warping_error", "source_warping_error")  # fmt: skip
    return {name: float(np.nanmean([getattr(one, name) for one in film])) for name in names}


def sharpness(film: Sequence[Array]) -> float:
    """Return the mean variance of the Laplacian."""
    grays = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32) for frame in film[SETTLED:]]
    return float(np.mean([cv2.Laplacian(gray, cv2.CV_32F).var() for gray in grays]))


def draw(found: dict[tuple[str, str], Measured], output: Path) -> None:
    """Draw the change of what stands still over time, a panel for each clip and model."""
    columns = min(2, len(found))
    figure = new_figure(5 * columns, 2.3 * -(-len(found) // columns) + 0.4)
    for place, ((clip, model), ways) in enumerate(found.items(), start=1):
        axes = figure.add_subplot(-(-len(found) // columns), columns, place)
        frames = range(2, len(ways[next(iter(WAYS))]) + 2)
        for color, (way, series) in zip(COLORS[1::-1] + COLORS[2:], ways.items(), strict=False):
            axes.plot(frames, [one.still_change for one in series], color=color, lw=1.3, label=way)
        own = [one.still_source_change for one in ways[way]]
        axes.plot(frames, own, color=NOTHING, lw=1.3, ls="--", label="the source itself")
        axes.set_title(f"{clip}, {model}", fontsize=9)
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("frame", fontsize=9)
    figure.supylabel("change of what stands still (levels of 255)", fontsize=9)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=4, frameon=False, fontsize=9)
    figure.savefig(output, dpi=110)


if __name__ == "__main__":
    run_tool(main)
