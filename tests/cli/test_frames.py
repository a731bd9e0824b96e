import json
import subprocess
import sys

import numpy as np

from cyclekit.media.images import read_rgb
from tests.clips import frames_of, make_clip, scene


def data_frames(*arguments):
    command = [sys.executable, "-m", "cyclekit", "data", "frames", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_frames_of_videos_become_pictures_and_one_bad_video_stops_nothing(tmp_path):
    films = tmp_path / "films"
    (films / "deep").mkdir(parents=True)
    film = make_clip(films / "deep/a {0} b.mp4", scene(12))
    (films / "broken.mp4").write_bytes(b"no video")
    done = data_frames(films, "-o", tmp_path / "out", "--every", 5, "--keep-duplicates")
    assert done.returncode == 3
    assert "error: " + str(films / "broken.mp4") in done.stderr
    names = [f"a {{0}} b-{number:06d}.png" for number in (0, 5, 10)]
    assert done.stdout.splitlines() == [str(tmp_path / "out/deep" / name) for name in names]
    frames = frames_of(film)
    for name, number in zip(names, (0, 5, 10), strict=True):
        assert np.array_equal(read_rgb(tmp_path / "out/deep" / name), frames[number].pixels)
    again = data_frames(film, "-o", tmp_path / "out/deep", "--every", 5, "--json", "--max-size", 32)
    assert again.returncode == 0
    lines = [json.loads(line) for line in again.stdout.splitlines()]
    assert all(line["skipped"] for line in lines if line["frame"] in (0, 5, 10))
    assert {line["frame"] for line in lines} <= {0, 5, 10}


def test_two_videos_of_one_name_are_told_apart_or_refused(tmp_path):
    for place in ("a.mp4", "a.mkv", "other/a.mp4"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        make_clip(tmp_path / place, scene(2))
    done = data_frames(tmp_path / "a.mp4", tmp_path / "a.mkv", "-o", tmp_path / "out", "-q")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/a.mp4-000000.png").exists()
    assert (tmp_path / "out/a.mkv-000000.png").exists()
    refused = data_frames(tmp_path / "a.mp4", tmp_path / "other/a.mp4", "-o", tmp_path / "out")
    assert refused.returncode == 2
    assert "2 videos are called a.mp4" in refused.stderr
