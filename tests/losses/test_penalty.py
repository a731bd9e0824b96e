import pytest
import torch

from cyclekit.losses import PENALTIES
from cyclekit.registry import Spec
from tests.tiny import batch

W = torch.tensor([3.0, 4.0])
"""Slope of the straight judge below: length 5 everywhere."""


def straight(x):
    """D(x) = w · x on pictures (N, 2, 1, 1)."""
    return (x[:, :, 0, 0] @ W)[:, None, None, None]


def bowl(x):
    """D(x) = |x|^2, a slope of 2 x."""
    return x.square().sum((1, 2, 3), keepdim=True)


def penalty(name, judge, real, fake, mix=0.5):
    share = torch.full((len(real),), mix)
    return PENALTIES.create(Spec(name))(judge, real, fake, share).item()


REAL, FAKE = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 3.0]])
REAL, FAKE = REAL[:, :, None, None], FAKE[:, :, None, None]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("r1", 25 / 2), ("r2", 25 / 2), ("zero-centred", 25), ("wgan-gp", 16)],
)
def test_a_straight_judge_pays_for_the_length_of_its_slope(name, expected):
    assert penalty(name, straight, REAL, FAKE) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("r1", 4 * 1 / 2),
        ("r2", 4 * 9 / 2),
        ("zero-centred", 4 * (0.25**2 + (0.75 * 3) ** 2)),
        ("wgan-gp", (2 * (0.25**2 + (0.75 * 3) ** 2) ** 0.5 - 1) ** 2),
    ],
)
def test_each_looks_where_its_paper_says(name, expected):
    assert penalty(name, bowl, REAL, FAKE, mix=0.25) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", PENALTIES.names())
def test_the_gradient_is_the_closed_form(name):
    # D(x) = a |x|^2 has the slope 2 a x, so d/da of a^2 s is 2 a s, with s at a = 1.
    a = torch.tensor(1.5, requires_grad=True)
    mix = torch.tensor([0.25])
    value = PENALTIES.create(Spec(name))(lambda x: a * bowl(x), REAL, FAKE, mix)
    (slope,) = torch.autograd.grad(value, a)
    length = {"r1": 2.0, "r2": 6.0}.get(name, 2 * (0.25**2 + (0.75 * 3) ** 2) ** 0.5)
    expected = {
        "r1": 1.5 * length**2,
        "r2": 1.5 * length**2,
        "zero-centred": 2 * 1.5 * length**2,
        "wgan-gp": 2 * (1.5 * length - 1) * length,
    }[name]
    assert slope.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", PENALTIES.names())
def test_a_flat_judge_has_a_finite_gradient(name):
    a = torch.tensor(0.0, requires_grad=True)
    value = PENALTIES.create(Spec(name))(lambda x: a * bowl(x), REAL, FAKE, torch.tensor([0.5]))
    value.backward()
    assert a.grad.isfinite()


def test_a_map_of_logits_weighs_as_much_as_one():
    x = batch(2)
    one = penalty("r1", lambda p: p.mean((1, 2, 3), keepdim=True), x, x)
    many = penalty("r1", lambda p: p.mean(1, keepdim=True), x, x)
    assert one == pytest.approx(many)


def test_a_penalty_is_in_float32_under_autocast():
    layer = torch.nn.Conv2d(3, 1, 3)
    mix = torch.zeros(2)
    exact = PENALTIES.create(Spec("r1"))(layer, batch(2), batch(2), mix)
    with torch.autocast("cpu", torch.bfloat16):
        cast = PENALTIES.create(Spec("r1"))(layer, batch(2), batch(2), mix)
    assert cast.dtype == torch.float32
    torch.testing.assert_close(cast, exact)
