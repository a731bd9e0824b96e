import pytest

from cyclekit.data.class_folders import find_classes, find_pile, find_single
from cyclekit.errors import ConfigError, DataError
from tests.data.test_layouts import fill


def test_a_folder_is_one_domain_all_the_way_down(tmp_path):
    fill(tmp_path / "faces/old")
    fill(tmp_path / "faces/new", 2)
    (domain,) = find_single([tmp_path / "faces"])
    assert (domain.name, len(domain.train)) == ("faces", 5)
    assert find_single([tmp_path / "faces"], ["people"])[0].name == "people"


def test_a_folder_with_train_and_test_is_split(tmp_path):
    fill(tmp_path / "faces/train")
    fill(tmp_path / "faces/test", 2)
    (domain,) = find_single([tmp_path / "faces"])
    assert (domain.name, len(domain.train), len(domain.held_out)) == ("faces", 3, 2)


def test_a_pile_may_lie_in_many_places(tmp_path):
    fill(tmp_path / "faces/train")
    fill(tmp_path / "faces/test", 2)
    fill(tmp_path / "more", 4)
    alone = sorted((tmp_path / "more").iterdir())[:2]
    domain = find_pile([tmp_path / "faces", tmp_path / "more", *alone], "people")
    assert (domain.name, len(domain.train), len(domain.held_out)) == ("people", 9, 2)
    with pytest.raises(DataError, match="no such folder"):
        find_pile([tmp_path / "faces", tmp_path / "gone"], "people")


def test_one_pile_is_one_folder(tmp_path):
    fill(tmp_path / "a")
    fill(tmp_path / "b")
    with pytest.raises(DataError, match="expected one folder of pictures, or one video, got 2"):
        find_single([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(DataError, match="no such folder"):
        find_single([tmp_path / "c"])


def test_class_folders_are_classes_in_the_order_of_their_names(tmp_path):
    for name in ("10", "9", "2"):
        fill(tmp_path / "digits" / name, 3)
    (tmp_path / "digits/.cache").mkdir()
    domains = find_classes([tmp_path / "digits"])
    assert [domain.name for domain in domains] == ["2", "9", "10"]
    assert all(source.path.parent.name == d.name for d in domains for source in d.train)


def test_class_folders_with_tests(tmp_path):
    for name in ("train/cat", "train/dog", "test/cat"):
        fill(tmp_path / name)
    cat, dog = find_classes([tmp_path])
    assert (len(cat.held_out), len(dog.held_out)) == (3, 0)


def test_several_folders_are_a_class_each(tmp_path):
    for name in ("dog", "cat"):
        fill(tmp_path / name)
    domains = find_classes([tmp_path / "dog", tmp_path / "cat"])
    assert [domain.name for domain in domains] == ["dog", "cat"]


def test_classes_can_be_named(tmp_path):
    for name in ("0", "1"):
        fill(tmp_path / name)
    assert [d.name for d in find_classes([tmp_path], ["zero", "one"])] == ["zero", "one"]
    with pytest.raises(ConfigError, match=r"data\.names: expected 2, one a domain, got 3"):
        find_classes([tmp_path], ["a", "b", "c"])


def test_one_class_is_no_choice(tmp_path):
    fill(tmp_path / "data/cat")
    with pytest.raises(DataError, match="expected a folder a class, two at least; found 1"):
        find_classes([tmp_path / "data"])


def test_classes_of_one_name_are_refused(tmp_path):
    for name in ("x/cat", "y/cat"):
        fill(tmp_path / name)
    with pytest.raises(DataError, match="two class folders have the same name"):
        find_classes([tmp_path / "x/cat", tmp_path / "y/cat"])
