import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import cyclekit
from cyclekit.cli.main import main
from cyclekit.cli.reporting import Report
from cyclekit.cli.video_jobs import Network
from cyclekit.media.images import Picture, write
from cyclekit.media.video.file import VideoFile
from cyclekit.media.video.work import SEGMENT, Work, folder_of
from tests.clips import difference, digests, frames_of, make_clip, scene, times_of
from tests.tiny import tiny_model

PLAIN = ["--device", "cpu", "--precision", "fp32"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "tiny.safetensors")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", sounds=[{}])


def command(model: Path, *arguments: object) -> list[str]:
    return [sys.executable, "-m", "cyclekit", "video", *words(model, *arguments)]


def words(model: Path, *arguments: object) -> list[str]:
    return [*PLAIN, "-m", str(model), *map(str, arguments)]


@dataclass
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def video(model: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run the command in this process, which has imported torch already."""

    def run(*arguments: object) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["video", *words(model, *arguments)])
        assert isinstance(left.value.code, int)
        return Done(left.value.code, *capsys.readouterr())

    return run


def test_a_video_comes_out_translated_with_its_sound(
    tmp_path: Path, model: Path, source: Path, video: Callable[..., Done]
) -> None:
    target = tmp_path / "deep" / "made.mp4"
    exact = command(
        model, source, target, "--crf", 0, "--pixel-format", "yuv444p", "--steady", "off"
    )
    done = subprocess.run(exact, capture_output=True, text=True, check=True)
    assert done.stdout == f"{target}\n"
    assert "horse to zebra, on cpu in fp32" in done.stderr
    assert "1 translated in" in done.stderr
    assert digests(target, "audio") == digests(source, "audio")
    assert times_of(target) == times_of(source)
    translate = cyclekit.load(model, precision="fp32", device="cpu")
    for before, after in zip(frames_of(source), frames_of(target), strict=True):
        assert difference(translate(before.pixels), after.pixels) < 1
    again = video(source, target)
    assert (again.code, again.out) == (0, "")
    assert "1 skipped (already there)" in again.err
    more = video(source, target, "--overwrite", "--max-frames", 2, "--json", "-q")
    result = json.loads(more.out)
    assert result.pop("seconds") > 0
    assert result == {
        "input": str(source), "output": str(target), "width": 64, "height": 48, "frames": 2,
    }  # fmt: skip
    assert more.err == ""


@pytest.mark.parametrize(
    ("target", "options", "reason"),
    [
        ("made.avi", [], "'.avi' cannot be written; expected .mp4"),
        ("made.webm", ["--codec", "h264"], ".webm does not hold h264"),
        ("made.gif", ["--crf", "3"], "--crf means nothing to gif"),
        ("made.mp4", ["--end", "0:01", "--start", "1"], "--end is not after --start"),
        ("made.mp4", ["--start", "1:2:3:4"], "is no time; expected seconds, 1:30"),
        ("made.mp4", ["--rate", "25"], "--rate is for pictures and raw frames"),
        ("made.mp4", ["--rate", "0"], "is no rate; expected 25"),
        ("made.mp4", ["--raw-size", "4x4"], "--raw-size is for raw frames on stdin"),
        ("made.mp4", ["--raw"], "raw frames go to stdout only"),
        ("made.mp4", ["--size", "8x8", "--max-size", "8"], "leave one out"),
        ("made.mp4", ["--compare", "--side-by-side"], "leave one out"),
        ("-", ["--json"], "--json and OUT - both want stdout"),
        ("clip.mp4", [], "is the input; inputs are never overwritten"),
        ("", [], "is a folder; name a file"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    video: Callable[..., Done], source: Path, target: str, options: list[str], reason: str
) -> None:
    made = "-" if target == "-" else source.parent / target
    before = source.read_bytes()
    done = video(source, made, *options, "-m", "a model that is never opened")
    assert done.code == 2
    assert reason in " ".join(done.err.split())
    assert len(done.err.split("rror: ", 1)[1].strip().splitlines()) == 1
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("read", "written"),
    [("%03d.png", "%03d.png"), ("%03d.png", "0%02d.png"), ("001.png", "%03d.png")],
)
def test_pictures_that_are_read_are_never_overwritten(
    tmp_path: Path, source: Path, video: Callable[..., Done], read: str, written: str
) -> None:
    for number, pixels in enumerate(scene(4, 16, 16), 1):
        write(tmp_path / f"{number:03d}.png", Picture(pixels))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = video(tmp_path / read, tmp_path / written, "--overwrite")
    assert (done.code, "inputs are never overwritten" in done.err) == (2, True)
    if read == "%03d.png":
        masked = video(source, tmp_path / written, "--overwrite", "--mask", tmp_path / read)
        assert (masked.code, "masks are never overwritten" in masked.err) == (2, True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_missing_video_is_1(tmp_path: Path, video: Callable[..., Done]) -> None:
    done = video(tmp_path / "none.mp4", tmp_path / "made.mp4")
    assert done.code == 1
    assert done.err.splitlines()[0] == f"error: {tmp_path}/none.mp4: no such file or folder"


def test_a_source_that_ends_early_is_told_and_what_is_there_is_done(
    tmp_path: Path, video: Callable[..., Done]
) -> None:
    whole = make_clip(tmp_path / "whole.mkv", sounds=[{}])
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    done = video(broken, tmp_path / "made.mp4")
    assert done.code == 0
    assert "breaks off at" in done.err
    made = frames_of(tmp_path / "made.mp4")
    assert len(made) == len(frames_of(broken))
    assert 0 < len(made) < 12


def test_an_output_that_cannot_be_written_is_one_line_and_1(
    tmp_path: Path, source: Path, video: Callable[..., Done]
) -> None:
    (tmp_path / "file").write_text("mine")
    done = video(source, tmp_path / "file" / "made.mp4", "-q")
    assert done.code == 1
    assert done.err.endswith(f"{tmp_path}/file/made.mp4: cannot be written: Not a directory\n")
    assert done.err.count("\n") == 1
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_is_mirrored_and_one_bad_file_stops_nothing(
    tmp_path: Path, source: Path, video: Callable[..., Done]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.mp4").write_bytes(source.read_bytes())
    (folder / "b.mp4").write_bytes(b"no video")
    (folder / "notes.txt").touch()
    make_clip(folder / "deep" / "c.avi", scene(3))
    done = video(folder, out, "--max-size", 32)
    assert done.code == 3
    assert done.out.split() == [str(out / "a.mp4"), str(out / "deep" / "c.mp4")]
    assert f"error: {folder}/b.mp4: no video that can be read" in done.err
    assert "2 translated, 1 failed" in done.err
    assert VideoFile(out / "deep" / "c.mp4").clip.width == 32


def test_pipes_compose(tmp_path: Path, model: Path, source: Path) -> None:
    out, back = command(model, source, "-", "-q"), command(model, "-", tmp_path / "made.gif")
    with subprocess.Popen(out, stdout=subprocess.PIPE) as first:
        second = subprocess.run(back, stdin=first.stdout, capture_output=True, check=True)
    assert second.stdout.decode() == f"{tmp_path}/made.gif\n"
    with Image.open(tmp_path / "made.gif") as made:
        assert (made.n_frames, made.size) == (12, (64, 48))


def test_raw_frames_go_through(model: Path) -> None:
    raw = command(model, "-", "-", "--raw", "--raw-size", "8x6", "--rate", "5", "-q")
    done = subprocess.run(raw, input=bytes(8 * 6 * 3 * 2), capture_output=True, check=True)
    translate = cyclekit.load(model, precision="fp32", device="cpu")
    assert done.stdout == translate(np.zeros((6, 8, 3), np.uint8)).tobytes() * 2


def test_a_reader_that_leaves_ends_it_quietly(model: Path, source: Path) -> None:
    line = shlex.join(command(model, source, "-", "-q"))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line} | head -c 10"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stdout == "YUV4MPEG2 "
    assert done.stderr == ""


def test_ctrl_c_is_130_and_the_same_command_goes_on(
    tmp_path: Path, model: Path, video: Callable[..., Done]
) -> None:
    source = make_clip(tmp_path / "a.mp4", scene(4 * SEGMENT))
    target = tmp_path / "b.mp4"
    with subprocess.Popen(
        command(model, source, target), stderr=subprocess.PIPE, text=True
    ) as process:
        # A segment counts once what the next one depends on is there too, which comes after it.
        while not (folder_of(target) / "000001.memory").exists():
            assert process.poll() is None
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "what is finished is kept; the same command goes on from there\n" in errors
    assert errors.endswith("interrupted\n")
    assert not target.exists()
    done = video(source, target)
    assert done.code == 0
    assert "went on after" in done.err
    assert len(times_of(target)) == 4 * SEGMENT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


def test_pictures_of_a_killed_run_do_not_pass_for_all_of_them(
    tmp_path: Path, model: Path, video: Callable[..., Done]
) -> None:
    frames = 4 * SEGMENT + 40  # so many that a busy machine still looks before the last one
    source = make_clip(tmp_path / "a.mkv", scene(frames, 32, 24))
    target = tmp_path / "out" / "%04d.png"
    with subprocess.Popen(command(model, source, target, "-q")) as process:
        while not (target.parent / "0010.png").exists():
            assert process.poll() is None
        process.kill()
    assert not (target.parent / f"{frames:04d}.png").exists()
    assert video(source, target).code == 0
    names = sorted(path.name for path in target.parent.iterdir())
    assert names == [f"{number:04d}.png" for number in range(1, frames + 1)]
    assert "skipped" in video(source, target).err


def test_a_part_without_frames_leaves_nothing(
    tmp_path: Path, source: Path, video: Callable[..., Done]
) -> None:
    done = video(source, tmp_path / "b.mp4", "--start", 99)
    assert (done.code, "there is no frame in the part" in done.err) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_kill_9_changes_nothing_in_a_steady_video(
    tmp_path: Path, model: Path, video: Callable[..., Done]
) -> None:
    source = make_clip(tmp_path / "a.mkv", scene(3 * SEGMENT, 32, 24))
    target, whole = tmp_path / "b.mkv", tmp_path / "whole.mkv"
    exact = ("--codec", "ffv1", "--steady-blend", 0.5)
    with subprocess.Popen(command(model, source, target, *exact, "-q")) as process:
        while not (folder_of(target) / "000001.memory").exists():
            assert process.poll() is None
        process.kill()
    assert not target.exists()
    done = video(source, target, *exact)
    assert "went on after" in done.err
    assert video(source, whole, *exact).code == 0
    pairs = zip(frames_of(target), frames_of(whole), strict=True)
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in pairs)


def test_unfinished_work_goes_on_in_the_format_it_began_in(tmp_path: Path, model: Path) -> None:
    target = tmp_path / "b.mp4"
    Work(target, {"network": {"asked": "auto", "precision": "bf16"}}).release()
    network = Network(str(model), None, "cpu", "auto", "auto", Report(as_json=False, quiet=True))
    assert network.translator(target).precision == "bf16"
    exact = Network(str(model), None, "cpu", "fp32", "auto", Report(as_json=False, quiet=True))
    assert exact.translator(target).precision == "fp32"
    assert exact.settings(exact.translator(target))["asked"] == "fp32"


def test_damage_is_counted_and_told(tmp_path: Path, video: Callable[..., Done]) -> None:
    source = make_clip(tmp_path / "a.mp4", options={"bframes": "0"}, sounds=[{}])
    data = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][5]
        data[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    before = times_of(source)
    source.write_bytes(data)
    done = video(source, tmp_path / "b.mp4")
    assert done.code == 0
    assert "decode errors: 1; frames that repeat the one before: 1" in done.err
    assert times_of(tmp_path / "b.mp4") == before


def test_options_reach_the_frames(tmp_path: Path, source: Path, video: Callable[..., Done]) -> None:
    how = ["--start", "0.08", "--end", "0:00.36", "--every", 2, "--size", "32x24", "--side-by-side"]
    assert video(source, tmp_path / "b.mkv", "--codec", "ffv1", *how).code == 0
    clip = VideoFile(tmp_path / "b.mkv").clip
    assert (clip.width, clip.height) == (64, 24)
    assert times_of(tmp_path / "b.mkv") == [Fraction(8, 100) * number for number in range(4)]


def test_frames_hang_together_unless_told_not_to(
    tmp_path: Path, source: Path, video: Callable[..., Done]
) -> None:
    lossless = ("--codec", "ffv1", "-q")
    for name, options in {
        "average": [],
        "freeze": ["--steady", "freeze", "--steady-blend", 0.5],
        "off": ["--steady", "off"],
    }.items():
        assert video(source, tmp_path / f"{name}.mkv", *options, *lossless).code == 0
    average, freeze, off = (
        [still.pixels.astype(int) for still in frames_of(tmp_path / f"{name}.mkv")]
        for name in ("average", "freeze", "off")
    )
    assert np.abs(average[0] - off[0]).max() <= 1  # the first frame is its own average
    assert np.abs(average[-1] - off[-1]).max() > 1
    assert np.abs(freeze[-1] - average[-1]).max() > 1


def test_control_applies_to_videos(
    tmp_path: Path, source: Path, video: Callable[..., Done]
) -> None:
    mask = tmp_path / "mask.png"
    Image.fromarray(np.zeros((9, 16), np.uint8)).save(mask)
    options = ("--codec", "ffv1", "--pixel-format", "yuv444p", "--mask", mask, "--feather", 2)
    assert video(source, tmp_path / "kept.mkv", *options).code == 0
    for before, after in zip(frames_of(source), frames_of(tmp_path / "kept.mkv"), strict=True):
        assert difference(before.pixels, after.pixels) < 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--steady", "on"], "'on' is not one of"),
        (["--steady-blend", "1"], "1.0 is not in the range"),
        (["--mask", "alpha"], "a video takes a picture or another video as its mask"),
        (["--strength", "2"], "strength must be from 0 to 1"),
        (["--mask", "made.mp4"], "is the mask; masks are never overwritten"),
    ],
)
def test_wrong_control_of_videos_is_wrong_usage(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: Path,
    video: Callable[..., Done],
    options: list[str],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = video(source, tmp_path / "made.mp4", *options)
    assert done.code == 2
    assert reason in done.err
    assert not (tmp_path / "made.mp4").exists()
