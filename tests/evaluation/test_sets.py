import pytest
import torch

from cyclekit.evaluation import floor, sets
from cyclekit.evaluation.copying import score_copying
from cyclekit.evaluation.floor import measure_floor
from cyclekit.evaluation.set_scores import measure
from cyclekit.evaluation.sets import errors, score_sets
from cyclekit.metrics.frechet import distance_of_few
from cyclekit.metrics.kernel import kernel_distance
from tests.evaluation.worlds import averages, cloud

ALL = ["frechet", "kernel", "density", "coverage", "precision", "recall", "diversity"]


def scored(real, fake, others=None, *, extractor=None, **beside):
    floor = measure_floor(real, fake, others)
    beside = {"nothing": None, "jpeg": None} | beside
    rows = score_sets(
        extractor or averages(), "mine", "test split", real, fake, floor=floor, **beside
    )
    return {row.key.split(":")[0]: row for row in rows}


def test_every_score_of_sets_is_measured_with_its_error():
    real, fake = cloud(30), cloud(20, seed=1, shift=1)
    found = measure(real, fake)
    assert list(found) == ALL
    assert found["kernel"] == pytest.approx(1000 * kernel_distance(real, fake).value)
    off = errors(real, fake, tuple(found))
    assert set(off) == set(ALL)
    assert off["kernel"] == pytest.approx(1000 * kernel_distance(real, fake).error)
    assert 0.2 < off["frechet"] < found["frechet"]


def test_names_carry_network_resize_counts_and_split():
    found = scored(cloud(30), cloud(20, seed=1))
    counts = "(pil-bicubic-16, 20 vs 30, test split)"
    assert found["frechet"].name == f"FD-Averages {counts}"
    assert found["kernel"].name == f"KD-Averages ×1000 {counts}"
    assert found["coverage"].name == f"coverage-Averages, k=5 {counts}"
    unknown = scored(cloud(30), cloud(20, seed=1), extractor=averages(published=False))
    assert unknown["frechet"].name.startswith("FD-Averages~aaaaaaaa (")


def test_with_training_pictures_the_floor_has_the_counts_of_the_score():
    real, fake, others = cloud(30), cloud(20, seed=1, shift=2), cloud(90, seed=2)
    score = scored(real, fake, others)["frechet"]
    assert score.floor_counts == (20, 30)
    assert score.at_floor_counts is None
    assert score.floor.value < 5 < score.value
    assert 0 < score.floor.error < score.floor.value


def test_without_them_halves_make_the_floor_and_the_fakes_are_measured_at_halves():
    real, fake = cloud(30), cloud(20, seed=1, shift=2)
    score = scored(real, fake)["frechet"]
    assert score.floor_counts == (15, 15)
    assert score.at_floor_counts > score.value  # fewer pictures are further apart
    assert score.floor.value < score.at_floor_counts


def test_a_floor_of_real_against_real_is_what_good_fakes_get():
    real, fake, others = cloud(40), cloud(40, seed=5), cloud(400, seed=2)
    score = scored(real, fake, others)["frechet"]
    assert score.value == pytest.approx(score.floor.value, abs=5 * score.floor.error)


def test_doing_nothing_and_jpeg_stand_beside_the_score():
    real, fake, inputs = cloud(30), cloud(20, seed=1, shift=1), cloud(25, seed=3, shift=2)
    packed = fake + 0.5
    score = scored(real, fake, nothing=inputs, jpeg=packed)["frechet"]
    assert score.nothing == pytest.approx(distance_of_few(inputs, real), abs=1e-6)
    change = distance_of_few(packed, real) - distance_of_few(fake, real)
    assert score.jpeg == pytest.approx(change, abs=1e-6)
    line = score.as_dict()
    assert (line["do_nothing"], line["jpeg_90_change"]) == (score.nothing, score.jpeg)


def test_few_pictures_leave_out_what_needs_neighbours():
    assert list(measure(cloud(3), cloud(4, seed=1))) == ["frechet", "kernel", "diversity"]
    assert measure_floor(cloud(3), cloud(4, seed=1), None) is None
    assert "diversity" not in measure(torch.zeros(3, 2), cloud(4)[:, :2])


def test_many_pictures_get_no_jackknife_and_one_draw(monkeypatch):
    monkeypatch.setattr(sets, "MANY", 10)
    monkeypatch.setattr(floor, "MANY", 10)
    real, fake = cloud(12), cloud(8, seed=1)
    assert set(errors(real, fake, tuple(ALL))) == {"kernel"}
    assert measure_floor(real, fake, cloud(20, seed=2)).scores["frechet"].error is None


def test_a_copy_is_found_with_the_picture_it_copies():
    real, train = cloud(20), cloud(50, seed=1)
    fake = torch.cat([train[7:8] + 1e-4, cloud(4, seed=2)])
    score, ratio, index = score_copying(averages(), "mine", "test split", real, fake, train)
    assert (int(index[0]), float(ratio[0]) < 1e-3) == (7, True)
    assert score.value == pytest.approx(float(ratio.median()))
    assert 0.5 < score.value < 2
    assert "50 training" in score.name
