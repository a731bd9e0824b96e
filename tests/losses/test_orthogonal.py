import pytest
import torch

from cyclekit.losses.orthogonal import off_diagonal


def test_filters_at_right_angles_cost_nothing_whatever_their_length():
    assert off_diagonal([torch.diag(torch.tensor([1.0, 5.0, 0.1]))]) == 0


def test_a_hand_made_pair():
    # rows (1, 2) and (3, 1): their product is 5, and counts twice
    assert off_diagonal([torch.tensor([[1.0, 2.0], [3.0, 1.0]])]).item() == 50


def test_the_gradient_is_the_papers():
    weight = torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    (slope,) = torch.autograd.grad(off_diagonal([weight]), weight)
    rows = weight.detach().flatten(1)
    expected = 4 * ((rows @ rows.T) * (1 - torch.eye(4))) @ rows
    torch.testing.assert_close(slope.flatten(1), expected)


def test_vectors_are_left_out():
    weight = torch.ones(2, 2)
    assert off_diagonal([weight, torch.ones(7)]).item() == pytest.approx(8)


def test_more_filters_than_values_cost_the_same_by_the_other_product():
    tall = torch.randn(7, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    loss = off_diagonal([tall])
    (slope,) = torch.autograd.grad(loss, tall)
    rows = tall.detach()
    apart = (rows @ rows.T) * (1 - torch.eye(7))
    torch.testing.assert_close(loss, apart.square().sum())
    torch.testing.assert_close(slope, 4 * apart @ rows)
