"""Copies are found whatever was done to them; strangers are not joined."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclekit.data.alike import group_alike, groups_of
from cyclekit.data.fingerprint import Fingerprint, fingerprint
from tests.survey.worlds import Pixels, scene


def compressed(image: Pixels) -> Pixels:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, [1, 40])[1], 1), np.uint8)


CHANGES = {
    "compressed": compressed,
    "halved": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "brighter": lambda image: np.clip(image.astype(int) + 15, 0, 255).astype(np.uint8),
    "cut": lambda image: image[1:-1, 1:-1],
    "noisy": lambda image: np.clip(
        image + np.random.default_rng(0).normal(0, 8, image.shape), 0, 255
    ).astype(np.uint8),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_among_strangers(change: str) -> None:
    originals = [scene(seed, 128, 160) for seed in range(20)]
    prints = [fingerprint(image) for image in originals]
    prints += [fingerprint(CHANGES[change](image)) for image in originals]
    assert groups_of(group_alike(prints)) == [[seed, seed + 20] for seed in range(20)]


def test_another_colour_is_another_picture() -> None:
    image = scene(1)
    tinted = scene(1, tint=(55, 0, 0))
    assert groups_of(group_alike([fingerprint(image), fingerprint(tinted)])) == []


def test_who_is_like_two_others_joins_them() -> None:
    gray = bytes([128] * 192)
    row = [Fingerprint((1 << (8 * step)) - 1, gray) for step in range(5)]  # 8 bits apart each
    assert groups_of(group_alike(row, bits=8)) == [[0, 1, 2, 3, 4]]
    assert groups_of(group_alike(row, bits=7)) == []


@given(
    st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 7), st.sets(st.integers(0, 62), max_size=12)), max_size=12),
    st.integers(0, 9),
)
def test_all_pairs_within_the_bound_are_found(
    hashes: list[int], flips: list[tuple[int, set[int]]], bits: int
) -> None:
    for base, places in flips:
        hashes = [*hashes, hashes[base % len(hashes)] ^ sum(1 << place for place in places)]
    prints = [Fingerprint(one, bytes(192)) for one in hashes]
    labels = group_alike(prints, bits=bits)
    parent = list(range(len(hashes)))  # the same, pair by pair
    for i in range(len(hashes)):
        for j in range(i):
            if (hashes[i] ^ hashes[j]).bit_count() <= bits:
                low, high = sorted((parent[i], parent[j]))
                parent = [low if one == high else one for one in parent]
    assert labels.tolist() == parent


def test_ten_thousand_pictures_take_seconds() -> None:
    draws = np.random.default_rng(0)
    hashes = draws.integers(0, 2**63, 10_000, dtype=np.uint64).tolist()
    started = time.process_time()
    labels = group_alike([Fingerprint(one, bytes(192)) for one in hashes])
    assert time.process_time() - started < 20
    assert groups_of(labels) == []
