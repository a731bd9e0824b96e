"""The steadiness of films over time, as plots and numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclekit.evaluation.figures import COLORS, NOTHING, new_figure, save_figure, short
from cyclekit.evaluation.film import FilmScores
from cyclekit.media.atomic import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOT, NUMBERS = "flicker", "results.json"
_PANELS = (
    ("still_change", "still_source_change", 1.0, "change where the source\nis still (levels)"),
    ("change", "source_change", 1.0, "change everywhere\n(levels)"),
    ("warping_error", "source_warping_error", 1e4, "warping error (1e-4)"),
)


def write_film_report(films: Sequence[FilmScores], folder: Path) -> Path:
    """Write `flicker.png`, `flicker.svg` and `results.json`.

    Args:
        films: what was measured; they share a plot.
        folder: made if absent.

    Returns:
        The plot, as PNG.

    Raises:
        MediaError: if a file cannot be written.
    """
    figure = new_figure(8, 6)
    panels = figure.subplots(len(_PANELS), 1, sharex=True)
    for axes, panel in zip(panels, _PANELS, strict=True):
        _draw(axes, films, *panel)
    panels[-1].set_xlabel("time (s)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=3, frameon=False, fontsize=9)
    save_figure(figure, folder, PLOT)
    numbers = {"findings": film_lines(films), "over_time": [_over_time(film) for film in films]}
    with replacing(folder / NUMBERS) as part:
        text = json.dumps(numbers, indent=1, ensure_ascii=False) + "\n"
        part.write_text(text, encoding="utf-8", errors="backslashreplace")
    return folder / f"{PLOT}.png"


def film_lines(films: Sequence[FilmScores]) -> list[dict[str, Any]]:
    """Return every finding, ready for JSON."""
    return [
        {
            "kind": "film", "key": row.key, "name": row.name, "source": str(film.source),
            "result": str(film.result), "value": row.value, "source_value": row.source,
            "ratio": row.ratio, "frames": len(film.times) + 1, "cuts": film.cuts,
        }
        for film in films for row in film.measures()
    ]  # fmt: skip


def _draw(
    axes: Axes, films: Sequence[FilmScores], key: str, own: str, scale: float, title: str
) -> None:
    sources = {film.source: film for film in films}
    for source, film in sources.items():
        label = "source" if len(sources) == 1 else short(str(source))
        axes.plot(film.times, _scaled(film, own, scale), color=NOTHING, lw=1.2, label=label)
    for place, film in enumerate(films):
        color = COLORS[place % len(COLORS)]
        label = short(str(film.result))
        axes.plot(film.times, _scaled(film, key, scale), color=color, lw=1.2, label=label)
    axes.set_ylabel(title, fontsize=9)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.spines[["top", "right"]].set_visible(False)


def _scaled(film: FilmScores, name: str, scale: float) -> list[float]:
    return [value * scale for value in film.series[name]]  # nan leaves a gap


def _over_time(film: FilmScores) -> dict[str, Any]:
    series = {name: list(map(_finite, values)) for name, values in film.series.items()}
    return {"result": str(film.result), "seconds": list(film.times), **series}


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else value
