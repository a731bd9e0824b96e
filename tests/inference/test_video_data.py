"""Real clips through the whole pipeline, with a network that changes nothing."""

from pathlib import Path

import av
import pytest

from cyclekit.inference.video_options import VideoOptions
from cyclekit.media.video.encoding import Wishes
from cyclekit.media.video.source import open_source
from cyclekit.media.video.times import Cut
from tests.clips import digests, frames_of, largest_difference, run, times_of

CLIPS = Path(__file__).parents[3] / "shared/data/video"
NAMES = (
    "animeganv3_1.mp4", "bigbuckbunny.mp4", "carnd_test_video.mp4", "imageio_cockatoo.mp4",
    "imageio_realshort.mp4", "lynnho_horse.gif", "soundify_lake.mp4", "visionary_horse.mp4",
)  # fmt: skip
EXACT = Wishes(crf=0)


def clip(name: str) -> Path:
    path = CLIPS / name
    if not path.exists():
        pytest.skip(f"{path} is absent: a real clip is not tested")
    return path


def length(path: Path) -> int | None:
    with av.open(str(path)) as container:
        return container.duration


def check(source: Path, target: Path, wishes: Wishes, most: int | None = None) -> None:
    """Translate by identity and compare all that should be equal."""
    assert run(source, target, wishes, VideoOptions(Cut(most=most))).notes == ()
    assert largest_difference(frames_of(source, most=most), frames_of(target)) <= 1
    assert times_of(target) == times_of(source)[:most]
    old, new = (open_source(path, None, None).clip for path in (source, target))
    assert (new.width, new.height, new.aspect) == (old.width, old.height, old.aspect)
    if old.colour.matrix != 0:  # RGB gets the tags of sRGB
        assert new.colour == old.colour
    if most is None:
        assert new.frames == old.frames
        assert digests(target, "audio") == digests(source, "audio")
        assert length(target) == length(source)
    else:
        (before,), (after,) = (digests(path, "audio").values() or [[]] for path in (source, target))
        assert after == before[: len(after)]
        assert bool(after) == bool(before)


def wishes_for(name: str) -> Wishes:
    """Leave all to the default but the quality; a GIF's dither needs full chroma."""
    return Wishes(crf=0, pixel_format="yuv444p") if name.endswith("gif") else EXACT


@pytest.mark.data
@pytest.mark.parametrize("name", NAMES)
def test_the_beginning_of_a_real_clip_comes_out(tmp_path: Path, name: str) -> None:
    check(clip(name), tmp_path / "made.mp4", wishes_for(name), most=8)


@pytest.mark.data
def test_a_real_gif_comes_out_exactly(tmp_path: Path) -> None:
    source = clip("lynnho_horse.gif")
    run(source, tmp_path / "made.gif")
    assert largest_difference(frames_of(source), frames_of(tmp_path / "made.gif")) == 0
    assert times_of(tmp_path / "made.gif") == times_of(source)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_whole_real_clip_comes_out(tmp_path: Path, name: str) -> None:
    check(clip(name), tmp_path / "made.mp4", wishes_for(name))
