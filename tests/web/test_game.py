"""The game's rounds, and what a player's browser is told."""

import io

import numpy as np
import pytest
from PIL import Image

from cyclekit.errors import DataError
from cyclekit.evaluation.study.rounds import Rounds
from cyclekit.web.game import game_app
from tests.evaluation.study.worlds import BLUE, RED, paint
from tests.web.served import request, served


def is_real(png: bytes) -> bool:
    return bool(np.asarray(Image.open(io.BytesIO(png)))[8, 8, 0] > 150)


@pytest.fixture
def folders(tmp_path):
    return paint(tmp_path / "real", 5, RED), paint(tmp_path / "fake", 4, BLUE)


def test_a_round_shows_one_real_and_one_fake_on_either_side(folders):
    rounds, sides = Rounds(folders[0], {"f": folders[1]}, 16), set()
    for _ in range(40):
        token = rounds.deal()
        solved = rounds.solve(token)
        shown = {side: is_real(rounds.picture(token, side)) for side in ("left", "right")}
        assert shown == {"left": solved.real_side == "left", "right": solved.real_side == "right"}
        sides.add(solved.real_side)
    assert sides == {"left", "right"}


def test_all_pictures_come_before_any_comes_again(folders):
    rounds = Rounds(folders[0], {"f": folders[1]}, 16)
    dealt = [rounds.solve(rounds.deal()) for _ in range(3)]
    assert len({one.fake for one in dealt}) == 3
    assert len({one.real for one in dealt}) == 3


def test_broken_pictures_are_told_and_left_out(folders):
    real, fake = folders
    for number in range(8):
        (fake / f"broken{number}.png").write_bytes(b"no picture")
    told = []
    rounds = Rounds(real, {"f": fake}, 16, told.append)
    fakes = {rounds.solve(rounds.deal()).fake.name for _ in range(30)}
    assert fakes == {f"{number}.png" for number in range(4)}
    assert len(told) == len(set(told)) == 8
    for path in fake.iterdir():
        path.write_bytes(b"all gone")
    with pytest.raises(DataError, match="no picture that can be read"):
        Rounds(real, {"f": fake}, 16)
    with pytest.raises(DataError, match="expected a folder of pictures"):
        Rounds(real / "nowhere", {"f": fake}, 16)


def test_the_page_learns_the_answer_after_the_guess_only(folders):
    rounds = Rounds(folders[0], {"secret-method": folders[1]}, 16)
    with served(game_app(rounds, "127.0.0.1", 16)) as port:
        replies, rights = [], 0
        for _ in range(6):
            dealt = request(port, "POST", "/api/rounds")
            mine = f"/api/rounds/{dealt.json['round']}"
            assert set(dealt.json) == {"round", "size"}
            pictures = {side: request(port, "GET", f"{mine}/{side}") for side in ("left", "right")}
            told = request(port, "POST", f"{mine}/guess", {"choice": "left"}).json
            assert told["method"] == "secret-method"
            assert is_real(pictures[told["real"]].body)
            rights += told["real"] == "left"
            replies += pictures.values()
        assert len({(len(one.body), *sorted(one.headers.items())) for one in replies}) == 1
        assert request(port, "POST", "/api/rounds/unknown/guess", {"choice": "left"}).status == 404
        assert request(port, "GET", "/api/rounds/unknown/left").status == 404
        page = request(port, "GET", "/").body.decode()
        assert "no fooling rate" in page
