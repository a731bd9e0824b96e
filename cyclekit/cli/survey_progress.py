"""Shows how a survey goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from cyclekit.cli.evaluation_progress import EvaluationProgress

T = TypeVar("T")
_EVERY = 10_000


class SurveyProgress(EvaluationProgress):
    """Listens to a survey: as to a measurement, and where nobody knows how much there is."""

    def count(self, items: Iterable[T], what: str) -> Iterator[T]:
        """Pass items on; say now and then how many there were."""
        number = 0
        for number, item in enumerate(items, start=1):
            if number % _EVERY == 0:
                self.note(f"{what}: {number} files")
            yield item
        self.note(f"{what}: {number} files")
