"""Where translated frames go: a video, an animation, pictures with a number, a pipe."""

from __future__ import annotations

from pathlib import Path

from cyclekit.errors import UsageError
from cyclekit.media.video.clip import Clip
from cyclekit.media.video.codecs import ANIMATIONS
from cyclekit.media.video.encoding import Wishes, container_of
from cyclekit.media.video.output_files import AnimationOutput, VideoOutput
from cyclekit.media.video.output_frames import PicturesOutput, PipeOutput
from cyclekit.media.video.pipes import PIPE
from cyclekit.media.video.sequence import is_pattern
from cyclekit.media.video.sink import Output


def choose_output(
    path: Path, wishes: Wishes, clip: Clip, source: Path | None, *, raw: bool = False
) -> Output:
    """Decide how frames are written to what the user named.

    Args:
        path: a file, a pattern such as `frames/%06d.png`, or `-` for stdout.
        wishes: how the user wants it.
        clip: what will be written; its colours are those of the source.
        source: the file with sound and the like to go along; None if there is none.
        raw: for stdout, raw RGB instead of y4m.

    Raises:
        UsageError: if the wishes do not fit together, or not the output.
        MediaError: if the source cannot be read.
    """
    if path == PIPE:
        return PipeOutput(wishes, clip, source, raw)
    if raw:
        raise UsageError(f"{path}: raw frames go to stdout only; name it -")
    if is_pattern(path):
        return PicturesOutput(path, wishes, clip, source)
    if container_of(path).format in ANIMATIONS:
        return AnimationOutput(path, wishes, clip, source)
    return VideoOutput(path, wishes, clip, source)
