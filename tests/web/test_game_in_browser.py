"""The game as a player sees it."""

from collections.abc import Iterator
from typing import Any

import pytest

from cyclekit.evaluation.study.rounds import Rounds
from cyclekit.web.game import game_app
from tests.evaluation.study.worlds import BLUE, RED, paint
from tests.web.served import served
from tests.web.tabs import Tab

REAL = """() => ['left', 'right'].filter((id) => {
  const canvas = document.createElement('canvas').getContext('2d');
  canvas.drawImage(document.querySelector(`#${id} img`), 0, 0);
  return canvas.getImageData(8, 8, 1, 1).data[0] > 150;
})"""
KEYS = {"left": "ArrowLeft", "right": "ArrowRight"}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    root = tmp_path_factory.mktemp("game")
    rounds = Rounds(paint(root / "real", 6, RED), {"ours": paint(root / "fake", 6, BLUE)}, 16)
    with served(game_app(rounds, "127.0.0.1", 16)) as port:
        yield port


def score(tab: Tab) -> tuple[str, ...]:
    return tuple(tab.page.inner_text(f"#{name}") for name in ("streak", "best", "share"))


def play(tab: Tab, *, right: bool) -> None:
    tab.page.wait_for_selector("#left.seen:enabled")
    (real,) = tab.page.evaluate(REAL)
    other = {"left": "right", "right": "left"}[real]
    tab.page.keyboard.press(KEYS[real if right else other])
    tab.page.wait_for_selector(f"#{real}.real")
    assert tab.page.inner_text(f"#{real} .verdict") == "Real"
    assert tab.page.inner_text(f"#{other} .verdict") == "Fake: ours"


def test_streaks_are_counted_and_the_best_is_remembered(browser: Any, port: int) -> None:
    tab = Tab(browser, port)
    for _ in range(3):
        play(tab, right=True)
        tab.page.keyboard.press("Enter")  # goes on
    assert score(tab) == ("3", "3", "100 %")
    play(tab, right=False)
    assert score(tab) == ("0", "3", "75 %")
    assert "Fooled" in tab.page.get_by_role("status").inner_text()
    tab.page.reload()
    tab.page.wait_for_selector("#left.seen:enabled")
    assert score(tab) == ("0", "3", "–")
    assert "no fooling rate" in tab.page.inner_text("main")
    tab.close()


def test_a_phone_shows_both_and_takes_a_finger(browser: Any, port: int) -> None:
    phone = {"width": 360, "height": 740}
    tab = Tab(browser, port, viewport=phone, is_mobile=True, has_touch=True, color_scheme="dark")
    tab.page.wait_for_selector("#left.seen:enabled")
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.page.get_by_role("button", name="The left picture is real").tap()
    tab.page.wait_for_selector(".real")
    tab.page.get_by_role("button", name="Next").tap()
    tab.page.wait_for_selector("#left.seen:enabled")
    assert score(tab)[2] in ("0 %", "100 %")
    tab.close()
