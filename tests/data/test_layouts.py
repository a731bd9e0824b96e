import cv2
import pytest

from cyclekit.data.layouts import find_domains
from cyclekit.errors import DataError
from tests.tiny import picture


def fill(folder, count=3, width=16):
    folder.mkdir(parents=True)
    for i in range(count):
        cv2.imwrite(str(folder / f"{i}.png"), picture(16, width, seed=i))


def test_two_folders_are_two_domains(tmp_path):
    fill(tmp_path / "horse")
    fill(tmp_path / "zebra", 2)
    a, b = find_domains([tmp_path / "horse", tmp_path / "zebra"])
    assert (a.name, len(a.train)) == ("horse", 3)
    assert (b.name, len(b.train)) == ("zebra", 2)


def test_lettered_folders_with_tests(tmp_path):
    for name in ("trainA", "trainB", "testA", "testB"):
        fill(tmp_path / name)
    a, b = find_domains([tmp_path], ("horse", "zebra"))
    assert (a.name, b.name) == ("horse", "zebra")
    assert all(source.path.parent.name == "testA" for source in a.held_out)
    assert len(b.held_out) == 3


def test_named_folders(tmp_path):
    for name in ("train/summer", "train/winter", "test/summer"):
        fill(tmp_path / name)
    a, b = find_domains([tmp_path])
    assert (a.name, b.name) == ("summer", "winter")
    assert len(a.held_out) == 3
    assert not b.held_out


def test_side_by_side_pairs(tmp_path):
    fill(tmp_path / "maps/train", width=32)
    fill(tmp_path / "maps/val", 1, width=32)
    a, b = find_domains([tmp_path / "maps"], ("aerial", "map"))
    assert {source.half for source in a.train} == {"left"}
    assert {source.half for source in b.train} == {"right"}
    assert len(a.held_out) == 1


def test_a_plain_folder_of_pairs(tmp_path):
    fill(tmp_path / "pairs", width=32)
    a, b = find_domains([tmp_path / "pairs"])
    assert (a.name, b.name) == ("pairs-left", "pairs-right")


def test_a_folder_of_ordinary_pictures_is_not_cut_in_half(tmp_path):
    fill(tmp_path / "photos", width=20)
    with pytest.raises(
        DataError, match=r"at least 1\.5 times as wide as high; or give two folders"
    ):
        find_domains([tmp_path / "photos"])


def test_a_folder_is_not_two_domains(tmp_path):
    fill(tmp_path / "photos")
    with pytest.raises(DataError, match="both domains are the same; give two"):
        find_domains([tmp_path / "photos", tmp_path / "photos"])


def test_pictures_are_set_aside_where_there_is_no_test_folder(tmp_path):
    fill(tmp_path / "a", 50)
    fill(tmp_path / "b", 50)
    a, _ = find_domains([tmp_path / "a", tmp_path / "b"])
    assert len(a.held_out) == 4
    assert not set(a.held_out) & set(a.train)
    assert len(a.train) == 46


def test_two_folders_of_one_name_are_told_apart(tmp_path):
    fill(tmp_path / "x/train")
    fill(tmp_path / "y/train")
    a, b = find_domains([tmp_path / "x/train", tmp_path / "y/train"])
    assert a.name != b.name


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        ([], "no such folder"),
        (["data"], "expected trainA and trainB"),
        (["data/train/x"], "expected two folders, one a domain; found x"),
    ],
)
def test_what_was_expected_is_said(tmp_path, folders, message):
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(DataError, match=message):
        find_domains([tmp_path / "data"])


def test_a_single_picture_can_be_a_domain(tmp_path):
    fill(tmp_path / "photos")
    cv2.imwrite(str(tmp_path / "monet.png"), picture())
    a, b = find_domains([tmp_path / "photos", tmp_path / "monet.png"])
    assert (a.least, b.least) == (2, 1)
    assert (b.name, [source.path.name for source in b.train]) == ("monet", ["monet.png"])
    with pytest.raises(DataError, match="both domains are the same"):
        find_domains([tmp_path / "monet.png"] * 2)
    with pytest.raises(DataError, match=r"monet\.png: neither a folder nor a video"):
        find_domains([tmp_path / "monet.png"])
