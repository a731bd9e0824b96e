import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cyclekit.models.norm import Carried, InstanceNorm, PictureBatchNorm, carrying, record, replay
from tests.tiny import batch

SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(2, 9), st.integers(1, 9))


@settings(max_examples=40, deadline=None)
@given(shape=SHAPES, offset=st.floats(-3, 3), scale=st.floats(0.1, 3), affine=st.booleans())
def test_norm_equals_the_one_of_torch(shape, offset, scale, affine):
    ours = InstanceNorm(shape[1], affine=affine)
    theirs = nn.InstanceNorm2d(shape[1], affine=affine)
    if affine:
        weights = {"weight": torch.randn(shape[1]), "bias": torch.randn(shape[1])}
        ours.load_state_dict(weights)
        theirs.load_state_dict(weights)
    x = torch.randn(shape) * scale + offset
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("affine", [False, True])
def test_channels_last_stays_channels_last(n, affine):
    x = batch(n, channels=4).to(memory_format=torch.channels_last).requires_grad_()
    y = InstanceNorm(4, affine=affine)(x)
    assert y.is_contiguous(memory_format=torch.channels_last)
    y.square().sum().backward()
    assert x.grad.is_contiguous(memory_format=torch.channels_last)


def test_bfloat16_keeps_its_statistics_in_float32():
    x = (batch(2, 32, 32) + 5).bfloat16()
    norm = InstanceNorm(3)
    with record(norm) as statistics:
        y = norm(x)
    assert y.dtype == torch.bfloat16
    mean, variance = statistics.mean[""], statistics.variance[""]
    assert mean.dtype == variance.dtype == torch.float32
    exact = x.double()
    torch.testing.assert_close(mean.double(), exact.mean((2, 3)), atol=1e-5, rtol=0)
    expected = exact.var((2, 3), correction=0)
    torch.testing.assert_close(variance.double(), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("affine", [False, True])
def test_gradients_of_first_and_second_order_are_right(affine):
    norm = InstanceNorm(2, affine=affine).double()
    x = batch(2, 3, 4, channels=2).double().requires_grad_()
    assert torch.autograd.gradcheck(norm, (x,))
    assert torch.autograd.gradgradcheck(norm, (x,))


@pytest.mark.parametrize("affine", [False, True])
def test_replay_of_what_was_recorded_changes_nothing(affine):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), InstanceNorm(4, affine), nn.ReLU(), InstanceNorm(4))
    x = batch(2)
    with record(network) as statistics:
        lived = network(x)
    with replay(network, statistics):
        replayed = network(x)
    assert set(statistics.mean) == {"1", "3"}
    torch.testing.assert_close(replayed, lived, atol=1e-5, rtol=1e-5)


def test_replay_uses_the_given_statistics_and_ends():
    norm = InstanceNorm(3)
    first, second = batch(seed=1), batch(seed=2) * 2 + 1
    with record(norm) as statistics:
        norm(first)
    with replay(norm, statistics):
        replayed = norm(second)
    deviation = torch.sqrt(first.var((2, 3), correction=0, keepdim=True) + norm.eps)
    expected = (second - first.mean((2, 3), keepdim=True)) / deviation
    torch.testing.assert_close(replayed, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(norm(second), nn.InstanceNorm2d(3)(second), atol=1e-5, rtol=1e-5)


def test_replay_refuses_statistics_of_another_network():
    with record(InstanceNorm(3)) as statistics:
        pass
    with (
        pytest.raises(ValueError, match="no statistics for the norm '0'"),
        replay(nn.Sequential(InstanceNorm(3)), statistics),
    ):
        pass


def test_batch_norm_per_picture_equals_torch_in_training_and_a_batch_of_one_after():
    ours, theirs = PictureBatchNorm(3), nn.BatchNorm2d(3)
    weights = {"weight": torch.rand(3), "bias": torch.rand(3)}
    ours.load_state_dict(weights)
    theirs.load_state_dict(weights, strict=False)
    x = batch(2, 6, 5)
    torch.testing.assert_close(ours(x), theirs(x))
    ours.eval()
    torch.testing.assert_close(ours(x)[:1], theirs(x[:1]))  # torch's is still training


def test_carried_statistics_are_an_exponential_average():
    norm, carried = InstanceNorm(3), Carried(keep=0.75)
    frames = [batch(1, 6, 5, seed=seed) for seed in range(3)]
    with carrying(norm, carried):
        made = [norm(frame) for frame in frames]
    mean = variance = None
    for frame, result in zip(frames, made, strict=True):
        live = frame.mean((2, 3)), frame.var((2, 3), correction=0)
        mean = live[0] if mean is None else 0.75 * mean + 0.25 * live[0]
        variance = live[1] if variance is None else 0.75 * variance + 0.25 * live[1]
        expected = (frame - mean[..., None, None]) / (variance[..., None, None] + 1e-5).sqrt()
        torch.testing.assert_close(result, expected, atol=1e-5, rtol=1e-5)


def test_a_batch_of_frames_carries_as_frames_one_by_one():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), InstanceNorm(4, affine=True), InstanceNorm(4))
    frames = batch(4, 8, 8)
    with torch.no_grad():
        with carrying(network, Carried(keep=0.9)):
            together = network(frames)
        with carrying(network, Carried(keep=0.9)):
            alone = torch.cat([network(frame) for frame in frames.split(1)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_keeping_all_freezes_the_first_frame_and_a_reset_begins_anew():
    norm, carried = InstanceNorm(3), Carried(keep=1.0)
    first, second = batch(1, 6, 5, seed=1), batch(1, 6, 5, seed=2)
    with carrying(norm, carried):
        norm(first)
        frozen = norm(second)
        carried.reset()
        anew = norm(second)
    with record(norm) as statistics:
        norm(first)
    with replay(norm, statistics):
        torch.testing.assert_close(frozen, norm(second))
    torch.testing.assert_close(anew, norm(second))


def test_what_fails_leaves_the_carried_statistics_as_they_were():
    norm, carried = InstanceNorm(3), Carried()
    with carrying(norm, carried):
        norm(batch(seed=1))
    before = dict(carried.mean)

    def fail_half_way() -> None:
        with carrying(norm, carried):
            norm(batch(seed=2))
            raise MemoryError

    with pytest.raises(MemoryError):
        fail_half_way()
    assert all(torch.equal(carried.mean[name], mean) for name, mean in before.items())
