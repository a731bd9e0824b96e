"""Lines that are lines, whatever the names of files hold."""

from __future__ import annotations

import json
import re
from typing import Any

_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")


def one_line(text: str) -> str:
    r"""Show as escapes what is no character, and what would steer a terminal: a line break as \x0a.

    A byte of a name that is no text stands as \udc80 to \udcff in Python; it becomes \x80 to \xff.
    """
    return _CONTROLS.sub(_escaped, _SURROGATES.sub(_escaped, text))


def json_line(value: Any) -> str:
    r"""Write a value as one line of JSON that every reader takes.

    Bytes of names that are no text stand as \udc80 to \udcff in Python, which are no characters:
    strict readers refuse them. They become \x80 to \xff, written out, as in `one_line`.
    """
    return json.dumps(_readable(value))


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]) & 0xFF:02x}"


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATES.sub(_escaped, value)
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_readable(item) for item in value]
    return value
