from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from cyclekit.errors import UsageError
from cyclekit.inference.steady import Steadiness, SteadyTranslator
from cyclekit.inference.translator import Translator
from cyclekit.pixels import Array
from tests.tiny import picture, tiny_generator

RESNET = tiny_generator("resnet")


def film(count: int = 8, seed: int = 0) -> list[Array]:
    """A still background with a bright square that moves over its right half."""
    frames = []
    for i in range(count):
        frame = np.kron(picture(6, 8, seed=seed) // 2, np.ones((8, 8, 1), np.uint8))
        frame[4 * i : 4 * i + 16, 40:60] = 250
        frames.append(frame)
    return frames


def steady(mode: Any = "average", **options: Any) -> SteadyTranslator:
    tile = options.pop("tile", "auto")
    translator = Translator(RESNET, device="cpu", precision="fp32", batch_size=3, tile=tile)
    return SteadyTranslator(translator, Steadiness(mode, **options))


def background_change(made: list[Array]) -> float:
    still = [frame[:, :16].astype(float) for frame in made]  # beyond the reach of the square
    return float(np.mean([np.abs(b - a).mean() for a, b in pairwise(still)]))


def test_off_is_every_frame_by_itself() -> None:
    alone = Translator(RESNET, device="cpu", precision="fp32")
    for made, frame in zip(steady("off").stream(film()), film(), strict=True):
        assert np.abs(made.astype(int) - alone(frame)).max() <= 1


def test_the_background_becomes_steadier() -> None:
    off, average, freeze = (
        background_change(list(steady(mode).stream(film())))
        for mode in ("off", "average", "freeze")
    )
    assert off > 0.5
    assert average < 0.3 * off
    assert freeze == 0


def test_noise_of_the_source_moves_no_texture() -> None:
    noise = np.random.default_rng(0)
    base = film(1)[0].astype(float) + 20
    noisy = [np.rint(base + noise.normal(0, 1, base.shape)).astype(np.uint8) for _ in range(12)]
    statistics, whole = (
        background_change(list(steady(hold=hold).stream(noisy))) for hold in (0.0, 0.97)
    )
    assert statistics > 0.5
    assert whole < 0.3 * statistics


@pytest.mark.parametrize("mode", ["off", "average", "freeze"])
def test_equal_frames_give_equal_results(mode: str) -> None:
    frames = film(3)
    made = list(steady(mode).stream([frames[0], frames[1], frames[1], frames[1], frames[2]]))
    assert np.array_equal(made[1], made[2])
    assert np.array_equal(made[2], made[3])
    assert not np.array_equal(made[3], made[4])


@pytest.mark.parametrize("mode", ["average", "freeze"])
def test_a_cut_begins_anew(mode: str) -> None:
    first, second = film(seed=0), [255 - frame for frame in film(seed=5)]
    joined = list(steady(mode).stream([*first, *second]))
    alone = list(steady(mode).stream(second))
    assert all(np.array_equal(a, b) for a, b in zip(joined[len(first) :], alone, strict=True))


@pytest.mark.parametrize("mode", ["average", "freeze"])
def test_batches_change_nothing(mode: str) -> None:
    one_by_one = SteadyTranslator(
        Translator(RESNET, device="cpu", precision="fp32", batch_size=1), Steadiness(mode)
    )
    for a, b in zip(steady(mode).stream(film()), one_by_one.stream(film()), strict=True):
        assert np.abs(a.astype(int) - b).max() <= 1


@pytest.mark.parametrize("mode", ["average", "freeze"])
def test_tiles_carry_the_same_statistics(mode: str) -> None:
    for a, b in zip(steady(mode).stream(film()), steady(mode, tile=16).stream(film()), strict=True):
        assert np.abs(a.astype(int) - b).max() <= 1


def test_blending_keeps_what_stands_still_and_lets_go_of_what_moves() -> None:
    plain = list(steady("off").stream(film()))
    mixed = list(steady("off", blend=0.8).stream(film()))
    assert background_change(mixed) < 0.5 * background_change(plain)
    square = np.abs(mixed[-1][28:44, 40:60].astype(float) - plain[-1][28:44, 40:60]).mean()
    assert square < 40  # no ghost of the background where the square has come to


@pytest.mark.parametrize("blend", [0.0, 0.5])
def test_another_size_begins_anew_but_for_the_statistics(blend: float) -> None:
    large, small = film(5), [frame[::2, ::2] for frame in film(5)]
    stepper = steady(blend=blend)
    made = list(stepper.stream([*large, *small, *large]))
    shapes = [frame.shape for frame in [*large, *small, *large]]
    assert [frame.shape for frame in made] == shapes


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_remembered_of_frames_of_any_depth_goes_on(dtype: Any) -> None:
    frames = [frame.astype(dtype) * (257 if dtype == np.uint16 else 1) for frame in film()]
    whole, begun, gone_on = (steady() for _ in range(3))
    first, expected = list(whole.stream(frames[:4])), list(whole.stream(frames[4:]))
    assert all(map(np.array_equal, begun.stream(frames[:4]), first))
    gone_on.load(begun.dump())
    assert all(map(np.array_equal, gone_on.stream(frames[4:]), expected))


def test_frames_come_out_as_they_go_in() -> None:
    taken = []

    def endless() -> Any:
        for i in range(10**6):
            taken.append(i)
            yield film(8)[i % 8]

    stream = steady().stream(endless())
    next(stream)
    assert len(taken) <= 4  # a batch, and the one that showed it to be full


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "on"}, "steady must be off, average or freeze, got 'on'"),
        ({"keep": 1.5}, "from 0 to 1, got 1.5"),
        ({"hold": -0.1}, "that is held must be from 0 to 1, got -0.1"),
        ({"blend": 1.0}, "from 0 to under 1"),
    ],
)
def test_wrong_settings_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Steadiness(**options)
