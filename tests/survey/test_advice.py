"""What is recommended fits what was found, runs, and says why."""

import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from cyclekit.config.resolve import parse_set, read_preset, resolve
from cyclekit.media.glance import Glance
from cyclekit.survey.advice import Advice, advise
from cyclekit.survey.piles import Pile
from cyclekit.survey.tally import Tally
from cyclekit.training.learner import check_fit


def tally(count: int, width: int, height: int) -> Tally:
    found = Tally()
    for _ in range(count):
        found.add(Glance(width, height, "PNG", "RGB", 3, 8, False, 1, 1), 1000)
    return found


def advice(*tallies: Tally, gpu: bool = False, tests: int = 0) -> Advice:
    piles = [Pile(f"d{n}", "train", Path(f"d{n}"), Path(f"d{n}")) for n in range(len(tallies))]
    piles += [Pile("d0", "test", Path("t"), Path("t"))] * tests
    found = advise([Path("my data")], piles, [*tallies, *[tally(50, 64, 64)] * tests], gpu=gpu)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("tallies", "gpu", "preset"),
    [
        ((tally(500, 300, 300), tally(500, 300, 300)), False, "cyclegan-lite"),
        ((tally(500, 300, 300), tally(500, 300, 300)), True, "cyclegan"),
        ((tally(500, 300, 300), tally(3, 900, 900)), True, "painting"),
        ((tally(500, 300, 300),), False, "gan"),
        ((tally(500, 512, 256),), False, "cyclegan-lite"),  # side-by-side pairs
        ((tally(500, 300, 300),) * 3, False, "biggan"),
    ],
)
def test_the_preset_follows_domains_counts_and_machine(
    tallies: tuple[Tally, ...], gpu: bool, preset: str
) -> None:
    found = advice(*tallies, gpu=gpu)
    assert found.preset == preset


@pytest.mark.parametrize(("side", "crop"), [(100, 96), (128, 128), (400, 128), (30, 64)])
def test_the_crop_is_no_larger_than_pictures_are(side: int, crop: int) -> None:
    found = advice(tally(300, side, side), tally(300, side, side))
    assert found.config.data.crop == crop
    assert found.config.data.load == (143 if crop == 128 else round(crop * 1.12))
    check_fit(found.config, 2)


def test_long_pictures_are_drawn_out_and_few_are_varied() -> None:
    found = advice(tally(300, 300, 520), tally(50, 300, 520))
    assert (found.config.data.fit, found.config.data.color) == ("whole", 0.1)
    assert any("6.0 times as many" in reason for reason in found.reasons)
    plain = advice(tally(300, 300, 300), tally(300, 300, 300))
    assert (plain.config.data.fit, plain.config.data.color) == ("crop", 0)


def test_tests_count_neither_as_pictures_nor_as_domains() -> None:
    found = advice(tally(300, 300, 300), tally(280, 300, 300), tests=1)  # of 50 small pictures
    assert found == advice(tally(300, 300, 300), tally(280, 300, 300))


def test_the_command_gives_the_settings_that_are_meant() -> None:
    found = advice(tally(150, 100, 200), tally(150, 100, 200))
    words = shlex.split(found.command)
    assert words[:3] == ["cyclekit", "train", "my data"]
    given = [parse_set(word) for option, word in pairwise(words) if option == "--set"]  # fmt: skip
    assert resolve([read_preset(found.preset), *given]) == found.config


def test_nothing_is_advised_without_pictures() -> None:
    assert advise([Path("x")], [Pile("x", "", Path("x"), Path("x"))], [Tally()], gpu=False) is None
