"""The page on a graphics card, or on what a browser has in its place."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import PATIENCE, chromium
from tests.export.orders import order
from tests.export.pages import Tab, apart, make_page, served
from tests.tiny import picture

pytestmark = pytest.mark.slow  # the processor computes what a graphics card would


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium(soft_gpu=True) as running:
        yield running


def test_a_graphics_card_computes_the_same(browser: Any, tmp_path: Path) -> None:
    with served(make_page(tmp_path / "page").parent) as address:
        tab = Tab(browser, address)
        adapter = "async () => Boolean(await navigator.gpu?.requestAdapter())"
        if not tab.page.evaluate(adapter):
            pytest.skip("NOT SEEN WITH WEBGPU: this chromium has no adapter")
        tab.page.select_option("#build", "webgpu")
        tab.page.locator("#told", has_text="WebGPU").wait_for(timeout=4 * PATIENCE)
        tab.wait()
        image = picture(37, 50)
        tab.translate(image)
        assert "graphics card (WebGPU)" in tab.told
        assert tab.trouble == ""
        assert apart(tab.saved()[..., :3], order().expected(image)) <= 2
        tab.close()
