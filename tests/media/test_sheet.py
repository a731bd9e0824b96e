import numpy as np
import pytest

from cyclekit.media.sheet import GAP, sheet
from tests.tiny import picture


def test_cells_stand_in_rows_with_gaps() -> None:
    a, b = picture(8, 8, seed=1), picture(8, 8, seed=2)
    made = sheet([[a, b], [b]], 8)
    assert made.shape == (16 + GAP, 16 + GAP, 3)
    assert np.array_equal(made[:8, :8], a)
    assert np.array_equal(made[8 + GAP :, :8], b)
    assert made[8 + GAP :, 8:].min() == 255


def test_pictures_are_fitted_whole() -> None:
    made = sheet([[np.zeros((40, 20, 3), np.uint8)]], 10)
    assert made.shape == (10, 10, 3)
    assert (made == 0).sum() == 10 * 5 * 3


def test_an_empty_sheet_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        sheet([], 8)
