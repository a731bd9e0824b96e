import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from cyclekit.errors import MediaError
from cyclekit.media.video.clip import Colour
from cyclekit.media.video.file import VideoFile
from tests.clips import TICK, difference, frames_of, make_clip, scene, times_of

UNEVEN = [0, 10, 50, 51, 90, 200, 230, 231, 300, 420, 500, 777]


def test_a_clip_says_what_it_is(tmp_path: Path) -> None:
    colour = Colour(9, 9, 16, 1)
    path = make_clip(tmp_path / "a.mp4", colour=colour, aspect=Fraction(4, 3))
    clip = VideoFile(path).clip
    assert (clip.width, clip.height, clip.frames, clip.depth) == (64, 48, 12, 8)
    assert (clip.colour, clip.aspect, clip.rate) == (colour, Fraction(4, 3), 25)
    assert not clip.alpha


def test_times_are_exact_where_the_rate_varies(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", pts=UNEVEN)
    assert times_of(path) == [pts * TICK for pts in UNEVEN]


def test_frames_have_the_colours_that_went_in(tmp_path: Path) -> None:
    still = frames_of(make_clip(tmp_path / "a.mp4", options={"qp": "0"}))[3]
    assert still.pixels.dtype == np.uint8
    assert difference(still.pixels, scene()[3]) < 2


def test_ten_bits_come_at_full_depth(tmp_path: Path) -> None:
    ramp = np.linspace(10_000, 12_000, 64).astype(np.uint16)
    wide = np.repeat(np.tile(ramp, (48, 1))[..., None], 3, axis=2)
    path = make_clip(
        tmp_path / "a.mp4", [wide] * 2, pixel_format="yuv420p10le", options={"qp": "0"}
    )
    still = frames_of(path)[0]
    assert VideoFile(path).clip.depth == 10
    assert still.pixels.dtype == np.uint16
    assert difference(still.pixels, wide) < 0.2
    assert len(np.unique(still.pixels)) > 25  # 8 bits have 8 levels there


def test_what_cannot_be_kept_of_hdr_is_told(tmp_path: Path) -> None:
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    options = {"x265-params": f"log-level=none:master-display={display}"}
    path = make_clip(tmp_path / "a.mkv", codec="libx265", options=options)
    assert "mastering display (HDR10) is left out" in VideoFile(path).notes()[0]


def damage(path: Path, number: int, every: int = 1) -> Path:
    """Spoil a packet of the video: zeros, or one bit of a few bytes turned over."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        at, size = packets[number].pos, packets[number].size
    data = bytearray(path.read_bytes())
    if every == 1:
        data[at : at + size] = bytes(size)
    for place in range(at + 60, at + size, every) if every > 1 else ():
        data[place] ^= 255
    path.write_bytes(data)
    return path


def test_a_frame_that_cannot_be_decoded_repeats_the_one_before(tmp_path: Path) -> None:
    plain = {"preset": "ultrafast", "crf": "10", "bframes": "0"}
    whole = make_clip(tmp_path / "whole.mp4", pts=UNEVEN, options=plain)
    broken = damage(Path(shutil.copy(whole, tmp_path / "broken.mp4")), 5)
    source = VideoFile(broken)
    stills = [(frame.pts, frame.pixels()) for frame in source.frames()]
    assert [pts * source.clip.time_base for pts, _ in stills] == times_of(whole)
    assert np.array_equal(stills[5][1], stills[4][1])
    assert np.array_equal(stills[4][1], frames_of(whole)[4].pixels)
    assert "decode errors: 1; frames that repeat the one before: 1" in source.notes()


def test_two_lost_frames_in_a_row_and_one_at_the_end(tmp_path: Path) -> None:
    plain = {"preset": "ultrafast", "crf": "10", "bframes": "0"}
    path = make_clip(tmp_path / "a.mp4", options=plain)
    for number in (3, 4, 11):
        damage(path, number)
    source = VideoFile(path)
    stills = [frame.pixels() for frame in source.frames()]
    assert len(stills) == 12
    assert np.array_equal(stills[2], stills[4])
    assert np.array_equal(stills[10], stills[11])
    assert "decode errors: 3; frames that repeat the one before: 3" in source.notes()


def test_a_damaged_frame_is_shown_as_far_as_decoded(tmp_path: Path) -> None:
    notes = set()
    for every in range(5, 20):  # not every flipped bit is noticed
        path = make_clip(tmp_path / "a.mp4", scene(6, 160, 128), options={"crf": "1"})
        source = VideoFile(damage(path, 2, every=every))
        assert len(list(source.frames())) == 6
        notes.update(source.notes())
    assert "damaged frames, shown as far as decoded: 1" in notes


def test_what_went_wrong_is_counted_anew_each_time(tmp_path: Path) -> None:
    source = VideoFile(damage(make_clip(tmp_path / "a.mp4", options={"bframes": "0"}), 5))
    for _ in range(2):
        list(source.frames())
        assert len(source.notes()) == 1


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_file_that_breaks_off_ends_there(tmp_path: Path, suffix: str) -> None:
    whole = make_clip(tmp_path / f"whole{suffix}", scene(60))
    cut = tmp_path / f"cut{suffix}"
    with av.open(str(whole)) as old:  # the table of contents first
        options = {"movflags": "faststart"} if suffix == ".mp4" else {}
        with av.open(str(cut), "w", container_options=options) as new:
            stream = new.add_stream_from_template(old.streams.video[0], opaque=True)
            for packet in old.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    new.mux(packet)
    data = cut.read_bytes()
    cut.write_bytes(data[: len(data) * 6 // 10])
    source = VideoFile(cut)
    count = len(list(source.frames()))
    assert 10 < count < 50
    assert any("the file breaks off at" in note for note in source.notes())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file or folder"),
        (b"", "the file is empty"),
        (b"not a video at all" * 99, "no video that can be read"),
    ],
)
def test_what_is_no_video_is_told(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MediaError, match=reason):
        VideoFile(path)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mka"
    with av.open(str(path), "w", format="matroska") as out:
        stream = out.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with pytest.raises(MediaError, match="there is no video in this file"):
        VideoFile(path)


def test_frames_with_spoilt_parts_are_counted(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", scene(30, 160, 120))
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    for packet in packets[10:25:5]:
        data[packet.pos + packet.size // 2] ^= 0x55
    path.write_bytes(data)
    film = VideoFile(path)
    made = [frame.pixels() for frame in film.frames()]
    assert len(made) == 30
    (note,) = film.notes()
    assert note.startswith("damaged frames, shown as far as decoded: ")
    again = [frame.pixels() for frame in film.frames()]
    assert all(map(np.array_equal, made, again))
