import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cyclekit import devices
from cyclekit.devices import find_device, machine_name, own_cores, use_own_cores
from cyclekit.errors import UsageError


def test_a_device_that_is_there_is_found() -> None:
    assert find_device("cpu") == torch.device("cpu")
    assert find_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize(
    "name", ["tpu", "ipu", "vulkan", "hpu", "meta", "cuda:99", "cuda:x", "", ":"]
)
def test_a_device_that_is_not_there_is_refused_in_a_short_line(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_device(name)
    assert str(caught.value) == f"no device '{name}' here; expected auto, cpu or cuda"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_an_absent_cuda_device_is_named_as_it_was_given() -> None:
    with pytest.raises(UsageError, match="no device 'cuda' here"):
        find_device("cuda")


@pytest.mark.parametrize(
    ("limit", "cores"), [("max 100000", 99), ("150000 100000", 2), ("10000 100000", 1)]
)
def test_a_container_limits_the_cores(
    limit: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpu.max").write_text(f"{limit}\n")
    monkeypatch.setattr(devices, "_CGROUP", tmp_path)
    available = len(os.sched_getaffinity(0))
    assert own_cores() == min(cores, available)


def test_threads_are_never_more_than_cores_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = torch.get_num_threads()
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    monkeypatch.setattr(devices, "_CGROUP", tmp_path)
    try:
        torch.set_num_threads(2)
        use_own_cores()  # OMP_NUM_THREADS is set in tests
        assert torch.get_num_threads() == 2
        monkeypatch.delenv("OMP_NUM_THREADS")
        use_own_cores()
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_the_machine_has_a_name() -> None:
    assert len(machine_name(torch.device("cpu"))) > 2


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told")
def test_freed_memory_is_taken_again_without_a_page_fault() -> None:
    program = """
import resource, sys
import numpy as np
from cyclekit.devices import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(2**27, np.uint8)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""

    def faults(way: str) -> int:
        settings = {name: of for name, of in os.environ.items() if not name.startswith("MALLOC_")}
        command = [sys.executable, "-c", program, way]
        done = subprocess.run(command, env=settings, capture_output=True, text=True, check=True)
        return int(done.stdout.split()[-1])

    # Given back it is at least a fault for each of 64 huge pages.
    assert faults("kept") < 30 < faults("given back")
