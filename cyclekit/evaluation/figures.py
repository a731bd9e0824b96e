"""Figures and the files they go to: the same content draws the same bytes."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclekit.media.atomic import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg")
COLORS = (
    "#2a6fbb", "#c8553d", "#3d8b58", "#8a5fb0", "#b0872a", "#1f9aa3", "#d0679d", "#6b7d2a",
    "#7a4a2b", "#5b6b8c",
)  # fmt: skip
REAL, NOTHING = "#222222", "#999999"


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure of so many inches, without a window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, folder: Path, name: str) -> None:
    """Write NAME.png and NAME.svg.

    Raises:
        MediaError: if a file cannot be written.
    """
    from matplotlib import rc_context

    for kind in FORMATS:
        memory = BytesIO()
        # Fixed names inside the SVG and no date: the same evaluation draws the same bytes.
        with rc_context({"svg.hashsalt": "cyclekit"}):
            metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {}
            figure.savefig(memory, format=kind, dpi=120, metadata=metadata)
        with replacing(folder / f"{name}.{kind}") as part:
            part.write_bytes(memory.getvalue())


def short(name: str, width: int = 32) -> str:
    """Keep the end of a long name."""
    return name if len(name) <= width else f"…{name[1 - width :]}"
