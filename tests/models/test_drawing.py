import pytest
import torch
from torch import nn

from cyclekit.models import drawing, processes
from cyclekit.models.drawing import Dropout, drawing_for, drawn
from cyclekit.models.palette import gumbel
from tests.tiny import batch


def as_of(monkeypatch, rank, world):
    monkeypatch.setattr(processes, "rank", lambda: rank)
    monkeypatch.setattr(processes, "world", lambda: world)
    monkeypatch.setattr(drawing, "world", lambda: world)


@pytest.mark.parametrize("network", [Dropout(0.5), gumbel], ids=["dropout", "gumbel"])
@pytest.mark.parametrize("sets", [1, 2, 3])
def test_every_process_draws_its_own_part_of_what_one_draws(monkeypatch, network, sets):
    """Four pictures and two processes; a call may hold several sets of a process's pictures."""
    wholes = [batch(4, channels=5, seed=seed) for seed in range(sets)]

    def made_by(rank, world):
        as_of(monkeypatch, rank, world)
        each = 4 // world
        torch.manual_seed(7)
        with drawing_for(each):
            made = network(torch.cat([one[rank * each : (rank + 1) * each] for one in wholes]))
            again = network(wholes[0][rank * each : (rank + 1) * each])
        return [*made.split(each), again]

    alone, first, second = made_by(0, 1), made_by(0, 2), made_by(1, 2)
    assert len(alone) == sets + 1
    for whole, *parts in zip(alone, first, second, strict=True):
        assert torch.equal(torch.cat(parts), whole)
    assert not torch.equal(alone[0], alone[-1])  # drawn anew


def test_dropout_leaves_out_its_share_and_keeps_the_mean():
    torch.manual_seed(0)
    x = torch.ones(2, 50, 20, 20)
    made = Dropout(0.3)(x)
    assert (made == 0).float().mean() == pytest.approx(0.3, abs=0.01)
    assert made.mean() == pytest.approx(1, abs=0.02)
    torch.testing.assert_close(made.max(), torch.tensor(1 / 0.7))
    assert torch.equal(Dropout(1.0)(x), nn.Dropout(1.0)(x))


def test_in_use_nothing_is_left_out():
    x = batch(2)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_where_sets_do_not_fit_all_rows_are_drawn_at_once():
    with drawing_for(2):
        assert drawn(torch.zeros, 3).shape == (3,)
    assert drawn(torch.zeros, 4).shape == (4,)
