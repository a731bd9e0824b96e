"""Lines that are lines, whatever the names of files hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

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
    strict readers refuse them. They become \x80 to \xff, written out, as in `one_line`; and so that
    the file can still be found, "input" is followed by "input_quoted", its bytes as in a URL.
    """
    return json.dumps(_readable(value))


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATES.sub(_escaped, value)
    if isinstance(value, dict):
        return dict(pair for key, item in value.items() for pair in _pairs(_readable(key), item))
    if isinstance(value, (list, tuple)):
        return [_readable(item) for item in value]
    return value


def _pairs(key: str, item: Any) -> Iterator[tuple[str, Any]]:
    yield key, _readable(item)
    if isinstance(item, str) and _SURROGATES.search(item):
        with suppress(UnicodeEncodeError):  # then it is no name of a file
            yield f"{key}_quoted", quote(item.encode("utf-8", "surrogateescape"))


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]) & 0xFF:02x}"
