"""Show what tiles do to an instance-norm generator: each by itself, and cyclekit's exact ones.

    .venv/bin/python tools/tiles_showcase.py [PICTURE] [-m MODEL] [-o OUT.jpg] [--tile N]

Prints how far both are from the whole picture, in levels of 255.
"""

from pathlib import Path
from typing import Any

import click
import numpy as np
from orderly import run_tool
from PIL import Image

import cyclekit
from cyclekit.inference.translator import Translator
from cyclekit.media.images import read
from cyclekit.pixels import Array

ROOT = Path(__file__).parents[1]
HALO = 32
GAP = 8


@click.command()
@click.argument("picture", type=Path, default=ROOT / "datasets/samples/rocket.jpg")
@click.option("-m", "--model", help="Model to use.  [default: the embedded one]")
@click.option("-o", "--output", type=Path, default=ROOT / "datasets/showcase/tiles.jpg")
@click.option("--tile", default=128, show_default=True, help="Side of a tile in pixels.")
def main(picture: Path, model: str | None, output: Path, tile: int) -> None:
    """Write both results side by side, and print their errors."""
    image = read(picture).pixels
    whole = cyclekit.load(model, precision="fp32", tile="off")
    exact = cyclekit.load(model, precision="fp32", tile=tile)
    expected, single, joined = whole(image), by_themselves(whole, image, tile), exact(image)
    for name, made in (("tiles by themselves", single), ("exact tiles", joined)):
        error = np.abs(made.astype(int) - expected)
        click.echo(f"{name}: {error.mean():.4f} levels off on average, {error.max()} at most")
    gap: Any = np.full((len(image), GAP, 3), 255, np.uint8)
    Image.fromarray(np.concatenate([single, gap, joined], axis=1)).save(output, quality=80)
    click.echo(output)


def by_themselves(translate: Translator, image: Array, tile: int) -> Array:
    """Translate tiles one by one, each with a halo that is cut off again: what others do."""
    made = np.empty_like(image)
    for top in range(0, image.shape[0], tile):
        for left in range(0, image.shape[1], tile):
            above, before = max(0, top - HALO), max(0, left - HALO)
            part = translate(image[above : top + tile + HALO, before : left + tile + HALO])
            core = part[top - above : top - above + tile, left - before : left - before + tile]
            made[top : top + tile, left : left + tile] = core
    return made


if __name__ == "__main__":
    run_tool(main)
