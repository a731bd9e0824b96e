"""A process of its own for each contender, so that neither memory nor threads mix.

It reads JSON lines: first what to run, then how often; it answers each with a line.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cyclekit.devices import find_device, use_own_cores
from cyclekit.errors import CyclekitError
from cyclekit.export.order import fitted
from cyclekit.export.write import sample_pictures
from cyclekit.hub.open import open_generator
from cyclekit.inference.compiled import compile_network
from cyclekit.inference.fit import resized
from cyclekit.inference.precision import prepare
from cyclekit.pixels import from_bytes, to_image

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")


def main() -> None:
    """Serve one contender until stdin ends."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a library prints is no answer
    use_own_cores()
    job = json.loads(sys.stdin.readline())
    before = _resident("VmRSS")
    try:
        run, x = _build(job)
        made = run(x)
    except (CyclekitError, RuntimeError, MemoryError) as error:
        print(json.dumps({"error": str(error).partition("\n")[0]}), file=answers, flush=True)
        return
    picture = to_image(made[0].float())[: job["height"], : job["width"]]
    np.save(job["result"], picture)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        seconds = [_timed(run, x) for _ in range(int(line))]
        used = _used(x.device, before)
        print(json.dumps({"seconds": seconds, "bytes": used}), file=answers, flush=True)


def _build(job: dict[str, Any]) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    device = find_device(job["device"])
    generator = open_generator(Path(job["source"]), job["direction"]).generator
    prepared = prepare(generator, device, job["precision"])
    network: Callable[[Tensor], Tensor] = prepared.network
    if job["compiled"]:
        network = compile_network(prepared.network)
    picture = resized(sample_pictures()[0], job["width"], job["height"])
    x = torch.from_numpy(fitted(picture, generator.stride))[None].permute(0, 3, 1, 2)  # type: ignore[arg-type]
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    x = from_bytes(x.to(device)).to(prepared.dtype, memory_format=torch.channels_last)
    _forget_peak()

    def run(x: Tensor) -> Tensor:
        with torch.inference_mode():
            made = network(x)
            float(made[0, 0, 0, 0])  # waits for a GPU
        return made

    return run, x


def _timed(run: Callable[[Tensor], Tensor], x: Tensor) -> float:
    started = time.perf_counter()
    run(x)
    return time.perf_counter() - started


def _used(device: torch.device, before: int) -> int:
    """Return the bytes at the peak, beyond what Python and its packages take."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    return max(0, _resident("VmHWM") - before)


def _forget_peak() -> None:
    try:
        _RESET.write_text("5", encoding="ascii")
    except OSError:  # another system; the peak then counts the imports' too
        return


def _resident(key: str) -> int:
    try:
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        table = dict(line.split(":", 1) for line in lines)
        return int(table[key].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return 0


if __name__ == "__main__":
    main()
