"""Pictures that move: GIF and animated WebP, made of segments without loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as Finished
from av.filter import Graph
from av.video.frame import VideoFrame

from cyclekit.media.video.clip import Clip
from cyclekit.media.video.codecs import CODECS, WEBP_QUALITY, Container
from cyclekit.media.video.encoding import Encoding
from cyclekit.media.video.webp import MILLISECOND, set_last_duration
from cyclekit.media.video.work import Segment

HUNDREDTH = Fraction(1, 100)
_SHORTEST = 2
"""Hundredths of a second; browsers slow down what is shorter."""


def between(container: Container, alpha: bool) -> Encoding:
    """Return how frames are kept, without loss, until the animation is made of them."""
    return Encoding(container, CODECS["ffv1"], "bgra" if alpha else "bgr0", {"level": "3"})


def write_gif(path: Path, folder: Path, segments: Sequence[Segment], clip: Clip) -> None:
    """Write a GIF; every frame has its own palette, exact where 256 colours are enough.

    Raises:
        av.error.FFmpegError: if the file cannot be written.
    """
    times = _times(segments, clip.time_base, HUNDREDTH)
    with av.open(str(path), "w", format="gif", container_options={"loop": str(clip.loop)}) as out:
        stream: Any = out.add_stream("gif", rate=100)
        stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, "pal8"
        stream.time_base = stream.codec_context.time_base = HUNDREDTH
        for number, frame in enumerate(_with_palettes(_frames(folder, segments), clip)):
            frame.pts, frame.time_base = times[number], HUNDREDTH
            for packet in stream.encode(frame):
                packet.duration = times[number + 1] - times[number]
                out.mux(packet)
        out.mux(stream.encode(None))


def write_webp(
    path: Path, folder: Path, segments: Sequence[Segment], clip: Clip, crf: int | None
) -> None:
    """Write an animated WebP.

    Args:
        path: the file.
        folder: where the segments are.
        segments: finished ones.
        clip: what they hold.
        crf: 0 without loss, else 100 minus WebP's quality; None for the default.

    Raises:
        av.error.FFmpegError: if the file cannot be written.
    """
    times = _times(segments, clip.time_base, MILLISECOND)
    quality = 100 - (WEBP_QUALITY if crf is None else crf)
    loop = 1 if clip.loop < 0 else clip.loop
    with av.open(str(path), "w", format="webp", container_options={"loop": str(loop)}) as out:
        stream: Any = out.add_stream("libwebp_anim", rate=1000)
        stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, "bgra"
        stream.time_base = stream.codec_context.time_base = MILLISECOND
        stream.options = {"lossless": "1"} if crf == 0 else {"quality": str(quality)}
        for number, frame in enumerate(_frames(folder, segments)):
            frame = frame.reformat(format="bgra")
            frame.pts, frame.time_base = times[number], MILLISECOND
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    set_last_duration(path, times[-1] - times[-2])


def _frames(folder: Path, segments: Sequence[Segment]) -> Iterator[VideoFrame]:
    for segment in segments:
        with av.open(str(folder / segment.file)) as container:
            yield from container.decode(video=0)


def _times(segments: Sequence[Segment], base: Fraction, unit: Fraction) -> list[int]:
    """Round the times of all frames, and the end, to units; they begin at zero and rise."""
    exact = [pts * base for segment in segments for pts in segment.pts]
    exact.append(segments[-1].end * base)
    least = _SHORTEST if unit == HUNDREDTH else 1
    times: list[int] = []
    for time in exact:
        rounded = round((time - exact[0]) / unit)
        times.append(max(rounded, times[-1] + least) if times else rounded)
    return times


def _with_palettes(frames: Iterator[VideoFrame], clip: Clip) -> Iterator[VideoFrame]:
    graph, source, sink = _palette_graph(clip)
    for number, frame in enumerate(frames):
        plain = frame.reformat(format="rgba" if clip.alpha else "rgb0")
        plain.pts, plain.time_base = number, HUNDREDTH
        source.push(plain)
        yield from _ready(sink)
    source.push(None)
    yield from _ready(sink)
    del graph


def _palette_graph(clip: Clip) -> tuple[Graph, Any, Any]:
    """Split frames: one branch makes a palette of each, the other uses it."""
    graph = Graph()
    kind = "rgba" if clip.alpha else "rgb0"
    size = f"{clip.width}x{clip.height}"
    source = graph.add("buffer", f"video_size={size}:pix_fmt={kind}:time_base=1/100")
    split = graph.add("split")
    keep = int(clip.alpha)
    make = graph.add("palettegen", f"stats_mode=single:reserve_transparent={keep}")
    use = graph.add("paletteuse", "new=1:dither=sierra2_4a")
    sink = graph.add("buffersink")
    source.link_to(split)
    split.link_to(make, 0, 0)
    split.link_to(use, 1, 0)
    make.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    return graph, source, sink


def _ready(sink: Any) -> Iterator[VideoFrame]:
    while True:
        try:
            yield sink.pull()
        except (NothingYet, Finished):
            return
