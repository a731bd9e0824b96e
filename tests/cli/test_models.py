import json
import subprocess
import sys

import pytest
import torch
from click.testing import CliRunner

from cyclekit.checkpoint.model import is_model, read_info
from cyclekit.cli.export import command as export
from cyclekit.cli.models import command
from cyclekit.errors import CheckpointError, UsageError
from cyclekit.hub.open import open_generator
from cyclekit.hub.source import embedded_models
from tests.export.networks import negative
from tests.legacy.published import resnet
from tests.tiny import batch, tiny_model


def run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def foreign(tmp_path):
    path = tmp_path / "latest_net_G_B.pth"
    torch.save(resnet(1).state_dict(), path)
    return path


def test_importing_the_command_loads_no_torch():
    code = "import sys, cyclekit.cli.models; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_list_prints_every_embedded_model():
    result = run("list", "--json")
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["name"] for row in rows] == list(embedded_models())


def test_show_prints_what_a_model_is(tmp_path):
    result = run("show", tiny_model(tmp_path / "model.safetensors"))
    assert result.exit_code == 0
    lines = dict(line.split("  ", 1) for line in result.stdout.splitlines())
    assert lines["translates"].strip() == "horse-to-zebra, zebra-to-horse"
    assert lines["architecture"].strip() == "mobile width=8 blocks=1"
    assert lines["images"].strip() == "12"


def test_show_prints_json(foreign):
    card = json.loads(run("show", foreign, "--json").stdout)
    assert (card["architecture"], card["directions"]) == ("resnet", ["B-to-A"])
    assert card["provenance"] == {"converted_from": "latest_net_G_B.pth"}


def test_show_reads_exported_files(tmp_path):
    model = tiny_model(tmp_path / "model.safetensors")
    for name in ("m.onnx", "m.xml", "m.pt"):
        assert CliRunner().invoke(export, [str(model), "-o", str(tmp_path / name)]).exit_code == 0
    for name in ("m.onnx", "m.xml"):
        card = json.loads(run("show", tmp_path / name, "--json").stdout)
        assert card["directions"] == ["horse-to-zebra"]
        beside = (tmp_path / "m.bin").stat().st_size if name == "m.xml" else 0
        assert card["bytes"] == (tmp_path / name).stat().st_size + beside
        assert "translates    horse-to-zebra" in run("show", tmp_path / name).stdout
        assert (
            "are used as they are" in run("convert", tmp_path / name, "-o", "y.safetensors").stderr
        )
    with pytest.raises(CheckpointError, match="use the model file that it was exported from"):
        raise run("show", tmp_path / "m.pt").exception
    told = run("show", negative(tmp_path / "foreign.onnx", "0..255")).stdout
    (note,) = (line for line in told.splitlines() if line.startswith("note"))
    assert "pixels 0..255 in and 0..255 out (assumed" in note


def test_show_names_what_it_cannot_open():
    with pytest.raises(UsageError, match="no model file 'nothing' exists"):
        raise run("show", "nothing").exception


def test_convert_writes_the_same_generator(foreign, tmp_path):
    output = tmp_path / "out" / "model.safetensors"
    result = run("convert", foreign, "-o", output, "--names", "zebra", "horse")
    assert (result.exit_code, result.stdout) == (0, f"{output}\n")
    info = read_info(output)
    assert (info.names, info.directions) == (("horse", "zebra"), ("ba",))
    ours, theirs = open_generator(output), open_generator(foreign)
    assert ours.names == ("zebra", "horse")
    assert torch.equal(ours.generator(batch()), theirs.generator(batch()))


def test_convert_replaces_a_file_only_when_told(foreign, tmp_path):
    output = tmp_path / "model.safetensors"
    output.write_text("precious")
    result = run("convert", foreign, "-o", output)
    assert (result.exit_code, output.read_text()) == (2, "precious")
    assert "exists; replace it with --overwrite" in result.stderr
    assert run("convert", foreign, "-o", output, "--overwrite").exit_code == 0
    assert read_info(output).directions == ("ba",)


def test_convert_writes_through_a_link(foreign, tmp_path):
    (tmp_path / "far").mkdir()
    link = tmp_path / "model.safetensors"
    link.symlink_to("far/real.safetensors")
    for more in ([], ["--overwrite"]):
        assert run("convert", foreign, "-o", link, *more).exit_code == 0
        assert link.is_symlink()
        assert is_model(tmp_path / "far/real.safetensors")
        refused = run("convert", foreign, "-o", link)
        assert "exists; replace it with --overwrite" in refused.stderr


def test_convert_refuses_equal_names(foreign, tmp_path):
    output = tmp_path / "model.safetensors"
    result = run("convert", foreign, "-o", output, "--names", "x", "x")
    assert (result.exit_code, output.exists()) == (2, False)
    assert "--names x x: the two names must differ" in result.stderr


def test_convert_refuses_names_and_files_that_make_no_sense(foreign, tmp_path):
    assert "ends in .safetensors" in run("convert", foreign, "-o", tmp_path / "m.pth").stderr
    ours = tiny_model(tmp_path / "ours.safetensors")
    assert "already" in run("convert", ours, "-o", tmp_path / "m.safetensors").stderr
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        raise run("convert", tmp_path / "text.pth", "-o", tmp_path / "m.safetensors").exception
    assert not (tmp_path / "m.safetensors").exists()
