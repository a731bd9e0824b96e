import cv2
import numpy as np
from PIL import Image

from cyclekit.media.resample import pil_bicubic, through_jpeg
from tests.tiny import picture


def test_the_filter_is_pillows_antialiased_bicubic_but_not_rounded():
    image = picture(60, 90)
    found = pil_bicubic(image, 30, 20)
    rounded = np.asarray(Image.fromarray(image).resize((30, 20), Image.Resampling.BICUBIC))
    assert found.shape == (20, 30, 3)
    assert np.abs(found - rounded).max() <= 1
    assert np.abs(found - np.rint(found)).max() > 0.1
    aliased = cv2.resize(image, (30, 20), interpolation=cv2.INTER_CUBIC)
    assert np.abs(found - aliased).mean() > 5


def test_levels_stay_in_range_and_a_fitting_picture_stays_what_it_is():
    edges = np.kron(np.eye(8, dtype=np.uint8) * 255, np.ones((4, 4), np.uint8))
    image = np.repeat(edges[..., None], 3, axis=2)
    found = pil_bicubic(image, 50, 50)
    assert (found.min(), found.max()) == (0, 255)
    assert np.array_equal(pil_bicubic(image, 32, 32), image)


def test_jpeg_changes_a_little_and_less_at_a_higher_quality():
    smooth = cv2.GaussianBlur(picture(64, 64), (0, 0), 3)
    low, high = (np.abs(through_jpeg(smooth, q).astype(int) - smooth).mean() for q in (50, 95))
    assert 0 < high < low < 20
