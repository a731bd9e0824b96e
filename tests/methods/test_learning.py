"""The games that translate, on a world whose mapping is known.

These runs are short: they find the colours. That the patterns are kept takes longer, and is measured
by tools/benchmark_games.py; only a student, who is shown the answers, keeps them here.
"""

import pytest
import torch
from games.known import KNOWN, answers, asked, one_colour, untouched, ways
from games.two_colours import BLUE, RED, clips, error, patterns, recoloured


@pytest.mark.parametrize(
    ("name", "steps", "count"),
    [("cut", 120, 4), ("dclgan", 120, 4), ("stargan", 150, 8), ("recycle", 100, 2)],
)
def test_the_colours_are_found(name, steps, count):
    method = KNOWN[name].play(steps, count)
    found = answers(method)
    assert set(found) == ({"ab"} if name == "cut" else {"ab", "ba"})
    assert max(answer.off for answer in found.values()) < 0.4 * untouched()
    if name == "stargan":
        red, _ = asked("ab")
        assert same_domain_and_styles(method.generator, red)


def test_a_student_learns_what_its_teacher_does():
    (answer,) = answers(KNOWN["distill"].play(80, 8)).values()
    assert answer.off < 0.2 * untouched()
    assert answer.off < one_colour()
    assert answer.alike > 0.7


def same_domain_and_styles(generator, red):
    """Whether a picture stays as it is in its own domain, and styles of another differ."""
    own, other = torch.full((16,), 0), torch.full((16,), 1)
    with torch.no_grad():
        kept = error(generator(red, own), red)
        styles = [generator(red, other, torch.full((16, 2), z)) for z in (-1.0, 1.0)]
    return kept < 0.4 * untouched() and error(*styles) > 0.01


def test_the_mapping_swaps_the_colours():
    red = patterns(2, RED, 0)
    blue = recoloured(red, RED, BLUE)
    assert torch.equal(blue[:, BLUE], red[:, RED])
    assert (blue[:, RED] == -1).all()
    assert torch.equal(recoloured(blue, RED, BLUE), red)


def test_clips_move_by_a_pixel_a_frame():
    first, second, third = clips(2, BLUE, 3).split(3, dim=1)
    assert torch.equal(first[..., 1:], second[..., :-1])
    assert torch.equal(second[..., 1:], third[..., :-1])
    assert not torch.equal(first, second)
    assert (first[:, RED] == -1).all()


def test_what_is_asked_is_what_nobody_has_seen():
    for way, colour in (("ab", RED), ("ba", BLUE)):
        x, truth = asked(way)
        assert (x[:, colour] > -1).any()
        assert error(recoloured(x, RED, BLUE), truth) == 0
    assert set(ways(KNOWN["recycle"].play(0, 1))) == {"ab", "ba"}
