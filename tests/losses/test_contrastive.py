import math

import pytest
import torch
from torch.nn import functional as F

from cyclekit.losses.contrastive import patch_nce


def published(query, key, temperature):
    """The published loss, written from its description: own key first, then all with the own at -10."""
    total, count = 0.0, 0
    for queries, keys in zip(query, key, strict=True):
        for i, q in enumerate(queries):
            others = [-10.0 if j == i else float(q @ k) for j, k in enumerate(keys)]
            logits = [x / temperature for x in [float(q @ keys[i]), *others]]
            total += math.log(sum(math.exp(x - logits[0]) for x in logits))
            count += 1
    return total / count


def units(*shape, seed=0):
    draws = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, generator=draws, dtype=torch.float64), dim=-1)


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_the_loss_is_the_published_one(temperature):
    query, key = units(2, 6, 4, seed=1), units(2, 6, 4, seed=2)
    key[0, :3] = query[0, :3]  # some are found at once
    found = float(patch_nce(query, key, temperature))
    assert found == pytest.approx(published(query, key, temperature), abs=1e-6)


def test_a_case_by_hand():
    query = torch.eye(2)[None]
    key = torch.tensor([[[0.6, 0.8], [0.0, 1.0]]])
    # Rows of q·k: (0.6, 0) and (0.8, 1); the own keys stand on the diagonal.
    expected = (math.log(1 + math.exp(-0.6 / 0.07)) + math.log(1 + math.exp(-0.2 / 0.07))) / 2
    assert float(patch_nce(query, key)) == pytest.approx(expected, abs=1e-6)


def test_patches_that_are_all_alike_cannot_be_told_apart():
    same = torch.ones(3, 8, 2) / 2**0.5
    assert float(patch_nce(same, same)) == pytest.approx(math.log(8), abs=1e-6)


def test_keys_take_no_gradient():
    query, key = units(1, 4, 3).float().requires_grad_(), units(1, 4, 3, seed=1).float()
    key.requires_grad_()
    patch_nce(query, key).backward()
    assert query.grad.abs().sum() > 0
    assert key.grad is None


def test_own_keys_may_lie_further_on():
    query, key = units(1, 2, 4).float(), units(1, 5, 4, seed=3).float()
    logits = (query @ key.transpose(1, 2))[0] / 0.07
    expected = F.cross_entropy(logits, torch.tensor([3, 4]))
    torch.testing.assert_close(patch_nce(query, key, first=3), expected)


@pytest.mark.parametrize(
    ("shape", "first", "message"),
    [((2, 4, 3), 0, "do not fit"), ((1, 3, 3), 0, "4 at least"), ((1, 4, 3), 1, "5 at least")],
)
def test_shapes_that_do_not_fit_are_refused(shape, first, message):
    with pytest.raises(ValueError, match=message):
        patch_nce(torch.ones(1, 4, 3), torch.ones(shape), first=first)
