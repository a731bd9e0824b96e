"""A study as a folder: a page that works as a file, plots, pictures, numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cyclekit.evaluation.study import words
from cyclekit.evaluation.study.design import PICTURES, Design
from cyclekit.evaluation.study.findings import Convincing, Findings
from cyclekit.evaluation.study.plots import draw_plots
from cyclekit.media.atomic import replacing

PAGE, NUMBERS = "index.html", "results.json"
SHOWN = 6
"""Most and least convincing pictures that the page shows of each method."""


def write_report(found: Findings, study: Path, design: Design, folder: Path) -> Path:
    """Write the page, its plots and pictures, and all numbers as JSON.

    Args:
        found: the findings.
        study: the study's folder, for the pictures.
        design: what it is made of.
        folder: made if absent; files of an earlier report are replaced.

    Returns:
        The page.

    Raises:
        MediaError: if a file cannot be written.
    """
    plots = draw_plots(found, folder / "plots")
    galleries = _galleries(found)
    if (folder / NUMBERS).exists():  # then what lies there is of an older report
        for old in (folder / "pictures").glob("?" * 32 + ".png"):
            old.unlink(missing_ok=True)
    for gallery in galleries:
        for one in (*gallery["most"], *gallery["least"]):
            _copy(study / PICTURES / one.file, folder / "pictures" / one.file)
    numbers = {"findings": found.lines, "notes": found.notes, "protocol": _protocol(design)}
    _write(folder / NUMBERS, json.dumps(numbers, indent=1, ensure_ascii=False) + "\n")
    page = _template().render(
        found=found, design=design, plots=plots, galleries=galleries, numbers=NUMBERS,
        counted=sum(one.counted for one in found.people),
        protocol=json.dumps(_protocol(design), indent=1, ensure_ascii=False),
    )  # fmt: skip
    _write(folder / PAGE, page)
    return folder / PAGE


def _galleries(found: Findings) -> list[dict[str, Any]]:
    galleries = []
    for rate in found.rates:
        own: list[Convincing] = [one for one in found.pictures if one.method == rate.method]
        if own:
            most = own[: min(SHOWN, (len(own) + 1) // 2)]
            least = own[len(most) :][-SHOWN:][::-1]
            galleries.append({"method": rate.method, "most": most, "least": least})
    return galleries


def _protocol(design: Design) -> dict[str, Any]:
    fakes = {name: len(entries) for name, entries in design.fakes.items()}
    return {
        "title": design.title, **design.protocol.model_dump(mode="json"), "size": design.size,
        "jpeg": design.jpeg, "seed": design.seed,
        "pictures": {"real": len(design.real), **fakes},
    }  # fmt: skip


def _template() -> Any:
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("cyclekit.evaluation"), autoescape=True, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(
        percent=words.percent, between=words.between, points=words.points,
        probability=words.probability, seconds=words.seconds,
    )  # fmt: skip
    return environment.get_template("study.html")


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        with replacing(target) as part:
            part.write_bytes(source.read_bytes())


def _write(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", errors="backslashreplace")
