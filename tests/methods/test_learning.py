"""The games that translate learn a world whose mapping is known, with smaller runs than the README."""

import pytest
import torch
from games.known import KNOWN, asked, errors, untouched, ways
from games.two_colours import BLUE, RED, clips, error, patterns, recoloured


@pytest.mark.parametrize(
    ("name", "steps", "count", "left"),
    [
        ("cut", 120, 4, 0.4),
        ("dclgan", 120, 4, 0.4),
        ("stargan", 150, 8, 0.4),
        ("distill", 80, 8, 0.2),
        ("recycle", 100, 2, 0.4),
    ],
)
def test_the_mapping_is_found(name, steps, count, left):
    method = KNOWN[name].play(steps, count)
    found = errors(method)
    assert set(found) == ({"ab"} if name in ("cut", "distill") else {"ab", "ba"})
    assert max(found.values()) < left * untouched()
    if name == "stargan":
        red, _ = asked("ab")
        assert same_domain_and_styles(method.generator, red)


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
