import pytest
import torch

from cyclekit.losses.perceptual import feature_distance
from tests.tiny import batch


def test_every_layer_weighs_alike_whatever_its_unit():
    wanted = [torch.full((1, 2, 4, 4), 2.0), torch.full((1, 8, 2, 2), -300.0)]
    seen = [torch.full((1, 2, 4, 4), 3.0), torch.full((1, 8, 2, 2), -450.0)]
    assert feature_distance(seen, wanted).item() == pytest.approx(0.5 + 0.5)
    assert feature_distance(wanted, wanted).item() == 0


def test_only_what_is_seen_learns():
    seen, wanted = batch(2).requires_grad_(), batch(2, seed=1).requires_grad_()
    feature_distance([seen], [wanted]).backward()
    assert seen.grad is not None
    assert wanted.grad is None


def test_dead_features_divide_nothing_by_zero():
    dead = torch.zeros(1, 2, 4, 4)
    assert torch.isfinite(feature_distance([dead + 1e-7], [dead]))


def test_layers_belong_together():
    with pytest.raises(ValueError, match="longer"):
        feature_distance([batch()], [batch(), batch()])
