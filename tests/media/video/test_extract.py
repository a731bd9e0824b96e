import cv2
import numpy as np

from cyclekit.media.video.clip import Frame
from cyclekit.media.video.extract import Choice, extract
from tests.clips import scene
from tests.tiny import picture


def frames(pictures):
    return [
        Frame(number, 1, lambda pixels=pixels: pixels) for number, pixels in enumerate(pictures)
    ]


def numbers(pictures, **choice):
    return [number for number, _ in extract(frames(pictures), Choice(**choice))]


PATCHES = np.kron(picture(6, 8, seed=1) // 2, np.ones((8, 8, 1), np.uint8))
FILM = [*scene(8), *(PATCHES + np.uint8(9 * number) for number in range(8))]
"""Two scenes of eight frames."""


def test_near_duplicates_are_left_out_unless_wanted():
    still = [FILM[0]] * 5
    assert numbers(still) == [0]
    assert numbers(still, distinct=False) == [0, 1, 2, 3, 4]
    assert numbers([*FILM, *FILM]) == numbers(FILM)


def test_one_of_so_many_frames_is_looked_at():
    looked = []

    def pixels(number):
        looked.append(number)
        return FILM[number]

    lazy = [Frame(n, 1, lambda n=n: pixels(n)) for n in range(16)]
    assert [number for number, _ in extract(lazy, Choice(every=5))] == [0, 5, 10, 15]
    assert looked == [0, 5, 10, 15]


def test_a_scene_is_taken_at_its_beginning():
    assert numbers(FILM, scenes=True) == [0, 8]


def test_of_a_group_the_sharpest_is_taken_and_a_group_ends_at_a_cut():
    film = [cv2.GaussianBlur(frame, (0, 0), 2) for frame in FILM]
    for sharp in (2, 6, 11):
        film[sharp] = FILM[sharp]
    assert numbers(film, sharpest=5) == [2, 6, 11, numbers(film, sharpest=5)[-1]]
    assert numbers(film, sharpest=5)[-1] >= 13
    assert numbers(film, sharpest=8, scenes=True)[1] == 11
