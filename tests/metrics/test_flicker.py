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
        assert one.change == one.still_change == 0
        assert one.warping_error == one.source_warping_error == pytest.approx(0, abs=1e-6)


def test_a_result_that_changes_by_ten_levels_flickers_by_ten() -> None:
    made = film()
    made[1] += 10
    measured = list(flicker(film(), made))
    assert [one.still_change for one in measured] == pytest.approx([10, 10])
    assert [one.warping_error for one in measured] == pytest.approx([(10 / 255) ** 2] * 2, rel=0.01)


def test_change_of_the_source_itself_is_not_counted() -> None:
    source = film()
    source[1][:, 40:] += 20
    measured = next(iter(flicker(source, source)))
    assert measured.change == measured.still_change == 0
    assert measured.source_change == pytest.approx(10)


def test_what_moves_nearby_does_not_stand_still() -> None:
    source, made = film(2), film(2)
    source[1][:, 40:] += 20  # still: what is over 16 pixels left of it
    made[1][:, :30] += 5
    assert next(iter(flicker(source, made))).still_change == pytest.approx(5)


def test_where_nothing_stands_still_there_is_no_number() -> None:
    source = film(2)
    source[1] += 20
    assert math.isnan(next(iter(flicker(source, source))).still_change)


def test_films_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        list(flicker(film(3), film(2)))
