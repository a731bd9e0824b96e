"""Writes the page: entry by entry, so that its length costs no memory."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cyclekit.inference.report.journal import Entry
from cyclekit.media.atomic import replacing
from cyclekit.media.pair import pair_script, pair_style

_TEMPLATES = Path(__file__).parent


def write_page(
    path: Path, facts: Mapping[str, str], entries: Callable[[], Iterator[Entry]]
) -> None:
    """Write one HTML file that needs no other but its pictures, whole or not at all.

    Whatever stands in the entries is escaped; the page forbids itself to fetch from anywhere else
    and to run any script but its own.

    Args:
        path: the file.
        facts: what holds for all pictures, by name.
        entries: gives all entries, in order, as often as it is called.

    Raises:
        MediaError: if it cannot be written.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = pair_script() + (_TEMPLATES / "page.js").read_text(encoding="utf-8")
    counts = Counter(entry.status for entry in entries())
    parts = environment.get_template("page.html").generate(
        facts=facts,
        entries=entries,
        counts=counts,
        measured=any(entry.cycle_error is not None for entry in entries()),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=(_TEMPLATES / "page.css").read_text(encoding="utf-8") + pair_style(),
        now=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
    with replacing(path) as part, part.open("w", encoding="utf-8") as file:
        file.writelines(parts)
