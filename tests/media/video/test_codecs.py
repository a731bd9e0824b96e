from fractions import Fraction
from pathlib import Path

import pytest
from av.codec import Codec as Encoder

from cyclekit.errors import UsageError
from cyclekit.media.video.codecs import CODECS, CONTAINERS
from cyclekit.media.video.encoding import Wishes, choose, ffmpeg_name, square_size

EVEN, ODD = (64, 48), (65, 49)


@pytest.mark.parametrize("name", CODECS)
def test_every_codec_is_there_and_writes_every_pixel_format(name: str) -> None:
    codec = CODECS[name]
    encoder = Encoder(codec.encoder, "w")
    known = {format_.name for format_ in encoder.video_formats or ()}
    assert {ffmpeg_name(pixel_format) for pixel_format in codec.pixel_formats} <= known


@pytest.mark.parametrize("suffix", [end for end, kind in CONTAINERS.items() if kind.codecs])
def test_every_container_has_a_default(suffix: str) -> None:
    encoding = choose(Path(f"made{suffix}"), Wishes(), EVEN)
    assert encoding.pixel_format == "yuv420p"
    assert encoding.codec == CODECS[CONTAINERS[suffix].codecs[0]]
    assert encoding.notes == ()


@pytest.mark.parametrize(
    ("name", "wishes", "size", "reason"),
    [
        ("a.mp4", Wishes("prores"), EVEN, ".mp4 does not hold prores; expected h264, h265"),
        ("a.webm", Wishes("h264"), EVEN, "expected vp9, av1 there, or one of .mp4"),
        ("a.avi", Wishes(), EVEN, "'.avi' cannot be written; expected .mp4"),
        ("a", Wishes(), EVEN, "the name has no ending"),
        ("a.mp4", Wishes(crf=52), EVEN, "--crf 52: expected 0 to 51 for h264"),
        ("a.mov", Wishes("prores", crf=3), EVEN, "means nothing to prores, which has --preset"),
        ("a.mkv", Wishes("ffv1", crf=0), EVEN, "means nothing to ffv1, which is always lossless"),
        ("a.mp4", Wishes(preset="9"), EVEN, "h264 has no such preset here; expected one of ultra"),
        ("a.mkv", Wishes("ffv1", preset="9"), EVEN, "leave it out"),
        ("a.mp4", Wishes("av1", preset="9", pixel_format="yuv420p10"), EVEN, "expected one of 8"),
        ("a.mp4", Wishes("av1", pixel_format="yuv444p"), EVEN, "av1 expects one of yuv420p, yuv4"),
        ("a.mp4", Wishes("h265"), (62, 48), "62x48 is too small for h265; expected 64x16 or more"),
        ("a.mp4", Wishes(pixel_format="yuv420p"), ODD, "choose yuv444p or --size"),
    ],
)
def test_what_does_not_fit_is_refused(
    name: str, wishes: Wishes, size: tuple[int, int], reason: str
) -> None:
    with pytest.raises(UsageError) as caught:
        choose(Path(name), wishes, size)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_odd_sides_are_kept_and_that_is_told() -> None:
    encoding = choose(Path("a.mp4"), Wishes(), ODD)
    assert encoding.pixel_format == "yuv444p"
    assert "65x49 has an odd side" in encoding.notes[0]
    assert choose(Path("a.webm"), Wishes(), ODD).pixel_format == "yuv420p"
    assert choose(Path("a.mov"), Wishes("prores"), (64, 49)).pixel_format == "yuv422p10le"
    assert choose(Path("a.mov"), Wishes("prores"), (65, 48)).pixel_format == "yuv444p10le"


def test_no_loss_at_quality_0() -> None:
    assert choose(Path("a.mp4"), Wishes(crf=0), EVEN).options["qp"] == "0"
    assert "lossless=1" in choose(Path("a.mp4"), Wishes("h265", 0), EVEN).options["x265-params"]
    assert choose(Path("a.webm"), Wishes(crf=0), EVEN).options["lossless"] == "1"


def test_square_pixels_look_the_same() -> None:
    assert square_size((720, 576), Fraction(16, 15)) == (768, 576)
    assert square_size((720, 480), Fraction(8, 9)) == (720, 540)
