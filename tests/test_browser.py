"""The browser of the tests cannot hold them up for ever."""

import signal

import psutil
import pytest

from tests import browser


def chromiums() -> list[psutil.Process]:
    return [one for one in psutil.Process().children(recursive=True) if "chromium" in one.name()]


def test_a_browser_that_does_not_close_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "CLOSING", 1.0)
    processes: list[psutil.Process] = []
    with pytest.raises(AssertionError, match="did not close"):
        stop_all(processes)
    assert processes
    assert psutil.wait_procs(processes, timeout=10)[1] == []


def stop_all(processes: list[psutil.Process]) -> None:
    with browser.chromium() as running:
        running.new_page()
        processes.extend(chromiums())
        for process in processes:
            process.send_signal(signal.SIGSTOP)
