"""Pictures that do not belong are found, by features of known places."""

from pathlib import Path

import pytest
import torch

from cyclekit.survey.listener import Silence
from cyclekit.survey.outliers import Features, colour_features, find_outliers
from cyclekit.survey.piles import find_piles
from cyclekit.survey.survey import survey
from tests.survey.worlds import fill, put, scene


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory):
    root = tmp_path_factory.mktemp("two")
    fill(root / "dark", range(30))
    fill(root / "red", range(100, 140), tint=(110, -60, -60))
    put(root / "dark" / "lost.png", scene(500, tint=(110, -60, -60)))
    put(root / "red" / "blue.png", scene(501, tint=(-200, -200, 200)))
    piles = find_piles([root / "dark", root / "red"])
    return piles, survey(piles, Silence(), pixels=True).pictures


def test_colour_finds_the_only_blue_one_and_the_one_in_the_wrong_folder(pictures) -> None:
    piles, seen = pictures
    found = find_outliers(colour_features(seen), piles)
    assert ("lost.png", "red") in {(one.picture.path.name, one.like) for one in found}
    assert found[0].picture.path.name in ("blue.png", "lost.png")
    assert {one.picture.path.name for one in found if not one.like} >= {"blue.png"}
    assert len(found) <= 6  # of 72: colours alone tell little


def test_places_decide(pictures) -> None:
    piles, seen = pictures
    draws = torch.Generator().manual_seed(0)
    rows = []
    for one in seen:
        centre = torch.zeros(8) if one.pile == 0 else torch.full((8,), 10.0)
        if one.path.name == "lost.png":
            centre = torch.full((8,), 10.0)
        elif one.path.name == "blue.png":
            centre = torch.full((8,), 40.0)
        rows.append((one, centre + torch.randn(8, generator=draws)))
    found = {(one.picture.path.name, one.like) for one in find_outliers(Features("x", rows), piles)}
    assert found == {("lost.png", ""), ("lost.png", "red"), ("blue.png", "")}


def test_few_pictures_have_no_outliers(pictures) -> None:
    piles, seen = pictures
    few = [one for one in seen if one.pile == 0][:10]
    assert find_outliers(colour_features(few), piles) == []


def test_a_network_describes_as_it_does_for_scores(pictures, tmp_path: Path) -> None:
    from cyclekit.survey.features import network_features
    from tests.evaluation.worlds import averages

    piles, seen = pictures
    extractor = averages()
    features = network_features(seen, piles, extractor, torch.device("cpu"), tmp_path, Silence())
    assert features.name == extractor.title
    assert [one.path for one, _ in features.rows] == [one.path for one in seen]
    assert (tmp_path / "features").is_dir()
