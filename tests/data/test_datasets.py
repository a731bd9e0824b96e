import cv2
import numpy as np
import pytest

from cyclekit.data.augment import Augmentation
from cyclekit.data.datasets import Labelled, Single, Unpaired
from cyclekit.data.layouts import Domain, find_domains
from cyclekit.data.loader import Positions, make_loader
from cyclekit.data.source import Source
from cyclekit.data.sources import read_source, require_usable
from cyclekit.errors import DataError, MediaError
from tests.tiny import picture


def domains(tmp_path, a=5, b=3):
    for name, count in (("a", a), ("b", b)):
        (tmp_path / name).mkdir()
        for i in range(count):
            cv2.imwrite(str(tmp_path / name / f"{i}.png"), np.full((20, 24, 3), 8 * i, np.uint8))
    return find_domains([tmp_path / "a", tmp_path / "b"])


def dataset(tmp_path, seed=0, **counts):
    return Unpaired(*domains(tmp_path, **counts), Augmentation(None, 16), seed, cache=10**6)


def test_an_epoch_shows_every_picture_once(tmp_path):
    data = dataset(tmp_path)
    assert {int(data[i].values["a"].max()) for i in range(5)} == {0, 8, 16, 24, 32}
    assert {int(data[i].values["b"].max()) for i in range(3)} == {0, 8, 16}
    assert len(data) == 5


def test_the_next_epoch_has_another_order(tmp_path):
    data = dataset(tmp_path, a=30)
    first = [int(data[i].values["a"].max()) for i in range(30)]
    second = [int(data[i].values["a"].max()) for i in range(30, 60)]
    assert first != second
    assert sorted(first) == sorted(second)


def test_crops_depend_on_seed_and_position_only(tmp_path):
    (tmp_path / "a").mkdir()
    cv2.imwrite(str(tmp_path / "a/0.png"), picture(64, 64))
    domain = Domain("a", (Source(tmp_path / "a/0.png"),), ())
    one, two, other = (
        Unpaired(domain, domain, Augmentation(None, 16), seed, cache=0) for seed in (1, 1, 2)
    )
    backwards = [two[i].values["a"] for i in reversed(range(4))][::-1]
    assert all((one[i].values["a"] == backwards[i]).all() for i in range(4))
    assert any((one[i].values["a"] != other[i].values["a"]).any() for i in range(4))
    assert (one[0].values["a"] != one[1].values["a"]).any()


def test_a_broken_picture_is_named_and_replaced(tmp_path):
    data = dataset(tmp_path)
    (tmp_path / "a/2.png").write_bytes(b"not a picture")
    items = [data[i] for i in range(5)]
    broken = {message for item in items for message in item.broken}
    assert len(broken) == 1
    assert "2.png" in broken.pop()


def test_one_usable_picture_is_not_enough(tmp_path):
    a, b = domains(tmp_path, a=1)
    with pytest.raises(DataError, match="domain 'a' has 1 usable pictures, needs at least 2"):
        require_usable(a)
    assert require_usable(b) == []


def test_halves_of_a_pair(tmp_path):
    pair = np.zeros((4, 8, 3), np.uint8)
    pair[:, 4:] = 200
    cv2.imwrite(str(tmp_path / "pair.png"), pair)
    assert read_source(Source(tmp_path / "pair.png", "left")).max() == 0
    assert read_source(Source(tmp_path / "pair.png", "right")).min() == 200


def test_a_pair_needs_two_columns(tmp_path):
    cv2.imwrite(str(tmp_path / "thin.png"), np.zeros((8, 1, 3), np.uint8))
    with pytest.raises(MediaError, match="1 px wide"):
        read_source(Source(tmp_path / "thin.png", "left"))


def test_pictures_are_never_distorted():
    augmentation = Augmentation(load=32, crop=32, flip=0)
    assert augmentation.prepare(picture(64, 128)).shape == (32, 64, 3)


def test_small_pictures_are_enlarged_to_the_crop():
    augmentation = Augmentation(load=None, crop=32)
    assert augmentation(augmentation.prepare(picture(8, 10)), seed=0).shape == (32, 32, 3)


def test_colour_changes_are_drawn_by_the_seed():
    augmentation = Augmentation(None, 16, flip=0, color=0.5)
    image = picture(16, 16)
    assert (augmentation(image, 1) == augmentation(image, 1)).all()
    assert (augmentation(image, 1) != augmentation(image, 2)).any()


def test_processes_share_a_batch_in_order():
    whole = iter(Positions(start=8, batch=4))
    parts = [iter(Positions(start=8, batch=4, rank=rank, world=2)) for rank in range(2)]
    for _ in range(3):
        assert next(whole) == [place for part in parts for place in next(part)]


def test_worker_processes_yield_the_same_batches(tmp_path):
    data = dataset(tmp_path)
    alone = iter(make_loader(data, Positions(2, 2), workers=0))
    helped = iter(make_loader(data, Positions(2, 2), workers=1))
    for _ in range(2):
        assert (next(alone).values["a"] == next(helped).values["a"]).all()


def test_one_pile_is_shown_whole_every_epoch(tmp_path):
    (domain, _) = domains(tmp_path)
    data = Single(domain, Augmentation(None, 16), seed=0, cache=10**6)
    assert len(data) == 5
    assert {int(data[i].values["picture"].max()) for i in range(5)} == {0, 8, 16, 24, 32}
    assert {int(data[i].values["picture"].max()) for i in range(5, 10)} == {0, 8, 16, 24, 32}


def test_classes_take_turns_however_many_pictures_they_have(tmp_path):
    data = Labelled(domains(tmp_path, a=9, b=2), Augmentation(None, 16), seed=0, cache=10**6)
    assert len(data) == 11
    items = [data[i].values for i in range(36)]
    labels = [int(item["label"]) for item in items]
    assert all(sorted(labels[i : i + 2]) == [0, 1] for i in range(0, 36, 2))
    assert labels != [0, 1] * 18
    shown = {
        label: [int(x["picture"].max()) for x in items if x["label"] == label] for label in (0, 1)
    }
    assert sorted(shown[0]) == sorted([*range(0, 72, 8)] * 2)
    assert sorted(shown[1]) == [0] * 9 + [8] * 9


def test_a_labelled_position_is_a_function_of_the_seed(tmp_path):
    piles = domains(tmp_path)
    one, two, other = (Labelled(piles, Augmentation(None, 16), seed, cache=0) for seed in (1, 1, 2))
    order = [7, 3, 0, 11]
    for i in order:
        assert one[i].values["label"] == two[i].values["label"]
        assert (one[i].values["picture"] == two[i].values["picture"]).all()
    assert [int(one[i].values["label"]) for i in range(20)] != [
        int(other[i].values["label"]) for i in range(20)
    ]


def test_a_broken_picture_of_a_class_is_replaced_by_one_of_its_class(tmp_path):
    data = Labelled(domains(tmp_path), Augmentation(None, 16), seed=0, cache=10**6)
    (tmp_path / "b/1.png").write_bytes(b"not a picture")
    items = [data[i] for i in range(12)]
    assert any("1.png" in message for item in items for message in item.broken)
    assert {int(x.values["picture"].max()) for x in items if x.values["label"] == 1} == {0, 16}


@pytest.mark.parametrize("shape", [(64, 32), (32, 64), (7, 30)])
def test_a_whole_picture_has_its_edges_drawn_out(shape):
    height, width = shape
    image = picture(*shape)
    squared = Augmentation(None, 8, fit="whole").prepare(image)
    side = max(shape)
    top, left = (side - height) // 2, (side - width) // 2
    assert squared.shape == (side, side, 3)
    assert (squared[top : top + height, left : left + width] == image).all()
    assert (squared[0, left] == image[0, 0]).all()
    assert (squared[top, 0] == image[0, 0]).all()


def test_a_whole_picture_is_resized_after_it_is_squared():
    assert Augmentation(20, 16, fit="whole").prepare(picture(64, 32)).shape == (20, 20, 3)


def test_zoomed_crops_show_up_to_so_many_times_as_much():
    image = np.zeros((48, 48, 3), np.uint8)
    image[:, :, 0] = np.arange(48) * 5  # a slope tells the scale of a crop
    augmentation = Augmentation(None, 16, flip=0, zoom=3.0)
    crops = [augmentation(augmentation.prepare(image), seed)[8, :, 0] for seed in range(60)]
    widths = [(int(row[-1]) - int(row[0])) / 15 / 5 for row in crops]
    assert min(widths) < 1.4
    assert 2.3 < max(widths) <= 3.05
    assert {crop.shape for crop in crops} == {(16,)}


def test_small_pictures_are_enlarged_to_the_largest_crop():
    small = Augmentation(None, 16, zoom=2.0).prepare(np.zeros((20, 25, 3), np.uint8))
    assert small.shape == (32, 40, 3)
