"""Options that mean the same in every command."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cyclekit.errors import UsageError

if TYPE_CHECKING:
    from cyclekit.inference.control import Control, Keep

model = click.option(
    "-m",
    "--model",
    metavar="MODEL",
    help="The name of an embedded or a pulled model, a model file, a foreign checkpoint, an ONNX or OpenVINO file, or"
    " a run's folder."
    "  [default: the embedded model]",
)
direction = click.option(
    "--direction",
    "--to",
    metavar="NAME",
    help="The domain to turn pictures into, or 'horse-to-zebra', 'ab', 'ba'."
    "  [default: the model's first, if it knows two domains]",
)
style = click.option(
    "--style",
    metavar="N",
    type=click.IntRange(0),
    help="Number of one of the model's styles (stargan).  [default: the middle of all]",
)
pixel_range = click.option(
    "--range",
    "pixel_range",
    metavar="IN[,OUT]",
    help="Pixel values of a foreign ONNX or OpenVINO file: -1..1, 0..1 or 0..255; with a comma, what"
    " goes in and what comes out.  [default: found out on a photograph]",
)
device = click.option(
    "--device", metavar="NAME", default="auto", show_default=True, help="auto, cpu, cuda or cuda:1."
)
precision = click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "bf16", "fp16"]),
    default="auto",
    show_default=True,
    help="Number format; auto is the fastest that changes a built-in picture by less than a level.",
)


def _parse_tile(
    context: click.Context, parameter: click.Parameter, value: str
) -> int | Literal["auto", "off"]:
    if value in ("auto", "off"):
        return value  # type: ignore[return-value]
    if not re.fullmatch(r"[1-9]\d*", value) or int(value) < 16:
        raise click.BadParameter(f"'{value}' is neither 'auto' nor 'off' nor a number from 16")
    return int(value)


tile = click.option(
    "--tile",
    metavar="auto|off|N",
    default="auto",
    show_default=True,
    callback=_parse_tile,
    help="Run pictures in tiles of N pixels a side, 16 or more; auto: where memory asks for it. The"
    " result is the same, but for the rounding of the number format (none to see in fp32).",
)
memory = click.option(
    "--memory",
    metavar="SIZE",
    help="Memory to work in beside the program itself (300 MB), such as 4G or 800M (the smallest"
    " tile takes 1M to 10M).  [default: a share of what is free]",
)
compiled = click.option(
    "--compile",
    "compiled",
    is_flag=True,
    help="Let torch compile the network (needs a C++ compiler). On two cores this took 20 to 60 s"
    " for every size of picture and made bf16 1 to 6 % faster, fp32 3 to 24 %.",
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

_CONTROL = (
    click.option(
        "--strength",
        type=float,
        default=1.0,
        show_default=True,
        metavar="0..1",
        help="How far to go from the original to the result.",
    ),
    click.option("--keep-luminance", is_flag=True, help="Keep the original's light and dark."),
    click.option("--keep-color", is_flag=True, help="Keep the original's colours."),
    click.option(
        "--mask",
        metavar="FILE|DIR|alpha",
        help="Translate where this is white, keep what is black: a picture, a folder of pictures"
        " of the same names, or 'alpha', each picture's own opacity; for a video, a picture or a"
        " video that runs beside it.",
    ),
    click.option(
        "--feather",
        type=float,
        metavar="PX",
        help="Fade in over this many pixels inside the mask's edge.",
    ),
)


def control(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what may change; the command gets one `control` for them all."""

    def collected(*, strength: float, keep: Keep | None, mask: str | None, feather: float) -> Any:
        return {"control": _control(strength, keep, mask, feather)}

    return _controlled(command, collected)


def film_control(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the same options; the command gets `strength`, `keep`, `mask` (a path) and `feather`."""

    def collected(*, strength: float, keep: Keep | None, mask: str | None, feather: float) -> Any:
        from cyclekit.inference.control import check

        check(strength, keep, feather)
        path = None if mask is None else Path(mask)
        return {"strength": strength, "keep": keep, "mask": path, "feather": feather}

    return _controlled(command, collected)


def _controlled(command: Callable[..., Any], collect: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(command)
    def collected(
        *arguments: Any,
        strength: float,
        keep_luminance: bool,
        keep_color: bool,
        mask: str | None,
        feather: float | None,
        **others: Any,
    ) -> Any:
        if keep_luminance and keep_color:
            raise UsageError("--keep-luminance and --keep-color leave nothing to change; drop one")
        if feather is not None and mask is None:
            raise UsageError("--feather softens the edge of a mask; give --mask too")
        keep: Keep | None = "luminance" if keep_luminance else "color" if keep_color else None
        chosen = collect(strength=strength, keep=keep, mask=mask, feather=feather or 0.0)
        return command(*arguments, **chosen, **others)

    return functools.reduce(lambda made, option: option(made), reversed(_CONTROL), collected)


def _control(strength: float, keep: Keep | None, mask: str | None, feather: float) -> Control:
    from cyclekit.inference.control import Control  # imports numpy and OpenCV
    from cyclekit.inference.masks import find_masks

    return Control(strength, keep, None if mask is None else find_masks(mask), feather)
