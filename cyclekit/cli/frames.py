"""`cyclekit data frames`: pictures out of videos."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyclekit.cli import options
from cyclekit.cli.reporting import Report
from cyclekit.errors import MediaError, UsageError

if TYPE_CHECKING:
    from cyclekit.media.video.extract import Choice

EXAMPLES = """\b
Examples:
  cyclekit data frames holiday.mp4 -o frames
  cyclekit data frames films -o frames --scenes --sharpest 10
  cyclekit data frames holiday.mp4 -o frames --every 25 --keep-duplicates --format jpg
"""


@dataclass(frozen=True)
class Extracted:
    """What became of a frame, or of a video that cannot be read."""

    input: Path
    """The video."""
    output: Path
    """The picture."""
    frame: int | None = None
    """The frame's number in the video, from 0."""
    error: str | None = None
    """Why there is no picture; None if there is."""
    skipped: bool = False
    """Whether the picture was there already."""
    notes: tuple[str, ...] = ()
    """What the user should know."""

    def as_dict(self) -> dict[str, Any]:
        """Return what applies, ready for JSON."""
        made = None if self.error else str(self.output)
        values = {**asdict(self), "input": str(self.input), "output": made}
        told = {key: value for key, value in values.items() if value or key == "frame"}
        return {key: value for key, value in told.items() if value is not None}


@click.command("frames", epilog=EXAMPLES)
@click.argument("videos", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="VIDEO...")  # fmt: skip
@click.option("-o", "--output", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Where the pictures go.")  # fmt: skip
@click.option("--every", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="Look at every Nth frame only.")  # fmt: skip
@click.option("--sharpest", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="Of N frames that are looked at, take the sharpest.")  # fmt: skip
@click.option("--scenes", is_flag=True, help="Take the beginning of every scene only.")
@click.option("--keep-duplicates", is_flag=True, help="Take frames that look like earlier ones, too.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["png", "jpg", "webp", "tiff"]), default="png", show_default=True, help="Of the pictures.")  # fmt: skip
@options.max_size
@options.overwrite
@options.as_json
@options.quiet
@click.pass_context
def frames(
    ctx: click.Context, videos: tuple[Path, ...], output: Path, every: int, sharpest: int,
    scenes: bool, keep_duplicates: bool, form: str, max_size: int | None,
    overwrite: bool, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Write the frames of videos that show something new.

    VIDEO is a file or a folder of them. Pictures are called DIR/VIDEO-000123.png, by the number of
    the frame. To train on a video, this is not needed: cyclekit train takes videos.
    """
    from cyclekit.media.video.extract import Choice

    choice = Choice(every, sharpest, scenes, not keep_duplicates)
    report = _Extraction(as_json, quiet)
    for video, place in _places(videos):
        try:
            _extract(video, output / place, form, choice, max_size, overwrite, report)
        except MediaError as error:
            reason = str(error).removeprefix(f"{video}: ")
            report.add(Extracted(video, output, error=reason))
    report.summarise()
    ctx.exit(report.exit_code)


class _Extraction(Report):
    did = "extracted"


def _extract(
    video: Path, place: Path, form: str, choice: Choice, max_size: int | None, overwrite: bool,
    report: Report,
) -> None:  # fmt: skip
    from cyclekit.inference.fit import resized, wanted_size
    from cyclekit.media.video.clip import Still
    from cyclekit.media.video.extract import extract
    from cyclekit.media.video.sequence import write_picture
    from cyclekit.media.video.source import open_source

    source = open_source(video, None, None)
    size = wanted_size(source.clip.width, source.clip.height, None, max_size)
    for number, pixels in extract(source.frames(), choice):
        path = place.with_name(f"{place.name}-{number:06d}.{form}")
        there = path.exists() and not overwrite
        if not there:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_picture(path, Still(number, 1, resized(pixels, *size)))
        report.add(Extracted(video, path, number, skipped=there))
    for note in source.notes():
        report.note(f"note: {video}: {note}")


def _places(videos: tuple[Path, ...]) -> list[tuple[Path, Path]]:
    """Name each video's pictures by its place; of two with one name, both keep their endings."""
    from cyclekit.media.folders import list_files
    from cyclekit.media.video.folder import VIDEO_SUFFIXES

    places = []
    for entry in videos:
        if entry.is_dir():
            found = list_files(entry, VIDEO_SUFFIXES)
            if not found:
                raise MediaError(f"{entry}: no videos in this folder")
            places += [(video, video.relative_to(entry)) for video in found]
        else:
            places.append((entry, Path(entry.name)))
    count = Counter(place.with_suffix("") for _, place in places)
    named = [(v, p if count[p.with_suffix("")] > 1 else p.with_suffix("")) for v, p in places]
    for place, times in Counter(place for _, place in named).items():
        if times > 1:
            raise UsageError(f"{times} videos are called {place}; extract them one by one")
    return named
