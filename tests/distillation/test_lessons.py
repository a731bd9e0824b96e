import shutil

import numpy as np
import pytest

from cyclekit.data.augment import Augmentation
from cyclekit.data.datasets import Paired
from cyclekit.data.sources import read_source
from cyclekit.distillation.lessons import teach
from cyclekit.distillation.targets import Targets
from cyclekit.errors import DataError
from tests.distillation.worlds import Negative, photographs

PREPARE = Augmentation(12, 8).prepare


def test_every_picture_meets_what_the_teacher_makes_of_it(tmp_path):
    domain, targets = photographs(tmp_path / "day"), Targets(tmp_path / "kept", "t", 10**9)
    (day, night), lessons = teach(domain, PREPARE, Negative().teacher(), targets)
    assert (day.name, night.name) == ("day", "night")
    assert (len(night.train), len(night.held_out)) == (4, 1)
    assert (lessons.broken, lessons.left_out) == ([], 0)
    for one, other in zip(day.train + day.held_out, night.train + night.held_out, strict=True):
        seen = PREPARE(read_source(one))
        assert seen.shape == (12, 20, 3)
        assert np.array_equal(read_source(other), 255 - seen)


def test_crops_and_flips_of_a_pair_are_the_same(tmp_path):
    domain, targets = photographs(tmp_path / "day"), Targets(tmp_path / "kept", "t", 10**9)
    pair, _ = teach(domain, PREPARE, Negative().teacher(), targets)
    crops = Paired(*pair, Augmentation(12, 8), seed=0, cache=10**6)
    for position in range(12):
        values = crops[position].values
        assert values["a"].shape == (3, 8, 8)
        assert (values["a"] + values["b"] == 255).all()


def test_nobody_is_asked_twice_wherever_the_pictures_are(tmp_path):
    domain, by_hand = photographs(tmp_path / "day"), Negative()
    teach(domain, PREPARE, by_hand.teacher(), Targets(tmp_path / "kept", "t", 10**9))
    assert by_hand.asked == 5
    shutil.move(tmp_path / "day", tmp_path / "moved")
    moved = photographs(tmp_path / "moved")
    teach(moved, PREPARE, by_hand.teacher(), Targets(tmp_path / "kept", "t", 10**9))
    assert by_hand.asked == 5
    teach(moved, PREPARE, by_hand.teacher(), Targets(tmp_path / "kept", "other", 10**9))
    assert by_hand.asked == 10
    larger = Augmentation(16, 8).prepare
    teach(moved, larger, by_hand.teacher(), Targets(tmp_path / "kept", "t", 10**9))
    assert by_hand.asked == 15


def test_what_was_interrupted_goes_on(tmp_path):
    domain = photographs(tmp_path / "day", 40)
    by_hand, tired = Negative(), Negative()

    def stop(sources):
        for number, source in enumerate(sources):
            if number == 20:
                raise KeyboardInterrupt
            yield source

    targets = Targets(tmp_path / "kept", "t", 10**9)
    with pytest.raises(KeyboardInterrupt):
        teach(domain, PREPARE, tired.teacher(), targets, stop)
    assert tired.asked == 16
    pair, _ = teach(domain, PREPARE, by_hand.teacher(), Targets(tmp_path / "kept", "t", 10**9))
    assert by_hand.asked == 24
    assert len(pair[1].train) == 39


def test_broken_pictures_are_named_and_left_out(tmp_path):
    domain = photographs(tmp_path / "day")
    domain.train[1].path.write_bytes(b"no picture")
    targets = Targets(tmp_path / "kept", "t", 10**9)
    (day, night), lessons = teach(domain, PREPARE, Negative().teacher(), targets)
    assert len(day.train) == len(night.train) == 3
    assert [message.split(":")[0] for message in lessons.broken] == [str(domain.train[1].path)]


def test_a_full_folder_takes_no_more(tmp_path):
    domain = photographs(tmp_path / "day", 40)
    least = Targets(tmp_path / "kept", "t", 1)
    with pytest.raises(DataError, match=r"0 pictures of 'day' .* is full \(0 MB\); raise --cache"):
        teach(domain, PREPARE, Negative().teacher(), Targets(tmp_path / "none", "t", 0))
    (day, night), lessons = teach(domain, PREPARE, Negative().teacher(), least)
    assert len(day.held_out) == 1  # first, so that there is something to measure with
    assert len(day.train) == len(night.train) == 15
    assert lessons.left_out == 24
    assert Targets(tmp_path / "kept", "another teacher", 1).is_full


def test_too_few_pictures_are_an_error(tmp_path):
    domain = photographs(tmp_path / "day", 2)
    with pytest.raises(DataError, match="1 pictures of 'day' can be learned from, expected 2"):
        teach(domain, PREPARE, Negative().teacher(), Targets(tmp_path / "kept", "t", 10**9))
