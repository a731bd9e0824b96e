"""Pages that run a tiny model, served as anybody would, and a browser's tab that uses them."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cyclekit.export.write import export
from cyclekit.hub.exporting import find_writer
from tests.browser import PATIENCE
from tests.export.orders import order, pictures
from tests.runtimes import web_runtime

READY = "#stage:not(.busy)"


def make_page(folder: Path, **about: Any) -> Path:
    """Export a tiny model; return the page."""
    writer = find_writer(folder, "web", runtime=web_runtime())
    export(order(**about), folder, writer, pictures=pictures())
    return folder / "index.html"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files as `python -m http.server` does, and says nothing."""

    def log_message(self, format: str, *words: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Give the address of a folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


class Tab:
    """The page, ready; all that it asks for and complains of is kept."""

    def __init__(self, browser: Any, url: str, **device: Any) -> None:
        self.origin = url.rsplit("/", 1)[0]
        self.context = browser.new_context(accept_downloads=True, **device)
        self.context.set_default_timeout(2 * PATIENCE)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self.heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(url)
        self.wait()

    def heard(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def wait(self) -> None:
        self.page.locator(READY).wait_for()

    @property
    def told(self) -> str:
        return str(self.page.locator("#told").inner_text())

    @property
    def trouble(self) -> str:
        return str(self.page.locator("#trouble").inner_text())

    def give(self, name: str, data: bytes) -> None:
        file = {"name": name, "mimeType": "image/png", "buffer": data}
        self.page.set_input_files("#file", files=[file])

    def translate(self, image: Any, name: str = "in.png") -> None:
        """Choose a picture, and wait for what becomes of it."""
        self.give(name, encoded(image))
        self.page.locator("#told", has_text=name).wait_for()
        self.wait()

    def saved(self) -> Any:
        """Save the result as a visitor does, and read it."""
        with self.page.expect_download() as coming:
            self.page.click("#save")
        self.name = coming.value.suggested_filename
        return np.asarray(Image.open(coming.value.path()))

    def line(self) -> float:
        """Return the share of the pair's width, in percent, that the browser shows as before."""
        clip = self.page.locator("#before").evaluate("(one) => getComputedStyle(one).clipPath")
        assert clip.startswith("inset(0px ")
        width = self.page.locator("#pair").bounding_box()["width"]
        right = clip.removeprefix("inset(0px ").split()[0]
        if right.endswith("px"):
            return 100 - 100 * float(right.removesuffix("px")) / width
        return 100 - float(right.removeprefix("calc(").split("%")[0])

    def close(self) -> None:
        self.context.close()
        assert self.complaints == []
        assert {url.rsplit("/", 1)[-1] for url in self.requests} >= {"model.js"}
        ours = (self.origin, f"blob:{self.origin}", "blob:null/", "data:,")
        assert [url for url in self.requests if not url.startswith(ours)] == []


def encoded(image: Any) -> bytes:
    memory = io.BytesIO()
    Image.fromarray(image).save(memory, "PNG")
    return memory.getvalue()


def apart(one: Any, other: Any) -> int:
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other).max())
