"""The page of all results, opened as a file in a real browser."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cyclekit.inference.cycle import CycleCheck
from cyclekit.inference.folder import translate_files
from cyclekit.inference.report import ReportWriter, report_folder
from cyclekit.inference.translator import Translator
from cyclekit.media.images import Picture, write
from cyclekit.media.mirror import plan
from tests.browser import PATIENCE, wait_until
from tests.inference.networks import Negative, Same

HOSTILE = '"><script>document.title = 1<'


@pytest.fixture(scope="module")
def page_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the page of four pictures, black before and white after, that fail to come back."""
    folder = tmp_path_factory.mktemp("desk")
    for name, level in ((HOSTILE, 0), ("a", 40), ("b 100%", 10), ("c#1", 30)):
        write(folder / "in" / f"{name}.png", Picture(np.full((300, 400, 3), level, np.uint8)))
    (folder / "in" / "broken.png").write_bytes(b"no picture")
    forth, back = (Translator(one, device="cpu", precision="fp32") for one in (Negative(), Same()))
    jobs, check = plan([folder / "in"], folder / "out"), CycleCheck(forth, back)
    place = report_folder(folder / "out", jobs, single=False)
    writer = ReportWriter(place, {"translation": "black to white"}, check)
    assert len(list(writer.follow(translate_files(forth, jobs, cycle=check)))) == 5
    return place / "index.html"


class Tab:
    """A page in the browser; all that it asks for and complains of is kept."""

    def __init__(self, browser: Any, path: Path, **device: Any) -> None:
        self.context = browser.new_context(**device)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", self.failed)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_load_state("networkidle")

    def failed(self, request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page let go of a picture that it moved
            self.complaints.append(f"{request.url}: {request.failure}")

    def brightness(self) -> tuple[float, float, float]:
        """Look at the first pair: levels at its left, in its middle (beside the line), at its right."""
        shot = self.page.locator(".pair").first.screenshot()
        row = np.asarray(Image.open(io.BytesIO(shot)).convert("L"), float)[20]
        places = (0.1, 0.45, 0.9)
        left, middle, right = (float(row[int(place * len(row))]) for place in places)
        return left, middle, right

    def box(self) -> tuple[float, float, float]:
        box = self.page.locator(".pair").first.bounding_box()
        assert box is not None
        return box["x"], box["y"] + box["height"] / 2, box["width"]

    def close(self) -> None:
        complaints = list(self.complaints)
        self.context.close()
        assert complaints == []
        assert self.requests
        assert all(url.startswith("file:///") for url in self.requests)


BLACK, WHITE = pytest.approx(0, abs=8), pytest.approx(255, abs=8)


def test_dragging_shows_more_of_before_or_after(browser: Any, page_path: Path) -> None:
    tab = Tab(browser, page_path)
    assert tab.brightness() == (BLACK, BLACK, WHITE)
    x, y, width = tab.box()
    tab.page.mouse.move(x + width / 2, y)
    tab.page.mouse.down()
    tab.page.mouse.move(x + width * 0.25, y, steps=4)
    assert tab.brightness() == (BLACK, WHITE, WHITE)
    tab.page.mouse.move(x + width + 50, y, steps=4)  # beyond the edge it is held there
    tab.page.mouse.up()
    assert tab.brightness() == (BLACK, BLACK, BLACK)
    tab.page.mouse.move(x + 5, y)  # let go: nothing follows
    assert tab.brightness() == (BLACK, BLACK, BLACK)
    tab.page.mouse.click(x + 1, y)
    assert tab.brightness() == (WHITE, WHITE, WHITE)
    tab.close()


def test_the_keyboard_moves_the_line(browser: Any, page_path: Path) -> None:
    tab = Tab(browser, page_path)
    tab.page.locator("#order").focus()
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.type") == "range"
    for _ in range(15):
        tab.page.keyboard.press("ArrowLeft")
    assert tab.page.evaluate("document.activeElement.value") == "35"
    assert tab.brightness() == (BLACK, WHITE, WHITE)
    tab.page.keyboard.press("End")
    assert tab.brightness() == (BLACK, BLACK, BLACK)
    assert HOSTILE in tab.page.evaluate("document.activeElement.ariaLabel")
    tab.close()


def test_a_finger_drags_on_a_phone_and_the_page_fits(browser: Any, page_path: Path) -> None:
    phone = {"width": 390, "height": 844}
    tab = Tab(browser, page_path, viewport=phone, is_mobile=True, has_touch=True)
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 390
    tab.page.locator(".pair").first.scroll_into_view_if_needed()
    x, y, width = tab.box()
    session = tab.context.new_cdp_session(tab.page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x + place * width, "y": y + down} for place, down in places]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (0.3, 0))
    for down in (-20, -60, -120, -200):
        touch("touchMove", (0.3, down))
    touch("touchEnd")
    wait_until(tab.page, "scrollY > 50")
    assert tab.brightness() == (BLACK, BLACK, WHITE)  # a scroll moves nothing
    x, y, width = tab.box()
    touch("touchStart", (0.8, 0))
    for place in (0.7, 0.5, 0.25):
        touch("touchMove", (place, 0))
    touch("touchEnd")
    assert tab.brightness() == (BLACK, WHITE, WHITE)
    tab.page.touchscreen.tap(x + width * 0.95, y)
    assert tab.brightness() == (BLACK, BLACK, BLACK)
    tab.close()


def test_pictures_sort_by_cycle_error(browser: Any, page_path: Path) -> None:
    tab = Tab(browser, page_path)

    def names() -> list[str]:
        return [str(one) for one in tab.page.locator("figcaption a").all_text_contents()]

    assert names() == [f"{HOSTILE}.png", "a.png", "b 100%.png", "c#1.png"]
    tab.page.select_option("#order", "error")  # |255 - 2 level|: the darkest comes back worst
    assert names() == [f"{HOSTILE}.png", "b 100%.png", "c#1.png", "a.png"]
    assert "cycle error 255.0 of 255" in tab.page.locator("figure").first.text_content()
    tab.page.select_option("#order", "place")
    assert names()[1] == "a.png"
    tab.close()


def test_every_picture_loads_and_no_name_runs(browser: Any, page_path: Path) -> None:
    tab = Tab(browser, page_path)
    tab.page.evaluate("for (const one of document.images) one.loading = 'eager'")
    wait_until(tab.page, "[...document.images].every((one) => one.complete)")
    widths = tab.page.evaluate("[...document.images].map((one) => one.naturalWidth)")
    assert len(widths) == 12
    assert min(widths) > 0
    assert tab.page.title() == "black to white: 5 pictures"
    assert "broken.png: not a picture" in tab.page.locator(".errors").inner_text()
    tab.close()


def test_dark_and_light_follow_the_reader(browser: Any, page_path: Path) -> None:
    levels = {}
    for scheme in ("dark", "light"):
        tab = Tab(browser, page_path, color_scheme=scheme)
        shot = Image.open(io.BytesIO(tab.page.screenshot())).convert("L")
        levels[scheme] = shot.getpixel((2, 2))
        tab.close()
    assert levels["dark"] < 60
    assert levels["light"] > 200
