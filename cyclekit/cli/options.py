"""Options that mean the same in every command."""

from __future__ import annotations

import re
from typing import Literal

import click

model = click.option(
    "-m",
    "--model",
    metavar="MODEL",
    help="An embedded model's name, a model file, a foreign checkpoint, or a run's folder."
    "  [default: the embedded model]",
)
direction = click.option(
    "--direction",
    metavar="NAME",
    help="The domain to turn pictures into, or 'horse-to-zebra', 'ab', 'ba'."
    "  [default: the model's first]",
)
device = click.option(
    "--device", metavar="NAME", default="auto", show_default=True, help="auto, cpu, cuda or cuda:1."
)
precision = click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "bf16", "fp16"]),
    default="auto",
    show_default=True,
    help="Number format; auto is the fastest that does not change the picture.",
)
quiet = click.option("-q", "--quiet", is_flag=True, help="Show errors only.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
overwrite = click.option("--overwrite", is_flag=True, help="Make again what is already there.")


def parse_size(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    """Read WIDTHxHEIGHT, such as 640x480."""
    if value is None:
        return None
    match = re.fullmatch(r"([1-9]\d*)[xX×]([1-9]\d*)", value)
    if match is None:
        raise click.BadParameter(f"'{value}' is no size; expected WIDTHxHEIGHT such as 640x480")
    width, height = int(match[1]), int(match[2])
    _check_pixels(value, width * height)
    return width, height


def _check_pixels(value: str, pixels: int) -> None:
    from cyclekit.media.picture import MAX_PIXELS  # imports numpy

    if pixels > MAX_PIXELS:
        limit = f"expected at most {MAX_PIXELS // 10**6} megapixels"
        raise click.BadParameter(f"'{value}' is too large; {limit}, such as 1920x1080")


def _parse_batch_size(
    context: click.Context, parameter: click.Parameter, value: str
) -> int | Literal["auto"]:
    if value == "auto":
        return "auto"
    if not re.fullmatch(r"[1-9]\d*", value):
        raise click.BadParameter(f"'{value}' is neither 'auto' nor a number from 1")
    return int(value)


size = click.option(
    "--size", metavar="WxH", callback=parse_size, help="Resize to exactly this first, in pixels."
)
max_size = click.option(
    "--max-size",
    type=click.IntRange(min=1),
    metavar="N",
    help="Shrink first so that the longer side has at most N pixels.",
)
batch_size = click.option(
    "--batch-size",
    metavar="auto|N",
    default="auto",
    show_default=True,
    callback=_parse_batch_size,
    help="Pictures of one size that run at once.",
)
