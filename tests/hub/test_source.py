from pathlib import Path

import pytest

from cyclekit.errors import CheckpointError, UsageError
from cyclekit.hub.source import DEFAULT_MODEL, embedded_models, find_model


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "embedded").mkdir()
    for name in (DEFAULT_MODEL, "vintage"):
        (tmp_path / "embedded" / f"{name}.safetensors").touch()
        (tmp_path / "embedded" / f"{name}.md").touch()
    (tmp_path / "secret.safetensors").touch()
    return tmp_path / "embedded"


def test_names_are_read_from_the_folder(folder):
    assert list(embedded_models(folder)) == [DEFAULT_MODEL, "vintage"]


def test_nothing_means_the_default(folder):
    assert find_model(None, folder) == folder / f"{DEFAULT_MODEL}.safetensors"


def test_a_name_means_the_embedded_model_even_beside_a_file(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("vintage").touch()
    assert find_model("vintage", folder) == folder / "vintage.safetensors"
    assert find_model("./vintage", folder) == Path("vintage")
    assert find_model(Path("vintage"), folder) == Path("vintage")


def test_a_name_never_leaves_the_folder(folder):
    for name in ("../secret", "../embedded/vintage", "/vintage", "", "*"):
        with pytest.raises(UsageError, match="no embedded or pulled model has that name"):
            find_model(name, folder)


def test_an_unknown_name_gets_a_suggestion(folder):
    with pytest.raises(
        UsageError, match=r"no model file 'vintag' exists.*did you mean 'vintage'\?"
    ):
        find_model("vintag", folder)


def test_a_run_means_its_model(folder, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(CheckpointError, match=r"a folder without model\.safetensors"):
        find_model(run, folder)
    (run / "model.safetensors").touch()
    assert find_model(str(run), folder) == run / "model.safetensors"
