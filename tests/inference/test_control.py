import tracemalloc
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cyclekit
from cyclekit.errors import UsageError
from cyclekit.inference import control
from cyclekit.inference.control import Control, blend, feathered
from cyclekit.inference.lab import from_roots, to_roots
from cyclekit.pixels import Array
from tests.inference.test_lab import lab, noise
from tests.tiny import picture

KINDS = [(9, 13), (9, 13, 3), (9, 13, 4)]
OPTIONS = st.fixed_dictionaries(
    {
        "strength": st.sampled_from([0.0, 0.3, 1.0]),
        "keep": st.sampled_from([None, "luminance", "color"]),
        "feather": st.sampled_from([0.0, 0.5, 3.0, 1e6]),
    }
)


def drawn(shape: tuple[int, ...], dtype: type, seed: int) -> Array:
    draws = np.random.default_rng(seed)
    return draws.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", KINDS)
def test_strength_0_is_the_original_and_1_the_result(shape: tuple[int, ...], dtype: type) -> None:
    before, after = drawn(shape, dtype, 0), drawn(shape, dtype, 1)
    if len(shape) == 3:
        after[..., 3:] = before[..., 3:]  # as a translator passes alpha on
    assert np.array_equal(blend(before, after, strength=0), before)
    assert np.array_equal(blend(before, after, strength=1), after)
    assert np.array_equal(blend(before, after), after)


def test_half_way_is_the_middle_of_lab() -> None:
    before, after = noise(np.uint16, 0, 0.3, 0.7), noise(np.uint16, 1, 0.3, 0.7)
    middle = (lab(before) + lab(after)) / 2
    assert np.abs(lab(blend(before, after, strength=0.5)) - middle).max() < 0.2


def test_luminance_or_colour_is_kept() -> None:
    before, after = noise(np.uint16, 2, 0.4, 0.6), noise(np.uint16, 3, 0.4, 0.6)
    for keep, light, color in (("luminance", before, after), ("color", after, before)):
        made = lab(cyclekit.blend(before, after, keep=keep))
        assert np.abs(made[..., 0] - lab(light)[..., 0]).max() < 0.05
        assert np.abs(made[..., 1:] - lab(color)[..., 1:]).max() < 0.2


def test_what_was_not_changed_stays_whatever_is_asked() -> None:
    image = picture(30, 30)
    for keep in (None, "luminance", "color"):
        for strength in (0.1, 0.5, 1.0):
            made = blend(image, image, strength=strength, keep=keep)
            assert np.array_equal(made, image)


def test_gray_is_mixed_as_its_three_channels_would_be() -> None:
    before, after = drawn((20, 20), np.uint8, 0), drawn((20, 20), np.uint8, 1)
    three = [np.repeat(gray[..., None], 3, axis=2) for gray in (before, after)]
    made = blend(before, after, strength=0.4)
    assert np.array_equal(np.repeat(made[..., None], 3, axis=2), blend(*three, strength=0.4))
    assert np.array_equal(blend(before, after, keep="luminance"), before)
    assert np.array_equal(blend(before, after, keep="color"), after)


@settings(deadline=None, max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3, 4])),
    kind=st.sampled_from([np.uint8, np.uint16]),
    mask_kind=st.sampled_from([np.uint8, np.uint16, np.bool_]),
    options=OPTIONS,
    seed=st.integers(0, 99),
)
def test_nothing_changes_outside_a_mask(
    shape: tuple[int, int, int], kind: type, mask_kind: Any, options: dict[str, Any], seed: int
) -> None:
    before, after = (drawn(shape, kind, seed + n) for n in (0, 1))
    after[..., 3:] = before[..., 3:]
    if shape[2] == 1:
        before, after = before[..., 0], after[..., 0]
    inside = np.random.default_rng(seed).random(shape[:2]) < 0.5
    white = 1 if mask_kind == np.bool_ else np.iinfo(mask_kind).max
    mask = np.where(inside, white, 0).astype(mask_kind)
    made = blend(before, after, mask=mask, **options)
    assert (made.dtype, made.shape) == (before.dtype, before.shape)
    assert np.array_equal(made[~inside], before[~inside])
    if options == {"strength": 1.0, "keep": None, "feather": 0.0}:
        assert np.array_equal(made[inside], after[inside])


def test_black_and_white_of_a_mask_are_exact_where_lab_would_round() -> None:
    before, after = (drawn((300, 300, 3), np.uint16, seed) for seed in (0, 1))
    for image in (before, after):
        image[..., 0] = 0  # strong colours are the least exact
        assert not np.array_equal(from_roots(to_roots(image), image.dtype), image)
    mask = np.arange(300 * 300).reshape(300, 300) % 3 * 127
    made = blend(before, after, mask=mask.astype(np.uint8))
    assert np.array_equal(made[mask == 0], before[mask == 0])
    assert not np.array_equal(made[mask == 254], after[mask == 254])
    mask[mask == 254] = 255
    made = blend(before, after, mask=mask.astype(np.uint8))
    assert np.array_equal(made[mask == 255], after[mask == 255])


def test_grays_of_a_mask_mix() -> None:
    before, after = picture(4, 6, seed=0), picture(4, 6, seed=1)
    for dtype in (np.uint8, np.uint16):
        mask = np.full((4, 6), 0.4 * np.iinfo(dtype).max).astype(dtype)
        weak = blend(before, after, mask=mask, strength=0.5)
        assert np.abs(weak.astype(int) - blend(before, after, strength=0.2)).max() <= 1


def test_a_feather_is_a_smooth_ramp_inwards() -> None:
    mask = np.zeros((1, 12), np.uint8)
    mask[0, 4:] = 255
    way = np.array([1, 2, 3, 4]) / 4  # three pixels of ramp, then white
    ramp = 65535 * way**2 * (3 - 2 * way)
    made = feathered(mask, 3)[0]
    assert made[:4].max() == 0
    assert np.abs(made[4:8] - ramp).max() <= 0.5
    assert made[7:].min() == 65535  # and the picture's border is no edge


def test_a_feather_reaches_equally_far_in_every_direction() -> None:
    mask = np.zeros((41, 41), np.uint8)
    cv2.circle(mask, (20, 20), 15, 255, -1)
    made = feathered(mask, 6)
    assert np.array_equal(made, made.T)
    assert np.array_equal(made, made[::-1])
    assert made[20, 5:21].tolist() == sorted(made[20, 5:21].tolist())
    assert made[20, 5] < made[20, 10] < made[20, 12] == 65535


def test_a_feather_of_0_and_one_without_an_edge_change_no_weight() -> None:
    soft = picture(9, 9)[..., 0]
    assert np.array_equal(feathered(soft, 0), soft)
    assert (feathered(np.full((5, 5), True), 4) == 65535).all()
    assert (feathered(np.full((5, 5), False), 4) == 0).all()


@pytest.mark.parametrize("feather", [0, 2.5, 7, 100])
def test_bands_leave_no_trace(monkeypatch: pytest.MonkeyPatch, feather: float) -> None:
    before, after = picture(60, 20, seed=0), picture(60, 20, seed=1)
    mask = np.zeros((60, 20), np.uint8)
    mask[3:50, 2:] = picture(47, 18, seed=2)[..., 0] | 64
    whole = blend(before, after, mask=mask, feather=feather, keep="luminance")
    monkeypatch.setattr(control, "_BAND", 3 * 20)
    banded = blend(before, after, mask=mask, feather=feather, keep="luminance")
    assert np.array_equal(banded, whole)


def test_memory_beyond_the_result_does_not_grow_with_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(control, "_BAND", 32 * 400)
    peaks = []
    for height in (400, 1600):
        before, after = picture(height, 400, seed=0), picture(height, 400, seed=1)
        mask = np.full((height, 400), 200, np.uint8)
        mask[::9] = 0
        tracemalloc.start()
        made = blend(before, after, strength=0.5, keep="color", mask=mask, feather=3)
        peaks.append(tracemalloc.get_traced_memory()[1] - made.nbytes - 2 * mask.nbytes)
        tracemalloc.stop()
    assert 0 < peaks[1] < 1.1 * peaks[0]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"strength": 1.5}, "strength must be from 0 to 1, got 1.5"),
        ({"strength": float("nan")}, "strength must be from 0 to 1, got nan"),
        ({"keep": "hue"}, "keep must be 'luminance', 'color' or None, got 'hue'"),
        ({"feather": -1}, "feather must be a number of pixels from 0, got -1"),
        ({"feather": float("inf")}, "feather must be a number of pixels from 0, got inf"),
    ],
)
def test_values_out_of_range_are_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        Control(**options)
    image = picture()
    with pytest.raises(UsageError, match=reason):
        blend(image, image, **options)


def test_a_feather_needs_a_mask() -> None:
    with pytest.raises(UsageError, match="give a mask too"):
        Control(feather=2)


def test_pictures_that_do_not_belong_together_are_refused() -> None:
    image = picture(8, 8)
    for other in (picture(8, 9), image.astype(np.uint16), image[..., 0]):
        with pytest.raises(ValueError, match="one shape and type"):
            blend(image, other)
    with pytest.raises(ValueError, match=r"the mask must be \(8, 8\) like the picture, got \(8, 9"):
        blend(image, image, mask=picture(8, 9)[..., 0])
    with pytest.raises(ValueError, match="uint8 or uint16, got float64"):
        blend(image, image, mask=np.ones((8, 8)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="pictures must be"):
        blend(image[..., :2], image[..., :2])


@pytest.mark.parametrize(
    ("mask", "kind", "message"),
    [
        ("mask.png", TypeError, "mask must be a numpy array, got str"),
        ([[1, 0], [0, 1]], TypeError, "mask must be a numpy array, got list"),
        (
            np.ones((2, 2), np.float32),
            ValueError,
            "the mask must be bool, uint8 or uint16, got float32",
        ),
        (
            np.ones((2, 2), np.int64),
            ValueError,
            "the mask must be bool, uint8 or uint16, got int64",
        ),
        (np.ones((2, 2, 3), np.uint8), ValueError, r"the mask must be \(2, 2\) like the picture"),
    ],
)
def test_a_mask_of_another_kind_is_named(mask: Any, kind: type[Exception], message: str) -> None:
    before = picture(2, 2)
    with pytest.raises(kind, match=message):
        blend(before, before, mask=mask)
