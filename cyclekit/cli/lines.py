"""Lines that are lines, whatever the names of files hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from cyclekit.media.one_line import SURROGATES, escaped, one_line, some_lines

__all__ = ["json_line", "one_line", "some_lines"]


def json_line(value: Any) -> str:
    r"""Write a value as one line of JSON that every reader takes.

    Bytes of names that are no text stand as \udc80 to \udcff in Python, which are no characters:
    strict readers refuse them. They become \x80 to \xff, written out, as in `one_line`; and so that
    the file can still be found, "input" is followed by "input_quoted", its bytes as in a URL.
    """
    return json.dumps(_readable(value))


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return SURROGATES.sub(escaped, value)
    if isinstance(value, dict):
        return dict(pair for key, item in value.items() for pair in _pairs(_readable(key), item))
    if isinstance(value, (list, tuple)):
        return [_readable(item) for item in value]
    return value


def _pairs(key: str, item: Any) -> Iterator[tuple[str, Any]]:
    yield key, _readable(item)
    if isinstance(item, str) and SURROGATES.search(item):
        with suppress(UnicodeEncodeError):  # then it is no name of a file
            yield f"{key}_quoted", quote(item.encode("utf-8", "surrogateescape"))
