"""A process that is killed while it pulls or pushes leaves nothing that is taken for a model."""

import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from cyclekit.checkpoint.model import load_model
from cyclekit.cli.models import command
from cyclekit.errors import CyclekitError
from cyclekit.hub.store import MODEL, pulled_models
from tests.tiny import tiny_model

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")

PUSH = """
import sys
from pathlib import Path
from cyclekit.cli.main import main

folder, left, real = Path(sys.argv[1]), int(sys.argv[2]), Path.replace

def replace(self, target):
    global left
    left -= Path(target).parent == folder
    if not left:
        print("there", flush=True)
        sys.stdin.readline()
    return real(self, target)

Path.replace = replace
main(sys.argv[3:])
"""


def started(*command):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, *map(str, command)], text=True, **pipes)


def run(*words):
    """Run the command to its end; return its exit code, or its error."""
    done = CliRunner().invoke(command, [str(word) for word in words])
    return str(done.exception) if isinstance(done.exception, CyclekitError) else done.exit_code


@pytest.fixture
def model(tmp_path):
    return tiny_model(tmp_path / "run" / "model.safetensors")


@pytest.mark.parametrize("way", ["hf:someone/zebra", "address"])
def test_a_killed_pull_leaves_no_model_and_goes_on(hub, model, monkeypatch, way):
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    hub.repositories["someone/zebra"] = {MODEL: model.read_bytes()}
    address = f"{hub.url}/someone/zebra/resolve/main/{MODEL}"
    words = ("pull", address if way == "address" else way, "--name", "mine")
    hub.stalls = True
    with started("-m", "cyclekit", "models", *words) as process:
        assert hub.reached.wait(60)
        os.kill(process.pid, signal.SIGKILL)
    hub.stalls = False
    hub.released.set()
    assert process.returncode == -signal.SIGKILL
    assert pulled_models() == {}
    assert run(*words) == 0
    assert pulled_models()["mine"].read_bytes() == model.read_bytes()
    assert [one.name for one in pulled_models()["mine"].parents[1].iterdir()] == ["mine"]


@pytest.mark.parametrize("steps", [1, 3, 4])
def test_a_killed_push_to_a_folder_is_completed_by_the_same_command(
    own_cache, tmp_path, model, steps
):
    folder = tmp_path / "shared"
    words = ("push", model, folder, "--licence", "MIT")
    with started("-c", PUSH, folder, steps, "models", *words) as process:
        assert process.stdout.readline() == "there\n"
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    early = run("pull", folder, "--name", "early")
    if steps < 4:  # the model comes last
        assert early == f"{folder}: a folder without {MODEL}"
    else:
        assert early == 0
        load_model(pulled_models()["early"])
    assert run(*words) == 0
    assert run("pull", folder) == 0
    assert pulled_models()["shared"].read_bytes() == model.read_bytes()
    assert not list(folder.glob(".*"))
    assert "replace it with --overwrite" in run(*words)  # it is whole now
