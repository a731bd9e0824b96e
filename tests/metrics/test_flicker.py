import math

import numpy as np
import pytest

from cyclekit.metrics.flicker import flicker
from cyclekit.pixels import Array


def film(count: int = 3) -> list[Array]:
    import cv2

    noise = np.random.default_rng(0).integers(0, 200, (64, 80, 3)).astype(np.uint8)
    still = np.asarray(cv2.GaussianBlur(noise, (0, 0), 2))
    return [still.copy() for _ in range(count)]


def test_a_film_does_not_flicker_beside_itself() -> None:
    for one in flicker(film(), film()):
        assert one.flicker == one.change == one.source_change == one.still_flicker == 0
        assert one.still_share == 1
        assert one.warping_error == one.source_warping_error == pytest.approx(0, abs=1e-6)


def test_a_result_that_changes_by_ten_levels_flickers_by_ten() -> None:
    made = film()
    made[1] += 10
    measured = list(flicker(film(), made))
    assert [one.flicker for one in measured] == pytest.approx([10, 10])
    assert [one.change for one in measured] == pytest.approx([10, 10])
    assert [one.still_change for one in measured] == pytest.approx([10, 10])
    assert [one.still_source_change for one in measured] == [0, 0]
    assert [one.warping_error for one in measured] == pytest.approx([(10 / 255) ** 2] * 2, rel=0.01)


def test_change_of_the_source_itself_is_not_counted() -> None:
    source = film()
    source[1][:, 40:] += 20
    measured = next(iter(flicker(source, source)))
    assert measured.flicker == measured.still_flicker == 0
    assert measured.change == measured.source_change == pytest.approx(10)
    assert measured.still_change == 0


def test_a_result_steadier_than_its_source_changes_less_but_not_alike() -> None:
    source = film()
    source[1] += 1
    one = next(iter(flicker(source, film())))
    assert (one.still_change, one.still_source_change, one.still_flicker) == (0, 1, 1)


def test_what_moves_nearby_does_not_stand_still() -> None:
    source, made = film(2), film(2)
    source[1][:, 40:] += 20  # still: what is over 16 pixels left of it
    made[1][:, :30] += 5
    assert next(iter(flicker(source, made))).still_change == pytest.approx(5)


def test_a_cut_is_no_flicker() -> None:
    source = [*film(2), *(255 - frame[::-1] for frame in film(2))]
    measured = list(flicker(source, source))
    assert [math.isnan(one.flicker) for one in measured] == [False, True, False]
    assert math.isnan(measured[1].warping_error)


def test_where_nothing_stands_still_there_is_no_number() -> None:
    source = film(2)
    source[1] += 20
    one = next(iter(flicker(source, source)))
    assert one.still_share == 0
    assert math.isnan(one.still_change)
    assert one.change == pytest.approx(20)


def test_films_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        list(flicker(film(3), film(2)))
