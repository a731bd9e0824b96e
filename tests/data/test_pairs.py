import cv2
import numpy as np
import pytest

from cyclekit.data.augment import Augmentation
from cyclekit.data.datasets import Paired
from cyclekit.data.layouts import Source
from cyclekit.data.pairs import find_pairs
from cyclekit.data.sources import held_out_pairs
from cyclekit.errors import DataError
from tests.tiny import picture


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def two_folders(folder, count=5, size=(24, 30)):
    """Pairs of a picture and its negative."""
    for i in range(count):
        image = picture(*size, seed=i)
        write(folder / f"a/{i}.png", image)
        write(folder / f"b/{i}.png", 255 - image)
    return [folder / "a", folder / "b"]


def paired(roots, seed=0, **augmentation):
    return Paired(*find_pairs(roots), Augmentation(None, 16, **augmentation), seed, cache=10**6)


def test_both_pictures_get_the_same_crop_and_flip(tmp_path):
    data = paired(two_folders(tmp_path))
    assert len(data) == 5
    crops = [data[i].values for i in range(15)]
    for values in crops:
        assert (values["a"] + values["b"] == 255).all()
    assert len({values["a"].numpy().tobytes() for values in crops}) == 15


def test_a_pair_is_recoloured_alike(tmp_path):
    roots = two_folders(tmp_path)
    for i in range(5):
        write(roots[1] / f"{i}.png", picture(24, 30, seed=i))  # the same picture twice
    values = paired(roots, color=0.5)[3].values
    assert (values["a"] == values["b"]).all()


def test_a_position_is_a_function_of_the_seed(tmp_path):
    roots = two_folders(tmp_path)
    one, two, other = (paired(roots, seed) for seed in (1, 1, 2))
    for i in (7, 3, 0):
        assert (one[i].values["a"] == two[i].values["a"]).all()
    assert any((one[i].values["a"] != other[i].values["a"]).any() for i in range(5))


def test_the_halves_of_a_picture_are_a_pair(tmp_path):
    for i in range(3):
        image = picture(20, 20, seed=i)
        write(tmp_path / f"pairs/{i}.png", np.concatenate([image, 255 - image], axis=1))
    values = paired([tmp_path / "pairs"])[1].values
    assert (values["a"] + values["b"] == 255).all()


def test_pairs_go_by_name_whatever_the_ending(tmp_path):
    for name in ("10", "9", "x/1"):
        write(tmp_path / f"trainA/{name}.png", picture())
        write(tmp_path / f"trainB/{name}.bmp", picture())
        write(tmp_path / f"testA/{name}.png", picture())
        write(tmp_path / f"testB/{name}.bmp", picture())
    a, b = find_pairs([tmp_path], ("photo", "map"))
    assert (a.name, b.name) == ("photo", "map")
    for one, other in ((a.train, b.train), (a.held_out, b.held_out)):
        assert len(one) == 3
        for first, second in zip(one, other, strict=True):
            assert first.path.with_suffix("").parts[-1:] == second.path.with_suffix("").parts[-1:]


def test_names_that_differ_by_endings_only_stay_apart(tmp_path):
    for name in ("1.png", "1.bmp"):
        write(tmp_path / "a" / name, picture())
        write(tmp_path / "b" / name, picture())
    a, b = find_pairs([tmp_path / "a", tmp_path / "b"])
    assert [source.path.name for source in a.train] == [source.path.name for source in b.train]


def test_a_picture_alone_is_named(tmp_path):
    roots = two_folders(tmp_path)
    (roots[1] / "3.png").unlink()
    with pytest.raises(DataError, match=r"a/3\.png: no picture of this name in the other folder"):
        find_pairs(roots)


def test_a_broken_picture_takes_its_partner_along(tmp_path):
    data = paired(two_folders(tmp_path))
    (tmp_path / "b/2.png").write_bytes(b"not a picture")
    items = [data[i] for i in range(5)]
    assert all((item.values["a"] + item.values["b"] == 255).all() for item in items)
    (message,) = {message for item in items for message in item.broken}
    assert "2.png" in message


def test_a_pair_of_two_shapes_is_skipped_and_told(tmp_path):
    data = paired(two_folders(tmp_path))
    write(tmp_path / "b/1.png", picture(30, 24))
    messages = {message for i in range(5) for message in data[i].broken}
    assert any("of this pair have other shapes: 30x24 and 24x30" in text for text in messages)


def test_nothing_readable_is_an_error(tmp_path):
    data = paired(two_folders(tmp_path, 2))
    for path in tmp_path.glob("b/*.png"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match="none of 2 pairs can be read"):
        data[0]


def test_held_out_pairs_stay_together(tmp_path):
    a, b = find_pairs(two_folders(tmp_path))
    (tmp_path / "a/0.png").write_bytes(b"")
    pairs = list(held_out_pairs(a, b, 3))
    assert len(pairs) == 3
    assert all((one + other == 255).all() for one, other in pairs)
    assert a.train[0] == Source(tmp_path / "a/0.png")
