"""Any frame of a film equals the one that decoding from the beginning gives."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cyclekit.errors import MediaError
from cyclekit.media.video.access import FilmReader
from cyclekit.media.video.survey import survey
from tests.clips import frames_of, make_clip, scene
from tests.tiny import picture, real_data

GROUPS = {"preset": "ultrafast", "crf": "10", "g": "6", "bf": "2", "x264-params": "open-gop=1"}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return make_clip(path, scene(40), options=GROUPS)


def test_every_frame_is_found_in_any_order(film: Path) -> None:
    frames = frames_of(film)
    assert len(frames) == 40
    reader = FilmReader(film)
    for number in np.random.default_rng(0).permutation(40):
        assert np.array_equal(reader.frame(frames[number].pts), frames[number].pixels)


def test_no_more_is_decoded_than_from_one_key_frame_to_the_next(film: Path) -> None:
    frames = frames_of(film)
    times = [time for time, _ in FilmReader(film).along(frames[20].pts)]
    assert frames[20].pts in times
    assert len(times) <= 12
    assert frames[0].pts not in times


@pytest.mark.parametrize("suffix", ["gif", "mkv", "webm"])
def test_other_containers_can_be_entered_too(tmp_path: Path, suffix: str) -> None:
    codec, form = {"gif": ("gif", "rgb8"), "webm": ("libvpx-vp9", "yuv420p")}.get(
        suffix, ("libx264", "yuv420p")
    )
    path = make_clip(tmp_path / f"a.{suffix}", scene(9), codec=codec, pixel_format=form)
    frames = frames_of(path)
    reader = FilmReader(path)
    for number in (8, 2, 5, 0):
        assert np.array_equal(reader.frame(frames[number].pts), frames[number].pixels[..., :3])


def test_deep_and_turned_frames_come_as_8_bits_upright(tmp_path: Path) -> None:
    path = make_clip(
        tmp_path / "a.mov", codec="libx265", pixel_format="yuv420p10le", turn=(90, False, False),
        options={"preset": "ultrafast", "x265-params": "log-level=none"},
    )  # fmt: skip
    frame = FilmReader(path).frame(frames_of(path)[3].pts)
    assert (frame.shape, frame.dtype) == ((64, 48, 3), np.uint8)


def test_a_time_without_a_frame_is_named(film: Path) -> None:
    with pytest.raises(MediaError, match=r"film.mp4: no frame at time 7"):
        FilmReader(film).frame(7)


def test_a_survey_keeps_what_is_new_and_knows_the_cuts(tmp_path: Path) -> None:
    still = [scene(1)[0]] * 6
    patches = np.kron(picture(6, 8, seed=1) // 2, np.ones((8, 8, 1), np.uint8))
    other = [patches + np.uint8(20 * number) for number in range(6)]
    path = make_clip(tmp_path / "a.mp4", [*still, *other, *still])
    found = survey(path)
    assert len(found.times) == 18
    assert found.new[0] == 0
    assert set(found.new[1:]) <= set(range(6, 12))
    assert len(found.new) > 3
    assert found.cuts == (6, 12)


def test_of_a_long_film_only_key_frames_are_looked_at(film: Path) -> None:
    found = survey(film, least=0, long=40)
    assert len(found.times) == 40
    assert 5 <= len(found.new) <= 9
    assert len(survey(film, least=0).new) == 40
    reader = FilmReader(film)
    assert all(reader.frame(time).shape == (48, 64, 3) for time in found.times)


@pytest.mark.data
def test_frames_of_real_and_damaged_films_do_not_depend_on_what_was_read_before() -> None:
    for name in ("imageio_cockatoo.mp4", "imageio_realshort.mp4"):
        path = real_data() / "video" / name
        found = survey(path)
        wanted = [found.times[place] for place in found.new][:40:13]
        reader = FilmReader(path)
        first = {time: reader.frame(time) for time in wanted}
        assert first
        for time in reversed(wanted):
            assert np.array_equal(reader.frame(time), first[time]), name


def test_threads_may_share_a_reader(film: Path) -> None:
    frames = frames_of(film) * 3
    reader = FilmReader(film)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(reader.frame, [frame.pts for frame in frames])
        assert all(
            np.array_equal(pixels, frame.pixels)
            for pixels, frame in zip(found, frames, strict=True)
        )
