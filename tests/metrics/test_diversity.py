import pytest
import torch

from cyclekit.metrics import neighbours
from cyclekit.metrics.diversity import diversity, mean_pairwise_distance
from tests.metrics.clouds import cloud


def test_the_mean_is_over_pairs_of_different_pictures(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 2)
    assert mean_pairwise_distance(torch.tensor([[0.0], [1.0], [5.0]])) == pytest.approx(10 / 3)


def test_equal_clouds_have_diversity_1_and_one_picture_0():
    real = cloud(12, 4)
    assert diversity(real, real) == pytest.approx(1)
    assert diversity(real, real[:1].repeat(5, 1)) == 0
    assert diversity(real, real / 2) == pytest.approx(0.5)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="all real pictures are the same"):
        diversity(torch.zeros(4, 2), cloud(4, 2))
    with pytest.raises(ValueError, match="at least 2 pictures, got 1"):
        diversity(cloud(4, 2), cloud(1, 2))
