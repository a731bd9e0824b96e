"""`cyclekit live`: a camera, translated as it runs, on a local page."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyclekit.cli import options
from cyclekit.cli.reporting import Report
from cyclekit.errors import UsageError

if TYPE_CHECKING:
    from cyclekit.inference.live import Live, Status
    from cyclekit.inference.steady import Mode
    from cyclekit.inference.translator import Translator
    from cyclekit.media.video.live import LiveSource
    from cyclekit.pixels import Array

LOCAL = ("127.0.0.1", "localhost", "::1")
TELL = 10.0
"""Seconds between two lines about rate and latency."""
EXAMPLES = """\b
Examples:
  cyclekit live
  cyclekit live 1 -m runs/zebra --rate 15 --latency 150
  cyclekit live holiday.mp4 -m runs/zebra --once
"""


@click.command("live", epilog=EXAMPLES)
@click.argument("source", default="0", metavar="[SOURCE]")
@options.model
@options.direction
@options.pixel_range
@click.option("--rate", type=click.FloatRange(0, 1000, min_open=True), metavar="FPS", help="Frames to show in a second, if the machine can.  [default: the source's, 30 at most]")  # fmt: skip
@click.option("--latency", type=click.FloatRange(1, 60_000), default=200.0, show_default=True, metavar="MS", help="Milliseconds that the picture may be behind.")  # fmt: skip
@options.max_size
@click.option("--side-by-side", is_flag=True, help="Show before and after.")
@click.option("--steady", type=click.Choice(["off", "average", "freeze"]), default="average", show_default=True, help="What the norms see: every frame by itself, an average over the frames so far, or a scene's first.")  # fmt: skip
@options.film_control
@click.option("--once", is_flag=True, help="End where a file ends; else it begins again.")
@click.option("--max-frames", type=click.IntRange(min=1), metavar="N", help="End after so many frames.")  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where the page is served; 0.0.0.0 shows it to the whole network.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, metavar="N", help="Of the page; 0 for any that is free.")  # fmt: skip
@options.device
@options.precision
@options.as_json
@options.quiet
def command(
    source: str, model: str | None, direction: str | None, rate: float | None, latency: float,
    pixel_range: str | None, max_size: int | None, device: str, precision: str, once: bool, max_frames: int | None,
    host: str, port: int, as_json: bool, quiet: bool, **how: Any,
) -> None:  # fmt: skip
    """Translate a camera as it runs, and show it on a local page.

    SOURCE is the number of a camera (0 is the first), its device, an address such as rtsp://..., or
    a video, which plays again and again. Frames that come while the network is busy are left out,
    and its input shrinks until rate and latency hold. Prints the page's address; Ctrl-C ends it.
    """
    from cyclekit.hub.open import open_generator
    from cyclekit.inference.live import Live
    from cyclekit.inference.live_size import InputSize, time_for_a_frame
    from cyclekit.inference.translator import Translator
    from cyclekit.media.video.live import LiveSource
    from cyclekit.web.preview import served

    report = Report(as_json, quiet)
    mask = how["mask"]
    if mask is not None and not mask.is_file():
        raise UsageError(f"--mask {mask}: no such file; live takes a picture as its mask")
    opened = open_generator(model, direction, ranges=pixel_range)
    caught = LiveSource(source, once=once)
    translator = Translator(opened.generator, device=device, precision=precision, batch_size=1)
    fastest = rate or min(30.0, caught.rate)
    seconds = time_for_a_frame(fastest, latency / 1000, caught.rate)
    size = InputSize(caught.width, caught.height, seconds, max_size)
    live = Live(caught, _step(translator, **how), size)
    title = f"{opened.path.name}: {' to '.join(opened.names)}"
    report.note(f"{title}, on {translator.device} in {translator.precision}")
    for text in opened.notes:
        report.note(f"note: {opened.path.name}: {text}")
    if host not in LOCAL:
        report.note(f"note: whoever reaches {host} can watch")
    with served(host, port, live.preview, lambda: live.status, title) as address:
        report.say(json.dumps({"url": address}) if as_json else address)
        _follow(live, caught, report, max_frames)


def _step(
    translator: Translator, *, side_by_side: bool, steady: Mode, strength: float,
    keep: Any, mask: Path | None, feather: float,
) -> Callable[[Array], Array]:  # fmt: skip
    """Put the network and all that follows it into one function."""
    import numpy as np

    from cyclekit.inference.control import blend, feathered
    from cyclekit.inference.fit import resized
    from cyclekit.inference.masks import read_mask
    from cyclekit.inference.steady import Steadiness, SteadyTranslator

    stepper = SteadyTranslator(translator, Steadiness(steady))
    white = None if mask is None else read_mask(mask)

    @lru_cache(maxsize=2)  # the input changes its size, but not often
    def fitting(height: int, width: int) -> Array | None:
        return None if white is None else feathered(resized(white, width, height), feather)

    def step(frame: Array) -> Array:
        (after,) = stepper.stream([frame])
        if strength != 1 or keep or white is not None:
            where = fitting(*frame.shape[:2])
            after = blend(frame, after, strength=strength, keep=keep, mask=where)
        return np.concatenate([frame, after], axis=1) if side_by_side else after

    return step


def _follow(live: Live, source: LiveSource, report: Report, most: int | None) -> None:
    """Run, and tell how it goes: with --json every second, else now and then."""
    pause = 1.0 if report.as_json else TELL
    told, status = time.perf_counter(), None
    for status in live.run():
        now = time.perf_counter()
        if now - told > pause:
            told = now
            _tell(status, report)
        if status.shown == most:
            break
    if status is not None:
        _tell(status, report)
    if status is None or status.shown != most:
        report.note(f"{source.name}: it has ended")


def _tell(status: Status, report: Report) -> None:
    if report.as_json:
        report.say(json.dumps(asdict(status)))
    else:
        report.note(
            f"{status.rate:.1f} frames/s, {status.latency_ms:.0f} ms behind, network sees "
            f"{status.width}x{status.height}, {status.dropped} frames left out"
        )
