"""The page of a survey, opened as a file in a real browser."""

from pathlib import Path
from typing import Any

import pytest

from cyclekit.survey.advice import advise
from cyclekit.survey.listener import Silence
from cyclekit.survey.outliers import Outlier
from cyclekit.survey.page import Extra, write_page
from cyclekit.survey.piles import find_piles
from cyclekit.survey.survey import survey
from cyclekit.training.plan import Plan
from tests.survey.worlds import planted, put, scene

PLAN = Plan(4, 1, 128, 1.5, 3000, None, None, 0, None, 4, 500)
HOSTILE = '"><script>document.title = 1<.png'


@pytest.fixture(scope="module")
def page_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("desk") / "world"
    planted(root)
    put(root / "trainA" / "new.png", scene(1)).rename(root / "trainA" / HOSTILE)
    piles = find_piles([root])
    found = survey(piles, Silence(), pixels=True)
    advice = advise([root], piles, found.tallies, gpu=False)
    outliers = [Outlier(found.pictures[0], 7.5), Outlier(found.pictures[1], 1.5, "B")]
    extra = Extra(outliers, "colour histogram", advice, PLAN)
    write_page(found, extra, root / "page" / "index.html")
    return root / "page" / "index.html"


def test_the_page_is_one_file_that_asks_for_nothing(browser: Any, page_path: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(page_path.as_uri())
    page.wait_for_load_state("networkidle")
    assert [url for url in requests if not url.startswith("data:")] == [page_path.as_uri()]
    assert complaints == []
    assert page.title() == "Survey: 46 pictures"  # no name has run
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    widths = page.evaluate("[...document.images].map((one) => one.naturalWidth)")
    assert len(widths) > 40
    assert min(widths) > 40
    assert [path.name for path in page_path.parent.iterdir()] == ["index.html"]
    text = page.locator("body").inner_text()
    assert "a leak between training and test" in text
    assert "1.50 s a step of 4" in text
    assert "about 0.3 hours" in text
    assert "7.5 times the usual distance" in text
    assert "1.50 times nearer to 'B' than to its own" in text
    assert HOSTILE in text
    page.close()


def test_what_cannot_be_shown_is_said(browser: Any, page_path: Path) -> None:
    page = browser.new_page()
    page.goto(page_path.as_uri())
    section = page.locator("h3", has_text="unreadable")
    assert "2 unreadable" in section.inner_text()
    cells = section.locator("xpath=following-sibling::div[1]").locator("figure")
    assert [one.split("\n")[0] for one in cells.all_inner_texts()] == ["cannot be shown"] * 2
    page.close()
