import torch

from cyclekit.methods.pool import ImagePool
from tests.tiny import batch


def test_an_empty_pool_hands_new_fakes_through():
    pool = ImagePool(4)
    fakes = batch(3)
    assert torch.equal(pool(fakes, seed=0), fakes)
    assert len(pool.images) == 3


def test_a_pool_of_size_zero_keeps_nothing():
    pool = ImagePool(0)
    assert torch.equal(pool(batch(2), seed=0), batch(2))
    assert not pool.images


def test_a_full_pool_hands_out_old_fakes_half_of_the_time():
    pool = ImagePool(10)
    pool(torch.zeros(10, 1, 1, 1), seed=0)
    given = torch.cat([pool(torch.full((1, 1, 1, 1), float(i)), seed=i) for i in range(1, 401)])
    new = (given.flatten() == torch.arange(1, 401)).float().mean()
    assert 0.4 < new < 0.6
    assert len(pool.images) == 10


def test_the_seed_decides_the_draws():
    first, second = ImagePool(2), ImagePool(2)
    for step in range(20):
        fakes = batch(2, seed=step)
        assert torch.equal(first(fakes, seed=step), second(fakes, seed=step))


def test_a_restored_pool_goes_on_the_same():
    pool, copy = ImagePool(3), ImagePool(3)
    pool(batch(3), seed=0)
    copy.load_state_dict(pool.state_dict())
    assert torch.equal(pool(batch(2, seed=1), seed=5), copy(batch(2, seed=1), seed=5))


def test_fakes_leave_without_a_graph():
    fakes = batch(1).requires_grad_()
    assert not ImagePool(2)(fakes * 2, seed=0).requires_grad
