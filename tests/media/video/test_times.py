from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclekit.media.video.clip import Clip, Frame
from cyclekit.media.video.times import Cut, Pace, chosen, rising

TENTH = Fraction(1, 10)
CLIP = Clip(4, 4, TENTH, Fraction(10), frames=20)


def frames(*pts: int, duration: int = 1) -> list[Frame]:
    return [Frame(time, duration, lambda: np.zeros((4, 4, 3), np.uint8)) for time in pts]


def kept(cut: Cut, *pts: int, clip: Clip = CLIP) -> list[tuple[int, int]]:
    return [(frame.pts, frame.duration) for frame in chosen(iter(frames(*pts)), clip, cut)]


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=30))
def test_times_rise_and_none_is_lost(pts: list[int]) -> None:
    made = [frame.pts for frame in rising(iter(frames(*pts)), usual=1)]
    assert len(made) == len(pts)
    assert made == sorted(set(made))
    assert made[0] == pts[0]
    if pts == sorted(set(pts)):
        assert made == pts


def test_a_frame_without_a_duration_lasts_until_the_next() -> None:
    made = rising(iter(frames(0, 3, 10, duration=0)), usual=5)
    assert [frame.duration for frame in made] == [3, 7, 5]


def test_a_cut_holds_what_is_shown_from_its_start_and_before_its_end() -> None:
    times = range(10)
    assert kept(Cut(), *times) == [(time, 1) for time in times]
    assert kept(Cut(start=Fraction(3, 10), end=Fraction(6, 10)), *times) == [(3, 1), (4, 1), (5, 1)]
    assert kept(Cut(start=Fraction(25, 100)), *times)[0] == (3, 1)
    assert kept(Cut(end=Fraction(25, 100)), *times)[-1] == (2, 1)
    assert kept(Cut(most=2), *times) == [(0, 1), (1, 1)]
    assert kept(Cut(start=Fraction(9)), *times) == []


def test_times_count_from_where_the_file_begins() -> None:
    late = Clip(4, 4, TENTH, Fraction(10), start=Fraction(5))
    assert kept(Cut(start=Fraction(1, 10)), 50, 51, 52, clip=late) == [(51, 1), (52, 1)]


def test_one_of_many_is_shown_as_long_as_all_of_them() -> None:
    assert kept(Cut(every=4), *range(10)) == [(0, 4), (4, 4), (8, 2)]
    assert kept(Cut(every=3, most=2), 0, 2, 3, 10, 11, 15, 16) == [(0, 4), (10, 6)]


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=30),
    st.integers(1, 5),
    st.integers(0, 100),
)
def test_no_time_is_lost_by_leaving_out_frames(steps: list[int], every: int, start: int) -> None:
    pts = np.cumsum([start, *steps]).tolist()
    made = list(chosen(rising(iter(frames(*pts, duration=0)), 1), CLIP, Cut(every=every)))
    assert [frame.pts for frame in made] == pts[::every]
    assert sum(frame.duration for frame in made) == pts[-1] + 1 - pts[0]


def test_the_number_of_frames_is_estimated() -> None:
    assert Cut().frames(CLIP) == 20
    assert Cut(every=3).frames(CLIP) == 7
    assert Cut(start=Fraction(1), most=5).frames(CLIP) == 5
    assert Cut(start=Fraction(1), end=Fraction(3, 2)).frames(CLIP) == 5
    endless = Clip(4, 4, TENTH, Fraction(10))
    assert Cut().frames(endless) is None
    assert Cut(end=Fraction(1)).frames(endless) == 10


@pytest.mark.parametrize(
    ("pts", "even"), [((0, 1, 2, 3), True), ((0, 41, 83, 125), True), ((0, 40, 120), False)]
)
def test_uneven_times_are_told(pts: tuple[int, ...], even: bool) -> None:
    pace = Pace(CLIP)
    for time in pts:
        pace.add(time)
    notes = pace.notes("pictures")
    assert (not notes) if even else ("on average 10 a second" in notes[0])
