"""Whoever wants to know how a survey goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from cyclekit.evaluation.listener import Listener as Watcher
from cyclekit.evaluation.listener import Silence as Deaf

T = TypeVar("T")


class Listener(Watcher, Protocol):
    """Hears of progress, also where nobody knows how much there is."""

    def count(self, items: Iterable[T], what: str) -> Iterator[T]:
        """Pass items on, showing how many are through."""
        ...


class Silence(Deaf):
    """Listens to nothing."""

    def count(self, items: Iterable[T], what: str) -> Iterator[T]:
        """Pass items on."""
        yield from items
