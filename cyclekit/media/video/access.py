"""Any frame of a film, without decoding all that comes before it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from functools import partial
from itertools import chain, islice
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from cyclekit.errors import MediaError
from cyclekit.media.picture import to_8_bits
from cyclekit.media.video.convert import on_white
from cyclekit.media.video.file import VideoFile
from cyclekit.media.video.opening import decoded, opened

Pixels = NDArray[np.uint8]


class FilmReader:
    """Finds frames by the time at which they are shown, from the key frame before them on.

    What a frame looks like never depends on which were read before: a decoder in trouble would
    otherwise make a run that was interrupted differ. Threads may share a reader; one waits for the
    other, because there is one decoder.

    Args:
        path: a video file; it stays open as long as the reader lives.

    Raises:
        MediaError: if it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._video = VideoFile(path)
        self._turn = threading.RLock()
        self._open = ExitStack()
        self._container, self._stream = self._reopened()

    def frame(self, pts: int) -> Pixels:
        """Decode the frame shown at a time, RGB uint8 (H, W, 3).

        Raises:
            MediaError: if there is none.
        """
        with closing(self.along(pts)) as frames:
            for time, pixels in frames:
                if time == pts:
                    return pixels()
        raise MediaError(f"{self.path}: no frame at time {pts}")

    def along(self, pts: int) -> Generator[tuple[int, Callable[[], Pixels]]]:
        """Decode from the key frame before a time up to the next key frame after it.

        Args:
            pts: in units of the stream's time base, as in `Survey`.

        Yields:
            The time of each frame, and what makes its pixels; both good until the next is taken.
        """
        with self._turn:
            passed = found = False
            for raw in self._from_key(pts):
                if passed and raw.key_frame:
                    break
                if raw.pts is not None and not raw.is_corrupt:
                    yield raw.pts, partial(self._pixels, raw)
                    passed, found = passed or raw.pts >= pts, found or raw.pts == pts
            if not found:  # a damaged film may show a frame only to who has seen all before it
                alone = (raw for raw in self._from_start() if raw.pts == pts and not raw.is_corrupt)
                yield from ((pts, partial(self._pixels, raw)) for raw in islice(alone, 1))

    def _from_key(self, pts: int) -> Iterator[VideoFrame]:
        try:
            self._container.seek(pts, stream=self._stream, backward=True)
        except FFmpegError:
            return self._from_start()
        frames = _decode(self._container, self._stream)
        first = next(frames, None)
        if first is None or first.pts is None or first.pts > pts:  # this format cannot go back
            return self._from_start()
        return chain([first], frames)

    def _from_start(self) -> Iterator[VideoFrame]:
        self._container, self._stream = self._reopened()
        return _decode(self._container, self._stream)

    def _reopened(self) -> tuple[InputContainer, VideoStream]:
        self._open.close()
        container, stream = self._open.enter_context(opened(self.path))
        self._unpack = self._video.unpacker(stream)
        return container, stream

    def _pixels(self, raw: VideoFrame) -> Pixels:
        pixels = self._unpack(raw)
        whole = on_white(pixels) if pixels.shape[2] == 4 else pixels
        return np.asarray(to_8_bits(whole), np.uint8)


def _decode(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    try:
        for packet in container.demux(stream):
            yield from decoded(stream, packet) or ()
    except FFmpegError:
        return
