from pathlib import Path

import pytest

from cyclekit.errors import DataError
from cyclekit.evaluation import measure
from cyclekit.evaluation.measure import evaluate
from cyclekit.evaluation.pile import pile_of_folder
from cyclekit.evaluation.task import Candidate, Task, Tools
from tests.evaluation.worlds import Ears, averages, paint


@pytest.fixture(scope="module")
def piles(tmp_path_factory):
    """Real pictures are red; the inputs are not; one model tints them, one does not."""
    root: Path = tmp_path_factory.mktemp("piles")
    return {
        "real": paint(root / "real", 14, tint=60),
        "train": paint(root / "train", 20, first=100, tint=60),
        "source": paint(root / "source", 12, first=200),
        "tints": paint(root / "tints", 12, first=200, tint=55),
        "idles": paint(root / "idles", 12, first=200),
    }


@pytest.fixture(scope="module")
def found(piles):
    return evaluate(task(piles), Tools([averages()]))


def task(piles, **changes):
    candidates = [Candidate(name, piles[name]) for name in ("tints", "idles")]
    values = {"real": piles["real"], "candidates": candidates, "source": piles["source"],
              "train": piles["train"]}  # fmt: skip
    return Task(**{**values, **changes})


def score(found, key, model):
    (row,) = (row for row in found.scores if (row.key, row.model) == (key, model))
    return row


def test_scores_of_one_kind_stand_together_in_the_models_order(found):
    keys = list(dict.fromkeys(row.key for row in found.scores))
    assert [(row.key, row.model) for row in found.scores] == [
        (key, model) for key in keys for model in ("tints", "idles")
    ]
    assert keys == [
        *(f"{name}:averages" for name in ("frechet", "kernel", "density", "coverage", "precision",
                                          "recall", "diversity", "structure", "copying")),
        "edges",
    ]  # fmt: skip


def test_doing_nothing_gets_what_a_model_gets_that_does_nothing(found):
    idle = score(found, "frechet:averages", "idles")
    assert idle.value == pytest.approx(idle.nothing)
    tints = score(found, "frechet:averages", "tints")
    assert tints.nothing == idle.nothing
    assert tints.floor.value < tints.nothing
    assert tints.value < idle.value
    assert score(found, "structure:averages", "idles").value == 0
    assert score(found, "structure:averages", "tints").value > 0


def test_the_better_model_is_found_better(found):
    (row,) = (row for row in found.differences if row.key == "kernel:averages")
    assert row.models == ("tints", "idles")
    assert (row.test.difference < 0, row.test.p_value < 0.05, row.inputs) == (True, True, 12)
    assert {row.key for row in found.differences} == {
        "frechet:averages", "kernel:averages", "structure:averages", "edges"
    }  # fmt: skip


def test_the_record_says_how_it_was_measured(found):
    assert found.protocol["networks"][0]["sha256"] == "a" * 64
    assert found.protocol["networks"][0]["resize"] == "pil-bicubic-16"
    assert found.protocol["real"] == {
        "name": "real", "pictures": 14, "formats": {".png": 14}, "sizes": {"32x32": 14}
    }  # fmt: skip
    assert set(found.protocol["models"]) == {"tints", "idles"}
    assert any("real has 14 pictures: with fewer than 50" in note for note in found.notes)


def test_pairs_by_name_are_measured_beside_doing_nothing(piles):
    changed = task(piles, real=piles["tints"], candidates=[Candidate("idles", piles["idles"])])
    found = evaluate(changed, Tools())
    rmse = score(found, "rmse", "idles")
    assert rmse.value == pytest.approx(rmse.nothing)
    assert rmse.value > 10
    assert rmse.name == "RMSE, levels (12 pairs of equal names, test split)"
    assert set(found.pictures["within5"]["idles"]) == {str(n) for n in range(12)}


def test_numbers_that_are_no_pairs_are_doubted(piles):
    other = task(piles, real=piles["source"], source=None,
                 candidates=[Candidate("far", paint(Path(piles["real"].sources["0"].path.parent)
                                                    .with_name("far"), 12, first=900))])  # fmt: skip
    found = evaluate(other, Tools())
    assert any(
        "far and source share names, but their edges match no better" in n for n in found.notes
    )
    with pytest.raises(DataError, match="nothing to measure"):
        evaluate(Task(**{**vars(other), "pairs": "none"}), Tools())


def test_cycles_and_seeds(piles):
    candidates = [
        Candidate(name, piles[name], back=piles["source"], recipe="one")
        for name in ("tints", "idles")
    ]
    found = evaluate(task(piles, candidates=candidates), Tools())
    assert score(found, "cycle", "tints").value == 100
    assert [(row.key, row.models) for row in found.repeated] == [
        ("edges", ("tints", "idles")), ("cycle", ("tints", "idles"))
    ]  # fmt: skip


def test_inputs_under_other_names_are_said(piles, tmp_path):
    for number in range(3):
        source = piles["source"].sources[str(number)].path
        (tmp_path / f"x{number}.png").write_bytes(source.read_bytes())
    found = evaluate(task(piles, source=pile_of_folder(tmp_path, "odd")), Tools([averages()]))
    assert any("no picture of odd has the name of one of tints" in note for note in found.notes)
    assert not any(row.key in ("edges", "structure:averages") for row in found.scores)


def test_jpegs_against_pngs_are_said(piles, tmp_path):
    packed = paint(tmp_path / "packed", 6, ending="jpg")
    found = evaluate(task(piles, candidates=[Candidate("packed", packed)]), Tools([averages()]))
    assert any("packed: 6 of 6 pictures are stored as JPEG" in note for note in found.notes)


def test_of_very_many_training_pictures_some_are_drawn(piles, monkeypatch):
    monkeypatch.setattr(measure, "TRAIN_LIMIT", 15)
    found = evaluate(task(piles), Tools([averages()]))
    assert found.protocol["train"]["pictures"] == 15
    assert any("of 20 training pictures 15 are looked at" in note for note in found.notes)


def test_a_pile_that_cannot_be_read_ends_it(piles, tmp_path):
    broken = paint(tmp_path / "broken", 3)
    for path in (tmp_path / "broken").iterdir():
        path.write_bytes(b"broken")
    ears = Ears()
    with pytest.raises(DataError, match="broken: 0 of 3 pictures can be read, needs at least 2"):
        evaluate(
            task(piles, candidates=[Candidate("broken", broken)]),
            Tools([averages()], listener=ears),
        )
    assert len(ears.failures) == 3


def test_pictures_on_both_sides_are_said(piles, tmp_path):
    mixed = tmp_path / "mixed"
    paint(mixed, 3, first=800)
    for number in range(4):
        (mixed / f"r{number}.png").write_bytes(piles["real"].sources[str(number)].path.read_bytes())
    known = pile_of_folder(mixed, "mixed")
    tools = Tools([averages()])
    notes = evaluate(task(piles, candidates=[Candidate("mixed", known)]), tools).notes
    assert any("4 of 7 pictures of mixed are, byte by byte, in real too" in one for one in notes)
    notes = evaluate(task(piles, train=known), tools).notes
    assert any("4 of 14 pictures of real are, byte by byte, in mixed too" in one for one in notes)
    assert not any("byte by byte" in one for one in evaluate(task(piles), tools).notes)
