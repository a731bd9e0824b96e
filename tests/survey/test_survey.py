"""What is planted in a dataset is found, and nothing else."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cyclekit.errors import DataError
from cyclekit.survey.listener import Silence
from cyclekit.survey.piles import find_piles
from cyclekit.survey.survey import Survey, survey
from tests.media.odd import COUNT, REFUSED, odd
from tests.survey.worlds import fill, planted, put, scene


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Path], Survey]:
    root = tmp_path_factory.mktemp("world")
    spots = planted(root)
    return spots, survey(find_piles([root]), Silence(), pixels=True)


def test_every_planted_fault_is_told_once_and_no_other(
    world: tuple[dict[str, Path], Survey],
) -> None:
    spots, found = world
    told = {(problem.kind, problem.path) for problem in found.problems}
    expected = {
        "truncated": "truncated", "broken": "unreadable", "empty": "unreadable",
        "ending": "ending", "hidden": "hidden", "turned": "turned", "flat": "flat",
        "near-empty": "near-empty", "gray": "gray", "deep": "depth", "long": "long",
    }  # fmt: skip
    wanted = {(kind, spots[spot]) for spot, kind in expected.items()}
    wanted |= {("transparent", spots["clear"]), ("alpha", spots["clear"])}
    assert told == wanted
    assert len(found.problems) == len(wanted)


def test_copies_and_leaks_are_told_apart(world: tuple[dict[str, Path], Survey]) -> None:
    spots, found = world
    groups = {
        (group.leak, group.exact, frozenset(str(one.path.name) for one in group.members))
        for group in found.groups
    }
    assert groups == {
        ("train and test", False, frozenset({"seen.jpg", "0301.png"})),
        ("domains", True, frozenset({"also.png", "0005.png"})),
        ("", True, frozenset({"again.png", "0001.png"})),
        ("", False, frozenset({"small copy.jpg", "0002.png"})),
    }
    assert found.groups[0].leak == "train and test"
    assert spots["leaked"] in {one.path for one in found.groups[0].members}


def test_counts_are_those_of_the_files(world: tuple[dict[str, Path], Survey]) -> None:
    _, found = world
    assert [pile.name for pile in found.piles] == ["A (train)", "B (train)", "A (test)", "B (test)"]
    a, b, test_a, test_b = found.tallies
    assert (a.pictures, a.others) == (12 + 11, 1)
    assert (b.pictures, test_a.pictures, test_b.pictures) == (14, 4, 4)
    assert a.formats == Counter({"PNG": 22, "JPEG": 2})  # the truncated one has a header
    assert a.bits[16] == 1
    assert a.spread(a.short_sides)["p100"] == 250
    assert b.spread(b.aspects)["p50"] == 1


def test_a_second_look_only_where_it_is_wanted(world: tuple[dict[str, Path], Survey]) -> None:
    spots, _ = world
    quick = survey(find_piles([spots["flat"].parents[1]]), Silence(), pixels=False)
    assert quick.pictures == []
    assert quick.tallies[0].pictures == 12 + 12  # the truncated one shows only when decoded
    assert not {"flat", "gray", "truncated"} & {problem.kind for problem in quick.problems}
    assert {"ending", "hidden", "turned"} <= {problem.kind for problem in quick.problems}


def test_colours_are_those_of_the_pictures(tmp_path: Path) -> None:
    for name, level in (("a", 40), ("b", 60)):
        put(tmp_path / "x" / f"{name}.png", np.full((70, 70, 3), level, np.uint8))
    found = survey(find_piles([tmp_path / "x"]), Silence(), pixels=True)
    assert found.colours(0)["brightness"] == (50, 10)
    assert found.colours(0)["saturation"] == (0, 0)


def test_names_that_are_no_text_are_told(tmp_path: Path) -> None:
    fill(tmp_path / "x", range(2))
    latin = Path(str(tmp_path / "x" / "caf\udce9.png"))
    try:
        put(tmp_path / "x" / "new.png", scene(3)).rename(latin)
    except OSError:
        pytest.skip("this file system takes only names that are text")
    steering = put(tmp_path / "x" / "new.png", scene(4)).rename(tmp_path / "x" / "two\nlines.png")
    found = survey(find_piles([tmp_path / "x"]), Silence(), pixels=True)
    assert {(one.kind, one.path, one.detail) for one in found.problems} == {
        ("name", latin, "not UTF-8"),
        ("name", steering, "holds a character that cannot be printed"),
    }
    assert found.tallies[0].pictures == 4


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    fill(tmp_path / "x", range(2))
    (tmp_path / "x" / "folder.png").mkdir()
    (tmp_path / "x" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    found = survey(find_piles([tmp_path / "x"]), Silence(), pixels=True)
    assert [(one.kind, one.path.name) for one in found.problems] == [("unreadable", "gone.png")]


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (["trainA", "trainB"], ["A (train)", "B (train)"]),
        (["train/cat", "train/dog", "val/cat"], ["cat (train)", "dog (train)", "cat (val)"]),
        (["train", "test"], ["root (train)", "root (test)"]),
        (["cat", "dog"], ["root"]),
    ],
)
def test_layouts_that_training_takes_are_known(
    tmp_path: Path, folders: list[str], names: list[str]
) -> None:
    for folder in folders:
        (tmp_path / "root" / folder).mkdir(parents=True)
    assert [pile.name for pile in find_piles([tmp_path / "root"])] == names


def test_two_folders_are_two_domains_with_their_own_tests(tmp_path: Path) -> None:
    for folder in ("cat/train", "cat/test", "dog"):
        (tmp_path / folder).mkdir(parents=True)
    piles = find_piles([tmp_path / "cat", tmp_path / "dog"])
    assert [(pile.name, str(pile.place)) for pile in piles] == [
        ("cat (train)", "cat/train"), ("cat (test)", "cat/test"), ("dog", "dog"),
    ]  # fmt: skip
    with pytest.raises(DataError, match="named twice"):
        find_piles([tmp_path / "dog", tmp_path / "dog"])


@pytest.mark.data
def test_the_odd_collection_is_told_as_it_is() -> None:
    found = survey(find_piles([odd()]), Silence(), pixels=True)
    (tally,) = found.tallies
    assert tally.pictures + len(REFUSED) == COUNT
    unusable = {one.path.name: one.kind for one in found.problems if one.kind in ("unreadable", "truncated")}  # fmt: skip
    assert unusable == {
        name: "truncated" if reason == "truncated" else "unreadable" for name, reason in REFUSED.items()
    }  # fmt: skip
    by_kind = {kind: {one.path.name for one in ones} for kind, ones in found.by_kind().items()}
    turns = {f"hopper_orientation_{n}.{end}" for n in range(2, 9) for end in ("jpg", "webp")}
    turns |= {f"Landscape_{n}.jpg" for n in range(2, 9)} | {"g4_orientation_6.tif"}
    assert by_kind["turned"] == turns
    assert by_kind["colour"] == {"lab.tif", "pil_sample_cmyk.jpg", "tiff_strip_cmyk_jpeg.tif"}
    assert {"mode_16bit.png", "tiff_16bit_RGB.tiff", "hopper_16bit.pgm", "hopper_1bit.pbm"} <= by_kind["depth"]  # fmt: skip
    assert {"multipage.tiff", "frozenpond.mpo", "delay.png", "iss634.webp"} <= by_kind["frames"]
    assert "tRNS_null_1x1.png" in by_kind["transparent"]
    assert "ending" not in by_kind
    groups = [{one.path.name for one in group.members} for group in found.groups]
    assert {f"Landscape_{n}.jpg" for n in range(9)} in groups  # turned upright, they are one
    assert any(turns - {"g4_orientation_6.tif"} - {f"Landscape_{n}.jpg" for n in range(9)} <= group for group in groups)  # fmt: skip
