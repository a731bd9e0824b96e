"""The licence that the page of a published model tells, in the metadata on its top."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cyclekit.media.nested import parse_yaml

WORDS = "licence_in_words"
"""Key of the licence as its owner wrote it: the Hub's own keys know lower-case names only."""
LARGEST = 1 << 16
"""Bytes of the metadata."""
LONGEST = 300
"""Letters that are shown of a licence; it is anybody's."""
_EDGE = "---"


def read_licence(page: Path) -> str | None:
    """Return the licence that a page in Markdown tells, None if it tells none.

    The keys are those of the Hub (https://huggingface.co/docs/hub/repositories-licenses), and
    `WORDS`, which wins.

    Args:
        page: of anybody's; what cannot be read tells none.
    """
    try:
        with page.open("rb") as file:
            top = _metadata(file.read(LARGEST).decode("utf-8-sig", errors="replace"))
        told = parse_yaml(top)
    except (OSError, ValueError):
        return None
    return _licence(told) if isinstance(told, dict) else None


def _metadata(text: str) -> str:
    """Return what stands between the first line and the next one like it."""
    lines = text.splitlines()
    if not lines or lines[0].rstrip() != _EDGE:
        return ""
    ends = [number for number, line in enumerate(lines) if line.rstrip() == _EDGE]
    return "\n".join(lines[1 : ends[1]]) if len(ends) > 1 else ""


def _licence(told: dict[Any, Any]) -> str | None:
    keys = (WORDS, "license_name", "license") if told.get("license") == "other" else (WORDS, "license")  # fmt: skip
    found = (told[key] for key in keys if isinstance(told.get(key), str) and told[key].strip())
    licence = next(found, None)
    return None if licence is None else licence.strip()[:LONGEST]
