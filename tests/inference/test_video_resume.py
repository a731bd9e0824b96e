"""Interrupted work: nothing is lost, and the result is that of one run."""

import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from cyclekit.inference.video_options import VideoOptions
from cyclekit.media.video.encoding import Wishes
from cyclekit.media.video.times import Cut
from cyclekit.media.video.work import SEGMENT, folder_of
from cyclekit.pixels import Array
from tests.clips import digests, make_clip, negative, run, scene, times_of


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a clip of a bit more than two segments, with sound and B-frames."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    pts = np.cumsum(np.random.default_rng(0).integers(10, 40, 2 * SEGMENT + 30)).tolist()
    return make_clip(path, scene(len(pts), 48, 32), pts=pts, sounds=[{"seconds": 9}])


UNEVEN = [0, 10, 50, 51, 90, 200, 230, 231, 300, 420, 500, 777]


class Killed(BaseException):
    pass


def failing(after: int):
    """Make a step that is interrupted after some frames of the whole job."""
    count = 0

    def step(images: Iterable[Array]) -> Iterator[Array]:
        nonlocal count
        for image in images:
            count += 1
            if count > after:
                raise Killed
            yield 255 - image

    return step


def compare(target: Path, whole: Path) -> None:
    """Say that two outputs are the same, to the byte where the format allows."""
    if target.suffix == ".png":
        made = sorted(path.read_bytes() for path in target.parent.iterdir())
        assert made == sorted(path.read_bytes() for path in whole.parent.iterdir())
    elif target.suffix == ".webm":  # Matroska writes a random number into the header
        assert digests(target, "video") == digests(whole, "video")
        assert times_of(target) == times_of(whole)
    else:
        assert target.read_bytes() == whole.read_bytes()


def test_interrupted_work_goes_on_and_is_the_same(tmp_path: Path, long: Path) -> None:
    whole, target = tmp_path / "whole.mp4", tmp_path / "b.mp4"
    run(long, whole, step=negative, settings={"model": 1})
    for after in (SEGMENT + 40, SEGMENT + 3):
        with pytest.raises(Killed):
            run(long, target, step=failing(after), settings={"model": 1})
        assert folder_of(target).exists()
    counts: list[int] = []
    result = run(long, target, step=negative, settings={"model": 1}, watch=counts.append)
    assert result.notes == (f"went on after {2 * SEGMENT} frames that were finished before",)
    assert result.frames == counts[-1] == 2 * SEGMENT + 30
    assert counts[0] == 2 * SEGMENT + 1
    assert not folder_of(target).exists()
    compare(target, whole)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("b.mkv", "h265"), ("b.mp4", "av1"), ("b.webm", "vp9"), ("b.mov", "prores"),
        ("b.mp4", "ffv1"), ("b.gif", None), ("b.webp", None), ("%03d.png", None),
    ],
)  # fmt: skip
def test_every_kind_of_output_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, codec: str | None
) -> None:
    for module in ("cyclekit.inference.video", "cyclekit.media.video.segmented"):
        monkeypatch.setattr(f"{module}.SEGMENT", 5)
    source = make_clip(tmp_path / "a.mp4", pts=UNEVEN)
    whole, target = tmp_path / "whole" / name, tmp_path / "parts" / name
    run(source, whole, Wishes(codec), step=negative, settings={"model": 1})
    for after in (7, 6):
        with pytest.raises(Killed):
            run(source, target, Wishes(codec), step=failing(after), settings={"model": 1})
    result = run(source, target, Wishes(codec), step=negative, settings={"model": 1})
    assert "went on after 10 frames that were finished before" in result.notes
    if name == "b.mkv":
        target, whole = target.rename(f"{target}.webm"), whole.rename(f"{whole}.webm")
    compare(target, whole)


KILLED = """
import sys
from pathlib import Path
import cyclekit.inference.video, cyclekit.media.video.segmented
from tests.clips import negative, run
cyclekit.inference.video.SEGMENT = cyclekit.media.video.segmented.SEGMENT = 20
say = lambda count: print(count, flush=True)
run(Path(sys.argv[1]), Path(sys.argv[2]), step=negative, settings={"model": 1}, watch=say)
"""


def test_kill_9_at_any_moment_loses_no_more_than_a_segment(tmp_path: Path, long: Path) -> None:
    words = [sys.executable, "-c", KILLED, str(long)]
    whole, target = tmp_path / "whole.mp4", tmp_path / "b.mp4"
    subprocess.run([*words, str(whole)], check=True, stdout=subprocess.PIPE)
    begun = 0
    for life in (3, 47, 20, 61, 1):  # frames until it is killed
        with subprocess.Popen([*words, str(target)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            seen = [int(process.stdout.readline()) for _ in range(life)]
            process.kill()
        assert seen[0] % 20 == 1
        assert seen[0] > begun - 20 - 16  # what waits to be encoded is lost too
        begun = max(begun, seen[0])
        assert not target.exists()
    assert begun > 60
    subprocess.run([*words, str(target)], check=True, stdout=subprocess.PIPE)
    compare(target, whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.mp4", "whole.mp4"]


@pytest.mark.parametrize("changed", ["settings", "wishes", "source", "options"])
def test_changes_begin_anew(tmp_path: Path, long: Path, changed: str) -> None:
    source = tmp_path / "a.mp4"
    source.write_bytes(long.read_bytes())
    target = tmp_path / "b.mp4"
    with pytest.raises(Killed):
        run(source, target, step=failing(SEGMENT + 9), settings={"model": 1})
    assert len(list(folder_of(target).glob("*.json"))) == 2  # one segment, and the settings
    wishes, settings, options = Wishes(), {"model": 1}, VideoOptions()
    if changed == "settings":
        settings = {"model": 2}
    if changed == "wishes":
        wishes = Wishes(crf=30)
    if changed == "options":
        options = VideoOptions(Cut(every=2))
    if changed == "source":
        source.touch()
    result = run(source, target, wishes, options, step=negative, settings=settings)
    assert result.notes == ()


def test_segments_are_whole_units_of_the_step(tmp_path: Path, long: Path) -> None:
    lengths: list[int] = []

    def step(images: Iterable[Array]) -> Iterator[Array]:
        lengths.append(0)
        for image in images:
            lengths[-1] += 1
            yield image

    run(long, tmp_path / "b.mp4", step=step)
    assert lengths == [SEGMENT, SEGMENT, 30]


def test_the_next_segment_does_not_wait_for_key_frames(tmp_path: Path, long: Path) -> None:
    run(long, tmp_path / "b.mp4")
    with av.open(str(tmp_path / "b.mp4")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert [packet.dts for packet in packets] == sorted({packet.dts for packet in packets})
    assert all(packet.dts <= packet.pts for packet in packets)
    order = sorted(packets, key=lambda packet: packet.pts)
    assert {0, SEGMENT, 2 * SEGMENT} <= {n for n, packet in enumerate(order) if packet.is_keyframe}


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path: Path, long: Path) -> None:
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.clips import run, Wishes\n"
        "from cyclekit.errors import MediaError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "limit = int(sys.argv[3])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))\n"
        "try:\n"
        "    run(Path(sys.argv[1]), Path(sys.argv[2]), Wishes(crf=4), settings={'model': 1})\n"
        "except MediaError as error:\n"
        "    print(error)\n"
    )
    target = tmp_path / "b.mp4"
    run(long, tmp_path / "whole.mp4", Wishes(crf=4), settings={"model": 1})
    size = (tmp_path / "whole.mp4").stat().st_size
    for limit, kept in (
        (size // 12, 0),
        (size * 3 // 4, 3),
    ):  # in a segment, and as they are joined
        words = [sys.executable, "-c", script, str(long), str(target), str(limit)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        assert done.stdout.startswith(f"{target}: cannot be written: File too large")
        assert done.stdout.count("\n") == 1
        assert not target.exists()
        assert len(list(folder_of(target).glob("0*.json"))) == kept
    assert "the same command goes on from there" in done.stdout
    run(long, target, Wishes(crf=4), settings={"model": 1})
    assert target.read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_threads_end_with_an_error(tmp_path: Path, long: Path) -> None:
    before = threading.active_count()
    with pytest.raises(Killed):
        run(long, tmp_path / "b.mp4", step=failing(5))
    assert threading.active_count() == before
