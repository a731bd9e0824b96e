"""Keeps stderr for what the command itself has to say."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Send what compiled libraries print on stderr nowhere; what Python prints goes on.

    Decoders write of damage there, without saying in which file; the same damage is reported by
    us, in one line, where it matters. Nothing happens where stderr is no file of the process.
    """
    if not _is_plain():
        yield
        return
    before = sys.stderr
    before.flush()
    ours = os.dup(_STDERR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)
    sys.stderr = open(  # noqa: SIM115, PTH123 (a number; closed below)
        ours, "w", buffering=1, encoding=before.encoding, errors=before.errors
    )
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(ours, _STDERR)
        sys.stderr.close()
        sys.stderr = before


def _is_plain() -> bool:
    try:
        return sys.stderr.fileno() == _STDERR
    except (AttributeError, OSError, ValueError):  # a test's, a notebook's, or none at all
        return False
