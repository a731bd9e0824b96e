"""Times contenders in turns, so that a busy moment slows all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from cyclekit.bench.contenders import Contender
from cyclekit.bench.result import Measured
from cyclekit.errors import CyclekitError


def measure(
    contenders: Sequence[Contender], *, width: int, height: int, rounds: int, folder: Path,
    note: Callable[[str], object],
) -> list[Measured]:  # fmt: skip
    """Time every contender once a round.

    Args:
        contenders: what to compare.
        width: of the picture.
        height: of the picture.
        rounds: how often each runs.
        folder: for their results.
        note: hears of contenders that fail.

    Returns:
        Those that ran, in order.

    Raises:
        CyclekitError: if none did.
    """
    with ExitStack() as stack:
        workers = []
        for number, one in enumerate(contenders):
            worker = _Worker(one, width, height, folder / f"{number}.npy")
            try:
                worker.start()
                workers.append(stack.enter_context(worker))
            except CyclekitError as error:
                note(f"{one.model} in {one.name}: {error}")
        if not workers:
            raise CyclekitError("nothing could run")
        for _ in range(rounds):
            for worker in workers:
                worker.again()
        return [worker.measured() for worker in workers]


class _Worker:
    """One contender's process."""

    def __init__(self, contender: Contender, width: int, height: int, result: Path) -> None:
        self.contender, self.result = contender, result
        self._job = {
            **asdict(contender),
            "compiled": contender.program == "torch compiled",
            "width": width,
            "height": height,
            "result": str(result),
        }
        self._seconds: list[float] = []
        self._bytes = 0
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Open the model and run it once.

        Raises:
            CyclekitError: if it does not run.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cyclekit.bench.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            self._ask(json.dumps(self._job))
        except CyclekitError:
            self._end()
            raise

    def again(self) -> None:
        """Run once more."""
        answer = self._ask("1")
        self._seconds += answer["seconds"]
        self._bytes = max(self._bytes, int(answer["bytes"]))

    def measured(self) -> Measured:
        """Return what was found."""
        picture = np.load(self.result, allow_pickle=False)
        return Measured(self.contender, tuple(self._seconds), self._bytes, picture)

    def __enter__(self) -> _Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._end()

    def _ask(self, line: str) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            print(line, file=process.stdin, flush=True)
            answer: dict[str, Any] = json.loads(process.stdout.readline())
        except (OSError, ValueError) as error:
            raise CyclekitError(
                f"its process ended ({process.wait()}); too little memory?"
            ) from error
        if "error" in answer:
            raise CyclekitError(str(answer["error"]))
        return answer

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
