"""Text that anybody may have written, made safe to show."""

from __future__ import annotations

import re

SURROGATES = re.compile("[\ud800-\udfff]")
"""What is no character: bytes of a name that is no text."""
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What moves a terminal's cursor, starts a line, or turns what follows from right to left."""


def one_line(text: str) -> str:
    r"""Show as escapes what is no character, and what would steer a terminal: a line break as \x0a.

    A byte of a name that is no text stands as \udc80 to \udcff in Python; it becomes \x80 to \xff.
    """
    return _STEERING.sub(escaped, SURROGATES.sub(escaped, text))


def some_lines(text: str) -> str:
    """Show the same, but keep the line breaks."""
    return "\n".join(map(one_line, text.split("\n")))


def escaped(found: re.Match[str]) -> str:
    r"""Return a character that was found as \x80, or \u202e."""
    code = ord(found[0])
    return f"\\u{code:04x}" if 0xFF < code < 0xD800 else f"\\x{code & 0xFF:02x}"
