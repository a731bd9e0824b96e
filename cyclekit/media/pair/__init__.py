"""Before and after under one line that is dragged: what the pages that show pairs share.

A pair is `<div class="pair">` with two pictures on top of each other, of the classes "after" and
"before", and an `<input type="range">` from 0 to 100 for the keyboard. The page defines the colours
`--line` and `--mark`.
"""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent


def pair_script() -> str:
    """Return the JavaScript that moves the lines."""
    return (_FOLDER / "pair.js").read_text(encoding="utf-8")


def pair_style() -> str:
    """Return the CSS that draws them."""
    return (_FOLDER / "pair.css").read_text(encoding="utf-8")
