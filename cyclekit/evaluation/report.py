"""An evaluation as a folder: a page that works as a file, plots, pictures, numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from cyclekit.evaluation.gallery import collect_galleries
from cyclekit.evaluation.plots import draw_plots
from cyclekit.evaluation.results import Evaluation, Score
from cyclekit.evaluation.task import Task
from cyclekit.media.atomic import replacing
from cyclekit.metrics.estimate import Estimate

PAGE, NUMBERS = "index.html", "results.json"


def write_report(found: Evaluation, task: Task, folder: Path) -> Path:
    """Write the page, its plots and pictures, and all numbers as JSON.

    Args:
        found: the evaluation.
        task: what was measured.
        folder: made if absent; files of an earlier report are replaced.

    Returns:
        The page.

    Raises:
        MediaError: if a file cannot be written.
    """
    plots = draw_plots(found, folder / "plots")
    galleries = collect_galleries(found, task, folder)
    numbers = {
        "findings": found.lines, "notes": found.notes, "protocol": found.protocol,
        "pictures": _finite(found.pictures),
    }  # fmt: skip
    _write(folder / NUMBERS, json.dumps(numbers, indent=1, ensure_ascii=False) + "\n")
    page = _template().render(
        found=found, plots=plots, galleries=galleries, numbers=NUMBERS,
        protocol=json.dumps(found.protocol, indent=1, ensure_ascii=False),
    )  # fmt: skip
    _write(folder / PAGE, page)
    return folder / PAGE


def show(value: float | None, error: float | None = None) -> str:
    """Write a number with as many digits as its error leaves meaning to, or four."""
    if value is None:
        return ""
    digits = _digits(error)
    if error is None or digits is None:
        return f"{value:.4g}"
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def show_like(value: float | None, score: Score) -> str:
    """Write a number that stands beside a score with the digits of that score."""
    digits = _digits(score.error)
    if value is None or digits is None:
        return show(value)
    return f"{value:.{digits}f}"


def show_change(value: float | None) -> str:
    """Write a difference with its sign."""
    return "" if value is None else f"{value:+.3g}"


def show_estimate(estimate: Estimate | None) -> str:
    """Write a mean and its deviation."""
    return "" if estimate is None else show(estimate.value, estimate.error)


def _digits(error: float | None) -> int | None:
    if not error or not math.isfinite(error) or error < 1e-6:  # rounding, not spread
        return None
    return max(0, 1 - math.floor(math.log10(error)))


def _template() -> Any:
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("cyclekit.evaluation"), autoescape=True, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(
        show=show, like=show_like, change=show_change, estimate=show_estimate
    )
    return environment.get_template("evaluation.html")


def _write(path: Path, text: str) -> None:
    # A file's name may hold bytes that are no text.
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", errors="backslashreplace")


def _finite(value: Any) -> Any:
    """Replace infinities, which JSON cannot hold, by null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
