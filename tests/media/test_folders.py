from pathlib import Path

import pytest

from cyclekit.media.folders import list_pictures
from cyclekit.media.mirror import Job, output_suffix, plan


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def outputs(jobs: list[Job], root: Path) -> list[str]:
    return [str(job.output.relative_to(root)) for job in jobs]


def test_pictures_are_listed_deep_in_natural_order(tmp_path: Path) -> None:
    touch(
        tmp_path, "10.jpg", "2.JPG", "b/1.png", "notes.txt", ".hidden.png", ".git/x.png", "a/z.tif"
    )
    found = [str(path.relative_to(tmp_path)) for path in list_pictures(tmp_path)]
    assert found == ["2.JPG", "10.jpg", "a/z.tif", "b/1.png"]


def test_links_to_folders_are_followed_without_end(tmp_path: Path) -> None:
    touch(tmp_path, "real/1.png")
    (tmp_path / "real" / "loop").symlink_to(tmp_path)
    assert len(list_pictures(tmp_path)) == 1


def test_a_file_is_no_folder_to_list(tmp_path: Path) -> None:
    touch(tmp_path, "x.png")
    with pytest.raises(NotADirectoryError, match="is not a folder"):
        list_pictures(tmp_path / "x.png")


def test_the_tree_is_mirrored_and_the_output_is_no_input(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "deep/er/b.png", "out/a.jpg")
    jobs = plan([tmp_path], tmp_path / "out")
    assert outputs(jobs, tmp_path / "out") == ["a.jpg", "deep/er/b.png"]


def test_patterns_are_expanded_below_their_fixed_part(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.jpg", "in/sub/b.jpg", "in/c.png")
    jobs = plan([tmp_path / "in" / "**" / "*.jpg"], tmp_path / "out")
    assert sorted(outputs(jobs, tmp_path / "out")) == ["a.jpg", "sub/b.jpg"]


def test_a_pattern_takes_no_output_as_input(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "out/a.jpg")
    jobs = plan([tmp_path / "**" / "*.jpg"], tmp_path / "out")
    assert outputs(jobs, tmp_path / "out") == ["a.jpg"]


def test_an_output_above_the_input_is_mirrored_into(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.jpg")
    for source in (tmp_path / "in", tmp_path / "in" / "*.jpg"):
        (job,) = plan([source], tmp_path)
        assert (job.output, job.error) == (tmp_path / "a.jpg", None)


def test_an_input_named_twice_is_translated_once(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.jpg")
    assert len(plan([tmp_path / "in" / "a.jpg", tmp_path / "in"], tmp_path / "out")) == 1


def test_outputs_never_share_a_name(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.gif", "in/a.jpg", "in/a.png")
    jobs = plan([tmp_path / "in"], tmp_path / "out", "png")
    assert outputs(jobs, tmp_path / "out") == ["a.gif.png", "a.jpg.png", "a.png"]
    assert "a.png takes a.png" in jobs[0].notes[0]


def test_the_same_name_in_two_folders_is_an_error_of_the_later(tmp_path: Path) -> None:
    touch(tmp_path, "one/a.jpg", "two/a.jpg")
    first, second = plan([tmp_path / "one", tmp_path / "two"], tmp_path / "out")
    assert first.error is None
    assert second.error is not None
    assert "is already that of" in second.error


def test_an_input_is_never_an_output(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    (job,) = plan([tmp_path / "a.jpg"], tmp_path)
    assert job.error is not None
    assert "choose another output folder" in job.error


def test_a_comparison_never_takes_another_picture_s_name(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.jpg", "in/a.jpg.compare.png", "in/b.gif", "in/b.png.compare.png")
    jobs = plan([tmp_path / "in"], tmp_path / "out", compare=True)
    assert [job.error is None for job in jobs] == [False, True, True, True]
    assert "its comparison" in str(jobs[0].error)
    assert jobs[2].output.name == "b.gif.png"


def test_a_comparison_never_replaces_an_input(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.jpg", "out/a.jpg.compare.png")
    inputs = [tmp_path / "in" / "a.jpg", tmp_path / "out" / "a.jpg.compare.png"]
    first, second = plan(inputs, tmp_path / "out", "jpg", compare=True)
    assert "its comparison" in str(first.error)
    assert second.error is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none.jpg", "no such file"), ("*.xyz", "no file matches"), ("empty", "no pictures")],
)
def test_inputs_without_pictures_are_named(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "empty").mkdir()
    (job,) = plan([tmp_path / name], tmp_path / "out")
    assert job.error is not None
    assert reason in job.error


@pytest.mark.parametrize(
    ("wanted", "name", "suffix"),
    [
        ("same", "a.JPG", ".JPG"),
        ("same", "a.gif", ".png"),
        ("same", "a.heic", ".jpg"),
        ("jpg", "a.jpeg", ".jpeg"),
        ("tiff", "a.tif", ".tif"),
        ("webp", "a.png", ".webp"),
    ],
)
def test_endings_change_only_where_they_must(wanted: str, name: str, suffix: str) -> None:
    assert output_suffix(wanted, Path(name)) == suffix


def test_masks_are_no_inputs_and_are_never_written_over(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.png", "in/b.png", "in/masks/a.png", "out/b.png")
    mask, other = tmp_path / "in/masks/a.png", tmp_path / "out/b.png"
    masks = {mask.resolve(), other.resolve()}
    for inputs in (tmp_path / "in", tmp_path / "in/**/*.png"):
        a, b = plan([inputs], tmp_path / "out", masks=masks)
        assert (a.place, a.error) == (Path("a.png"), None)
        assert b.error == f"its output {other} is a mask; choose another output folder"


def test_what_is_nothing_but_masks_is_still_translated(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.png")
    path = tmp_path / "in/a.png"
    for inputs in ([tmp_path / "in"], [path]):
        (job,) = plan(inputs, tmp_path / "out", masks={path.resolve()})
        assert (job.input, job.error) == (path, None)


def test_a_longer_name_keeps_its_place(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.png", "in/a.gif")
    jobs = plan([tmp_path / "in"], tmp_path / "out")
    assert {job.output.name: job.place for job in jobs} == {
        "a.png": Path("a.png"),
        "a.gif.png": Path("a.gif"),
    }
