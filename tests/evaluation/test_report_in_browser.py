"""The report of an evaluation, opened as a file in a real browser."""

from pathlib import Path
from typing import Any

from cyclekit.evaluation.measure import evaluate
from cyclekit.evaluation.report import write_report
from cyclekit.evaluation.task import Candidate, Task, Tools
from tests.evaluation.worlds import averages, paint

NAME = "/a/very/long/path/of/a/folder/without/a/single/space/in/it/<b>fakes</b>"


def test_the_page_fits_a_phone_and_asks_for_nothing(browser: Any, tmp_path: Path) -> None:
    real, fake = paint(tmp_path / "real", 8), paint(tmp_path / "fake", 8, tint=40)
    task = Task(real, [Candidate(NAME, fake)])
    page_path = write_report(evaluate(task, Tools([averages()])), task, tmp_path / "out")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(page_path.as_uri())
    page.wait_for_load_state("networkidle")
    assert complaints == []
    assert all(url.startswith(tmp_path.as_uri()) for url in requests)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert NAME in page.locator("body").inner_text()
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.evaluate("document.querySelector('.wide').scrollWidth <= innerWidth")
    page.close()
