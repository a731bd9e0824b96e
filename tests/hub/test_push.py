"""What is pushed comes back the same, from the Hub and from a folder; refusals are one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import yaml
from click.testing import CliRunner

from cyclekit.cli.models import command
from cyclekit.errors import HubError, UsageError
from cyclekit.hub.source import EMBEDDED, embedded_models
from cyclekit.hub.store import CARD, MODEL, pulled_models
from cyclekit.media.images import read_rgb
from cyclekit.media.shared_folder import MANIFEST
from tests.hub.hub_server import READER, WRITER
from tests.tiny import picture, tiny_model, tiny_noise_model

# How huggingface_hub itself sends files, httpx2 would rather have otherwise.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning")

NIGHT = EMBEDDED / "starry-night.safetensors"


def run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def failure(*arguments):
    """Return the one line that a command which fails says."""
    done = run(*arguments)
    assert done.exit_code != 0, done.stdout
    return str(done.exception) if done.exit_code == 1 else done.stderr.strip().splitlines()[-1]


@pytest.fixture
def photo(tmp_path):
    cv2.imwrite(str(tmp_path / "photo.png"), picture(48, 64))
    return tmp_path / "photo.png"


@pytest.fixture
def model(tmp_path):
    return tiny_model(tmp_path / "run" / "model.safetensors")


def front_matter(text):
    _, top, _ = text.split("---\n", 2)
    return yaml.safe_load(top)


def test_an_embedded_model_goes_to_the_hub_and_comes_back(hub, photo, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", WRITER)
    pushed = run("push", "starry-night", "hf:someone/night", "--samples", photo)
    assert pushed.exit_code == 0, (pushed.stderr, pushed.exception)
    files = hub.repositories["someone/night"]
    assert set(files) == {MODEL, CARD, "README.md", "samples.jpg"}
    assert files[MODEL] == NIGHT.read_bytes()
    assert len(hub.commits) == 1
    assert (
        pushed.stdout.strip() == f"{hub.url}/someone/night/commit/{hub.commit_of('someone/night')}"
    )
    pulled = run("pull", "hf:someone/night")
    assert pulled.exit_code == 0, (pulled.stderr, pulled.exception)
    assert "licence: MIT" in pulled.stderr
    path = Path(pulled.stdout.strip())
    assert (path, path.read_bytes()) == (pulled_models()["night"], NIGHT.read_bytes())
    theirs, ours = (
        json.loads(run("show", name, "--json").stdout) for name in ("night", "starry-night")
    )
    assert theirs["card"] == ours["card"]
    assert theirs["provenance"]["source"] == "hf:someone/night"
    assert theirs["provenance"]["revision"] == hub.commit_of("someone/night")
    listed = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert {row["name"]: row["from"] for row in listed} == {
        "night": "hf:someone/night",
        **dict.fromkeys(embedded_models(), "embedded"),
    }


def test_the_hubs_own_reader_understands_the_page(hub, photo, tmp_path):
    from huggingface_hub import ModelCard

    assert run("push", "starry-night", tmp_path / "night", "--samples", photo).exit_code == 0
    page = ModelCard.load(tmp_path / "night" / "README.md")
    data = page.data.to_dict()
    assert (data["license"], data["library_name"]) == ("mit", "cyclekit")
    assert data["pipeline_tag"] == "image-to-image"
    assert "image-to-image" in data["tags"]
    for told in (
        "Known failures",
        "Rights: unknown",
        "images seen, of each side: 5924",
        "samples.jpg",
    ):
        assert told in page.text
    assert read_rgb(tmp_path / "night" / "samples.jpg").shape == (644, 320, 3)


def test_a_run_goes_to_a_folder_and_comes_back_without_a_card(own_cache, tmp_path, model):
    pushed = run("push", model.parent, tmp_path / "shared", "--licence", "Our own terms")
    assert (pushed.exit_code, pushed.stdout) == (0, f"{tmp_path / 'shared'}\n")
    assert {file.name for file in (tmp_path / "shared").iterdir()} == {MODEL, "README.md", MANIFEST}
    top = front_matter((tmp_path / "shared/README.md").read_text())
    assert (top["license"], top["license_name"]) == ("other", "our-own-terms")
    pulled = run("pull", tmp_path / "shared", "--name", "zebras")
    assert pulled.exit_code == 0, pulled.exception
    assert "licence: Our own terms\n" in pulled.stderr
    assert pulled_models()["zebras"].read_bytes() == model.read_bytes()
    again = run("pull", tmp_path / "shared", "--name", "zebras")
    assert "already installed" in again.stderr
    assert "licence: Our own terms\n" in again.stderr
    shown = json.loads(run("show", "zebras", "--json").stdout)
    assert shown["provenance"]["rights"] == "Our own terms"
    assert not list((own_cache / "models").glob(".*"))


def test_a_folder_is_replaced_only_when_told(own_cache, tmp_path, model):
    arguments = ("push", model, tmp_path / "shared", "--licence", "MIT")
    assert run(*arguments).exit_code == 0
    with pytest.raises(UsageError, match="replace it with --overwrite"):
        raise run(*arguments).exception
    assert run(*arguments, "--overwrite").exit_code == 0
    for name in (MODEL, "README.md"):
        (tmp_path / "shared" / name).write_text("precious")
        with pytest.raises(UsageError, match=f"holds a file {name} that cyclekit did not write"):
            raise run(*arguments, "--overwrite").exception
        assert (tmp_path / "shared" / name).read_text() == "precious"
        (tmp_path / "shared" / name).unlink()
        assert run(*arguments, "--overwrite").exit_code == 0


def test_a_link_to_a_folder_is_followed(own_cache, tmp_path, model):
    (tmp_path / "real").mkdir()
    (tmp_path / "shared").symlink_to("real")
    for more in ((), ("--overwrite",)):
        done = run("push", model, tmp_path / "shared", "--licence", "MIT", *more)
        assert done.exit_code == 0, done.exception
        assert (tmp_path / "shared").is_symlink()
        assert (tmp_path / "real" / MODEL).read_bytes() == model.read_bytes()


def test_another_models_card_does_not_stay(hub, tmp_path, model, photo, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", WRITER)
    for target in (tmp_path / "shared", "hf:someone/shared"):
        assert run("push", "starry-night", target, "--samples", photo).exit_code == 0
        other = run("push", model, target, "--licence", "CC-BY-4.0", "--overwrite")
        assert other.exit_code == 0, other.exception
    names = {file.name for file in (tmp_path / "shared").iterdir()}
    assert names == {MODEL, "README.md", MANIFEST}
    files = hub.repositories["someone/shared"]
    assert (files[MODEL], set(files)) == (model.read_bytes(), {MODEL, "README.md"})
    assert b"starry" not in files["README.md"].lower()
    for source in (tmp_path / "shared", "hf:someone/shared"):
        assert "licence: CC-BY-4.0\n" in run("pull", source, "--overwrite", "--name", "it").stderr


def test_a_dry_run_says_all_and_does_nothing(hub, model):
    told = run("push", model, "hf:someone/zebra", "--licence", "MIT", "--dry-run")
    assert told.exit_code == 0
    assert f"{MODEL}  {model.stat().st_size:,} bytes" in told.stdout
    assert front_matter(told.stdout[told.stdout.index("---") :])["license"] == "mit"
    assert "cyclekit models pull hf:someone/zebra" in told.stdout
    assert hub.asked == []


def test_a_model_from_noise_is_told_as_one(own_cache, tmp_path):
    noise = tiny_noise_model(tmp_path / "model.safetensors")
    told = run("push", noise, tmp_path / "my cats", "--licence", "CC0-1.0", "--dry-run").stdout
    top = front_matter(told[told.index("---") :])
    assert top["pipeline_tag"] == "unconditional-image-generation"
    assert top["license"] == "cc0-1.0"
    assert "cyclekit sample -o sheet.png 'my cats'" in told


def test_a_licence_must_be_told_once(own_cache, model, tmp_path):
    with pytest.raises(UsageError, match="nobody says what others may do with it"):
        raise run("push", model, tmp_path / "shared").exception
    with pytest.raises(UsageError, match="the model's card says MIT"):
        raise run("push", "starry-night", tmp_path / "shared", "--licence", "CC0-1.0").exception
    assert not (tmp_path / "shared").exists()


def test_refusals_of_the_hub_are_one_line(hub, model, monkeypatch):
    arguments = ("push", model, "--licence", "MIT")
    assert "no token of Hugging Face on this machine" in failure(*arguments, "hf:someone/zebra")
    assert hub.asked == []
    monkeypatch.setenv("HF_TOKEN", READER)
    assert failure(*arguments, "hf:someone/zebra") == (
        "hf:someone/zebra: no right to do this (403) with this machine's token"
    )
    monkeypatch.setenv("HF_TOKEN", WRITER)
    assert "no right to do this (403)" in failure(*arguments, "hf:else/zebra")
    assert "leave @ out" in failure(*arguments, "hf:someone/zebra@v1")
    assert "is no repository; expected hf:USER/NAME" in failure(*arguments, "hf:someone")
    assert hub.repositories == {}


def test_a_private_repository_is_seen_with_a_token_only(hub, model, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", WRITER)
    assert run("push", model, "hf:someone/zebra", "--licence", "MIT", "--private").exit_code == 0
    monkeypatch.delenv("HF_TOKEN")
    assert failure("pull", "hf:someone/zebra") == (
        "hf:someone/zebra: no such repository, or none to be seen with no token "
        "(hf auth login, or HF_TOKEN)"
    )
    monkeypatch.setenv("HF_TOKEN", READER)
    assert run("pull", "hf:someone/zebra@v1").exit_code == 0
    assert "has no branch, tag or commit 'v2'" in failure(
        "pull", "hf:someone/zebra@v2", "--name", "b"
    )


def test_what_is_no_model_file_is_not_pushed(own_cache, tmp_path):
    for name in ("m.onnx", "m.pth"):
        (tmp_path / name).touch()
    with pytest.raises(UsageError, match=r"push the model file that it was exported from$"):
        raise run("push", tmp_path / "m.onnx", tmp_path / "out").exception
    with pytest.raises(UsageError, match=r"make it one: cyclekit models convert .*/m\.pth -o"):
        raise run("push", tmp_path / "m.pth", tmp_path / "out").exception
    with pytest.raises(UsageError, match="no target is named; expected hf:USER/NAME or a folder"):
        raise run("push", "turner", "", "--dry-run").exception
    assert not (tmp_path / "out").exists()


def test_a_hub_that_does_not_answer_is_one_line(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match=r"no answer from http://127.0.0.1:9; check the network"):
        raise run("pull", "hf:someone/zebra").exception


@pytest.mark.parametrize("answer", [b"<html>", b"[" * 100_000, b"{}"])
def test_a_server_that_is_no_hub_is_one_line(hub, answer):
    hub.answer = answer
    with pytest.raises(
        HubError, match=r"hf:someone/zebra: the answer of http.* is none of the Hub's"
    ):
        raise run("pull", "hf:someone/zebra").exception


def test_pushing_to_a_folder_and_pulling_from_it_need_no_huggingface_hub(tmp_path, model):
    code = (
        "import sys; sys.modules['huggingface_hub'] = None\n"
        "from cyclekit.cli.main import main\n"
        f"for line in (['push', {str(model)!r}, 'out', '--licence', 'MIT'], ['pull', 'out']):\n"
        "    try: main(['models', *line])\n"
        "    except SystemExit as left: assert not left.code\n"
        "main(['models', 'pull', 'hf:a/b'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1] == (
        "error: hf: needs huggingface_hub: pip install 'cyclekit[hub]'"
    )
    assert (tmp_path / "cyclekit/models/out" / MODEL).read_bytes() == model.read_bytes()
