"""The formats: a writer each, by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from cyclekit.errors import UsageError
from cyclekit.export.about import About
from cyclekit.export.order import Order
from cyclekit.registry import Registry, Spec

Run = Callable[[Tensor], Tensor]
"""What a written file does: takes `Order.input`, gives what `Order.levels` takes."""


@dataclass(frozen=True)
class Written:
    """What a writer has made."""

    files: tuple[Path, ...]
    """`path` last, before it what belongs to it, all in its folder."""
    about: About
    """What the file says of itself."""


class Writer(ABC):
    """Writes one format."""

    ending: ClassVar[str]
    """Of its files; empty for a folder."""
    names: ClassVar[tuple[str, ...]] = ()
    """Of all files in a folder, first the one that is opened."""
    precisions: ClassVar[tuple[str, ...]] = ("fp32", "fp16", "int8")
    """Number formats that it can hold."""

    @abstractmethod
    def require(self) -> None:
        """Refuse if packages are missing.

        Raises:
            UsageError: saying what to install.
        """

    @abstractmethod
    def write(self, order: Order, path: Path) -> Written:
        """Write a network.

        Args:
            order: what to write.
            path: where to.

        Raises:
            ExportError: if the format cannot hold the network.
        """

    @abstractmethod
    def read(self, path: Path) -> Run:
        """Run what was written, in the program that it is for."""


WRITERS: Registry[Writer] = Registry("format")


def find_writer(path: Path, name: str | None, **runtime: Any) -> Writer:
    """Return the writer of a format, by its name or by the file's ending.

    Args:
        path: the file, or the folder of a format that is one.
        name: of the format; None to go by the ending.
        **runtime: what only the caller knows and this format needs.

    Raises:
        UsageError: if there is none, or the name and the ending disagree.
    """
    return WRITERS.create(Spec(find_format(path, name)), **runtime)


def find_format(path: Path, name: str | None) -> str:
    """Return the name of a format; arguments and errors as in `find_writer`."""
    endings = {WRITERS.create(Spec(one)).ending: one for one in WRITERS.names()}
    said = endings.get(path.suffix.lower()) if path.suffix else None
    if name is None and said is None:
        known = ", ".join(sorted(filter(None, endings)))
        raise UsageError(f"-o {path}: the ending says no format; expected {known}, or --format")
    if name is None or name == said:
        return str(said)
    ending = WRITERS.create(Spec(name)).ending
    if ending:
        raise UsageError(f"-o {path}: a file of the format {name} ends in {ending}")
    if said is not None:
        raise UsageError(
            f"-o {path}: the ending says {said}, and {name} makes a folder; give another name"
        )
    return name
