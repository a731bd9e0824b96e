import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from cyclekit.cli.bench import command as bench
from cyclekit.cli.export import command as export
from cyclekit.cli.translate import command as translate
from cyclekit.errors import CyclekitError, UsageError
from tests.export.networks import negative
from tests.tiny import picture, tiny_domain_model, tiny_generator, tiny_model, tiny_noise_model


def run(command, *arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def refusal(command, *arguments):
    error = run(command, *arguments).exception
    assert isinstance(error, CyclekitError), error
    return str(error)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp("model") / "model.safetensors")


def test_importing_the_commands_loads_no_torch():
    code = "import sys, cyclekit.cli.export, cyclekit.cli.bench; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_model_that_was_exported_translates_the_same(model, tmp_path):
    result = run(export, model, "--to", "horse", "-o", tmp_path / "horse.onnx")
    assert result.exit_code == 0, result.output
    assert result.stdout.split() == [str(tmp_path / "horse.onnx")]
    assert result.stderr.count("levels of 255 from torch") == 3
    cv2.imwrite(str(tmp_path / "in.png"), picture(27, 34))
    made = []
    for name, source in (("onnx", tmp_path / "horse.onnx"), ("torch", model)):
        output = tmp_path / f"{name}.png"
        way = [] if name == "onnx" else ["--to", "horse"]
        told = run(
            translate, tmp_path / "in.png", "-o", output, "-m", source, *way,
            *("--strength", "0.7", "--keep-luminance", "--precision", "fp32"),
        )  # fmt: skip
        assert told.exit_code == 0, told.output
        assert "zebra to horse" in told.stderr
        made.append(cv2.imread(str(output)).astype(int))
    assert np.abs(made[0] - made[1]).max() <= 1


def test_json_says_what_was_written(model, tmp_path):
    result = run(export, model, "-o", tmp_path / "m.xml", "--json", "--quiet", "--half")
    (line,) = result.stdout.splitlines()
    facts = json.loads(line)
    assert facts["files"] == [str(tmp_path / "m.xml"), str(tmp_path / "m.bin")]
    assert facts["bytes"] == sum((tmp_path / f"m{end}").stat().st_size for end in (".xml", ".bin"))
    assert facts["parameters"] == sum(one.numel() for one in tiny_generator("mobile").parameters())
    assert (facts["precision"], facts["stride"], len(facts["differences"])) == ("fp16", 4, 3)
    assert result.stderr == ""


def test_what_cannot_be_exported_is_one_line(model, tmp_path):
    output = tmp_path / "out.onnx"
    noise = tiny_noise_model(tmp_path / "noise.safetensors")
    assert "makes pictures from noise" in refusal(export, noise, "-o", output)
    many = tiny_domain_model(tmp_path / "many.safetensors")
    assert "name the domain" in refusal(export, many, "-o", output)
    foreign = negative(tmp_path / "foreign.onnx")
    assert "exported already" in refusal(export, foreign, "-o", output)
    assert "pictures are for --int8" in refusal(export, model, tmp_path, "-o", output)
    assert "name some, files or folders" in refusal(export, model, "--int8", "-o", output)
    assert "leave one out" in refusal(export, model, "--half", "--int8", "-o", output)
    assert "--force is for --int8" in refusal(export, model, "--force", "-o", output)
    assert "replace it with --overwrite" in refusal(export, model, "-o", foreign)
    assert not output.exists()


def test_a_page_is_no_file_and_nothing_is_fetched_for_it(model, tmp_path):
    refused = refusal(export, model, "-o", tmp_path / "x.onnx", "--format", "web")
    assert refused.endswith(
        "x.onnx: the ending says onnx, and web makes a folder; give another name"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("given", "measured"), [(1, 1), (7, 2), (15, 5)])
def test_an_int8_file_says_where_it_was_measured_on_few_pictures(model, tmp_path, given, measured):
    for i in range(given):
        cv2.imwrite(str(tmp_path / f"{i}.png"), picture(24, 24, seed=i))
    words = (export, model, tmp_path, "-o", tmp_path / "m.onnx", "--int8", "--force", "--json")
    made = run(*words)
    assert made.exit_code == 0, made.exception
    assert json.loads(made.stdout)["measured"] == measured
    told = f"note: int8 was measured on {measured} of the pictures only; more would be surer"
    assert (told in made.stderr) == (measured < 5)


def test_one_domain_of_many_in_one_style_is_exported(tmp_path):
    many = tiny_domain_model(tmp_path / "many.safetensors")
    output = tmp_path / "dog.onnx"
    assert run(export, many, "--to", "dog", "--style", "2", "-o", output).exit_code == 0
    cv2.imwrite(str(tmp_path / "in.png"), picture(16, 20))
    told = run(translate, tmp_path / "in.png", "-o", tmp_path / "out.png", "-m", output)
    assert "any to dog" in told.stderr


def test_a_foreign_file_translates_and_what_is_assumed_is_said(tmp_path):
    network = negative(tmp_path / "n.onnx", "0..255")
    cv2.imwrite(str(tmp_path / "in.png"), picture(27, 34))
    told = run(translate, tmp_path / "in.png", "-o", tmp_path / "out.png", "-m", network)
    assert "note: n.onnx: pixels 0..255 in and 0..255 out (assumed" in told.stderr
    assert np.array_equal(cv2.imread(str(tmp_path / "out.png")), 255 - picture(27, 34))
    given = ("-m", network, "--overwrite", "--range", "0..1")
    told = run(translate, tmp_path / "in.png", "-o", tmp_path / "out.png", *given)
    assert "pixels 0..1 in and 0..1 out (as given)" in told.stderr


def test_a_range_is_for_foreign_files_only(model, tmp_path):
    cv2.imwrite(str(tmp_path / "in.png"), picture())
    asked = (tmp_path / "in.png", "-o", tmp_path / "out.png", "-m", model, "--range", "0..1")
    error = run(translate, *asked).exception
    assert isinstance(error, UsageError)
    assert "--range is for ONNX and OpenVINO" in str(error)


def test_bench_compares_models_and_recommends(model, tmp_path):
    network = negative(tmp_path / "n.onnx", "0..1")
    which = ("--program", "torch", "--program", "onnxruntime")
    result = run(bench, model, network, "--rounds", "2", "--size", "32x32", "--json", *which)
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    names = [f"{row['program']} {row['precision']}" for row in rows if row["model"] == str(model)]
    assert {"torch fp32", "onnxruntime fp32"} <= set(names)
    assert rows[-1]["model"] == str(network)
    assert rows[-1]["parameters"] == 0
    for row in rows:
        assert row["ms"] > 0
        assert row["frames_per_second"] == pytest.approx(1000 / row["ms"])
        assert row["memory_mb"] >= 0
        assert row["levels"] < 3
    first = rows[0]
    assert (first["program"], first["precision"], first["levels"]) == ("torch", "fp32", 0)
    assert first["macs"] > 32 * 32 * 500
    assert 0 < first["peak_share"] < 20
    notes = [line for line in result.stderr.splitlines() if " ms" in line]
    assert len(notes) == 2
    assert notes[0].startswith(f"note: {model}: ")
