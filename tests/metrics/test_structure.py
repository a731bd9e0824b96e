import pytest
import torch

from cyclekit.metrics.structure import edge_ssim, self_similarity, structure_distance
from tests.tiny import batch


def levels(**shape):
    return ((batch(**shape) + 1) * 127.5).round()


def test_self_similarity_is_the_cosine_of_every_pair_of_places():
    features = batch(2, 2, 3, channels=5)
    found = self_similarity(features)
    assert found.shape == (2, 15)
    places = features[1].flatten(1).T
    expected = [
        float(torch.dot(places[i], places[j]) / places[i].norm() / places[j].norm())
        for i in range(6)
        for j in range(i + 1, 6)
    ]
    assert found[1].tolist() == pytest.approx(expected, abs=1e-6)


def test_large_maps_are_averaged_to_the_grid():
    assert self_similarity(batch(1, 28, 30, channels=4)).shape == (1, 196 * 195 // 2)


def test_a_change_of_scale_or_sign_of_channels_is_no_change_of_structure():
    features = batch(1, 6, 6, channels=4)
    turned = features * torch.tensor([-3.0, 3, 3, -3])[:, None, None]
    same = structure_distance(self_similarity(features), self_similarity(turned))
    mirrored = structure_distance(self_similarity(features), self_similarity(features.flip(3)))
    assert float(same) == pytest.approx(0, abs=1e-10)
    assert float(mirrored) > 0.01


def test_edges_ignore_brightness_and_notice_a_shift():
    picture = levels(n=1, height=32, width=32)
    picture = picture / 2 + 20
    assert float(edge_ssim(picture, picture + 60)) == pytest.approx(1, abs=1e-6)
    assert float(edge_ssim(picture, picture.roll(3, dims=3))) < 0.5
