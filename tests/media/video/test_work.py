import json
import subprocess
import sys
from pathlib import Path

import pytest

from cyclekit.errors import MediaError
from cyclekit.media.atomic import part_of
from cyclekit.media.video.work import Segment, Work, folder_of, stored_settings
from tests.clips import frames_of, make_clip, run, scene

SETTINGS = {"model": "a", "size": [64, 48]}


def segment(work: Work, *pts: int) -> Segment:
    path = work.path(".mp4")
    path.write_bytes(b"frames")
    return Segment(path.name, pts, pts[-1] + 1, delay=2)


def begun(output: Path) -> Work:
    """Leave two segments behind."""
    work = Work(output, SETTINGS)
    work.add(segment(work, 0, 1, 2))
    work.add(segment(work, 3, 4))
    work.release()
    return work


def again(output: Path, settings: dict | None = SETTINGS) -> list[Segment]:
    work = Work(output, settings)
    work.release()
    return work.segments


def test_finished_segments_are_found_again(tmp_path: Path) -> None:
    output = tmp_path / "deep" / "made.mp4"
    first = begun(output)
    path = first.path(".mp4")
    path.write_bytes(b"half a segment")
    assert stored_settings(output) == SETTINGS
    found = again(output)
    assert [segment.pts for segment in found] == [(0, 1, 2), (3, 4)]
    assert found[1] == Segment("000001.mp4", (3, 4), 5, 2)


@pytest.mark.parametrize("name", ["settings.json", "000000.json"])
def test_what_is_nested_too_deeply_begins_anew(tmp_path: Path, name: str) -> None:
    output = tmp_path / "made.mp4"
    begun(output)
    (folder_of(output) / name).write_text("[" * 100_000)
    assert stored_settings(output) == (None if name == "settings.json" else SETTINGS)
    assert again(output, SETTINGS) == []


@pytest.mark.parametrize("settings", [{**SETTINGS, "model": "b"}, None])
def test_other_settings_begin_anew(tmp_path: Path, settings: dict | None) -> None:
    output = tmp_path / "made.mp4"
    begun(output)
    assert again(output, settings) == []
    assert not list(folder_of(output).glob("*.mp4"))


def test_what_cannot_be_gone_on_with_is_no_settings(tmp_path: Path) -> None:
    output = tmp_path / "made.mp4"
    work = Work(output, None)
    work.add(segment(work, 0))
    work.release()
    assert stored_settings(output) is None
    assert again(output, None) == []


@pytest.mark.parametrize("spoil", ["missing", "half", "no list"])
def test_a_segment_that_is_not_whole_ends_the_list(tmp_path: Path, spoil: str) -> None:
    output = tmp_path / "made.mp4"
    folder = begun(output).folder
    entry = folder / "000001.json"
    if spoil == "missing":
        (folder / "000001.mp4").unlink()
    if spoil == "half":
        entry.write_bytes(entry.read_bytes()[:9])
    if spoil == "no list":
        entry.write_text(json.dumps({"file": "000001.mp4", "pts": 3}))
    assert len(again(output)) == 1


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    output = tmp_path / "made.mp4"
    theirs = folder_of(output) / "thesis.txt"
    theirs.parent.mkdir()
    theirs.write_text("mine")
    with pytest.raises(MediaError, match="this folder is in the way"):
        Work(output, SETTINGS)
    assert theirs.read_text() == "mine"


def test_a_write_that_was_killed_is_not_in_the_way(tmp_path: Path) -> None:
    output = tmp_path / "made.mp4"
    work = Work(output, SETTINGS)
    work.release()
    for name in ("000000.json", "000000.memory", "settings.json"):
        part_of(work.folder / name).write_bytes(b"half of it")
    again = Work(output, SETTINGS)
    assert again.segments == []
    again.remove()
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["n" * 246 + ".mp4", "ä" * 125 + ".mp4", "n" * 251 + ".mp4"])
def test_names_may_be_as_long_as_the_file_system_allows(tmp_path: Path, name: str) -> None:
    source = make_clip(tmp_path / "in.mp4", scene(2))
    run(source, tmp_path / name, settings={"model": 1})
    assert len(frames_of(tmp_path / name)) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", name}


def test_an_unwritable_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MediaError, match=r"made.mp4: cannot be written: Not a directory"):
        Work(tmp_path / "file" / "made.mp4", SETTINGS)


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be locked there")
def test_two_runs_do_not_mix(tmp_path: Path) -> None:
    output = tmp_path / "made.mp4"
    work = Work(output, SETTINGS)
    other = f"from cyclekit.media.video.work import *; Work(Path({str(output)!r}), {SETTINGS!r})"
    done = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True)
    assert "another run is at work on it" in done.stderr
    work.remove()
    assert not work.folder.exists()
