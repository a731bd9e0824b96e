import faulthandler
import os
import signal
import sys
import tempfile
from pathlib import Path

# Worlds whose answer is known are shared with the scripts that measure at length.
sys.path.append(str(Path(__file__).parents[1] / "tools"))

# Tiny networks gain nothing from threads, and threads that wait for each other lose much on a
# busy machine. Set before torch is imported, and inherited by the commands that tests run.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What a run remembers of this machine must not reach the tests, nor stay after them; but what is
# large and never changes is fetched into the user's own place (tests/runtimes.py), and once only.
os.environ.setdefault("CYCLEKIT_TESTS_CACHE", os.environ.get("XDG_CACHE_HOME") or "~/.cache")
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="cyclekit-tests-")

from hypothesis import settings

from tests.browser import browser

__all__ = ["browser"]

# A shell that runs the tests in the background has Ctrl-C ignored, and commands would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# `--hypothesis-profile thorough` draws new examples, and many.
settings.register_profile("quick", derandomize=True, max_examples=60, deadline=None)
settings.register_profile("thorough", max_examples=3000, deadline=None)
settings.load_profile("quick")

LEAVING = 120
"""Seconds that the process may take to end after the last test: no limit of a test holds then."""


def pytest_unconfigure() -> None:
    faulthandler.dump_traceback_later(LEAVING, exit=True, file=sys.__stderr__)
