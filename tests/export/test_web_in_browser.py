"""The page that runs a model, in a real browser, with what really runs it there."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.export.orders import order
from tests.export.pages import Tab, apart, encoded, make_page, served
from tests.tiny import picture

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_page(tmp_path_factory.mktemp("web") / "page")


@pytest.fixture(scope="module")
def tab(browser: Any, page: Path) -> Iterator[Tab]:
    with served(page.parent) as address:
        opened = Tab(browser, address)
        yield opened
        opened.close()


def test_a_picture_becomes_what_torch_makes_of_it(tab: Tab) -> None:
    assert "Sample photograph · 330 × 220 px" in tab.told
    assert "processor (WebAssembly)" in tab.told
    for height, width in ((37, 50), (64, 48), (5, 9)):
        image = picture(height, width, seed=height)
        tab.translate(image, f"{height}.png")
        assert f"{height}.png · {width} × {height} px · " in tab.told
        assert (
            apart(tab.saved(), np.dstack([order().expected(image), image[..., :1] * 0 + 255])) <= 2
        )
        assert tab.name == f"{height}-horse.png"
    assert tab.trouble == ""


def test_what_is_transparent_stays_so(tab: Tab) -> None:
    image = np.dstack([picture(16, 20), np.full((16, 20), 255, np.uint8)])
    image[:, :7, 3] = 0
    tab.translate(image, "clear.png")
    assert np.array_equal(tab.saved()[..., 3], image[..., 3])


def test_the_line_follows_the_mouse_and_the_keys(tab: Tab) -> None:
    box = tab.page.locator("#pair").bounding_box()
    x, y = box["x"], box["y"] + box["height"] / 2
    tab.page.mouse.move(x + box["width"] / 2, y)
    tab.page.mouse.down()
    tab.page.mouse.move(x + box["width"] / 4, y, steps=3)
    tab.page.mouse.up()
    assert tab.line() == pytest.approx(25, abs=1)
    for _ in range(5):
        tab.page.keyboard.press("ArrowRight")
    assert tab.line() == pytest.approx(30, abs=1)


def test_a_large_picture_is_made_smaller_and_that_is_told(tab: Tab) -> None:
    tab.translate(picture(150, 300), "large.png")
    tab.page.select_option("#side", "128")
    tab.page.locator(
        "#told", has_text="large.png · 128 × 64 px, made smaller from 300 × 150"
    ).wait_for()
    tab.wait()
    assert tab.saved().shape[:2] == (64, 128)
    tab.translate(picture(150, 290), "other.png")  # the choice stays
    assert "other.png · 128 × 66 px" in tab.told


def test_what_is_no_picture_is_one_line_and_the_next_one_works(tab: Tab) -> None:
    tab.give("broken.png", b"\x89PNG no picture")
    tab.page.locator(
        "#trouble", has_text="broken.png is no picture that this browser can"
    ).wait_for()
    tab.translate(picture(20, 20), "whole.png")
    assert tab.trouble == ""


def test_too_little_memory_is_one_line_and_the_next_one_works(tab: Tab) -> None:
    # The true thing takes 4 GiB: let the page believe that there is more, and the worker run out.
    tab.page.evaluate("() => { Engine.prototype.run = ((run) => function (pixels, ...sides) {"
                      " Engine.prototype.run = run; return this.ask({ pixels, width: 2 ** 20, height:"
                      " 2 ** 20, stride: 4, smallest: 16 }); })(Engine.prototype.run); }")  # fmt: skip
    tab.give("huge.png", encoded(picture(20, 24)))
    tab.page.locator("#trouble", has_text="not enough memory for 24 × 20 px; choose").wait_for()
    tab.translate(picture(20, 20), "next.png")
    assert tab.trouble == ""


def test_the_camera_gives_frames(tab: Tab) -> None:
    tab.page.click("#camera")
    tab.page.locator("#told", has_text="frames/s").wait_for()
    look = "() => document.getElementById('before').toDataURL()"
    first, told = tab.page.evaluate(look), tab.told
    assert "Camera · 1" in told
    assert "processor (WebAssembly)" in told
    for _ in range(100):
        if tab.page.evaluate(look) != first:
            break
        tab.page.wait_for_timeout(100)
    assert tab.page.evaluate(look) != first
    tab.page.click("#camera")
    assert tab.page.evaluate("() => video.srcObject === null && stream === null")
    image = picture(18, 22)
    tab.translate(image, "after.png")
    assert apart(tab.saved()[..., :3], order().expected(image)) <= 2


def test_each_answer_goes_to_who_has_asked(tab: Tab) -> None:
    sizes = tab.page.evaluate("""async () => {
      const engine = await ready, asked = [[16, 20], [40, 30], [24, 24]];
      const runs = asked.map(([w, h]) => engine.run(new Uint8ClampedArray(4 * w * h), w, h));
      return (await Promise.all(runs)).map((made) => made.pixels.length / 4);
    }""")
    assert sizes == [320, 1200, 576]


def test_another_picture_takes_the_place_of_one_that_takes_too_long(tab: Tab) -> None:
    tab.page.evaluate("() => { wanted.picture = 700; }")
    tab.give("long.png", encoded(picture(700, 700)))
    tab.page.locator("#before[width='700']").wait_for()
    image = picture(21, 23)
    tab.translate(image, "short.png")
    assert "short.png" in tab.told
    assert apart(tab.saved()[..., :3], order().expected(image)) <= 2
    assert tab.trouble == ""


def test_half_the_bytes_are_within_two_levels(browser: Any, tmp_path: Path) -> None:
    tab = Tab(browser, make_page(tmp_path / "page", precision="fp16").as_uri())
    image = picture(37, 50)
    tab.translate(image)
    assert apart(tab.saved()[..., :3], order().expected(image)) <= 2
    tab.close()


def test_it_opens_from_the_disk_on_a_phone_in_the_dark(browser: Any, page: Path) -> None:
    tab = Tab(browser, page.as_uri(), color_scheme="dark", **PHONE)
    assert tab.page.evaluate("() => document.documentElement.scrollWidth") == 390
    image = picture(37, 50)
    tab.translate(image)
    assert apart(tab.saved()[..., :3], order().expected(image)) <= 2
    shot = Image.open(io.BytesIO(tab.page.screenshot())).convert("L")
    assert shot.getpixel((2, 2)) < 60
    tab.close()


def test_a_missing_file_is_one_line(browser: Any, tmp_path: Path, page: Path) -> None:
    (tmp_path / "index.html").write_bytes(page.read_bytes())
    tab = browser.new_page()
    tab.goto((tmp_path / "index.html").as_uri())
    tab.locator("#trouble", has_text="model.js cannot be loaded; is the folder whole?").wait_for()
    tab.close()
