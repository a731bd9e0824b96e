"""JSON and YAML that anybody may have written: no deeper and no larger than readers can bear."""

from __future__ import annotations

import json
from typing import Any

DEEPEST = 64
"""Lists and mappings inside each other. What cyclekit writes has 6 at most; Python's own stack, which
everything that looks at a value needs, ends somewhere beyond 300."""
LARGEST = 1_000_000
"""Values in all, those counted again that YAML's references repeat."""


def parse_json(text: str | bytes) -> Any:
    """Return what JSON holds.

    Raises:
        ValueError: if it is none, too deep or too large; the message is one line.
    """
    try:
        return _bounded(json.loads(text))
    except RecursionError as error:
        raise _too_deep() from error


def parse_yaml(text: str) -> Any:
    """Return what YAML holds, of plain values only.

    Raises:
        ValueError: as `parse_json` does.
    """
    import yaml

    try:
        return _bounded(yaml.safe_load(text))
    except RecursionError as error:
        raise _too_deep() from error
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    except (AttributeError, LookupError) as error:  # of a value that is not what its tag says
        raise ValueError("holds a value that is not of its type") from error


def _bounded(value: Any) -> Any:
    size, _ = _measure(value, 0, {})
    if size > LARGEST:
        raise ValueError(f"holds {size:,} values, more than {LARGEST:,}")
    return value


def _measure(value: Any, depth: int, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Return how many values there are, and how deep they lie; a repeated one is looked at once."""
    if not isinstance(value, dict | list):
        return 1, 0
    size, height = known.get(id(value), (0, 0))
    if depth + height >= DEEPEST:
        raise _too_deep()
    if not size:
        inside = value.values() if isinstance(value, dict) else value
        found = [_measure(one, depth + 1, known) for one in inside]
        size = 1 + sum(one for one, _ in found)
        height = 1 + max((one for _, one in found), default=0)
        known[id(value)] = size, height
    return size, height


def _too_deep() -> ValueError:
    return ValueError(f"nested more than {DEEPEST} levels deep")
