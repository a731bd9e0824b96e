"""`cyclekit translate --report`: opens the way back, says what the run was, tells of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from cyclekit.cli.reporting import Report
    from cyclekit.hub.open import OpenModel
    from cyclekit.inference.cycle import CycleCheck
    from cyclekit.inference.results import Options
    from cyclekit.inference.translator import Translator
    from cyclekit.media.mirror import Job
    from cyclekit.models import ImageGenerator

_ELSEWHERE = (
    "model",
    "place",
    "direction",
    "device",
    "precision",
    "with_page",
    "as_json",
    "quiet",
)
"""Options that the page tells of in other words, or that change no picture."""

Build = Callable[..., "Translator"]

_ONE_WAY = "the model holds one direction only, so nothing tells where it invented or lost content"
_BOTH_WAYS = (
    "mean difference from the picture before, after translating there and back; in the maps, "
    "bright is where the model invented or lost content"
)


def watch_with_page(
    report: Report,
    jobs: Sequence[Job],
    output: Path,
    *,
    opened: OpenModel[ImageGenerator],
    translator: Translator,
    build: Build,
    chosen: Options,
) -> None:
    """Translate, show results as they come, and write a page of them all.

    Args:
        report: shows and counts.
        jobs: all pictures.
        output: what was asked for: a folder, or the file of a single picture.
        opened: the model, in the direction that is translated.
        translator: of that direction.
        build: makes a translator for the other direction, of a generator and a precision.
        chosen: how to translate.

    Raises:
        UsageError: if the page's folder holds something else, or is to hold pictures.
        MediaError: if it cannot be written.
    """
    from cyclekit.inference.folder import translate_files
    from cyclekit.inference.report import ReportWriter, report_folder

    folder = report_folder(output, jobs, single=len(jobs) == 1 and jobs[0].output == output)
    cycle = _open_cycle(opened, translator, build)
    if cycle is None:
        report.note(f"note: no cycle errors: {_ONE_WAY}")
    facts = _facts(opened, translator)
    facts["cycle error"] = _BOTH_WAYS if cycle else f"not measured: {_ONE_WAY}"
    writer = ReportWriter(folder, facts, cycle, _identity(opened))
    report.watch(writer.follow(translate_files(translator, jobs, chosen, cycle)), len(jobs))
    if writer.problem is None:
        report.note(f"report: {writer.places.page}")
    else:
        report.fail(f"no report: {writer.problem}")


def _open_cycle(
    opened: OpenModel[ImageGenerator], translator: Translator, build: Build
) -> CycleCheck | None:
    from cyclekit.hub.open import open_generator
    from cyclekit.inference.cycle import CycleCheck

    other = {"ab": "ba", "ba": "ab"}.get(opened.direction)
    if other not in opened.info.directions:
        return None
    back = open_generator(opened.path, "-to-".join(opened.info.domains(other)))
    return CycleCheck(translator, build(back.generator, precision=translator.precision))


def _facts(opened: OpenModel[ImageGenerator], translator: Translator) -> dict[str, str]:
    directions = (one.replace("-to-", " to ") for one in opened.info.abilities())
    return {
        "translation": " to ".join(opened.names),
        "model": opened.path.name,
        "directions in the model": ", ".join(directions),
        "device": str(translator.device),
        "precision": f"{translator.precision} ({translator.reason})",
        "settings of this run": _settings(),
    }


def _settings() -> str:
    """Name the options that were given on the command line, whatever options there are."""
    context = click.get_current_context()
    given = [
        _word(parameter.opts[0], context.params[parameter.name])
        for parameter in context.command.params
        if isinstance(parameter, click.Option)
        and parameter.name not in (None, *_ELSEWHERE)
        and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    ]
    return ", ".join(given) or "all as they are by default"


def _word(option: str, value: Any) -> str:
    name = option.lstrip("-").replace("-", " ")
    if value is True:
        return name
    return f"{name} {'×'.join(map(str, value)) if isinstance(value, tuple) else value}"


def _identity(opened: OpenModel[ImageGenerator]) -> str:
    stat = opened.path.stat()
    style = "" if opened.style is None else f" {opened.style}"
    return f"{opened.path.resolve()} {stat.st_size} {stat.st_mtime_ns} {opened.direction}{style}"
