"""Whoever wants to know how a measurement goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Listener(Protocol):
    """Hears of progress and of pictures that cannot be read."""

    def watch(self, items: Iterable[T], what: str, total: int) -> Iterator[T]:
        """Pass items on, showing how many of `total` are through."""
        ...

    def failed(self, message: str) -> None:
        """Take notice of a picture that could not be used; the message names it."""
        ...


class Silence:
    """Listens to nothing."""

    def watch(self, items: Iterable[T], what: str, total: int) -> Iterator[T]:
        """Pass items on."""
        yield from items

    def failed(self, message: str) -> None:
        """Forget it."""
