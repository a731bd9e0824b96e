"""Which output file belongs to which input file."""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclekit.media.encode import FORMATS
from cyclekit.media.folders import list_pictures, natural

_NEAREST = {".mpo": ".jpg", ".heic": ".jpg", ".heif": ".jpg", ".avif": ".jpg", ".jp2": ".jpg"}


@dataclass(frozen=True)
class Job:
    """One picture to translate."""

    input: Path
    """The file to read."""
    output: Path
    """The file to write."""
    notes: tuple[str, ...] = ()
    """What the user should know about the output's name or format."""
    error: str | None = None
    """Why it cannot be done at all; None if it can be tried."""
    place: Path | None = None
    """Where the input lies below the folder that was given; None is its own name."""


def compare_path(output: Path) -> Path:
    """Return where before and after of an output go: photo.jpg.compare.png for photo.jpg."""
    return output.with_name(f"{output.name}.compare.png")


def plan(
    inputs: Sequence[Path],
    output: Path,
    wanted: str = "same",
    *,
    compare: bool = False,
    masks: Collection[Path] = (),
) -> list[Job]:
    """List every picture under the inputs and name its output.

    Args:
        inputs: files, folders (with all folders in them) and glob patterns.
        output: the folder in which the inputs' tree is mirrored; what lies in it is no input.
        wanted: "png", "jpg", "webp", "tiff", or "same" as the input.
        compare: whether every job also writes to `compare_path` of its output.
        masks: resolved files that are read too: nothing is written over them, and in an input
            folder they are no inputs, unless it holds nothing else.

    Returns:
        Jobs in the order given, folders in natural order; no input twice, no output twice.
    """
    found: dict[Path, _Found] = {}
    for entry in _find(inputs, output, masks):
        found.setdefault(entry.path.resolve(), entry)
    owners: dict[Path, Path] = {}
    for entry in found.values():  # a.png has the first right to that name, then a.gif
        if output_suffix(wanted, entry.path) == entry.path.suffix:
            owners.setdefault(output / entry.place, entry.path)
    claims = _Claims(owners, compare)
    jobs = (_named(entry, output, wanted, claims) for entry in found.values())
    read = dict.fromkeys(masks, "a mask") | dict.fromkeys(found, "an input")
    return [_guarded(job, read, compare) for job in jobs]


def output_suffix(wanted: str, source: Path) -> str:
    """Return the ending of the output: "same" is the input's if it can be written, or the nearest.

    Args:
        wanted: "png", "jpg", "webp", "tiff" or "same".
        source: the input.
    """
    suffix = source.suffix
    if wanted != "same":
        same = FORMATS.get(suffix.lower()) == FORMATS[f".{wanted}"]
        return suffix if same else f".{wanted}"
    return suffix if suffix.lower() in FORMATS else _NEAREST.get(suffix.lower(), ".png")


@dataclass(frozen=True)
class _Found:
    path: Path
    place: Path
    """Where it belongs below the output folder, with its own ending."""
    error: str | None = None


@dataclass(frozen=True)
class _Claims:
    """Which input every file to write belongs to."""

    owners: dict[Path, Path]
    compare: bool

    def taken(self, output: Path, source: Path) -> Path | None:
        """Claim an output, with its comparison; return what another input has of it."""
        files = _written(output, self.compare)
        for path in files:
            if self.owners.get(path, source) != source:
                return path
        self.owners.update(dict.fromkeys(files, source))
        return None


def _written(output: Path, compare: bool) -> list[Path]:
    return [output, compare_path(output)] if compare else [output]


def _find(inputs: Sequence[Path], output: Path, masks: Collection[Path]) -> Iterator[_Found]:
    for entry in inputs:
        if entry.is_dir():
            yield from _in_folder(entry, output, masks)
        elif entry.exists():
            yield _Found(entry, Path(entry.name))
        elif glob.has_magic(str(entry)):
            yield from _matching(entry, output)
        else:
            yield _Found(entry, Path(entry.name), "no such file or folder")


def _in_folder(folder: Path, output: Path, masks: Collection[Path]) -> Iterator[_Found]:
    inside = _outside(list_pictures(folder), folder, output)
    if masks:
        inside = [path for path in inside if path.resolve() not in masks] or inside
    yield from (_Found(path, path.relative_to(folder)) for path in inside)
    if not inside:
        yield _Found(folder, Path(folder.name), "no pictures in this folder")


def _outside(paths: Iterable[Path], root: Path, output: Path) -> list[Path]:
    """Leave out what lies in the output folder, unless all of the input does."""
    whole, made = root.resolve(), output.resolve()
    if made in (whole, *whole.parents):
        return list(paths)
    return [path for path in paths if made not in path.resolve().parents]


def _matching(pattern: Path, output: Path) -> Iterator[_Found]:
    fixed = next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))
    matches = (Path(name) for name in glob.glob(str(pattern), recursive=True))  # noqa: PTH207 (absolute patterns)
    files = _outside(sorted((p for p in matches if p.is_file()), key=natural), fixed, output)
    yield from (_Found(path, path.relative_to(fixed)) for path in files)
    if not files:
        yield _Found(pattern, Path(pattern.name), "no file matches this pattern")


def _named(entry: _Found, output: Path, wanted: str, claims: _Claims) -> Job:
    path, place = entry.path, output / entry.place
    if entry.error:
        return Job(path, place, error=entry.error)
    suffix = output_suffix(wanted, path)
    notes: tuple[str, ...] = ()
    if wanted == "same" and suffix != path.suffix:
        notes = (f"written as {suffix[1:]}, for '{path.suffix}' cannot be written",)
    short = place.with_suffix(suffix)
    taken = claims.taken(short, path)
    if taken is None:
        return Job(path, short, notes, place=entry.place)
    owner = claims.owners[taken]
    long = place.with_name(place.name + suffix)  # a.tif becomes a.tif.png beside a.jpg's a.png
    if suffix != path.suffix and claims.taken(long, path) is None:
        renamed = f"named {long.name}, for {owner} takes {taken.name}"
        return Job(path, long, (*notes, renamed), place=entry.place)
    what = "output" if taken == short else "comparison"
    return Job(path, short, notes, f"its {what} {taken} is already that of {owner}")


def _guarded(job: Job, read: Mapping[Path, str], compare: bool) -> Job:
    if job.error is not None:
        return job
    for path in _written(job.output, compare):
        owner = read.get(path.resolve())
        if owner is not None:
            what = "output" if path == job.output else "comparison"
            reason = f"its {what} {path} is {owner}; choose another output folder"
            return Job(job.input, job.output, job.notes, reason)
    return job
