import subprocess
import sys
from pathlib import Path

import pytest

THREADS = Path("/proc/self/task")
SCRIPT = f"""
from pathlib import Path
import torch
from cyclekit.training.distributed import average, join_team, leave_team
def threads():
    return [(task / "comm").read_text().strip() for task in Path("{THREADS}").iterdir()]
team = join_team(torch.device("cpu"))
assert any("gloo" in name for name in threads()), threads()
weight = torch.nn.Parameter(torch.ones(1))
torch.optim.Adam([weight]).step()  # imports much of torch
assert average(weight.data, team).item() == 1
leave_team()
left = [name for name in threads() if "gloo" in name]
Path(__file__).with_name(f"left-{{team.rank}}").write_text(str(left))
"""


@pytest.mark.skipif(not THREADS.exists(), reason="threads are counted in /proc, on Linux")
def test_no_thread_outlives_the_team(tmp_path):
    """One that lets go of a tensor while Python shuts down aborts the process."""
    (tmp_path / "script.py").write_text(SCRIPT)
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    result = subprocess.run(
        [sys.executable, *command, str(tmp_path / "script.py")],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    left = {path.name: path.read_text() for path in tmp_path.glob("left-*")}
    assert left == {"left-0": "[]", "left-1": "[]"}
