"""Side-by-side pictures to folders and back, bit for bit."""

from pathlib import Path

import numpy as np
import pytest

from cyclekit.data.side_by_side import join_pairs, split_pairs
from cyclekit.errors import DataError, UsageError
from cyclekit.media.images import Picture, read, write
from tests.tiny import picture


def wide(seed: int, *, deep: bool = False, clear: bool = False) -> Picture:
    pixels = picture(20, 48, seed=seed)
    alpha = picture(20, 48, 1, seed=seed + 1)[..., 0] if clear else None
    return Picture(pixels.astype(np.uint16) * 257 if deep else pixels, alpha)


def test_there_and_back_nothing_is_lost(tmp_path: Path) -> None:
    made = {"train/1": wide(1), "train/sub/2": wide(2, deep=True), "val/3": wide(3, clear=True)}
    for name, image in made.items():
        write(tmp_path / "in" / f"{name}.png", image)
    cut = list(split_pairs(tmp_path / "in", tmp_path / "apart", ("photo", "plan")))
    assert [one.error for one in cut] == [None] * 3
    for split in ("train", "val"):
        sides = [tmp_path / "apart" / split / name for name in ("photo", "plan")]
        assert not [one.error for one in join_pairs(*sides, tmp_path / "back" / split) if one.error]
    for name, image in made.items():
        back = read(tmp_path / "back" / f"{name}.png")
        assert back.pixels.dtype == image.pixels.dtype
        assert np.array_equal(back.pixels, image.pixels)
        if image.alpha is not None:
            assert np.array_equal(back.alpha, image.alpha)


def test_left_is_the_first_name(tmp_path: Path) -> None:
    write(tmp_path / "in" / "1.jpg", wide(1))
    (made,) = split_pairs(tmp_path / "in", tmp_path / "out", ("l", "r"))
    assert made.outputs == (tmp_path / "out/l/1.png", tmp_path / "out/r/1.png")
    whole = read(tmp_path / "in" / "1.jpg").pixels
    assert np.array_equal(read(made.outputs[0]).pixels, whole[:, :24])
    assert np.array_equal(read(made.outputs[1]).pixels, whole[:, 24:])


def test_one_bad_pair_does_not_stop_the_rest(tmp_path: Path) -> None:
    write(tmp_path / "in" / "1.png", wide(1))
    write(tmp_path / "in" / "2.png", Picture(picture(20, 33)))
    (tmp_path / "in" / "3.png").write_bytes(b"no picture")
    errors = [one.error for one in split_pairs(tmp_path / "in", tmp_path / "out", ("A", "B"))]
    assert errors == [None, "33 px wide, which has no middle", "not a picture that can be read"]


def test_partners_that_are_missing_or_differ_are_named(tmp_path: Path) -> None:
    for name, side in (
        ("l/1", 20),
        ("l/2", 20),
        ("l/3", 20),
        ("r/1", 20),
        ("r/2", 24),
        ("r/4", 20),
    ):
        write(tmp_path / f"{name}.png", Picture(picture(side, side)))
    made = {one.input.parent.name + one.input.stem: one.error for one in join_pairs(tmp_path / "l", tmp_path / "r", tmp_path / "out")}  # fmt: skip
    assert made["l1"] is None
    assert "20x20, but" in made["l2"]
    assert made["l3"] == f"no picture of that name in {tmp_path / 'r'}"
    assert made["r4"] == f"no picture of that name in {tmp_path / 'l'}"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["1.png"]


def test_what_is_there_stays(tmp_path: Path) -> None:
    write(tmp_path / "in" / "1.png", wide(1))
    first, second, third = (
        next(split_pairs(tmp_path / "in", tmp_path / "out", ("A", "B"), overwrite=again))
        for again in (False, False, True)
    )
    assert [one.skipped for one in (first, second, third)] == [False, True, False]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(DataError, match="no pictures in this folder"):
        list(split_pairs(tmp_path / "in", tmp_path / "out", ("A", "B")))


def test_nothing_is_written_among_the_inputs_nor_outside_the_output(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write(folder / "1.png", wide(1))
    for output in (folder, folder / "apart"):
        with pytest.raises(UsageError, match="which is read"):
            next(split_pairs(folder, output, ("A", "B")))
    for names in (("same", "same"), ("../up", "B"), ("A", ""), ("A", "b/c"), ("..", "A")):
        with pytest.raises(UsageError, match="expected two different names of folders"):
            next(split_pairs(folder, tmp_path / "out", names))
    list(split_pairs(folder, tmp_path / "out", ("A", "B")))
    before = (tmp_path / "out/A/1.png").read_bytes()
    for output in (tmp_path / "out/A", tmp_path / "out/B/sub"):
        with pytest.raises(UsageError, match="which is read"):
            next(join_pairs(tmp_path / "out/A", tmp_path / "out/B", output, overwrite=True))
    assert (tmp_path / "out/A/1.png").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def test_of_two_that_would_have_the_same_halves_the_second_is_named(tmp_path: Path) -> None:
    for name in ("1.jpg", "1.png"):
        write(tmp_path / "in" / name, wide(1))
    errors = [one.error for one in split_pairs(tmp_path / "in", tmp_path / "out", ("A", "B"))]
    assert errors == [None, f"its halves would have the names of those of {tmp_path / 'in/1.jpg'}"]
