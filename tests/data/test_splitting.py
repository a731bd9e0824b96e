"""What belongs together stays on one side, and the shares are those that were asked for."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclekit.data.fingerprint import fingerprint
from cyclekit.data.splitting import choose_test, group_pictures
from tests.survey.worlds import scene


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2)), min_size=1, max_size=80),
    st.floats(0.05, 0.95),
    st.integers(0, 5),
)
def test_groups_are_never_torn_apart(rows: list[tuple[int, int]], share: float, seed: int) -> None:
    labels, domains = np.array([group for group, _ in rows]), [domain for _, domain in rows]
    chosen = choose_test(labels, domains, share, seed)
    for group in set(labels.tolist()):
        assert len({one for one, label in zip(chosen, labels, strict=True) if label == group}) == 1
    assert chosen == choose_test(labels, domains, share, seed)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_single_pictures_give_each_domain_its_share(share: float) -> None:
    domains = [0] * 200 + [1] * 40
    chosen = choose_test(np.arange(240), domains, share, seed=3)
    assert sum(chosen[:200]) == pytest.approx(200 * share, abs=1)
    assert sum(chosen[200:]) == pytest.approx(40 * share, abs=1)
    assert chosen != choose_test(np.arange(240), domains, share, seed=4)


def test_one_group_is_never_for_testing_alone() -> None:
    assert not any(choose_test(np.zeros(10, int), [0] * 10, 0.1, seed=0))


def test_frames_of_a_slow_film_are_one_group() -> None:
    wide = scene(1, 96, 400)
    frames = [wide[:, 4 * step : 4 * step + 96] for step in range(40)]
    strangers = [scene(seed) for seed in range(50, 55)]
    paths = [Path(f"film/frame_{step}.png") for step in range(40)]  # 10 comes before 2 as a text
    paths += [Path(f"film/other_{seed}.png") for seed in range(5)]
    labels = group_pictures(paths, [fingerprint(one) for one in (*frames, *strangers)], ["copies"])
    assert set(labels[:40].tolist()) == {0}
    assert len(set(labels.tolist())) == 6


def test_names_and_folders_keep_together_what_does_not_look_alike() -> None:
    paths = [Path(name) for name in ("a/x1.png", "a/x20.png", "a/y1.png", "b/x1.png", "b/x 2.png")]
    prints = [fingerprint(scene(seed)) for seed in range(5)]
    assert group_pictures(paths, prints, ["copies"]).tolist() == [0, 1, 2, 3, 4]
    assert group_pictures(paths, prints, ["name"]).tolist() == [0, 0, 2, 3, 4]
    assert group_pictures(paths, prints, ["folder"]).tolist() == [0, 0, 0, 3, 3]
    assert group_pictures(paths, prints, ["name", "folder"]).tolist() == [0, 0, 0, 3, 3]
