import cv2
import numpy as np
import pytest
import torch

from cyclekit.data.augment import Augmentation
from cyclekit.data.layouts import find_domains
from cyclekit.models import GENERATORS, make_translator
from cyclekit.training.palette import foreign_colors
from tests.tiny import picture, tiny_spec

PLAIN = Augmentation(None, 16)


@pytest.fixture
def domains(tmp_path):
    """Photographs, and pictures of black and white."""
    for name in ("photos", "art"):
        (tmp_path / name).mkdir()
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"photos/{i}.png"), picture(20, 20, seed=i))
        art = np.repeat(picture(20, 20, 1, seed=i) // 128 * 255, 3, axis=2)
        cv2.imwrite(str(tmp_path / f"art/{i}.png"), art)
    return find_domains([tmp_path / "photos", tmp_path / "art"])


def generators(colors, direction="ab"):
    spec = tiny_spec(GENERATORS, "mobile", head="palette", colors=colors, direction=direction)
    with torch.random.fork_rng(devices=[]):
        return {way: make_translator(spec, way) for way in ("ab", "ba")}


def test_pictures_of_the_palette_need_no_word(domains):
    assert list(foreign_colors(generators(["#000000", "#ffffff"]), domains, PLAIN)) == []


def test_a_colour_that_the_palette_lacks_is_told(domains):
    (told,) = foreign_colors(generators(["#000000", "#fffffe"]), domains, PLAIN)
    share = int(told.partition("%")[0])
    assert 40 <= share <= 60
    assert "pixels of 'art' have colours that are not in generator.colors" in told


def test_pictures_that_are_resized_are_told(domains):
    (told,) = foreign_colors(
        generators(["#000000", "#ffffff"]), domains, Augmentation(load=30, crop=16)
    )
    assert "data.load=null" in told


def test_only_the_domain_with_the_palette_is_looked_at(domains):
    (told,) = foreign_colors(generators(["#000000", "#ffffff"], "ba"), domains, PLAIN)
    assert "of the pixels of 'photos'" in told


def test_learned_colours_follow_the_pictures_and_need_no_word(domains):
    assert list(foreign_colors(generators(4, "both"), domains, PLAIN)) == []
