"""The embedded model on real films: what stands still in them stands still in the result."""

from itertools import islice

import numpy as np
import pytest

import cyclekit
from cyclekit.inference.fit import resized, wanted_size
from cyclekit.inference.steady import Steadiness, SteadyTranslator
from cyclekit.media.video.source import open_source
from cyclekit.metrics.flicker import flicker
from cyclekit.pixels import Array
from tests.tiny import real_data


def beginning(name: str) -> list[Array]:
    source = open_source(real_data() / "video" / name, None, None)
    size = wanted_size(source.clip.width, source.clip.height, None, 480)
    return [resized(frame.pixels(), *size) for frame in islice(source.frames(), 8)]


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("name", ["visionary_horse.mp4", "soundify_lake.mp4"])
def test_most_of_the_flicker_that_the_model_adds_is_gone(name: str) -> None:
    film, translate = beginning(name), cyclekit.load(device="cpu", precision="fp32")
    added = []
    for steadiness in (Steadiness("off"), Steadiness()):
        made = list(SteadyTranslator(translate, steadiness).stream(film))
        measured = list(flicker(film, made))
        assert np.mean([one.still_share for one in measured]) > 0.01
        added.append(np.nanmean([one.still_change - one.still_source_change for one in measured]))
    assert added[0] > 1
    assert added[1] < 0.3 * added[0]
