"""Damage picture files and see what cyclekit makes of them: `tools/fuzz.py FOLDER [--count 2000]`.

Every damaged file goes through both readers and, a hundred in a folder, through the whole command
`translate` with a generator that changes nothing. What counts as a fault: a crash; a traceback, or
any other line that is not ours; more than `--limit` seconds for one file (or for each 10 megapixels
of it, if the damage made it so large); an input that was changed; an output that is not whole, or
that belongs to a file that was refused; whatever else stays behind. Files with faults are named and
kept.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from damage import damaged
from orderly import run_tool

from cyclekit.errors import MediaError
from cyclekit.media.folders import list_pictures
from cyclekit.media.images import read, read_rgb, read_size

BATCH = 100
MEMORY = 8 * 2**30
"""Bytes of address space for a process under test: a bomb must hurt nobody else."""
LARGEST = 10_000_000
"""Pixels of an original; larger ones take seconds when they are whole."""
START = 60
"""Seconds that a process may take beside its files: imports, on a busy machine."""
ENDS = ("ended with 0", "ended with 1", "ended with 3")
OURS = ("error: ", "note: ", "identity.safetensors: ")
"""How every line of the command on stderr begins, but the last, which counts."""

Answer = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, metavar="FOLDER", help="of pictures to damage")
    parser.add_argument("--count", type=int, default=2000, help="files to make  [2000]")
    parser.add_argument("--first", type=int, default=0, help="number of the first  [0]")
    parser.add_argument("--seed", type=int, default=0, help="of the damage  [0]")
    parser.add_argument("--limit", type=float, default=5, help="seconds for one file  [5]")
    parser.add_argument("--kept", type=Path, help="where files with faults go  [a new folder]")
    parser.add_argument("--read", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        read_all(arguments.source)
        return
    kept = arguments.kept or Path(tempfile.mkdtemp(prefix="fuzz-"))
    originals = load(arguments.source)
    with tempfile.TemporaryDirectory() as place:
        run = Run(Path(place), arguments.limit, kept)
        end = arguments.first + arguments.count
        for first in range(arguments.first, end, BATCH):
            numbers = range(first, min(first + BATCH, end))
            run.batch(dict(damaged(originals, numbers, arguments.seed)))
            print(run.summary(), flush=True)
    if run.faults:
        sys.exit(f"files with faults are in {kept}")


def load(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.iterdir() if path.is_file() and not _is_large(path))
    originals = {path.name: path.read_bytes() for path in paths if path.stat().st_size}
    if not originals:
        sys.exit(f"{folder}: no files to damage")
    return originals


def _is_large(path: Path) -> bool:
    try:
        return math.prod(read_size(path)) > LARGEST
    except MediaError:
        return False


def read_all(source: Path) -> None:
    """Tell, in a line of JSON for each file, how both readers fared; any other error ends it."""
    for path in list_pictures(source) if source.is_dir() else [source]:
        answer: Answer = {"input": str(path), "seconds": 0.0}
        for reader in (read, read_rgb):
            started = time.process_time()  # others share the machine; a hang ends the process
            try:
                made = reader(path)
                answer["height"], answer["width"] = getattr(made, "pixels", made).shape[:2]
            except MediaError as error:
                answer["error"] = str(error)
            answer["seconds"] = max(answer["seconds"], time.process_time() - started)
        print(json.dumps(answer), flush=True)


class Run:
    """Puts folders of files through the readers and the command; collects faults."""

    def __init__(self, place: Path, limit: float, kept: Path) -> None:
        self.inputs, self.outputs = place / "in", place / "out"
        self.limit, self.kept = limit, kept
        self.counts: Counter[str] = Counter()
        self.slowest = (0.0, "none")
        self.faults: list[str] = []
        here = Path(__file__)
        self._read = [sys.executable, str(here), "--read"]
        self._translate = [
            sys.executable, str(here.with_name("identity.py")), "translate",
            "--device", "cpu", "--precision", "fp32", "--json", "-o", str(self.outputs),
        ]  # fmt: skip

    def batch(self, files: dict[str, bytes]) -> None:
        """Write files into a folder and try everything on it."""
        for folder in (self.inputs, self.outputs):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        for name, data in files.items():
            (self.inputs / name).write_bytes(data)
        self._check(self._read, "reader")
        answers = self._check(self._translate, "translate")
        self._check_outputs(answers)
        for name, data in files.items():
            if (self.inputs / name).read_bytes() != data:
                self._fault(name, "the input was changed")

    def summary(self) -> str:
        """Say in one line what has been seen so far."""
        counts = ", ".join(f"{what} {count}" for what, count in sorted(self.counts.items()))
        seconds, name = self.slowest
        return f"{counts}, slowest {seconds:.1f} s ({name}), faults {len(self.faults)}"

    def _check(self, command: list[str], what: str) -> list[Answer]:
        """Run a command on the folder, then on every file that it gave no answer to."""
        paths = list_pictures(self.inputs)
        whole = listen([*command, str(self.inputs)], START + len(paths))
        self._check_end("a folder", what, whole, len(paths))
        answers = list(whole.answers)
        for path in sorted({*paths} - {Path(answer["input"]) for answer in answers}):
            alone = listen([*command, str(path)], START + self.limit)
            self._check_end(path.name, what, alone, 1)
            answers += alone.answers
        for answer in answers:
            self._check_answer(answer, what)
        return answers

    def _check_end(self, name: str, what: str, told: Told, count: int) -> None:
        """It told of all files, and its command said nothing but our lines."""
        last = told.errors[-1] if told.errors else "nothing"
        if len(told.answers) != count or told.end not in ENDS:
            number = f"{len(told.answers)} of {count} answers"
            self._fault(name, f"{what} {told.end} after {number}, saying {last}")
        elif what == "translate":
            foreign = [line for line in told.errors[:-1] if not line.startswith(OURS)]
            if foreign:
                self._fault(name, f"{what} says, among {len(foreign)} lines: {foreign[0]}")

    def _check_answer(self, answer: Answer, what: str) -> None:
        name, error = Path(answer["input"]).name, answer.get("error")
        seconds = max(answer.get("seconds", 0), answer["waited"])
        self.counts[f"{what} {'refused' if error else 'took'}"] += 1
        self.slowest = max(self.slowest, (seconds, name))
        pixels = answer.get("width", 1) * answer.get("height", 1)
        if seconds > self.limit * max(1, pixels / LARGEST):
            self._fault(name, f"{what} took {seconds:.1f} s")
        if error is not None and (not error.strip() or "\n" in error):
            self._fault(name, f"{what} gave no line as its reason: {error!r}")

    def _check_outputs(self, answers: Iterable[Answer]) -> None:
        """What is there is what was told, and whole."""
        there = {path for path in self.outputs.rglob("*") if path.is_file()}
        for answer in answers:
            name = Path(answer["input"]).name
            if "error" in answer:
                continue
            output = Path(answer["output"])
            there.discard(output)
            try:
                made = read(output)
            except MediaError as error:
                self._fault(name, f"its output cannot be read: {error}")
                continue
            if (made.width, made.height) != (answer["width"], answer["height"]):
                self._fault(name, "its output is of another size than told")
        for path in there:
            self._fault(path.name, "was left behind")

    def _fault(self, name: str, reason: str) -> None:
        self.faults.append(f"{name}: {reason}")
        print(f"fault: {name}: {reason}", flush=True)
        if (self.inputs / name).is_file():
            self.kept.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.inputs / name, self.kept)


@dataclass(frozen=True)
class Told:
    """What a process said, and how it ended."""

    answers: list[Answer]
    errors: list[str]
    end: str


def listen(command: list[str], seconds: float) -> Told:
    """Run a command that answers in lines of JSON, and end it if it takes too long.

    Every answer but the first is marked with the seconds that passed since the one before.
    """
    answers: list[Answer] = []
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, preexec_fn=_limit_memory
        ) as process,
    ):
        watch = threading.Timer(seconds, process.kill)
        watch.start()
        before = None
        for line in process.stdout or ():
            if not line.endswith(b"\n"):  # it was ended within a line
                break
            now = time.perf_counter()
            answers.append(json.loads(line) | {"waited": now - (before or now)})
            before = now
        code = process.wait()
        late = not watch.is_alive()
        watch.cancel()
        errors.seek(0)
        said = errors.read().decode(errors="replace").splitlines()
    end = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
    return Told(answers, said, f"hung for {seconds:.0f} s" if late else end)


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    run_tool(main)
