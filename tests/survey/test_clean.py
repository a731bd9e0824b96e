"""A cleaned set holds what is of use, and the original is as it was."""

from pathlib import Path

import pytest

from cyclekit.data.layouts import find_domains
from cyclekit.errors import UsageError
from cyclekit.media.images import read
from cyclekit.survey.clean import Copied, check_target, copy_clean, left_out
from cyclekit.survey.listener import Silence
from cyclekit.survey.piles import find_piles
from cyclekit.survey.survey import survey
from tests.survey.worlds import fill, planted, put, scene


def cleaned(root: Path, target: Path) -> list[Copied]:
    piles = find_piles([root])
    found = survey(piles, Silence(), pixels=True)
    reasons = left_out(found.problems, found.groups, piles)
    return list(copy_clean(found.pictures, piles, reasons, target))


def test_only_what_is_of_use_is_copied_and_nothing_is_touched(tmp_path: Path) -> None:
    root, target = tmp_path / "set", tmp_path / "clean"
    planted(root)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    copies = cleaned(root, target)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    by_input = {one.input: one for one in copies}
    gone = {path.name for path, one in by_input.items() if one.reason}
    assert gone == {"again.png", "seen.jpg", "flat.png", "clear.png"}
    kept = {path.relative_to(target) for path in target.rglob("*.*")}
    assert len(kept) == 12 + 8 + 13 + 8  # of trainA, what is planted there, trainB, the tests
    assert not {"cut.png", "no.jpg", "zero.png", "flat.png", "clear.png", "seen.jpg", "readme.txt"} & {path.name for path in kept}  # fmt: skip
    assert {"small copy.jpg", "line.png", "gray.png", "turned.jpg", "deep.png"} <= {path.name for path in kept}  # fmt: skip
    for one in copies:
        if one.output is not None:
            assert one.output.read_bytes() == before[one.input]


def test_endings_tell_the_truth_afterwards_and_training_finds_both_domains(tmp_path: Path) -> None:
    planted(tmp_path / "set")
    cleaned(tmp_path / "set", tmp_path / "clean")
    assert read(tmp_path / "clean/trainA/liar.png").format == "PNG"
    assert read(tmp_path / "clean/trainA/picture.dat.png").format == "PNG"
    again = survey(find_piles([tmp_path / "clean"]), Silence(), pixels=True)
    weights = {one.kind for one in again.problems}
    assert weights <= {"near-empty", "gray", "long", "turned", "depth"}
    assert all(group.leak != "train and test" for group in again.groups)
    a, b = find_domains([tmp_path / "clean"])
    assert (len(a.train), len(b.train)) == (12 + 8, 13)


def test_names_become_text_and_never_meet(tmp_path: Path) -> None:
    folder = fill(tmp_path / "x", range(1))
    put(folder / "a.png", scene(1))
    put(folder / "b.png", scene(2)).rename(folder / "a.jpg")  # a PNG, that becomes a.png
    latin = Path(str(folder / "caf\udce9.png"))
    try:
        put(folder / "new.png", scene(3)).rename(latin)
    except OSError:
        pytest.skip("this file system takes only names that are text")
    made = {one.input.name: one.output for one in cleaned(folder, tmp_path / "out")}
    names = {name: output.name for name, output in made.items() if output is not None}
    assert names["caf\udce9.png"] == "caf%E9.png"
    assert {names["a.png"], names["a.jpg"]} == {"a.png", "a-2.png"}
    assert len(list((tmp_path / "out" / "").rglob("*.png"))) == 4


def test_places_that_would_harm_are_refused(tmp_path: Path) -> None:
    piles = find_piles([fill(tmp_path / "x", range(2))])
    for place in (tmp_path / "x", tmp_path / "x" / "clean", tmp_path):
        with pytest.raises(UsageError, match="beside or in what is copied"):
            check_target(place, piles, overwrite=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("")
    with pytest.raises(UsageError, match="not empty"):
        check_target(tmp_path / "full", piles, overwrite=False)
    check_target(tmp_path / "full", piles, overwrite=True)
