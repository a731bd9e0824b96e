"""The whole pipeline with a network that changes nothing: what goes in must come out."""

import io
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from cyclekit.errors import MediaError, UsageError
from cyclekit.inference.video_options import VideoOptions, result_clip, shown
from cyclekit.media.images import Picture, write
from cyclekit.media.video.clip import Clip, Colour
from cyclekit.media.video.codecs import CODECS
from cyclekit.media.video.encoding import Wishes
from cyclekit.media.video.file import VideoFile
from cyclekit.media.video.times import Cut
from cyclekit.pixels import Array
from tests.clips import (
    SUBTITLES,
    TICK,
    difference,
    digests,
    frames_of,
    largest_difference,
    make_clip,
    negative,
    run,
    scene,
    times_of,
)

UNEVEN = [0, 10, 50, 51, 90, 200, 230, 231, 300, 420, 500, 777]
EXACT = Wishes(crf=0)
LATE = [pts + 300 for pts in UNEVEN]


def lasting(path: Path) -> float:
    with av.open(str(path)) as container:
        return container.duration / av.time_base


@pytest.mark.parametrize("pts", [UNEVEN, LATE])
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_times_come_out_exactly(tmp_path: Path, pts: list[int], suffix: str) -> None:
    source = make_clip(tmp_path / "a.mp4", pts=pts, sounds=[{}])
    target = tmp_path / f"b{suffix}"
    run(source, target, EXACT)
    assert times_of(target) == times_of(source) == [time * TICK for time in pts]
    assert largest_difference(frames_of(source), frames_of(target)) < 1
    assert digests(target, "audio") == digests(source, "audio")
    assert lasting(target) == pytest.approx(lasting(source), abs=1e-6)


@pytest.mark.parametrize("suffix", [".mkv", ".webm"])
def test_times_come_out_to_the_millisecond(tmp_path: Path, suffix: str) -> None:
    source = make_clip(tmp_path / "a.mp4", pts=UNEVEN)
    run(source, tmp_path / f"b{suffix}", EXACT)
    exact, made = times_of(source), times_of(tmp_path / f"b{suffix}")
    assert max(abs(x - y) for x, y in zip(exact, made, strict=True)) <= Fraction(1, 2000)


def test_the_last_frame_is_shown_as_long_as_before(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.gif", codec="gif", pixel_format="rgb8", tick=Fraction(1, 100))
    run(source, tmp_path / "b.mp4", EXACT)
    run(tmp_path / "b.mp4", tmp_path / "c.gif")
    run(tmp_path / "c.gif", tmp_path / "d.webp", EXACT)
    lengths = [frames_of(tmp_path / name)[-1].duration for name in ("a.gif", "c.gif", "d.webp")]
    assert lengths == [lengths[0], lengths[0], 10 * lengths[0]]


@pytest.mark.parametrize(
    "colour", [Colour(1, 1, 1, 1), Colour(9, 9, 16, 1), Colour(6, 6, 6, 2), Colour()]
)
@pytest.mark.parametrize(
    ("name", "codec"), [("b.mp4", "h264"), ("b.webm", "vp9"), ("b.mkv", "av1")]
)
def test_colour_tags_come_out(tmp_path: Path, colour: Colour, name: str, codec: str) -> None:
    source = make_clip(tmp_path / "a.mp4", colour=colour)
    run(source, tmp_path / name, Wishes(codec, crf=0))
    made = VideoFile(tmp_path / name).clip.colour
    tags = (made.matrix, made.primaries, made.transfer, made.range or 1)
    assert tags == (colour.matrix, colour.primaries, colour.transfer, colour.range or 1)
    assert largest_difference(frames_of(source), frames_of(tmp_path / name)) < 1


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("b.mp4", "h264", "yuv420p10"),
        ("b.mp4", "h265", "yuv444p10"),
        ("b.mp4", "h265", "yuv422p"),
        ("b.mkv", "av1", "yuv420p10"),
        ("b.webm", "vp9", "yuv444p"),
        ("b.mov", "prores", "yuv422p10"),
        ("b.mov", "prores", "yuv444p10"),
        ("b.mkv", "ffv1", "yuv444p16"),
        ("b.mkv", "h264", None),
        ("b.mkv", "ffv1", None),
    ],
)
def test_every_codec_keeps_frames_and_times(
    tmp_path: Path, name: str, codec: str, pixel_format: str | None
) -> None:
    source = make_clip(tmp_path / "a.mp4", colour=Colour(9, 9, 18, 1))
    crf = None if CODECS[codec].crf is None else 0
    run(source, tmp_path / name, Wishes(codec, crf, pixel_format=pixel_format))
    with av.open(str(tmp_path / name)) as container:
        stream = container.streams.video[0]
        assert stream.pix_fmt == (pixel_format or "yuv420p").replace("p1", "p1") + (
            "le" if pixel_format and pixel_format[-2:].isdigit() else ""
        )
    assert times_of(tmp_path / name) == times_of(source)
    assert VideoFile(tmp_path / name).clip.colour == Colour(9, 9, 18, 1)
    limit = 1.5 if codec == "prores" else 1
    assert largest_difference(frames_of(source), frames_of(tmp_path / name)) < limit


def test_ten_bits_stay_ten_bits(tmp_path: Path) -> None:
    ramp = np.linspace(10_000, 12_000, 64).astype(np.uint16)
    wide = np.repeat(np.tile(ramp, (48, 1))[..., None], 3, axis=2)
    source = make_clip(
        tmp_path / "a.mp4", [wide] * 3, pixel_format="yuv420p10le", options={"qp": "0"}
    )
    seen: list[np.dtype] = []

    def step(images: Iterable[Array]) -> Iterator[Array]:
        for image in images:
            seen.append(image.dtype)
            yield image

    made = run(source, tmp_path / "b.mp4", Wishes(crf=0, pixel_format="yuv420p10"), step=step)
    assert seen == [np.uint16] * 3
    assert made.notes == ()
    assert largest_difference(frames_of(source), frames_of(tmp_path / "b.mp4")) < 0.1
    note = run(source, tmp_path / "c.mp4").notes[0]
    assert note == "10 bits become 8; --pixel-format yuv420p10 keeps more"


@pytest.mark.parametrize("size", [(65, 48), (64, 49), (65, 49), (17, 9)])
@pytest.mark.parametrize("name", ["b.mp4", "b.webm", "b.mkv", "b.gif"])
def test_odd_sizes_are_kept(tmp_path: Path, size: tuple[int, int], name: str) -> None:
    source = make_clip(tmp_path / "a.mkv", scene(3, *size), codec="ffv1")
    result = run(source, tmp_path / name, Wishes() if name == "b.gif" else EXACT)
    assert (result.width, result.height) == size
    made = frames_of(tmp_path / name)
    assert made[0].pixels.shape[:2] == (size[1], size[0])
    assert largest_difference(frames_of(source), made) < (6 if name == "b.gif" else 1)


@pytest.mark.parametrize("name", ["b.mp4", "b.mov", "b.mkv"])
def test_the_shape_of_pixels_comes_out(tmp_path: Path, name: str) -> None:
    source = make_clip(tmp_path / "a.mp4", aspect=Fraction(16, 15))
    run(source, tmp_path / name)
    clip = VideoFile(tmp_path / name).clip
    assert (clip.width, clip.height, clip.aspect) == (64, 48, Fraction(16, 15))


def test_pixels_become_square_where_the_file_cannot_say_otherwise(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", aspect=Fraction(4, 3))
    for name in ("b.webm", "b.gif"):
        note = run(source, tmp_path / name).notes[0]
        assert "cannot say that pixels are not square: written at 85x48" in note
        clip = VideoFile(tmp_path / name).clip
        assert (clip.width, clip.height, clip.aspect) == (85, 48, 1)


def test_another_size_looks_the_same_on_the_screen() -> None:
    clip = Clip(720, 576, TICK, Fraction(25), aspect=Fraction(16, 15))
    assert result_clip(clip, VideoOptions(size=(640, 480))).aspect == 1
    assert result_clip(clip, VideoOptions(size=(361, 288))).aspect == Fraction(16, 15)  # rounding
    assert result_clip(clip, VideoOptions(max_size=360)).aspect == Fraction(16, 15)


def test_a_turned_video_comes_out_upright(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", turn=(90, False, False))
    result = run(source, tmp_path / "b.mp4", EXACT)
    assert (result.width, result.height) == (48, 64)
    with av.open(str(tmp_path / "b.mp4")) as container:
        frame = next(container.decode(video=0))
        assert (frame.width, frame.height, frame.rotation) == (48, 64, 0)
    assert largest_difference(frames_of(source), frames_of(tmp_path / "b.mp4")) < 1


RICH = {
    "sounds": [
        {"language": "ita"},
        {"language": "fra", "layout": "5.1"},
        {"layout": "mono", "rate": 44100, "language": "eng"},
    ],
    "chapters": [(0, 0.2, "One"), (0.2, 0.48, "Two")],
    "metadata": {"title": "A clip", "artist": "Nobody", "weather": "fine"},
}


@pytest.mark.parametrize(
    ("old", "new"), [("a.mp4", "b.mp4"), ("a.mkv", "b.mkv"), ("a.mp4", "b.mkv"), ("a.mkv", "b.mov")]
)
def test_what_goes_along_is_copied(tmp_path: Path, old: str, new: str) -> None:
    source = make_clip(tmp_path / old, **RICH)
    assert run(source, tmp_path / new).notes == ()
    assert digests(tmp_path / new, "audio") == digests(source, "audio")
    with av.open(str(tmp_path / new)) as made:
        sounds = [(s.codec_context.name, s.language, s.layout.name) for s in made.streams.audio]
        titles = [chapter["metadata"]["title"] for chapter in made.chapters()]
        ends = [float(chapter["end"] * chapter["time_base"]) for chapter in made.chapters()]
        told = {key.lower(): value for key, value in made.metadata.items()}
    assert sounds == [("aac", "ita", "stereo"), ("aac", "fra", "5.1"), ("aac", "eng", "mono")]
    assert titles == ["One", "Two"]
    assert ends == pytest.approx([0.2, 0.48])
    assert {key: told[key] for key in RICH["metadata"]} == RICH["metadata"]


def test_sound_that_does_not_fit_is_transcoded_and_that_is_told(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", **RICH)
    result = run(source, tmp_path / "b.webm")
    assert result.notes[0] == "audio aac (stream 1) does not go into webm: transcoded to opus"
    with av.open(str(tmp_path / "b.webm")) as made:
        sounds = [(s.codec_context.name, s.language, s.layout.name) for s in made.streams.audio]
        samples = [
            np.concatenate([f.to_ndarray() for f in made.decode(audio=0)], axis=1) for _ in range(1)
        ]
    assert sounds == [("opus", "ita", "stereo"), ("opus", "fra", "5.1"), ("opus", "eng", "mono")]
    with av.open(str(source)) as old:
        before = np.concatenate([f.to_ndarray() for f in old.decode(audio=0)], axis=1)
    count = 20_000  # a tone that comes at the same time correlates with itself
    assert np.corrcoef(samples[0][0, 2000:count], before[0, 2000:count])[0, 1] > 0.95


@pytest.mark.parametrize(
    ("codec", "old", "new"),
    [("ac3", "5.1(side)", "5.1"), ("flac", "2.1", "5.1"), ("flac", "4.0", "quad")],
)
def test_sound_from_every_side_is_transcoded(
    tmp_path: Path, codec: str, old: str, new: str
) -> None:
    source = make_clip(tmp_path / "a.mkv", sounds=[{"codec": codec, "layout": old}])
    run(source, tmp_path / "b.webm")
    with av.open(str(tmp_path / "b.webm")) as container:
        (sound,) = container.streams.audio
        assert (sound.codec_context.name, sound.layout.name) == ("opus", new)
        heard = [frame.to_ndarray() for frame in container.decode(sound)]
    assert sum(part.shape[1] for part in heard) >= 0.45 * 48000
    assert np.abs(np.concatenate(heard, axis=1)).max() > 0.2


def test_subtitles_are_copied_or_made_into_what_the_file_holds(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mkv", subtitles=SUBTITLES)
    assert run(source, tmp_path / "b.mkv").notes == ()
    assert digests(tmp_path / "b.mkv", "subtitle") == digests(source, "subtitle")
    assert "made into mov_text" in run(source, tmp_path / "c.mp4").notes[0]
    assert "made into webvtt" in run(tmp_path / "c.mp4", tmp_path / "d.webm").notes[0]
    for name in ("b.mkv", "c.mp4", "d.webm"):
        with av.open(str(tmp_path / name)) as made:
            texts = [
                (float(packet.pts * packet.time_base), bytes(packet))
                for packet in made.demux(subtitles=0)
                if packet.size > 2
            ]
        assert [time for time, _ in texts] == pytest.approx([0.1, 0.3])
        assert b"Hello" in texts[0][1]
        assert b"Two\nlines" in texts[1][1]


def test_what_fits_nowhere_is_left_out_and_that_is_told(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", sounds=[{}])
    note = "audio aac (stream 1) does not go into {}: left out"
    assert run(source, tmp_path / "b.gif").notes == (note.format("gif"),)
    assert run(source, tmp_path / "%d.png").notes == (note.format("pictures"),)


def covered(path: Path, **how: Any) -> Path:
    """Write a clip with a cover and a font, as Matroska has them."""
    plain = make_clip(path.with_name("plain.mp4"), **how)
    picture = io.BytesIO()
    Image.fromarray(scene(1)[0]).save(picture, "JPEG")
    with av.open(str(plain)) as old, av.open(str(path), "w") as new:
        new.metadata.update(old.metadata)
        stream = new.add_stream_from_template(old.streams.video[0], opaque=True)
        new.add_attachment("cover.jpg", "image/jpeg", picture.getvalue())
        new.add_attachment("a.ttf", "application/x-truetype-font", b"a font")
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    return path


def test_cover_and_fonts_go_along_where_they_can(tmp_path: Path) -> None:
    source = covered(tmp_path / "a.mkv")
    font = "attachment (stream 2) does not go into {}: left out"
    assert run(source, tmp_path / "b.mkv").notes == ()
    assert run(source, tmp_path / "b.mp4").notes == (font.format("mp4"),)
    left = "cover (stream 1) is left out"
    assert run(source, tmp_path / "b.mov").notes == (left, font.format("mov"))
    assert left in run(source, tmp_path / "b.webm").notes
    pictures = digests(source, "video")[1]
    for name in ("b.mkv", "b.mp4"):
        assert digests(tmp_path / name, "video")[1] == pictures
        assert len(frames_of(tmp_path / name)) == 12
    with av.open(str(tmp_path / "b.mkv")) as made:
        assert [s.data for s in made.streams if s.type == "attachment"] == [b"a font"]
    source = covered(tmp_path / "c.mkv", metadata={"weather": "fine"})
    assert left in run(source, tmp_path / "c.mp4").notes  # MP4 holds it or such metadata


def test_a_cut_takes_the_sound_along(tmp_path: Path) -> None:
    source = make_clip(
        tmp_path / "a.mp4",
        scene(50),
        sounds=[{"seconds": 2}],
        chapters=[(0, 1, "One"), (1, 2, "Two")],
    )
    cut = VideoOptions(Cut(start=Fraction("0.5"), end=Fraction("1.2")))
    assert run(source, tmp_path / "b.mp4", EXACT, cut).frames == 17
    old, new = frames_of(source), frames_of(tmp_path / "b.mp4")
    assert largest_difference(old[13:30], new) < 1
    assert times_of(tmp_path / "b.mp4") == [24 * TICK * number for number in range(17)]
    (before,), (after,) = (
        digests(source, "audio").values(),
        digests(tmp_path / "b.mp4", "audio").values(),
    )
    with av.open(str(source)) as container:
        times = [
            packet.pts * packet.time_base for packet in container.demux(audio=0) if packet.size
        ]
    kept = [
        d for d, time in zip(before, times, strict=True) if 13 * 24 * TICK <= time < 30 * 24 * TICK
    ]
    assert after == kept
    assert len(kept) > 25
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert [c["metadata"]["title"] for c in container.chapters()] == ["One", "Two"]
    assert lasting(tmp_path / "b.mp4") == pytest.approx(17 * 24 / 600, abs=0.03)


def test_fewer_frames_last_as_long(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", scene(25), sounds=[{"seconds": 1}])
    run(source, tmp_path / "b.mp4", EXACT, VideoOptions(Cut(every=4)))
    assert times_of(tmp_path / "b.mp4") == times_of(source)[::4]
    assert largest_difference(frames_of(source)[::4], frames_of(tmp_path / "b.mp4")) < 1
    assert digests(tmp_path / "b.mp4", "audio") == digests(source, "audio")
    assert lasting(tmp_path / "b.mp4") == pytest.approx(lasting(source), abs=1e-5)
    run(source, tmp_path / "c.mp4", EXACT, VideoOptions(Cut(most=5)))
    assert times_of(tmp_path / "c.mp4") == times_of(source)[:5]
    assert lasting(tmp_path / "c.mp4") == pytest.approx(0.2, abs=0.03)


def test_before_and_after_stand_side_by_side(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4")
    options = VideoOptions(show="side-by-side")
    result = run(
        source, tmp_path / "b.mkv", Wishes(crf=0, pixel_format="yuv444p"), options, step=negative
    )
    assert (result.width, result.height) == (128, 48)
    for before, both in zip(frames_of(source), frames_of(tmp_path / "b.mkv"), strict=True):
        assert difference(both.pixels[:, :64], before.pixels) < 1
        assert difference(both.pixels[:, 64:], 255 - before.pixels) < 1


def test_a_line_sweeps_between_before_and_after() -> None:
    before, after = np.zeros((4, 100, 3), np.uint16), np.full((4, 100, 3), 40000, np.uint16)
    options = VideoOptions(show="wipe")
    for time, column in ((0, 0), (1, 50), (2, 100), (3, 50), (4, 0)):
        both = shown(before, after, Fraction(time), options)
        assert (both[:, : max(0, column - 2)] == 0).all()
        assert (both[:, column + 2 :] == 40000).all()
        assert (both[:, max(0, column - 2) : column + 2] == 65535).all()


def test_frames_are_resized_first(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4")
    seen: set[tuple[int, ...]] = set()

    def step(images: Iterable[Array]) -> Iterator[Array]:
        for image in images:
            seen.add(image.shape)
            yield image

    run(source, tmp_path / "b.mp4", options=VideoOptions(size=(32, 20)), step=step)
    run(source, tmp_path / "c.mp4", options=VideoOptions(max_size=32), step=step)
    assert seen == {(20, 32, 3), (24, 32, 3)}
    assert VideoFile(tmp_path / "b.mp4").clip.width == 32


def test_a_gif_comes_out_exactly(tmp_path: Path) -> None:
    frames = [frame // 48 * 48 for frame in scene(6)]  # fewer than 256 colours in each
    images = [Image.fromarray(frame).quantize(256, dither=Image.Dither.NONE) for frame in frames]
    lengths = [50, 120, 30, 70, 70, 200]
    source = tmp_path / "a.gif"
    images[0].save(source, save_all=True, append_images=images[1:], duration=lengths, loop=3)
    run(source, tmp_path / "b.gif")
    run(source, tmp_path / "c.webp", EXACT)
    run(tmp_path / "c.webp", tmp_path / "d.gif")
    for name in ("b.gif", "d.gif"):
        assert largest_difference(frames_of(source), frames_of(tmp_path / name)) == 0
        with Image.open(tmp_path / name) as made:
            assert made.info["loop"] == 3
        assert [still.duration for still in frames_of(tmp_path / name)] == [
            n // 10 for n in lengths
        ]
    assert [still.duration for still in frames_of(tmp_path / "c.webp")] == lengths


def test_transparency_goes_where_it_can(tmp_path: Path) -> None:
    frames = [np.dstack([frame // 64 * 64, np.full((48, 64), 255, np.uint8)]) for frame in scene(3)]
    for frame in frames:
        frame[:20, :20] = 0
    images = [Image.fromarray(frame) for frame in frames]
    source = tmp_path / "a.webp"
    images[0].save(
        source, save_all=True, append_images=images[1:], duration=50, lossless=True, exact=True
    )
    for name in ("b.gif", "c.webp", "%d.png"):
        run(source, tmp_path / name, EXACT if name == "c.webp" else Wishes())
        made = frames_of(tmp_path / name, Fraction(5) if "%" in name else None)
        assert (made[1].pixels[:20, :20, 3] == 0).all()
        assert np.array_equal(made[1].pixels[21:, 21:], frames[1][21:, 21:])
    note = run(source, tmp_path / "d.mp4", EXACT).notes[0]
    assert note == "transparency is left out; white shows where it was"
    assert (frames_of(tmp_path / "d.mp4")[1].pixels[4:16, 4:16] > 250).all()


def test_pictures_become_a_video_and_pictures_again(tmp_path: Path) -> None:
    for number, pixels in enumerate(scene(5), 7):
        write(tmp_path / f"in/{number:03d}.png", Picture(pixels))
    pattern = tmp_path / "in/%03d.png"
    run(pattern, tmp_path / "a.mp4", Wishes(crf=0, pixel_format="yuv444p"), rate=Fraction(24))
    assert times_of(tmp_path / "a.mp4") == [Fraction(number, 24) for number in range(5)]
    assert VideoFile(tmp_path / "a.mp4").clip.colour == Colour(1, 1, 13, 1)
    run(tmp_path / "a.mp4", tmp_path / "out/%d.png")
    made = frames_of(tmp_path / "out/%d.png", Fraction(24))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"{n}.png" for n in range(1, 6)
    ]
    assert max(difference(x.pixels, y) for x, y in zip(made, scene(5), strict=True)) < 1


def test_pictures_of_a_longer_video_do_not_stay(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4")
    run(source, tmp_path / "out/%d.png")
    run(source, tmp_path / "out/%d.png", options=VideoOptions(Cut(most=3)))
    assert len(list((tmp_path / "out").iterdir())) == 3


@pytest.mark.parametrize(
    ("name", "wishes", "reason"),
    [
        ("b.gif", EXACT, "--crf means nothing to gif; leave it out"),
        ("b.gif", Wishes("h264"), "--codec means nothing to gif"),
        ("b.webp", Wishes(crf=101), "expected 0 to 100 for webp"),
        ("%d.png", Wishes(preset="fast"), "--preset means nothing to pictures"),
        ("%d.txt", Wishes(), "pictures of this ending cannot be written"),
        ("%d.gif", Wishes(), "pictures of this ending cannot be written"),
        ("-", Wishes("h264"), "--codec means nothing to frames on stdout"),
        ("-", Wishes(pixel_format="yuv420p16"), "y4m does not hold it"),
    ],
)
def test_what_does_not_fit_the_output_is_refused_before_anything_is_written(
    tmp_path: Path, name: str, wishes: Wishes, reason: str
) -> None:
    source = make_clip(tmp_path / "a.mp4")
    target = Path(name) if name == "-" else tmp_path / "out" / name
    with pytest.raises(UsageError, match=reason):
        run(source, target, wishes)
    assert not (tmp_path / "out").exists()


def test_nothing_in_a_part_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4")
    with pytest.raises(MediaError, match="there is no frame in the part that was asked for"):
        run(source, tmp_path / "out/b.mp4", options=VideoOptions(Cut(start=Fraction(9))))
    assert not (tmp_path / "out/b.mp4").exists()
