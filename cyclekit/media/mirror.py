"""Which output file belongs to which input file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cyclekit.media.encode import FORMATS
from cyclekit.media.find import Found, find, place_of, real

_NEAREST = {".mpo": ".jpg", ".heic": ".jpg", ".heif": ".jpg", ".avif": ".jpg", ".jp2": ".jpg"}


@dataclass(frozen=True, slots=True)
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
    root: Path | None = None
    """The folder that was given, or the fixed part of a pattern; None if it was the file itself."""

    @property
    def place(self) -> Path:
        """Where the input lies below the folder that was given."""
        return place_of(self.input, self.root)


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
    passed_over: Callable[[Path], object] = lambda path: None,
) -> list[Job]:
    """List every picture under the inputs and name its output.

    Args:
        inputs: files, folders (with all folders in them) and glob patterns.
        output: the folder in which the inputs' tree is mirrored; what lies in it is no input.
        wanted: "png", "jpg", "webp", "tiff", or "same" as the input.
        compare: whether every job also writes to `compare_path` of its output.
        masks: resolved files that are read too: nothing is written over them, and in an input
            folder they are no inputs, unless it holds nothing else.
        passed_over: hears of each mask that is no input for that reason.

    Returns:
        Jobs in the order given, folders in natural order; no input twice, no output twice.
    """
    found = _once(find(inputs, output, masks, passed_over))
    jobs = _assigned(found, output, wanted, _Claims(compare), masks)
    names = {str(path) for job in jobs for path in _written(job.output, compare)}
    names.update(str(entry.path) for entry in found)
    if len(set(map(str.casefold, names))) < len(names) and _ignores_case(output):
        return _assigned(found, output, wanted, _Claims(compare, str.casefold), masks)
    return jobs


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


def _once(found: Iterable[Found]) -> list[Found]:
    """Leave out what has been found before, or is the same file for the same place."""
    kept: list[Found] = []
    seen: set[str] = set()
    for entry in found:
        keys = {str(entry.path.absolute()), f"{real(entry.path)}\0{entry.place}"}
        if seen.isdisjoint(keys):
            kept.append(entry)
        seen |= keys
    return kept


def _ignores_case(folder: Path) -> bool:
    """Whether A.png and a.png are one file there; it takes a file that exists to find out."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    try:
        with tempfile.NamedTemporaryFile(prefix="cyclekit-case-", dir=there) as file:
            path = Path(file.name)
            return path.with_name(path.name.upper()).exists()
    except OSError:
        return False


@dataclass(frozen=True)
class _Claims:
    """Which input every file to write belongs to."""

    compare: bool
    fold: Callable[[str], str] = str
    """Makes names equal that are one file."""
    owners: dict[str, Path] = field(default_factory=dict)

    def reserve(self, output: Path, source: Path) -> None:
        """Give the first that asks the right to an output."""
        self.owners.setdefault(self.fold(str(output)), source)

    def owner(self, output: Path) -> Path:
        """Return whose output it is."""
        return self.owners[self.fold(str(output))]

    def taken(self, output: Path, source: Path) -> Path | None:
        """Claim an output, with its comparison; return what another input has of it."""
        files = _written(output, self.compare)
        for path in files:
            if self.owners.get(self.fold(str(path)), source) != source:
                return path
        self.owners.update({self.fold(str(path)): source for path in files})
        return None


def _written(output: Path, compare: bool) -> list[Path]:
    return [output, compare_path(output)] if compare else [output]


def _assigned(
    found: Sequence[Found], output: Path, wanted: str, claims: _Claims, masks: Collection[Path]
) -> list[Job]:
    for entry in found:  # a.png has the first right to that name, then a.gif
        if output_suffix(wanted, entry.path) == entry.path.suffix:
            claims.reserve(output / entry.place, entry.path)
    read = {claims.fold(str(mask)): "a mask" for mask in masks}
    read.update({claims.fold(real(entry.path)): "an input" for entry in found})
    jobs = (_named(entry, output, wanted, claims) for entry in found)
    return [_guarded(job, read, claims) for job in jobs]


def _named(entry: Found, output: Path, wanted: str, claims: _Claims) -> Job:
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
        return Job(path, short, notes, root=entry.root)
    owner = claims.owner(taken)
    long = place.with_name(place.name + suffix)  # a.tif becomes a.tif.png beside a.jpg's a.png
    if suffix != path.suffix and claims.taken(long, path) is None:
        renamed = f"named {long.name}, for {owner} takes {taken.name}"
        return Job(path, long, (*notes, renamed), root=entry.root)
    what = "output" if taken == short else "comparison"
    return Job(path, short, notes, f"its {what} {taken} is already that of {owner}")


def _guarded(job: Job, read: Mapping[str, str], claims: _Claims) -> Job:
    if job.error is not None:
        return job
    for path in _written(job.output, claims.compare):
        owner = read.get(claims.fold(real(path)))
        if owner is not None:
            what = "output" if path == job.output else "comparison"
            reason = f"its {what} {path} is {owner}; choose another output folder"
            return Job(job.input, job.output, job.notes, reason)
    return job
