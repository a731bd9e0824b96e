import pytest

from cyclekit.metrics import kernel
from cyclekit.metrics.kernel import kernel_distance
from tests.metrics.clouds import cloud


def brute_force(x, y):
    """Sum the kernel over every ordered pair of different pictures, in plain Python."""

    def k(a, b):
        return (float(a.double() @ b.double()) / len(a) + 1) ** 3

    n, m = len(x), len(y)
    xx = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    yy = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    xy = sum(k(a, b) for a in x for b in y) / (n * m)
    return xx + yy - 2 * xy


def brute_force_error(x, y):
    """Leave out every picture in turn and measure everything anew."""

    def spread(values):
        mean = sum(values) / len(values)
        return (len(values) - 1) / len(values) * sum((v - mean) ** 2 for v in values)

    rest = [[*range(i), *range(i + 1, len(x))] for i in range(len(x))]
    without_x = [brute_force(x[keep], y) for keep in rest]
    rest = [[*range(i), *range(i + 1, len(y))] for i in range(len(y))]
    without_y = [brute_force(x, y[keep]) for keep in rest]
    return (spread(without_x) + spread(without_y)) ** 0.5


@pytest.mark.parametrize("block", [4, 1024])
def test_distance_and_error_equal_brute_force(monkeypatch, block):
    monkeypatch.setattr(kernel, "BLOCK", block)
    x, y = cloud(9, 6), cloud(7, 6, seed=1, shift=0.4)
    found = kernel_distance(x, y)
    assert found.value == pytest.approx(brute_force(x, y), rel=1e-9)
    assert found.error == pytest.approx(brute_force_error(x, y), rel=1e-9)


def test_two_samples_of_one_distribution_are_0_apart_on_average():
    distances = [
        kernel_distance(cloud(20, 8, seed), cloud(15, 8, 1000 + seed)).value for seed in range(200)
    ]
    mean = sum(distances) / len(distances)
    error = (sum((d - mean) ** 2 for d in distances) / len(distances) / len(distances)) ** 0.5
    assert min(distances) < 0
    assert abs(mean) < 4 * error


def test_the_error_tells_how_far_other_samples_fall():
    found = [kernel_distance(cloud(40, 8, s), cloud(40, 8, 500 + s, shift=0.5)) for s in range(100)]
    values = [estimate.value for estimate in found]
    mean = sum(values) / len(values)
    deviation = (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5
    claimed = sum(estimate.error for estimate in found) / len(found)
    assert claimed == pytest.approx(deviation, rel=0.25)


def test_too_few_pictures():
    with pytest.raises(ValueError, match="at least 2 pictures a set, got 1 and 4"):
        kernel_distance(cloud(1, 4), cloud(4, 4))
    assert kernel_distance(cloud(2, 4), cloud(4, 4)).error is None
