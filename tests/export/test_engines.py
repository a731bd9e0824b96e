import signal
import subprocess
import sys

import pytest

from tests.export.networks import negative

SIGNAL_AFTER_ANOTHER_THREAD_LET_GO = """
import gc, os, signal, sys, threading
from pathlib import Path
from cyclekit.export.engines import OpenVinoEngine

signal.signal(signal.SIGUSR1, lambda *_: print("handled"))
engines = [OpenVinoEngine(Path(sys.argv[1]))]
print(engines[0].run(__import__("numpy").ones((1, 3, 8, 8), "float32")).shape)

def let_go():
    engines.clear()
    gc.collect()

thread = threading.Thread(target=let_go)
thread.start()
thread.join()
os.kill(os.getpid(), signal.SIGUSR1)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="there are no such signals")
def test_signals_are_handled_after_another_thread_let_go_of_openvino(tmp_path):
    path = negative(tmp_path / "model.onnx", "-1..1")
    command = [sys.executable, "-c", SIGNAL_AFTER_ANOTHER_THREAD_LET_GO, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["(1, 3, 8, 8)", "handled"], done.stderr
    assert done.returncode == 0
