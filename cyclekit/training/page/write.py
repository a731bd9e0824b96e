"""The page of a run: what happened so far, as one file that needs no server and no network."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cyclekit.media.atomic import replacing
from cyclekit.training.log_lines import numbered
from cyclekit.training.page.curves import read_log

_TEMPLATES = Path(__file__).parent


def write_page(path: Path, facts: dict[str, str], log: Path, samples: Path) -> None:
    """Write the page of a run, whole or not at all.

    Whatever stands in the log is escaped; the page forbids itself to fetch from anywhere else and
    to run any script but its own.

    Args:
        path: of the page, beside `log`.
        facts: what to say about the run, by name; "title" is the page's.
        log: the run's JSON lines.
        samples: folder of the sample sheets, named after the images seen.

    Raises:
        MediaError: if it cannot be written.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    script = (_TEMPLATES / "page.js").read_text(encoding="utf-8")
    told = read_log(log)
    sheets = _sheets(samples, path.parent)
    text = environment.get_template("page.html").render(
        facts=facts,
        ended=told.ended,
        warnings=told.warnings,
        evaluations=told.evaluations,
        best=min(told.evaluations, key=lambda one: one.score, default=None),
        unusable=numbered(told.unusable) if told.unusable else "",
        sheets=sheets,
        data=_inert({"charts": told.charts, "sheets": sheets}),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=(_TEMPLATES / "page.css").read_text(encoding="utf-8"),
        now=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
    with replacing(path) as part:
        # Names of folders may be bytes that are no text.
        part.write_text(text, encoding="utf-8", errors="backslashreplace")


def _sheets(samples: Path, folder: Path) -> list[dict[str, Any]]:
    """List the sample sheets in order: images seen, and address."""
    found = [path for path in samples.glob("*.png") if path.stem.isdecimal()]
    return [
        {"images": int(path.stem), "url": quote(os.path.relpath(path, folder))}
        for path in sorted(found, key=lambda path: int(path.stem))
    ]


def _inert(data: dict[str, Sequence[Any]]) -> str:
    """Write JSON that no HTML can end: every "<" is spelt out, and no value is missing."""
    return json.dumps(_finite(data)).replace("<", "\\u003c")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
