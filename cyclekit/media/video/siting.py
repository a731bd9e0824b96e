"""Where chroma lies between the pixels of a frame."""

from __future__ import annotations

from typing import Any, cast

from av.filter import Graph
from av.video.frame import VideoFrame

SILENT_DECODERS = frozenset({"ffv1", "libdav1d", "prores", "vp9"})
"""Decoders whose frames do not say where chroma lies; players then take it to lie left."""


class Sited:
    """Says of frames that their chroma lies left, between two lines, as MPEG has it.

    swscale takes it to lie in the middle where a frame does not say, but decoders of H.264 and
    H.265 say left: left unsaid, every round trip moves all colours by half a pixel.
    """

    def __init__(self) -> None:
        self._graphs: dict[tuple[int, int, str], tuple[Graph, Any, Any]] = {}

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        """Return the frame with that said; for RGB, of what will be made of it."""
        key = (frame.width, frame.height, frame.format.name)
        if key not in self._graphs:
            self._graphs[key] = _graph(*key)
        _, source, sink = self._graphs[key]
        source.push(frame)
        return cast(VideoFrame, sink.pull())


def _graph(width: int, height: int, pixel_format: str) -> tuple[Graph, Any, Any]:
    graph = Graph()
    shape = f"video_size={width}x{height}:pix_fmt={pixel_format}:time_base=1/1"
    source = graph.add("buffer", shape)
    say = graph.add("setparams", "chroma_location=left")
    sink = graph.add("buffersink")
    source.link_to(say)
    say.link_to(sink)
    graph.configure()
    return graph, source, sink
