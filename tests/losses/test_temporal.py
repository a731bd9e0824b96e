import pytest
import torch

from cyclekit.losses.temporal import inconsistency, moved, seen, smooth_flow
from tests.tiny import batch


def shift(right, down, n=1, height=12, width=16):
    return torch.tensor([right, down], dtype=torch.float32).view(1, 2, 1, 1).expand(
        n, 2, height, width
    )  # fmt: skip


def test_whole_pixels_are_fetched_from_where_the_flow_points():
    x = batch(height=12, width=16)
    torch.testing.assert_close(moved(x, shift(3, 2))[..., :10, :13], x[..., 2:, 3:])
    torch.testing.assert_close(moved(x, shift(0, 0)), x)


def test_only_what_comes_from_inside_is_seen():
    inside = seen(shift(3, -2))
    assert inside.shape == (1, 1, 12, 16)
    assert inside[0, 0, 2:, :13].all()
    assert not inside[0, 0, :2].any()
    assert not inside[0, 0, :, 13:].any()


def test_few_shifts_become_a_smooth_flow():
    coarse = torch.zeros(1, 2, 4, 4)
    coarse[:, 0] = torch.tensor([0.0, 1, 2, 3])
    flow = smooth_flow(coarse, 31, 31)
    assert flow.shape == (1, 2, 31, 31)
    torch.testing.assert_close(flow[0, 0, :, ::10], coarse[0, 0, :1].expand(31, 4))
    assert (flow[0, 0].diff(dim=1).abs() < 0.15).all()  # about 0.1 px a pixel everywhere
    assert not flow[0, 1].any()


def test_a_network_of_single_pixels_is_consistent_and_one_of_places_is_not():
    x, flow = batch(n=2, height=12, width=16), shift(2, 1, n=2)
    assert inconsistency(-moved(x, flow), -x, flow) < 1e-6
    ramp = torch.linspace(-1, 1, 16).expand_as(x)  # depends on the place alone
    assert inconsistency(ramp, ramp, flow) == pytest.approx(2 * 2 / 15, rel=1e-4)


def test_what_comes_from_outside_counts_for_nothing():
    x, flow = batch(height=12, width=16), shift(4, 0)
    broken = moved(x, flow)
    broken[..., 12:] = 99
    assert inconsistency(broken, x, flow) < 1e-6
    assert inconsistency(broken, x, shift(99, 0)) == 0
