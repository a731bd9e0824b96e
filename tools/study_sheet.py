"""Show what a participant of a study sees: `tools/study_sheet.py SHEET.jpg`. Needs chromium.

A study of the samples and of what the embedded model makes of them, taken part in with a real
browser: the left picture, the question, and the feedback of practice.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import uvicorn
from orderly import picture_file, run_tool
from PIL import Image
from playwright.sync_api import Page, sync_playwright

import cyclekit
from cyclekit.evaluation.listener import Silence
from cyclekit.evaluation.study.create import Wish, create_study
from cyclekit.evaluation.study.design import Protocol
from cyclekit.media.images import Picture, read_rgb, write
from cyclekit.web.serve import listening
from cyclekit.web.study import study_app

SAMPLES = Path(__file__).parents[1] / "datasets/samples"
WINDOW = {"width": 620, "height": 470}
WIDTH = 1200  # px of the sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sheet", type=picture_file)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        study = Path(place, "study")
        design = create_study(wish(Path(place)), study, Silence())
        server = uvicorn.Server(
            uvicorn.Config(study_app(study, design, "127.0.0.1"), log_level="error", lifespan="off")
        )
        listener = listening("127.0.0.1", 0)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            shots = visit(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        finally:
            server.should_exit = True
            thread.join()
    sheet = Image.fromarray(np.hstack(shots))
    sheet.thumbnail((WIDTH, WIDTH))
    sheet.save(options.sheet, quality=85)


def wish(place: Path) -> Wish:
    """Make fakes of two samples; the other two are real."""
    translate = cyclekit.load(precision="fp32")
    for name in ("coffee.jpg", "rocket.jpg"):
        write(place / "fake" / f"{name}.png", Picture(translate(read_rgb(SAMPLES / name))))
    for name in ("chelsea.png", "astronaut.jpg"):
        write(place / "real" / f"{name}.png", Picture(read_rgb(SAMPLES / name)))
    return Wish(place / "real", {"ours": place / "fake"}, Protocol(practice=1, trials=1))


def visit(address: str) -> list[np.ndarray]:
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=WINDOW)
        page.goto(address)
        page.click("#begin")
        shots = []
        for moment, key in (("#left.seen", None), ("#left.asked", "ArrowLeft"), (".real", None)):
            page.wait_for_selector(moment)
            shots.append(shot(page))
            if key:
                page.keyboard.press(key)
        browser.close()
    return shots


def shot(page: Page) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))


if __name__ == "__main__":
    run_tool(main)
