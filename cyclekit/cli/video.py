"""`cyclekit video`: a video in, a video out, with its sound."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import click

from cyclekit.cli import options
from cyclekit.errors import MediaError, UsageError
from cyclekit.media.video.codecs import CODECS, PIXEL_FORMATS

EXAMPLES = """\b
Examples:
  cyclekit video holiday.mp4 painted.mp4
  cyclekit video holiday.mp4 part.webm --start 1:30 --end 1:45 --side-by-side
  cyclekit video 'frames/%06d.png' painted.mov --rate 24 --codec prores
"""


def _parse_time(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> Fraction | None:
    if value is None:
        return None
    match = re.fullmatch(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)", value, re.ASCII)
    if match is None:
        raise click.BadParameter(f"'{value}' is no time; expected seconds, 1:30 or 0:01:30.5")
    hours, minutes, seconds = match.groups()
    return Fraction(seconds) + 60 * int(minutes or 0) + 3600 * int(hours or 0)


def _parse_rate(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> Fraction | None:
    if value is None:
        return None
    if not re.fullmatch(r"\d+(\.\d+)?|\d+/[1-9]\d*", value, re.ASCII) or not Fraction(value):
        raise click.BadParameter(f"'{value}' is no rate; expected 25, 29.97 or 30000/1001")
    return Fraction(value).limit_denominator(100_000)


@click.command("video", epilog=EXAMPLES)
@click.argument("source", type=click.Path(path_type=Path), metavar="IN")
@click.argument("target", type=click.Path(path_type=Path), metavar="OUT")
@options.model
@options.direction
@options.style
@options.pixel_range
@click.option(
    "--codec", type=click.Choice(list(CODECS)), help="How to compress.  [default: the file's usual]"
)
@click.option(
    "--crf",
    type=click.IntRange(min=0),
    metavar="N",
    help="Quality: 0 is lossless, more is smaller.",
)
@click.option("--preset", metavar="NAME", help="Effort of the encoder, by its own name.")
@click.option(
    "--pixel-format",
    type=click.Choice(PIXEL_FORMATS),
    help="Chroma and depth of the output.  [default: the codec's]",
)
@options.size
@options.max_size
@click.option("--start", metavar="TIME", callback=_parse_time, help="Begin there: 90 or 1:30.")
@click.option("--end", metavar="TIME", callback=_parse_time, help="Stop before there.")
@click.option(
    "--every",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Take every Nth frame, and show it as long as N.",
)
@click.option(
    "--max-frames", type=click.IntRange(min=1), metavar="N", help="Stop after so many frames."
)
@click.option("--side-by-side", is_flag=True, help="Write before and after, side by side.")
@click.option("--compare", is_flag=True, help="Write a line that sweeps between before and after.")
@click.option(
    "--rate",
    metavar="FPS",
    callback=_parse_rate,
    help="Frames a second of pictures or raw frames that come in.  [default: 25]",
)
@click.option(
    "--raw-size",
    metavar="WxH",
    callback=options.parse_size,
    help="IN - holds raw 8-bit RGB of this size, not y4m.",
)
@click.option("--raw", is_flag=True, help="Write raw 8-bit RGB to OUT -, not y4m.")
@click.option(
    "--steady",
    type=click.Choice(["off", "average", "freeze"]),
    default="average",
    show_default=True,
    help="off: every frame by itself. average: the norms' statistics are an average over the frames"
    " so far, and so is what stands still, before and after the network. freeze: the same, with the"
    " statistics of a scene's first frame.",
)
@click.option(
    "--steady-hold",
    type=click.FloatRange(0, 1),
    default=0.97,
    show_default=True,
    metavar="0..1",
    help="Share of the frames so far in what stands still; 0 averages the statistics only.",
)
@click.option(
    "--steady-blend",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    show_default=True,
    metavar="0..1",
    help="Share of the last result, moved along with the picture, in the next: calms texture.",
)
@options.film_control
@options.overwrite
@options.batch_size
@options.device
@options.precision
@options.tile
@options.memory
@options.compiled
@options.as_json
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    /,
    source: Path,
    target: Path,
    model: str | None,
    direction: str | None,
    style: int | None,
    pixel_range: str | None,
    batch_size: int | Literal["auto"],
    device: str,
    precision: str,
    tile: int | Literal["auto", "off"],
    memory: str | None,
    compiled: bool,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    **how: Any,
) -> None:
    """Translate the video IN into OUT, with sound, subtitles and times.

    IN and OUT are files (mp4, mov, mkv, webm, gif, animated webp), pictures with a number
    (frames/%06d.png), or - for a pipe of y4m or raw frames. An interrupted job goes on where it
    stopped when the same command is given again.
    """
    from cyclekit.cli.reporting import Report
    from cyclekit.cli.video_jobs import Network, Task, do, failed
    from cyclekit.inference.steady import Steadiness
    from cyclekit.inference.video_options import Show, VideoOptions
    from cyclekit.media.video.encoding import Wishes
    from cyclekit.media.video.folder import pairs
    from cyclekit.media.video.times import Cut
    from cyclekit.media.video.work import folder_of

    _check(target, as_json, **how)
    shown: Show = "side-by-side" if how["side_by_side"] else "wipe" if how["compare"] else "result"
    task = Task(
        options=VideoOptions(
            Cut(how["start"], how["end"], how["every"], how["max_frames"]),
            how["size"],
            how["max_size"],
            shown,
            how["strength"],
            how["keep"],
        ),
        wishes=Wishes(how["codec"], how["crf"], how["preset"], how["pixel_format"]),
        rate=how["rate"],
        raw_size=how["raw_size"],
        raw=how["raw"],
        overwrite=overwrite,
        steadiness=Steadiness(how["steady"], hold=how["steady_hold"], blend=how["steady_blend"]),
        mask=how["mask"],
        feather=how["feather"],
    )
    report = Report(as_json, quiet)
    network = Network(
        model, direction, device, precision, batch_size, report, style, pixel_range,
        tile=tile, memory=memory, compiled=compiled,
    )  # fmt: skip
    for one, made in pairs(source, target):
        try:
            report.add(do(one, made, task, network, report))
        except MediaError as error:
            report.add(failed(one, made, error))
        except KeyboardInterrupt:
            if folder_of(made).exists():
                report.note("what is finished is kept; the same command goes on from there")
            raise
    report.summarise()
    ctx.exit(report.exit_code)


def _check(target: Path, as_json: bool, **how: Any) -> None:
    """Refuse options that contradict each other."""
    if str(target) == "-" and as_json:
        raise UsageError("--json and OUT - both want stdout; leave one out")
    if how["size"] and how["max_size"]:
        raise UsageError("--size and --max-size both set the size; leave one out")
    if how["side_by_side"] and how["compare"]:
        raise UsageError("--side-by-side and --compare both say what is shown; leave one out")
    if how["mask"] is not None and str(how["mask"]) in ("alpha", "-"):
        raise UsageError("--mask: a video takes a picture or another video as its mask")
    if how["end"] is not None and how["end"] <= (how["start"] or 0):
        raise UsageError("--end is not after --start: nothing is left")
