"""Follows results as they come, keeps what a page needs of each, and writes the page at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from cyclekit.errors import MediaError
from cyclekit.inference.cycle import Cycle, CycleCheck, draw
from cyclekit.inference.fit import resized
from cyclekit.inference.report.journal import Entry, Journal
from cyclekit.inference.report.page import write_page
from cyclekit.inference.report.places import Places, readable
from cyclekit.inference.report.thumbnail import write_thumbnail
from cyclekit.inference.results import Result
from cyclekit.media.images import Picture, read, write

BEFORE, AFTER, CYCLE = "-before.jpg", "-after.jpg", "-cycle.png"
"""What is appended to an output's name for its small pictures."""


class ReportWriter:
    """Writes one page about many results: `for result in writer.follow(results)`.

    Small pictures are made from the files, beside the caller; never more than a few are held. What
    an interrupted run found is not found again.

    Args:
        folder: from `report_folder`.
        facts: what the page says about all pictures, by name; "translation" is its title.
        cycle: finds the cycle error of what is already there; None if nobody can.
        identity: tells models apart; where it changed, cycle errors are found again.

    Raises:
        MediaError: if the folder cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        facts: Mapping[str, str],
        cycle: CycleCheck | None = None,
        identity: str = "",
    ) -> None:
        self.places = Places(folder)
        self.problem: str | None = None
        """Why there is no page although all results have come; None if there is one."""
        self._facts = {name: readable(fact) for name, fact in facts.items()}
        self._cycle = cycle
        self._identity = identity if cycle is not None else ""
        self._journal = Journal(self.places.journal)

    def follow(self, results: Iterable[Result]) -> Iterator[Result]:
        """Pass results on, in order, each with its cycle error; then write the page."""
        with self._journal, ThreadPoolExecutor(1, "report") as pool:
            before: Future[Result] | None = None
            for result in results:
                now = pool.submit(self._record, *self._prepared(result))
                if before is not None:
                    yield before.result()
                before = now
            if before is not None:
                yield before.result()
            self._finish()

    def _finish(self) -> None:
        try:
            write_page(self.places.page, self._facts, self._journal.entries)
            self._journal.compact()
        except MediaError as error:
            self.problem = str(error)

    def _prepared(self, result: Result) -> tuple[Result, Entry | None]:
        """Recall what is known; find the cycle error if it is wanted and unknown."""
        if result.error is not None:
            return result, None
        if result.skipped:
            old = self._journal.recall(self.places.key(result.output), self._stamp(result))
            if old is not None and self._is_there(old):
                return replace(result, cycle=Cycle(old.cycle_error)), old
        if self._cycle is not None and result.cycle is None:
            return _measured(result, self._cycle), None
        return result, None

    def _is_there(self, entry: Entry) -> bool:
        endings = [BEFORE, AFTER, CYCLE] if entry.cycle else [BEFORE, AFTER]
        return all(self.places.picture(entry.key, ending).exists() for ending in endings)

    def _record(self, result: Result, old: Entry | None) -> Result:
        """Make the pictures of an entry and write it down; what fails becomes a note."""
        try:
            if old is not None:
                self._journal.add(old.model_copy(update={"status": "kept"}))
                return result
            result, found = self._pictured(result)
            self._journal.add(self._entry(result).model_copy(update=found))
        except MediaError as error:
            return _noted(result, f"not in the report: {error}")
        return result

    def _pictured(self, result: Result) -> tuple[Result, dict[str, object]]:
        """Write the small pictures; return also what the entry then holds."""
        if result.error is not None:
            return result, {}
        try:
            return result, self._pictures(result, self.places.key(result.output))
        except MediaError as error:
            return _noted(result, f"no pictures in the report: {error}"), {}

    def _pictures(self, result: Result, key: str) -> dict[str, object]:
        stamp, before, after, cycle = (
            self._stamp(result),
            *(self.places.picture(key, ending) for ending in (BEFORE, AFTER, CYCLE)),
        )
        write_thumbnail(result.input, before)
        width, height = write_thumbnail(result.output, after)
        found: dict[str, object] = {
            "stamp": stamp, "width": width, "height": height,
            "before": self.places.url(before), "after": self.places.url(after),
        }  # fmt: skip
        if result.cycle is not None and result.cycle.map is not None:
            write(cycle, Picture(draw(result.cycle.map)))
            found["cycle"] = self.places.url(cycle)
        return found

    def _entry(self, result: Result) -> Entry:
        return Entry(
            key=self.places.key(result.output),
            name=self.places.name(result.output),
            input=readable(result.input),
            status="failed" if result.error else "kept" if result.skipped else "made",
            seconds=result.seconds,
            error=None if result.error is None else readable(result.error),
            notes=tuple(map(readable, result.notes)),
            cycle_error=result.cycle.error if result.cycle else None,
        )

    def _stamp(self, result: Result) -> str:
        """Describe the files of a result, and who finds its cycle error."""
        return "|".join([_state(result.input), _state(result.output), self._identity])


def _measured(result: Result, cycle: CycleCheck) -> Result:
    """Find the cycle error of a picture that is there already, at the size that it was made."""
    try:
        before, after = read(result.input).pixels, read(result.output)
        found = cycle(resized(before, after.width, after.height))
    except MediaError as error:
        found = Cycle(None, note=f"no cycle error: {error}")
    measured = replace(result, cycle=found)
    return _noted(measured, found.note) if found.note else measured


def _noted(result: Result, note: str) -> Result:
    return replace(result, notes=(*result.notes, note))


def _state(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError:
        return "gone"
    return f"{stat.st_size} {stat.st_mtime_ns}"
