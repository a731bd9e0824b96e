"""Small clips with every property that a video may have, and what can be read back of one."""

import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

os.environ.setdefault("SVT_LOG", "1")

import av
import numpy as np
from numpy.typing import NDArray

from cyclekit.inference.results import Result
from cyclekit.inference.video import translate_video
from cyclekit.inference.video_options import VideoOptions, result_clip
from cyclekit.media.video.clip import Colour, Still
from cyclekit.media.video.convert import Packer
from cyclekit.media.video.encoding import Wishes
from cyclekit.media.video.output import choose_output
from cyclekit.media.video.source import open_source
from cyclekit.pixels import Array

TICK = Fraction(1, 600)
BT709 = Colour(1, 1, 1, 1)
QUICK = {"libx264": {"preset": "ultrafast", "crf": "10"}}
SUBTITLES = "1\n00:00:00,100 --> 00:00:00,250\nHello <i>world</i>\n\n2\n00:00:00,300 --> 00:00:00,400\nTwo\nlines\n\n"


def scene(count: int = 12, width: int = 64, height: int = 48) -> list[NDArray[np.uint8]]:
    """Make smooth frames that all differ: colours drift, a bright square moves."""
    y, x = np.mgrid[:height, :width]
    frames = []
    for number in range(count):
        red = 128 + 90 * np.sin((x + 5 * number) / 25)
        green = 128 + 90 * np.sin((y - 3 * number) / 21)
        blue = 40 + 160 * (x + y) / (width + height)
        frame = np.stack([red, green, blue], axis=2).round().astype(np.uint8)
        frame[8:16, 4 + number % 40 : 12 + number % 40] = 230
        frames.append(frame)
    return frames


def make_clip(
    path: Path,
    frames: Sequence[Array] | None = None,
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    pts: Sequence[int] | None = None,
    tick: Fraction = TICK,
    colour: Colour = BT709,
    aspect: Fraction = Fraction(1),
    turn: tuple[int, bool, bool] | None = None,
    sounds: Sequence[dict[str, Any]] = (),
    subtitles: str = "",
    chapters: Sequence[tuple[float, float, str]] = (),
    metadata: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a clip; frames last 24 ticks unless `pts` says when each is shown.

    Args:
        turn: degrees, horizontal flip, vertical flip of the display matrix.
        sounds: `codec`, `rate`, `layout`, `language` and `seconds` of every stream of sound.
        subtitles: SubRip text.
        chapters: start and end in seconds, and title.
    """
    shown = scene() if frames is None else frames
    height, width = shown[0].shape[:2]
    with av.open(str(path), "w", container_options={"movflags": "use_metadata_tags"}) as out:
        video: Any = out.add_stream(codec, rate=25, options=options or QUICK.get(codec, {}))
        video.width, video.height, video.pix_fmt = width, height, pixel_format
        video.time_base = video.codec_context.time_base = tick
        context = video.codec_context
        context.colorspace, context.color_range = colour.matrix, colour.range
        context.color_primaries, context.color_trc = colour.primaries, colour.transfer
        context.sample_aspect_ratio = aspect
        if turn:
            video.set_display_rotation(*turn)
        voices = [_add_sound(out, **sound) for sound in sounds]
        text = _add_subtitles(out, subtitles) if subtitles else []
        out.metadata.update(metadata or {})
        if chapters:
            out.set_chapters([_chapter(number, *entry) for number, entry in enumerate(chapters)])
        pack = Packer(pixel_format, colour, (width, height))
        for number, pixels in enumerate(shown):
            frame = pack(pixels)
            frame.pts = 24 * number if pts is None else pts[number]
            frame.time_base = tick
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for voice in voices:
            out.mux(voice())
        out.mux(text)
    return path


def _add_sound(
    out: Any,
    codec: str = "aac",
    rate: int = 48000,
    layout: str = "stereo",
    language: str = "und",
    seconds: float = 0.5,
) -> Callable[[], Iterable[Any]]:
    stream = out.add_stream(codec, rate=rate, layout=layout)
    stream.metadata["language"] = language

    def packets() -> Iterable[Any]:
        count = int(rate * seconds)
        tone = np.sin(np.arange(count) * (0.03 + 0.001 * stream.index)).astype(np.float32) / 2
        planes = np.tile(tone, (stream.layout.nb_channels, 1))
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
        frame.sample_rate, frame.pts = rate, 0
        resampler = av.AudioResampler(
            stream.format, stream.layout, rate, stream.codec_context.frame_size or 1024
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            yield from stream.encode(piece)

    stream.codec_context.open()
    return packets


def _add_subtitles(out: Any, text: str) -> list[Any]:
    source = av.open(io.BytesIO(text.encode()), format="srt")
    stream = out.add_stream_from_template(source.streams[0], opaque=True)
    packets = [packet for packet in source.demux() if packet.size]
    for packet in packets:
        packet.stream = stream
    return packets


def _chapter(number: int, start: float, end: float, title: str) -> Any:
    return {
        "id": number,
        "start": round(start * 1000),
        "end": round(end * 1000),
        "time_base": Fraction(1, 1000),
        "metadata": {"title": title},
    }


def run(
    source: Path,
    target: Path,
    wishes: Wishes | None = None,
    options: VideoOptions | None = None,
    *,
    step: Any = iter,
    rate: Fraction | None = None,
    settings: dict[str, Any] | None = None,
    memory: Any = None,
    mask: Any = None,
    watch: Any = lambda frames: None,
) -> Result:
    """Translate by the whole pipeline, with a step that changes nothing unless one is given."""
    how = options or VideoOptions()
    opened = open_source(source, rate, None)
    clip = result_clip(opened.clip, how)
    output = choose_output(target, wishes or Wishes(), clip, opened.companions)
    return translate_video(
        step, opened, output, how, settings=settings, memory=memory, mask=mask, watch=watch
    )


def negative(images: Iterable[Array]) -> Iterator[Array]:
    """Turn white into black; a step for `run`."""
    for image in images:
        yield 255 - image


def frames_of(path: Path, rate: Fraction | None = None, most: int | None = None) -> list[Still]:
    """Decode all frames, or the first ones, upright."""
    source = open_source(path, rate, None)
    frames = islice(source.frames(), most)
    return [Still(frame.pts, frame.duration, frame.pixels()) for frame in frames]


def times_of(path: Path) -> list[Fraction]:
    """Read when every frame is shown, in seconds."""
    source = open_source(path, None, None)
    return [frame.pts * source.clip.time_base for frame in source.frames()]


def digests(path: Path, kind: str) -> dict[int, list[str]]:
    """Return the MD5 of every packet of the streams of a kind, by the rank of the stream."""
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        found: dict[int, list[str]] = {stream.index: [] for stream in streams}
        for packet in container.demux(streams) if streams else ():
            if packet.size:
                found[packet.stream.index].append(hashlib.md5(bytes(packet)).hexdigest())
    return dict(enumerate(found.values()))


def difference(a: Array, b: Array) -> float:
    """Return the mean difference of two pictures in levels of 255."""
    assert a.shape == b.shape
    scales = [255 / np.iinfo(pixels.dtype).max for pixels in (a, b)]
    return float(np.abs(a * scales[0] - b * scales[1]).mean())


def largest_difference(a: Sequence[Still], b: Sequence[Still]) -> float:
    """Return the mean difference of the frames that differ most."""
    assert len(a) == len(b) > 0
    return max(difference(x.pixels, y.pixels) for x, y in zip(a, b, strict=True))
