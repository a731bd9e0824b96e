"""What runs networks in browsers, as npm has it; fetched once for all tests, past and to come."""

import functools
import os
import time
from pathlib import Path

import pytest

from cyclekit.errors import ExportError
from cyclekit.export.web.runtime import Files, find_runtime

CACHE = Path(os.environ["CYCLEKIT_TESTS_CACHE"]).expanduser() / "cyclekit"
WAIT = 300.0
"""Seconds that another process may take to fetch it."""


@functools.cache
def web_runtime() -> Files:
    """Return it, or skip where it cannot be fetched."""
    ends = time.monotonic() + WAIT
    while True:
        try:
            return find_runtime(None, CACHE)
        except ExportError as error:
            if "another process" not in str(error) or time.monotonic() > ends:
                pytest.skip(f"NOT SEEN IN A BROWSER: {error}")
            time.sleep(0.5)
