import threading
from itertools import islice

import cv2
import numpy as np
import pytest

from cyclekit.errors import MediaError
from cyclekit.inference.live import Latest, Live
from cyclekit.inference.live_size import GRID, SMALLEST, InputSize, time_for_a_frame
from cyclekit.media.video.live import LiveSource
from tests.clips import frames_of, make_clip, scene


def settled(size, cost, frames=400):
    """Run a machine that takes `cost` seconds a pixel; return the widths it went through."""
    widths = []
    for _ in range(frames):
        width, height = size.now
        widths.append(width)
        size.tell(cost * width * height)
    return widths


@pytest.mark.parametrize("cost", [1e-6, 3e-7, 1e-7])
def test_the_input_takes_most_of_the_time_and_never_more(cost):
    widths = settled(InputSize(1280, 720, seconds=0.05), cost)
    times = [cost * width * width * 9 / 16 for width in widths[-100:]]
    assert max(times) <= 0.05
    assert min(times) > 0.4 * 0.05 or widths[-1] == 1280
    assert len(set(widths[-100:])) == 1, "it does not swing"


def test_it_shrinks_at_once_when_the_machine_slows_down_and_grows_back():
    size = InputSize(1280, 720, seconds=0.05)
    before = settled(size, 1e-7)[-1]
    slow = settled(size, 1e-6, frames=8)
    assert slow[-1] < before
    assert 1e-6 * slow[-1] ** 2 * 9 / 16 <= 0.05
    assert settled(size, 1e-7)[-1] == before


def test_one_slow_frame_costs_no_more_than_half_and_comes_back():
    size = InputSize(640, 480, seconds=0.05)
    before = settled(size, 1e-7)[-1]
    size.tell(3.0)
    assert size.now[0] >= before // 2 - GRID
    assert settled(size, 1e-7, frames=60)[-1] == before


def test_sizes_stay_between_the_smallest_and_what_is_asked_for():
    slow = InputSize(640, 480, seconds=1e-6)
    assert settled(slow, 1.0)[-1] == SMALLEST
    assert slow.is_least
    fast = InputSize(640, 480, seconds=1.0, most=320)
    assert settled(fast, 1e-9)[-1] == 320
    assert fast.now == (320, 240)
    assert InputSize(40, 30, seconds=1.0).now == (40, 30)


def test_the_time_for_a_frame_keeps_both_promises():
    assert time_for_a_frame(rate=10, latency=1.0, source_rate=30) == pytest.approx(0.1)
    assert time_for_a_frame(rate=10, latency=0.1, source_rate=25) == pytest.approx(0.06)
    assert time_for_a_frame(rate=25, latency=0.01, source_rate=25) == pytest.approx(0.002)


def test_only_the_newest_item_waits():
    latest: Latest[str] = Latest()
    for item in "abc":
        latest.put(item)
    assert latest.after(0) == (3, "c")
    assert latest.dropped == 2
    assert latest.after(3, timeout=0.01) is None
    threading.Timer(0.02, latest.put, "d").start()
    assert latest.after(3) == (4, "d")
    latest.close()
    assert latest.after(4) is None
    assert latest.dropped == 2


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("film") / "film.mp4", scene(12))


def negative(frame):
    return 255 - frame


def test_a_file_plays_once_at_its_pace_and_what_is_shown_is_its_translation(film):
    live = Live(LiveSource(str(film), once=True), negative, InputSize(64, 48, seconds=0.5))
    pictures = []
    statuses = []
    for now in live.run():
        statuses.append(now)
        _, jpeg = live.preview.after(0)
        pictures.append(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1])
    status = statuses[-1]
    assert status.shown + status.dropped == 12
    assert status.shown == len(pictures) >= 2
    assert 0 <= status.latency_ms < 5000
    assert (status.width, status.height) == (64, 48)
    frames = [255 - frame.pixels.astype(int) for frame in frames_of(film)]
    for picture in pictures:
        assert min(np.abs(picture - frame).mean() for frame in frames) < 5
    assert live.preview.closed


def test_frames_that_come_while_the_network_works_are_left_out(film):
    entered, go = threading.Event(), threading.Event()

    def slow(frame):
        entered.set()
        go.wait(0.15)
        return frame

    live = Live(LiveSource(str(film)), slow, InputSize(64, 48, seconds=0.5))
    statuses = list(islice(live.run(), 3))  # 3 frames of 150 ms, while one comes every 40 ms
    assert entered.is_set()
    assert statuses[-1].shown == 3
    assert statuses[-1].dropped >= 3


def test_a_file_begins_again(film):
    live = Live(LiveSource(str(film)), negative, InputSize(64, 48, seconds=0.5))
    seen = 0
    for status in live.run():
        seen = status.shown + status.dropped
        if seen > 20:
            break
    assert seen > 20


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nothing.mp4", "no such file; expected a camera's number, an address or a file"),
        ("77", "cannot be opened"),
        ("tcp://127.0.0.1:9", "cannot be opened"),
        (__file__, "cannot be opened"),
    ],
)
def test_what_cannot_be_opened_is_named(name, reason):
    with pytest.raises(MediaError, match=reason) as refused:
        LiveSource(name)
    assert str(refused.value).startswith(f"{name}: ")
    assert "\n" not in str(refused.value)
