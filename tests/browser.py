"""A real browser for the tests, started in one way only, and ended whatever it does."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
FLAGS = [
    "--no-sandbox",  # root has no sandbox of its own; the pages are ours
    "--disable-gpu",  # Debian's launcher asks for one; there is none, and nothing to wait for
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--use-fake-device-for-media-stream",  # a camera that films a test picture
    "--use-fake-ui-for-media-stream",  # and everybody may use it
]
SOFT_GPU = [
    "--enable-unsafe-webgpu",
    "--enable-features=Vulkan",
    "--use-vulkan=swiftshader",
    "--use-webgpu-adapter=swiftshader",
    "--disable-vulkan-surface",
]
"""Instead of `--disable-gpu`: WebGPU that the processor computes, slowly."""
PATIENCE = 30_000  # ms: the machine may be busy
CLOSING = 60.0
"""Seconds after which a browser that does not close is killed; closing has no limit of its own."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Give playwright's browser; while it runs, no test may run a loop of asyncio."""
    with chromium() as running:
        yield running


@contextmanager
def chromium(*, soft_gpu: bool = False) -> Iterator[Any]:
    """Give playwright's browser, or skip where there is none."""
    flags = [*(flag for flag in FLAGS if flag != "--disable-gpu"), *SOFT_GPU] if soft_gpu else FLAGS
    if CHROMIUM is None:
        pytest.skip("NOT SEEN IN A BROWSER: no chromium on PATH; try 'apt-get install chromium'")
    sync_api = pytest.importorskip("playwright.sync_api")
    killed = threading.Event()
    killer = threading.Timer(CLOSING, _kill, [killed])
    try:
        with sync_api.sync_playwright() as playwright:
            running = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
            try:
                yield running
            finally:
                killer.start()
                running.close()
    finally:
        killer.cancel()
    assert not killed.is_set(), f"the browser did not close in {CLOSING:.0f} s and was killed"


def wait_until(page: Any, expression: str) -> None:
    """Wait until a page says yes; playwright's own way breaks on pages that forbid `eval`."""
    latest = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < latest, f"never true: {expression}"
        page.wait_for_timeout(20)


def _kill(killed: threading.Event) -> None:
    """Kill the browser, then, should it not see that, playwright's driver that has started it."""
    killed.set()
    for driver in psutil.Process().children():
        if "playwright" in " ".join(driver.cmdline()):
            for process in driver.children(recursive=True):
                process.kill()
            if psutil.wait_procs([driver], timeout=10)[1]:
                driver.kill()
