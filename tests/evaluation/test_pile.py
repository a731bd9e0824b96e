from pathlib import Path

import pytest

from cyclekit.data.source import Source
from cyclekit.errors import DataError
from cyclekit.evaluation.pile import common_keys, pile_of_folder, pile_of_sources


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_keys_are_places_without_endings(tmp_path):
    real = pile_of_folder(touch(tmp_path / "real", "a/2.jpg", "a/10.png", "b.PNG"))
    fake = pile_of_folder(touch(tmp_path / "fake", "b.png", "a/2.png", "c.png"), "mine")
    assert list(real.sources) == ["a/2", "a/10", "b"]
    assert (real.name, fake.name) == (str(tmp_path / "real"), "mine")
    assert common_keys(fake.sources, real.sources) == ["a/2", "b"]


def test_pictures_that_differ_by_their_ending_keep_it(tmp_path):
    pile = pile_of_folder(touch(tmp_path, "1.jpg", "1.png", "2.png"))
    assert sorted(pile.sources) == ["1.jpg", "1.png", "2"]


def test_halves_of_one_file_have_one_key():
    paths = [Path(f"maps/val/{n}.jpg") for n in (1, 2)]
    left, right = (
        pile_of_sources(half, [Source(path, half) for path in paths]) for half in ("left", "right")
    )
    assert list(left.sources) == list(right.sources) == ["1", "2"]


def test_folders_that_cannot_be_measured_are_named(tmp_path):
    with pytest.raises(DataError, match="absent: no such folder"):
        pile_of_folder(tmp_path / "absent")
    with pytest.raises(DataError, match="holds 1 pictures, needs at least 2"):
        pile_of_folder(touch(tmp_path / "one", "1.png", "notes.txt"))
