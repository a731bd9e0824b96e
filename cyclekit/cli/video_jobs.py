"""Does what `cyclekit video` was asked to, file by file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal

from cyclekit.cli.reporting import Report
from cyclekit.errors import CyclekitError, UsageError
from cyclekit.hub.open import OpenModel, open_generator
from cyclekit.inference.film_masks import open_film_mask
from cyclekit.inference.fit import wanted_size
from cyclekit.inference.results import Result
from cyclekit.inference.steady import Steadiness, SteadyTranslator
from cyclekit.inference.translator import Translator
from cyclekit.inference.video import translate_video
from cyclekit.inference.video_options import VideoOptions, result_clip
from cyclekit.media.video.encoding import Wishes
from cyclekit.media.video.folder import overwritten
from cyclekit.media.video.output import choose_output
from cyclekit.media.video.source import open_source
from cyclekit.media.video.work import stored_settings
from cyclekit.models import ImageGenerator


@dataclass(frozen=True)
class Task:
    """What to do with every video."""

    options: VideoOptions
    """Which frames, and what is shown of them."""
    wishes: Wishes
    """How to write it."""
    rate: Fraction | None
    """Frames a second of an input that does not say."""
    raw_size: tuple[int, int] | None
    """Width and height of raw frames on stdin."""
    raw: bool
    """Write raw frames to stdout instead of y4m."""
    overwrite: bool
    """Make again what is already there."""
    steadiness: Steadiness
    """How frames hang together."""
    mask: Path | None
    """A picture or a film, white where to translate; None is everywhere."""
    feather: float
    """Pixels over which the translation fades in at the mask's edge."""


class Network:
    """Opens the model when it is needed, once for each number format.

    Args:
        model: what the user calls it.
        direction: where to.
        device: a device's name.
        precision: the number format asked for.
        batch_size: frames at once.
        report: is told which model it is.
        style: number of one of the model's styles.
        ranges: of the pixels of a foreign ONNX or OpenVINO file.
        how: options of the translator that do not change the result.
    """

    def __init__(
        self,
        model: str | None,
        direction: str | None,
        device: str,
        precision: str,
        batch_size: int | Literal["auto"],
        report: Report,
        style: int | None = None,
        ranges: str | None = None,
        **how: Any,
    ) -> None:
        self._how = how
        self._names = (model, direction, style, ranges)
        self._device = device
        self._precision = precision
        self._batch_size = batch_size
        self._report = report
        self._translator = cache(self._build)
        self._opened: OpenModel[ImageGenerator] | None = None

    def translator(self, output: Path) -> Translator:
        """Return the network for an output; unfinished work goes on in the format it began in."""
        begun = (stored_settings(output) or {}).get("network", {})
        same = begun.get("asked") == self._precision
        return self._translator(begun["precision"] if same else self._precision)

    def settings(self, translator: Translator) -> dict[str, Any]:
        """Describe all of it that a frame depends on, ready for JSON."""
        assert self._opened is not None
        path = self._opened.path
        found = path.stat()
        return {
            "model": [str(path.resolve()), found.st_size, found.st_mtime_ns],
            "direction": self._opened.direction,
            **({} if self._opened.style is None else {"style": self._opened.style}),
            **({} if self._names[-1] is None else {"range": self._names[-1]}),
            "device": str(translator.device),
            "asked": self._precision,
            "precision": translator.precision,
            "batch": self._batch_size,
        }

    def _build(self, precision: str) -> Translator:
        if self._opened is None:
            self._opened = open_generator(*self._names)
        opened = self._opened
        translator = Translator(
            opened.generator,
            device=self._device,
            precision=precision,
            batch_size=self._batch_size,
            **self._how,
        )
        source, target = opened.names
        self._report.note(
            f"{opened.path.name}: {source} to {target}, on {translator.device} in "
            f"{translator.precision} ({translator.reason})"
        )
        for text in filter(None, (*opened.notes, translator.note)):
            self._report.note(f"note: {opened.path.name}: {text}")
        return translator


def do(source: Path, target: Path, task: Task, network: Network, report: Report) -> Result:
    """Translate one video.

    Raises:
        CyclekitError: if it cannot be done.
    """
    opened = open_source(source, task.rate, task.raw_size)
    clip = result_clip(opened.clip, task.options)
    output = choose_output(target, task.wishes, clip, opened.companions, raw=task.raw)
    if task.mask is not None and (
        task.mask.resolve() == target.resolve() or overwritten(target, task.mask)
    ):
        raise UsageError(f"{target} is the mask; masks are never overwritten")
    if output.exists() and not task.overwrite:
        return Result(source, target, skipped=True)
    translator = network.translator(target)
    size = wanted_size(
        opened.clip.width, opened.clip.height, task.options.size, task.options.max_size
    )
    mask = None if task.mask is None else open_film_mask(task.mask, size, task.feather)
    settings = {"network": network.settings(translator), "steady": asdict(task.steadiness)}
    steady = SteadyTranslator(translator, task.steadiness)
    alone = task.steadiness.mode == "off" and not task.steadiness.blend
    with report.counting(source.name, task.options.cut.frames(opened.clip)) as watch:
        return translate_video(
            translator.stream if alone else steady.stream,
            opened,
            output,
            task.options,
            settings=settings,
            memory=None if alone else steady,
            mask=mask,
            watch=watch,
        )


def failed(source: Path, target: Path, error: CyclekitError) -> Result:
    """Describe a video that could not be translated."""
    return Result(source, target, error=str(error).removeprefix(f"{source}: "))
