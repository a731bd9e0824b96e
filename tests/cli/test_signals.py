import os
import signal

import pytest

from cyclekit.cli.signals import AskedToEnd, orderly_end

SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_becomes_an_exception_with_the_shell_s_code(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_DFL)  # the tests themselves may run under nohup
    try:
        with pytest.raises(AskedToEnd) as asked:
            ask_myself(number)
        assert asked.value.exit_code == 128 + number
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)


def ask_myself(number: signal.Signals) -> None:
    with orderly_end():
        os.kill(os.getpid(), number)
        signal.sigtimedwait([], 1)  # the handler runs before this returns


def test_what_somebody_else_handles_stays_so() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as nohup does with another
    try:
        with orderly_end():
            os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
