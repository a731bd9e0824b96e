import json

import pytest
import torch
from click.testing import CliRunner

from cyclekit.cli.models import command
from cyclekit.hub.extractors import open_extractor
from cyclekit.hub.networks import NETWORKS
from tests.models.features.published import mobilenet_shapes, randomly


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_networks_lists_all_and_what_is_installed(tmp_path):
    torch.save(randomly(mobilenet_shapes()), tmp_path / "m.pth")
    installed = run("pull", "mobilenet", "--file", tmp_path / "m.pth")
    assert installed.exit_code == 0, installed.stderr
    rows = [json.loads(line) for line in run("networks", "--json").stdout.splitlines()]
    assert [row["name"] for row in rows] == list(NETWORKS)
    assert {row["name"]: row["installed"] for row in rows if row["installed"]} == {
        "mobilenet": installed.stdout.strip()
    }
    plain = run("networks").stdout.splitlines()
    assert plain[0].split()[:2] == ["mobilenet", "installed"]
    assert not open_extractor("mobilenet").published


def test_pull_refuses_files_that_are_not_there_and_two_sources(tmp_path):
    absent = run("pull", "mobilenet", "--file", tmp_path / "absent.pth")
    assert (absent.exit_code, "absent.pth: no such file" in absent.stderr) == (2, True)
    torch.save({}, tmp_path / "m.pth")
    both = run("pull", "mobilenet", "--file", tmp_path / "m.pth", "--url", "http://a.invalid")
    assert (both.exit_code, "leave one out" in both.stderr) == (2, True)
