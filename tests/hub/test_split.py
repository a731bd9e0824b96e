import numpy as np
import pytest

from cyclekit.checkpoint.model import ModelInfo
from cyclekit.errors import DataError
from cyclekit.hub.split import find_split, translate_pile
from cyclekit.inference.translator import Translator
from cyclekit.media.images import Picture, read, write
from cyclekit.registry import Spec
from tests.evaluation.worlds import Ears, paint, scene
from tests.tiny import tiny_generator


def info(*names):
    return ModelInfo(Spec("mobile"), names)


@pytest.fixture
def zoo(tmp_path):
    for place in ("train/horse", "train/zebra", "test/horse", "test/zebra"):
        paint(tmp_path / place, 3)
    return tmp_path


@pytest.fixture
def translator():
    return Translator(tiny_generator(), device="cpu", precision="fp32")


def names(split):
    return split.source.name, split.real.name, split.train.name, split.target


def test_domains_are_matched_by_name_whatever_their_order(zoo):
    forward = ("test horse", "test zebra", "train zebra", "zebra")
    backward = ("test zebra", "test horse", "train horse", "horse")
    assert names(find_split([zoo], info("horse", "zebra"), "ab")) == forward
    assert names(find_split([zoo], info("horse", "zebra"), "ba")) == backward
    assert names(find_split([zoo], info("Zebra", "Horse"), "ab")) == backward


def test_other_names_go_by_order(zoo):
    assert find_split([zoo], info("A", "B"), "ab").target == "zebra"
    assert find_split([zoo], info("A", "B"), "ba").target == "horse"
    swapped = find_split([zoo], info("day", "night"), "ab", ("night", "day"))
    assert names(swapped)[:2] == ("test day", "test night")
    assert swapped.source.sources["0"].path.parent.name == "zebra"


def test_a_dataset_without_test_pictures_is_refused(tmp_path):
    for place in ("horses", "zebras"):
        paint(tmp_path / place, 3)
    with pytest.raises(DataError, match="domain 'horses' has 0 test pictures, needs at least 2"):
        find_split([tmp_path / "horses", tmp_path / "zebras"], info("A", "B"), "ab")


def test_outputs_lie_under_the_keys_of_the_inputs(zoo, tmp_path, translator):
    write(zoo / "test/horse/deep/7.png", Picture(scene(7)))
    split = find_split([zoo], info("horse", "zebra"), "ab")
    made = translate_pile(translator, split.source, tmp_path / "out", "mine", Ears())
    assert list(made.sources) == ["0", "1", "2", "deep/7"]
    output = read(tmp_path / "out/deep/7.png").pixels
    assert np.array_equal(output, translator(scene(7)))


def test_halves_are_cut_before_they_are_translated(tmp_path, translator):
    for split in ("train", "val"):
        for number in range(2):
            both = np.concatenate([scene(number), scene(number + 9)], axis=1)
            write(tmp_path / f"maps/{split}/{number}.png", Picture(both))
    split = find_split([tmp_path / "maps"], info("A", "B"), "ba")
    made = translate_pile(translator, split.source, tmp_path / "out", "mine", Ears())
    assert np.array_equal(read(made.sources["1"].path).pixels, translator(scene(10)))


def test_what_cannot_be_translated_is_said_and_left_out(zoo, tmp_path, translator):
    (zoo / "test/horse/1.png").write_bytes(b"broken")
    split, ears = find_split([zoo], info("horse", "zebra"), "ab"), Ears()
    made = translate_pile(translator, split.source, tmp_path / "out", "mine", ears)
    assert list(made.sources) == ["0", "2"]
    assert str(zoo / "test/horse/1.png") in ears.failures[0]
