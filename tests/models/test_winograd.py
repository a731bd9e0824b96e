from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from cyclekit.models.winograd import FEWEST_CHANNELS, ReflectedConv, kernels_kept, winograd

WIDE = FEWEST_CHANNELS


def plain(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), weight)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.double, generator=torch.Generator().manual_seed(seed))


def parts(conv: Callable[[Tensor, Tensor], Tensor], x: Tensor, weight: Tensor) -> list[Tensor]:
    """The output, and the gradients of x and of the weight, for one gradient of the output."""
    x, weight = x.clone().requires_grad_(), weight.clone().requires_grad_()
    y = conv(x, weight)
    outer = draw(*y.shape, seed=2).to(y.dtype)
    return [y.detach(), *torch.autograd.grad(y, (x, weight), outer)]


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(1, 3), inside=st.integers(1, 4), outside=st.integers(1, 4),
    height=st.integers(1, 5), width=st.integers(1, 5), last=st.booleans(),
)  # fmt: skip
def test_it_is_the_reflect_padded_convolution(count, inside, outside, height, width, last):
    x = draw(count, inside, 2 * height, 2 * width)
    if last:
        x = x.contiguous(memory_format=torch.channels_last)
    weight = draw(outside, inside, 3, 3, seed=1)
    for ours, right in zip(parts(winograd, x, weight), parts(plain, x, weight), strict=True):
        torch.testing.assert_close(ours, right)


def test_its_gradients_are_those_of_its_numbers():
    x, weight = draw(2, 2, 4, 6).requires_grad_(), draw(3, 2, 3, 3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(winograd, (x, weight))


def test_a_hand_made_edge_is_seen_from_outside():
    x = torch.zeros(1, 1, 4, 4, dtype=torch.double)
    x[..., 1] = 1  # a line beside the left edge, which reflects it to the other side of the edge
    weight = torch.ones(1, 1, 3, 3, dtype=torch.double)
    assert winograd(x, weight)[0, 0, 0].tolist() == [6, 3, 3, 0]


def test_in_bfloat16_it_errs_hardly_more_than_the_convolution():
    x, weight = draw(1, WIDE, 16, 16).relu().float(), 0.02 * draw(WIDE, WIDE, 3, 3).float()
    right = parts(plain, x, weight)
    half = parts(lambda x, weight: plain(x.bfloat16(), weight.bfloat16()), x, weight)
    ours = parts(lambda x, weight: winograd(x.bfloat16(), weight), x, weight)
    for exact, usual, own in zip(right, half, ours, strict=True):
        error = (own - exact).norm() / exact.norm()
        assert error < 0.008
        assert error < 3 * (usual - exact).norm() / exact.norm()


def half(conv: nn.Module, x: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        return conv(x)  # type: ignore[no-any-return]


def is_winograd(y: Tensor) -> bool:
    return "Products" in str(y.grad_fn)


def twin(conv: ReflectedConv) -> nn.Conv2d:
    channels = conv.in_channels
    plain = nn.Conv2d(
        channels, channels, 3, padding=1, padding_mode="reflect", bias=conv.bias is not None
    )
    plain.load_state_dict(conv.state_dict())
    return plain


def test_a_wide_layer_learns_by_it_in_bfloat16():
    conv, x = ReflectedConv(WIDE, bias=False), draw(1, WIDE, 4, 4).float()
    assert is_winograd(half(conv, x))
    assert is_winograd(conv.bfloat16()(x.bfloat16()))


@pytest.mark.parametrize(
    ("channels", "side", "dtype"),
    [(WIDE // 2, 4, torch.bfloat16), (WIDE, 5, torch.bfloat16), (WIDE, 4, torch.float32)],
)
def test_narrow_odd_and_float32_pictures_go_through_the_convolution(channels, side, dtype):
    conv, x = ReflectedConv(channels), draw(1, channels, side, side).float()
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        y, right = conv(x), twin(conv)(x)
    assert not is_winograd(y)
    assert y.equal(right)


def test_without_gradients_it_is_the_convolution_to_the_bit():
    conv, x = ReflectedConv(WIDE), draw(1, WIDE, 4, 4).float()
    with torch.no_grad():
        assert half(conv, x).equal(half(twin(conv), x))


def test_its_bias_is_added_and_learned():
    conv, x = ReflectedConv(WIDE), draw(1, WIDE, 4, 4).float()
    y = half(conv, x)
    y.float().sum().backward()
    assert conv.bias is not None
    assert conv.bias.grad is not None
    torch.testing.assert_close(y.float(), twin(conv)(x), atol=0.05, rtol=0.05)
    torch.testing.assert_close(conv.bias.grad, torch.full((WIDE,), 16.0))


def test_a_weight_is_transformed_once_for_all_uses_in_a_block():
    x, weight = draw(1, 2, 4, 4), draw(2, 2, 3, 3, seed=1).requires_grad_()
    alone = winograd(winograd(x, weight), weight)
    with kernels_kept():
        first = winograd(x, weight)
        y = winograd(first, weight)
        assert first.grad_fn.next_functions[1] == y.grad_fn.next_functions[1]
    assert y.equal(alone)
    torch.testing.assert_close(
        torch.autograd.grad(y.sum(), weight), torch.autograd.grad(alone.sum(), weight)
    )


def test_the_next_block_sees_the_weight_as_it_is_then():
    x, weight = draw(1, 2, 4, 4), draw(2, 2, 3, 3, seed=1)
    with kernels_kept():
        before = winograd(x, weight)
    weight.mul_(2)
    with kernels_kept():
        assert winograd(x, weight).equal(2 * before)
