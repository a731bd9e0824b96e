import torch
from torch import nn

from cyclekit.models.batch_norm import BatchNorm, ConditionalBatchNorm, measure_standing
from cyclekit.models.layers import make_norm
from tests.tiny import batch


def test_alone_it_is_torchs_batch_norm():
    ours, theirs = make_norm("batch", 3), nn.BatchNorm2d(3)
    assert isinstance(ours, BatchNorm)
    x = batch(4)
    assert torch.equal(ours(x), theirs(x))
    assert torch.equal(ours.eval()(x), theirs.eval()(x))
    assert ours.state_dict().keys() == theirs.state_dict().keys()


def test_shared_it_is_the_same(monkeypatch):
    ours, theirs = BatchNorm(3), nn.BatchNorm2d(3)
    for norm in (ours, theirs):
        nn.init.constant_(norm.weight, 2.0)
        nn.init.constant_(norm.bias, 0.5)
    # A second process that holds the same pictures: sums double, means stay.
    monkeypatch.setattr("cyclekit.models.batch_norm.world", lambda: 2)
    monkeypatch.setattr("cyclekit.models.batch_norm.total", lambda x: 2 * x)
    x, twice = batch(4).requires_grad_(), torch.cat([batch(4), batch(4)]).requires_grad_()
    y, expected = ours(x), theirs(twice)
    torch.testing.assert_close(y, expected[:4])
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    torch.testing.assert_close(ours.running_var, theirs.running_var)
    y.square().sum().backward()
    assert x.grad.isfinite().all()


def test_shared_the_batch_of_a_picture_norm_is_the_whole_one(monkeypatch):
    norm = make_norm("batch_per_picture", 3)
    nn.init.constant_(norm.weight, 2.0)
    x, twice = batch(4), torch.cat([batch(4), batch(4)])
    expected = norm(twice)[:4]
    for place in ("batch_norm", "norm"):
        monkeypatch.setattr(f"cyclekit.models.{place}.world", lambda: 2)
    monkeypatch.setattr("cyclekit.models.batch_norm.total", lambda x: 2 * x)
    torch.testing.assert_close(norm(x), expected)


def test_a_condition_scales_and_shifts_by_its_formula():
    norm = ConditionalBatchNorm(3, 2)
    x, c = batch(4), torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    plain = nn.BatchNorm2d(3, affine=False)(x)
    scale, shift = norm.scale.weight @ c.T, norm.shift.weight @ c.T
    expected = plain * (1 + scale.T[:, :, None, None]) + shift.T[:, :, None, None]
    torch.testing.assert_close(norm(x, c), expected)
    torch.testing.assert_close(norm(x, c)[3], plain[3])


def test_standing_statistics_are_the_mean_over_batches():
    network = nn.Sequential(BatchNorm(3)).eval()
    network[0].momentum = 0.3
    batches = [batch(4, seed=seed) for seed in range(3)]
    measure_standing(network, ((x,) for x in batches))
    means = torch.stack([x.mean((0, 2, 3)) for x in batches]).mean(0)
    variances = torch.stack([x.var((0, 2, 3)) for x in batches]).mean(0)
    torch.testing.assert_close(network[0].running_mean, means)
    torch.testing.assert_close(network[0].running_var, variances)
    assert not network[0].training
    assert network[0].momentum == 0.3


def test_without_a_batch_norm_nothing_is_run():
    def never():
        raise AssertionError
        yield

    measure_standing(nn.Conv2d(3, 3, 1), never())
