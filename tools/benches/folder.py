"""A folder of pictures: the rate beside the network's own, and the memory beside a smaller one."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benches.measuring import DEVICE, Figures, peak_memory, photograph, tiny_model, write_pictures
from cyclekit.models import GENERATORS
from cyclekit.models.initialize import initialize
from cyclekit.registry import Spec


def bench_translate(count: int = 200) -> list[Figures]:
    """Compare the rate of `translate` on a folder with the network's own rate."""
    from cyclekit.inference.folder import translate_files
    from cyclekit.inference.translator import Translator
    from cyclekit.media.mirror import plan

    figures = []
    for name in ("resnet9", "mobile"):
        number = count if name == "mobile" or DEVICE.type == "cuda" else count // 4
        generator = GENERATORS.create(Spec(name)).eval()
        initialize(generator)
        translator = Translator(generator)
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "in"), Path(folder, "out")
            write_pictures(source, number)
            pictures = [photograph(256, seed) for seed in range(min(number, 40))]
            ways = {
                "network": lambda pictures=pictures, translator=translator: [
                    None for _ in translator.stream(pictures)
                ],
                "folder": lambda source=source, target=target, translator=translator: list(
                    translate_files(translator, plan([source], target))
                ),
            }
            best = _timed_once(ways, {"folder": target})
        rate = len(pictures) / best["network"]
        folder_rate = number / best["folder"]
        figures.append(
            {
                "model": name,
                "pictures": number,
                "network_per_s": round(rate, 2),
                "translate_per_s": round(folder_rate, 2),
                "share": round(folder_rate / rate, 3),
            }
        )
    return figures


def _timed_once(ways: dict[str, Callable[[], object]], fresh: dict[str, Path]) -> dict[str, float]:
    """Best of three; a folder named in `fresh` is emptied before its way runs."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(3):
        for name, way in ways.items():
            if name in fresh:
                shutil.rmtree(fresh[name], ignore_errors=True)
            started = time.perf_counter()
            way()
            best[name] = min(best[name], time.perf_counter() - started)
    return best


def bench_memory() -> list[Figures]:
    """Compare the peak memory of `cyclekit translate` on 50 and on 500 pictures, and with a page."""
    return [_bench_memory(), _bench_memory("--report")]


def _bench_memory(*options: str) -> Figures:
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        model = tiny_model(Path(folder, "model.safetensors"))
        for count in (50, 500):
            source = Path(folder, f"in{count}")
            write_pictures(source, count)
            command = [
                sys.executable, "-m", "cyclekit", "translate", str(source),
                "-o", str(Path(folder, f"out{count}")), "-m", str(model), "-q", *options,
            ]  # fmt: skip
            peaks[count] = peak_memory(command)
    return {
        "options": " ".join(options) or "none",
        "peak_mb_50": round(peaks[50] / 1024, 1),
        "peak_mb_500": round(peaks[500] / 1024, 1),
        "ratio": round(peaks[500] / peaks[50], 3),
    }
