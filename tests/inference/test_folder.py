from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cyclekit.inference.fit import padded, resized, wanted_size
from cyclekit.inference.folder import AHEAD, translate_files
from cyclekit.inference.results import Options
from cyclekit.inference.translator import Translator
from cyclekit.media.images import Picture, read, write
from cyclekit.media.mirror import Job, compare_path, plan
from tests.inference.networks import Negative
from tests.tiny import picture


@pytest.fixture(scope="module")
def negative() -> Translator:
    return Translator(Negative(), device="cpu", precision="fp32")


def fill(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{number}.png" for number in range(count)]
    for number, path in enumerate(paths):
        write(path, Picture(picture(9, 10 + number % 2, seed=number)))
    return paths


def test_every_picture_is_translated_in_order(tmp_path: Path, negative: Translator) -> None:
    paths = fill(tmp_path / "in", 12)
    results = list(translate_files(negative, plan([tmp_path / "in"], tmp_path / "out")))
    assert [result.input for result in results] == paths
    for result in results:
        assert np.array_equal(read(result.output).pixels, 255 - read(result.input).pixels)
        assert (result.height, result.error, result.skipped) == (9, None, False)
        assert result.seconds is not None
        assert result.seconds > 0


def test_one_bad_file_stops_no_other(tmp_path: Path, negative: Translator) -> None:
    paths = fill(tmp_path / "in", 4)
    paths[1].write_bytes(b"no picture")
    jobs = [*plan([tmp_path / "in"], tmp_path / "out"), Job(Path("x"), Path("y"), error="gone")]
    errors = [result.error for result in translate_files(negative, jobs)]
    assert errors == [None, "not a picture that can be read", None, None, "gone"]


def test_finished_outputs_are_skipped_unless_told(tmp_path: Path, negative: Translator) -> None:
    fill(tmp_path / "in", 2)
    jobs = plan([tmp_path / "in"], tmp_path / "out")
    list(translate_files(negative, jobs[:1]))
    assert [result.skipped for result in translate_files(negative, jobs)] == [True, False]
    again = translate_files(negative, jobs, Options(overwrite=True))
    assert [result.skipped for result in again] == [False, False]


def test_gray_stays_gray_unless_asked(tmp_path: Path, negative: Translator) -> None:
    Image.fromarray(picture(8, 8)[..., 0]).save(tmp_path / "gray.png")
    for color in (False, True):
        jobs = [Job(tmp_path / "gray.png", tmp_path / f"{color}.png")]
        list(translate_files(negative, jobs, Options(color=color)))
        assert read(tmp_path / f"{color}.png").gray == (not color)
    assert np.array_equal(
        read(tmp_path / "False.png").pixels, 255 - read(tmp_path / "gray.png").pixels
    )


def test_before_and_after_stand_side_by_side(tmp_path: Path, negative: Translator) -> None:
    (path,) = fill(tmp_path / "in", 1)
    (job,) = plan([path], tmp_path / "out")
    list(translate_files(negative, [job], Options(compare=True)))
    both = read(compare_path(job.output)).pixels
    before = read(path).pixels
    assert np.array_equal(both[:, : before.shape[1]], before)
    assert np.array_equal(both[:, -before.shape[1] :], 255 - before)


def test_an_existing_comparison_is_kept_unless_told(tmp_path: Path, negative: Translator) -> None:
    (path,) = fill(tmp_path / "in", 1)
    (job,) = plan([path], tmp_path / "out", compare=True)
    write(compare_path(job.output), Picture(picture(3, 3)))
    (result,) = translate_files(negative, [job], Options(compare=True))
    assert "is kept" in result.notes[0]
    assert job.output.exists()
    assert read(compare_path(job.output)).width == 3
    list(translate_files(negative, [job], Options(compare=True, overwrite=True)))
    assert read(compare_path(job.output)).width > 3


def test_asked_sizes_are_made(tmp_path: Path, negative: Translator) -> None:
    write(tmp_path / "in.png", Picture(picture(40, 20), picture(40, 20)[..., 0]))
    for options, size in ((Options(max_size=10), (5, 10)), (Options(size=(7, 3)), (7, 3))):
        job = Job(tmp_path / "in.png", tmp_path / f"{size}.png")
        (result,) = translate_files(negative, [job], options)
        assert (result.width, result.height) == size


def test_an_impossible_size_fails_that_file_only(tmp_path: Path, negative: Translator) -> None:
    paths = fill(tmp_path / "in", 2)
    jobs = plan([tmp_path / "in"], tmp_path / "out")
    results = list(translate_files(negative, jobs, Options(size=(2**40, 1))))
    assert [result.input for result in results] == paths
    assert all("cannot be resized to 1099511627776x1" in str(r.error) for r in results)


def test_no_more_files_are_read_than_a_few_ahead(tmp_path: Path, negative: Translator) -> None:
    (path,) = fill(tmp_path / "in", 1)
    taken = 0

    def endless() -> Iterator[Job]:
        nonlocal taken
        while True:
            taken += 1
            yield Job(path, tmp_path / "out" / f"{taken}.png")

    results = translate_files(negative, endless())
    for _ in range(5):
        next(results)
    results.close()
    batch = negative.batch_size(9, 10)
    assert taken <= 5 + 2 * (batch + AHEAD) + 2
    assert not list((tmp_path / "out").glob("*.part"))


@pytest.mark.parametrize("side", [1, 2, 3, 16, 17])
def test_padding_reflects_and_leaves_the_picture(side: int) -> None:
    image = picture(side, 16)
    made = padded(image, 4)
    assert made.shape[0] % 4 == 0
    assert np.array_equal(made[:side], image)
    if 3 <= side < 16:
        assert np.array_equal(made[side], image[side - 2])


def test_a_constant_picture_stays_constant_when_resized() -> None:
    image = np.full((7, 9, 3), 65535, np.uint16)
    for size in ((3, 2), (20, 30)):
        made = resized(image, *size)
        assert made.shape == (size[1], size[0], 3)
        assert made.min() == 65535


def test_the_longer_side_is_limited_and_nothing_grows() -> None:
    assert wanted_size(400, 200, None, 100) == (100, 50)
    assert wanted_size(40, 20, None, 100) == (40, 20)
    assert wanted_size(4000, 1, None, 100) == (100, 1)
    assert wanted_size(40, 20, (5, 6), 100) == (5, 6)
