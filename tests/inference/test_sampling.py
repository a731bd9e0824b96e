import numpy as np
import pytest

from cyclekit.errors import UsageError
from cyclekit.inference.sampling import Sampler
from tests.tiny import tiny_generator


def sampler(**options):
    return Sampler(tiny_generator("biggan", classes=3), device="cpu", **options)


def test_a_picture_is_the_same_whatever_n_is():
    many, few = list(sampler().draw(40)), list(sampler().draw(5))
    assert len(many) == 40
    assert many[0].shape == (16, 16, 3)
    assert many[0].dtype == np.uint8
    assert all(np.array_equal(one, other) for one, other in zip(few, many, strict=False))


def test_the_seed_decides():
    one, again, other = (list(sampler().draw(2, seed=seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_class_can_be_asked_for():
    drawn = sampler()
    turns, owls = list(drawn.draw(6)), list(drawn.draw(6, label=2))
    assert [np.array_equal(a, b) for a, b in zip(turns, owls, strict=True)] == [
        *(False, False, True),
        *(False, False, True),
    ]


def test_truncation_makes_pictures_more_alike():
    generator = tiny_generator("biggan")
    generator.settle()
    spread = {
        truncation: np.stack(list(Sampler(generator, device="cpu", truncation=truncation).draw(64)))
        .astype(float)
        .std(0)
        .mean()
        for truncation in (2.0, 0.5, 0.1)
    }
    assert spread[2.0] > spread[0.5] > spread[0.1] > 0


def test_no_noise_at_all_is_refused():
    with pytest.raises(UsageError, match="truncation must be above 0, got -1"):
        sampler(truncation=-1)
