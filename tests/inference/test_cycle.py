import numpy as np
import pytest

from cyclekit.errors import MediaError
from cyclekit.inference.cycle import CycleCheck, difference, draw
from cyclekit.inference.folder import translate_files
from cyclekit.inference.translator import Translator
from cyclekit.media.images import Picture, write
from cyclekit.media.mirror import Job
from tests.inference.networks import Negative, Same
from tests.tiny import picture


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("levels", [0, 10, 32, 64, 200])
def test_the_error_is_the_mean_difference_in_levels(kind, levels):
    one = 257 if kind == np.uint16 else 1
    before = np.full((30, 40, 3), 20 * one, kind)
    found = difference(before, before + kind(levels * one))
    assert found.error == pytest.approx(levels)
    assert (found.map == min(255, round(levels * 255 / 64))).all()
    assert found.map.shape == (30, 40)


def test_the_error_is_where_it_is():
    before = picture(300, 500) // 2
    back = before.copy()
    back[200:, 400:] += 60
    found = difference(before, back)
    assert found.error == pytest.approx(60 * (100 * 100) / (300 * 500))
    assert found.map.shape == (288, 480)
    assert (found.map[:170] == 0).all()
    assert (found.map[215:, 410:] == round(60 * 255 / 64)).all()


def test_one_channel_counts_a_third():
    before = np.zeros((8, 8, 3), np.uint8)
    back = before.copy()
    back[..., 1] = 30
    assert difference(before, back).error == pytest.approx(10)


def test_what_undoes_itself_has_no_error():
    check = CycleCheck(lambda x: 255 - x, lambda x: 255 - x)
    assert check(picture(9, 9)).error == 0
    assert check(picture(9, 9), 255 - picture(9, 9)).error == 0
    assert CycleCheck(lambda x: 255 - x, lambda x: x)(np.zeros((4, 4, 3), np.uint8)).error == 255


def test_a_picture_too_large_to_check_gets_a_note():
    def refuse(image):
        raise MediaError("9x9 is too large for this memory")

    found = CycleCheck(refuse, refuse)(picture(9, 9))
    assert (found.error, found.map) == (None, None)
    assert found.note == "no cycle error: 9x9 is too large for this memory"


@pytest.mark.parametrize("size", [(1, 1), (480, 1), (1, 480), (300, 480)])
def test_the_scale_is_printed_under_the_map(size):
    drawn = draw(np.zeros(size, np.uint8))
    assert drawn.dtype == np.uint8
    assert drawn.shape[1] >= 192
    assert drawn.shape[0] > size[0] + 20
    bright = drawn[-60:].astype(int).sum(axis=2).max()
    assert bright > 600  # the upper end of the scale, though the map is black
    assert drawn[: size[0]].sum(axis=2).max() <= 3 * 24


def test_the_folder_measures_what_the_network_made(tmp_path):
    write(tmp_path / "in.png", Picture(picture(20, 30)))
    forth = Translator(Negative(), device="cpu", precision="fp32")
    wrong = Translator(Same(), device="cpu", precision="fp32")
    for name, back in (("right", forth), ("wrong", wrong)):
        job = Job(tmp_path / "in.png", tmp_path / f"{name}.png")
        (result,) = translate_files(forth, [job], cycle=CycleCheck(forth, back))
        before = picture(20, 30).astype(int)
        expected = 0 if name == "right" else np.abs(255 - 2 * before).mean()
        assert result.cycle.error == pytest.approx(expected)
        assert result.as_dict()["cycle_error"] == pytest.approx(expected, abs=1e-3)
    (result,) = translate_files(forth, [Job(tmp_path / "in.png", tmp_path / "none.png")])
    assert "cycle_error" not in result.as_dict()
