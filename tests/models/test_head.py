import pytest
import torch

from cyclekit.models.layers import Head
from tests.tiny import batch


@pytest.mark.parametrize(("kernel", "channels"), [(7, 3), (3, 1), (5, 4)])
def test_the_head_is_a_reflect_padded_convolution_and_tanh(kernel, channels):
    head = Head(6, channels, kernel).double()
    x = batch(2, 12, 17, 6).double()
    torch.testing.assert_close(head(x), torch.tanh(head.conv(x)))


def test_the_gradients_of_the_head_are_the_convolutions():
    head, x = Head(4, 3).double(), batch(1, 9, 10, 4).double().requires_grad_()
    ours = torch.autograd.grad(head(x).square().sum(), (x, *head.parameters()))
    plain = torch.autograd.grad(torch.tanh(head.conv(x)).square().sum(), (x, *head.parameters()))
    for one, other in zip(ours, plain, strict=True):
        torch.testing.assert_close(one, other)


def test_the_head_stays_in_float32_for_bfloat16_features():
    assert Head(4, 3)(batch(1, 9, 9, 4).bfloat16()).dtype == torch.float32


def test_under_autocast_the_head_gives_what_its_convolution_gives():
    head, x = Head(4, 3), batch(1, 9, 9, 4).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        features = head.project(x)
        right = head.conv(x)
    assert features.dtype == torch.float32
    torch.testing.assert_close(features, right.float(), atol=0.02, rtol=0.02)
