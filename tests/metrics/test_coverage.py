import pytest
import torch

from cyclekit.metrics import coverage as module
from cyclekit.metrics import neighbours
from cyclekit.metrics.coverage import coverage, realism
from cyclekit.metrics.neighbours import nearest, neighbour_radius
from tests.metrics.clouds import cloud


def distance(a, b):
    return float((a.double() - b.double()).square().sum().sqrt())


def radius(points, i, k):
    return sorted(distance(points[i], points[j]) for j in range(len(points)) if j != i)[k - 1]


def brute_force(real, fake, k):
    """Count by the definitions, one pair after another."""
    real_radius = [radius(real, i, k) for i in range(len(real))]
    fake_radius = [radius(fake, j, k) for j in range(len(fake))]
    inside = [[distance(r, f) < s for r, s in zip(real, real_radius, strict=True)] for f in fake]
    reached = [[distance(r, f) < s for f, s in zip(fake, fake_radius, strict=True)] for r in real]
    return (
        sum(map(sum, inside)) / (k * len(fake)),
        sum(any(row[i] for row in inside) for i in range(len(real))) / len(real),
        sum(map(any, inside)) / len(fake),
        sum(map(any, reached)) / len(real),
    )


@pytest.mark.parametrize("block", [3, 1024])
@pytest.mark.parametrize("shift", [0.0, 0.8])
def test_all_four_equal_brute_force(monkeypatch, block, shift):
    monkeypatch.setattr(module, "BLOCK", block)
    monkeypatch.setattr(neighbours, "BLOCK", block)
    real, fake = cloud(14, 3), cloud(11, 3, seed=1, shift=shift)
    found = coverage(real, fake, k=3)
    expected = brute_force(real, fake, 3)
    assert (found.density, found.coverage, found.precision, found.recall) == pytest.approx(expected)


def test_one_point_repeated_covers_one_neighbourhood():
    real = torch.tensor([[0.0], [1.0], [10.0], [11.0]])
    found = coverage(real, torch.full((6, 1), 0.4), k=1)
    assert found.precision == 1
    assert found.coverage == 0.5  # 0 and 1 reach 1 far; 10 and 11 do not reach 0.4
    assert found.density == 2
    assert found.recall == 0  # no fake has a neighbourhood


def test_realism_is_the_largest_ratio_and_equals_are_infinite():
    real = torch.tensor([[0.0], [1.0], [5.0]])  # radii 1, 1, 4
    found = realism(real, torch.tensor([[2.0], [0.0], [9.0]]), k=1)
    assert found.tolist() == [pytest.approx(4 / 3), float("inf"), pytest.approx(1)]


def test_nearest_finds_the_row_and_its_distance(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 4)
    x, y = cloud(9, 5), cloud(13, 5, seed=1)
    distances, index = nearest(x, y)
    for i in range(len(x)):
        expected = [distance(x[i], row) for row in y]
        assert int(index[i]) == expected.index(min(expected))
        assert float(distances[i]) == pytest.approx(min(expected))


def test_more_neighbours_than_pictures_are_refused():
    with pytest.raises(ValueError, match="more than 5 pictures for 5 neighbours, got 5"):
        neighbour_radius(cloud(5, 2), 5)
