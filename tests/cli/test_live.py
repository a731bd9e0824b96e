"""The command as a process, its page in a real browser, its source pulled out."""

import io
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from cyclekit.cli.main import main
from tests.browser import chromium
from tests.clips import make_clip, scene
from tests.tiny import tiny_model

WAIT = 90.0
"""Seconds that a busy machine may take to start."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    tiny_model(folder / "tiny.safetensors")
    frames = [np.roll(frame, 3 * number, axis=1) for number, frame in enumerate(scene(50))]
    make_clip(folder / "film.mp4", frames)
    make_clip(folder / "stream.ts", scene(25))
    return folder


def words(place, source, *arguments):
    return [
        sys.executable, "-m", "cyclekit", "live", str(source), "-m", str(place / "tiny.safetensors"),
        "--port", "0", "--device", "cpu", "--precision", "fp32", *map(str, arguments),
    ]  # fmt: skip


@pytest.fixture
def finished(place, capsys):
    """Run the command in this process, which has imported torch already."""

    def run(source, *arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(words(place, source, *arguments)[3:])
        return left.value.code, *capsys.readouterr()

    return run


@contextmanager
def running(place, source, *arguments):
    """Give the process and its first line."""
    command = words(place, source, *arguments)
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}
    )
    try:
        assert select.select([process.stdout], [], [], WAIT)[0], "it never said its address"
        yield process, process.stdout.readline().decode().strip()
    finally:
        process.kill()
        process.communicate()


def test_the_page_shows_a_moving_picture_and_its_figures_and_ctrl_c_ends_it(place):
    with (
        chromium() as browser,
        running(place, place / "film.mp4", "--latency", "500") as (process, address),
    ):
        from playwright.sync_api import expect

        assert address.startswith("http://127.0.0.1:")
        page = browser.new_page(viewport={"width": 640, "height": 480})
        complaints, asked = [], []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address, wait_until="commit")
        rate = expect(page.locator("#rate"))
        rate.to_have_text(re.compile("[1-9]"), timeout=1000 * WAIT)
        shots = [shot(page) for _ in range(6)]
        moves = max(np.abs(shots[0] - other).mean() for other in shots[1:])
        assert moves > 1, "the picture stands still"
        figures = {name: page.locator(f"#{name}").inner_text() for name in
                   ("title", "latency", "size", "dropped")}  # fmt: skip
        assert figures["title"] == "tiny.safetensors: horse to zebra"
        assert float(figures["latency"]) > 0
        assert figures["size"] == "64×48"
        assert int(figures["dropped"]) >= 0
        assert complaints == []
        assert all(url.startswith((address, "data:")) for url in asked)
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT) == 130
        expect(page.locator("#title")).to_have_text("ended", timeout=1000 * WAIT)
        err = process.stderr.read().decode()
        assert err.splitlines()[-1] == "interrupted"
        assert "Traceback" not in err


def shot(page):
    page.wait_for_timeout(150)
    picture = page.locator("#picture").screenshot()
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)


def test_a_file_that_ends_ends_it_and_the_figures_are_told(place, finished):
    film = place / "film.mp4"
    code, out, err = finished(film, "--once", "--json", "--keep-luminance", "--max-size", 32)
    assert code == 0, err
    address, *statuses = map(json.loads, out.splitlines())
    assert address["url"].startswith("http://127.0.0.1:")
    assert statuses[-1]["shown"] + statuses[-1]["dropped"] == 50
    assert (statuses[-1]["width"], statuses[-1]["height"]) == (32, 24)
    assert err.splitlines()[-1] == f"{film}: it has ended"


def test_so_many_frames_are_shown_as_wanted(place, finished):
    code, _, err = finished(place / "film.mp4", "--max-frames", 2, "--side-by-side")
    assert code == 0, err
    assert "64x48" in err.splitlines()[-1]


def test_a_mask_keeps_what_is_black(place, finished, monkeypatch):
    shown = []
    monkeypatch.setattr("cyclekit.inference.live.encoded", lambda made: shown.append(made) or b"")
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(place / "black.png")
    code, _, err = finished(
        place / "film.mp4", "--max-frames", 1, "--mask", place / "black.png", "--feather", 2,
        "--side-by-side",
    )  # fmt: skip
    assert code == 0, err
    before, after = np.split(shown[0], 2, axis=1)
    assert before.shape == (48, 64, 3)
    assert np.array_equal(before, after)


def test_a_stream_that_breaks_off_is_one_line(place, finished):
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()

        def send():
            guest, _ = door.accept()
            guest.sendall((place / "stream.ts").read_bytes())
            guest.close()  # as if it had been unplugged

        threading.Thread(target=send, daemon=True).start()
        name = f"tcp://127.0.0.1:{door.getsockname()[1]}"
        code, _, err = finished(name)
    assert code == 1
    assert err.splitlines()[-1] == f"error: {name}: it sends no more frames; unplugged, or ended"


@pytest.mark.parametrize(
    ("source", "options", "code", "reason"),
    [
        ("nothing.mp4", [], 1, "no such file; expected a camera's number"),
        ("9", [], 1, "9: cannot be opened"),
        ("film.mp4", ["--mask", "nothing.png"], 2, "nothing.png: no such file"),
        ("film.mp4", ["--host", "203.0.113.7"], 2, "cannot listen at 203.0.113.7"),
        ("film.mp4", ["--latency", "0"], 2, "--latency"),
    ],
)
def test_what_does_not_fit_is_one_line(place, finished, source, options, code, reason):
    left, out, err = finished(place / source if source == "film.mp4" else source, *options)
    assert left == code, err
    assert out == ""
    assert reason in err.splitlines()[-1]
