import torch

from cyclekit.methods.draws import Draws


def draw(rows, seed=1, purpose="test"):
    draws = Draws(seed, purpose, torch.zeros(rows, 1))
    return draws.normal(2, 3), draws.uniform(), draws.classes(5)


def test_draws_depend_on_seed_and_purpose():
    again, other = draw(4), draw(4, seed=2)
    for first, second, third, fourth in zip(draw(4), again, other, draw(4, 1, "x"), strict=True):
        assert torch.equal(first, second)
        assert not torch.equal(first, third)
        assert not torch.equal(first, fourth)


def test_shapes_and_types():
    normal, uniform, classes = draw(4)
    assert (normal.shape, uniform.shape, classes.shape) == ((4, 2, 3), (4,), (4,))
    assert classes.dtype == torch.int64
    assert ((uniform >= 0) & (uniform < 1)).all()


def test_two_processes_draw_the_parts_of_one(monkeypatch):
    whole = draw(4)
    monkeypatch.setattr("cyclekit.methods.draws.world", lambda: 2)
    monkeypatch.setattr("cyclekit.models.processes.world", lambda: 2)
    halves = []
    for rank in range(2):
        monkeypatch.setattr("cyclekit.models.processes.rank", lambda rank=rank: rank)
        halves.append(draw(2))
    for one, *parts in zip(whole, *halves, strict=True):
        assert torch.equal(one, torch.cat(parts))
