import cv2
import numpy as np
import pytest

from cyclekit.config.schema import Data
from cyclekit.data.augment import Augmentation
from cyclekit.data.datasets import Clips, Unpaired
from cyclekit.data.films import CLIP
from cyclekit.data.kinds import KINDS
from cyclekit.data.layouts import find_domains
from cyclekit.data.shuffled import Shuffled
from cyclekit.data.sources import read_source, require_usable
from cyclekit.errors import DataError
from tests.clips import frames_of, make_clip, scene
from tests.tiny import picture

LOSSLESS = {"preset": "ultrafast", "crf": "0", "g": "8"}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    make_clip(folder / "horse.mp4", scene(30), options=LOSSLESS)
    make_clip(folder / "zebra 1.mp4", [255 - one for one in scene(20)], options=LOSSLESS)
    make_clip(folder / "zebra 2.mp4", [255 - one for one in scene(50)[30:]], options=LOSSLESS)
    return folder


def test_a_video_or_a_pattern_of_videos_is_a_domain(films):
    a, b = find_domains([films / "horse.mp4", films / "zebra*.mp4"])
    assert (a.name, b.name) == ("horse", "zebra")
    assert 5 < len(a.train) + len(a.held_out) <= 30
    assert {source.path.name for source in b.train} == {"zebra 1.mp4", "zebra 2.mp4"}
    assert require_usable(a) == require_usable(b) == []
    shown = {frame.pts: frame.pixels for frame in frames_of(films / "horse.mp4")}
    for source in a.train:
        assert np.array_equal(read_source(source), shown[source.frame])


def test_a_folder_may_hold_pictures_and_videos(films, tmp_path):
    (tmp_path / "mixed").mkdir()
    cv2.imwrite(str(tmp_path / "mixed/1.png"), picture(20, 24))
    (tmp_path / "mixed/horse.mp4").symlink_to(films / "horse.mp4")
    (tmp_path / "mixed/broken.mp4").write_bytes(b"no video")
    (domain,) = KINDS["single"].find([tmp_path / "mixed"])
    names = [source.path.name for source in domain.train]
    assert names.count("1.png") == names.count("broken.mp4") == 1
    assert names.count("horse.mp4") > 5
    broken = require_usable(domain, needed=len(names) - 1)
    assert len(broken) == 1
    assert "broken.mp4: no video that can be read" in broken[0]


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        ("nothing.mp4", "no such folder or video"),
        ("nothing*.mp4", "no such folder or video"),
        ("notes.txt", "neither a folder nor a video"),
    ],
)
def test_what_is_neither_folder_nor_video_is_named(films, tmp_path, root, reason):
    (tmp_path / "notes.txt").write_text("no video")
    with pytest.raises(DataError, match=reason):
        find_domains([tmp_path / root, films / "horse.mp4"])


@pytest.mark.parametrize("cache", [0, 20_000, 10**8])
def test_crops_of_frames_depend_on_seed_and_position_only(films, cache):
    a, b = find_domains([films / "horse.mp4", films / "zebra*.mp4"])
    whole = Unpaired(a, b, Augmentation(40, 32), 3, cache=10**8)
    expected = [whole[position].values["a"] for position in range(12)]
    other = Unpaired(a, b, Augmentation(40, 32), 3, cache)
    for position in (11, 3, 7, 3, 0):
        assert (other[position].values["a"] == expected[position]).all()


def test_a_film_is_decoded_about_once_where_there_is_room(films, monkeypatch):
    a, _ = find_domains([films / "horse.mp4", films / "zebra*.mp4"])
    entered = []
    from cyclekit.data import films as module

    along = module.FilmReader.along
    monkeypatch.setattr(
        module.FilmReader, "along", lambda self, pts: entered.append(pts) or along(self, pts)
    )
    pile = Shuffled(a.train, Augmentation(None, 32), 0, cache=10**8)
    for position in range(3 * len(a.train)):
        pile.crop(position)
    assert 1 <= len(entered) <= 4 + 1  # 30 frames in groups of 8


def test_a_clip_is_three_frames_in_a_row_cut_at_one_place(films):
    (domain,) = KINDS["clips"].find([films / "horse.mp4"], spacing=2)
    times = [frame.pts for frame in frames_of(films / "horse.mp4")]
    for source in domain.train:
        place = times.index(source.frame)
        assert source.following == (times[place + 2], times[place + 4])
    data = Clips(domain, Augmentation(None, 24, flip=0.5), 0, cache=10**8)
    shown = {frame.pts: frame.pixels for frame in frames_of(films / "horse.mp4")}
    for position in range(2):
        clip = data[position].values["clip"].numpy()
        assert clip.shape == (3 * CLIP, 24, 24)
        assert any(
            all(_holds(shown[part.frame], clip[3 * n : 3 * n + 3], place, turn)
                for n, part in enumerate(source.parts))
            for source in domain.train for place in np.ndindex(25, 41) for turn in (1, -1)
            if _holds(shown[source.frame], clip[:3], place, turn)
        )  # fmt: skip


def _holds(frame, crop, place, turn):
    top, left = place
    return np.array_equal(
        frame[top : top + 24, left : left + 24][:, ::turn].transpose(2, 0, 1), crop
    )


def test_clips_cross_no_cut(tmp_path):
    other = [255 - frame[::-1] for frame in scene(30)[20:]]
    film = make_clip(tmp_path / "a.mp4", [*scene(8), *other])
    times = [frame.pts for frame in frames_of(film)]
    (domain,) = KINDS["clips"].find([film])
    starts = [times.index(source.frame) for source in domain.train]
    assert {6, 7}.isdisjoint(starts)
    assert {0, 8} <= set(starts)


def test_the_settings_say_how_far_apart_the_frames_of_a_clip_are(films):
    data = Data(roots=(films / "horse.mp4", films / "zebra*.mp4"), spacing=4)
    a, b = KINDS["unpaired clips"].find_in(data)
    assert all(len(source.following) == CLIP - 1 for source in (*a.train, *b.train))
    times = [frame.pts for frame in frames_of(films / "horse.mp4")]
    assert (a.train[0].frame, *a.train[0].following) == (times[0], times[4], times[8])
