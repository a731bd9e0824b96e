"""Measure cyclekit beside a plain reference, in one run: `tools/bench.py [PART...] [--json]`.

Parts: forward, train, translate, memory, many, control, video, video-memory, help, large, files
(all by default). Ratios are of the best of several alternating runs, because machines are shared. Runs
unchanged on a CPU and on a GPU.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from benches.files import bench_files
from benches.large import bench_large
from benches.many import bench_many
from plain_reference import PlainCycleGAN, plain_resnet

from cyclekit.config.resolve import parse_set, read_preset, resolve
from cyclekit.models import GENERATORS, ImageGenerator
from cyclekit.models.initialize import initialize
from cyclekit.registry import Spec
from cyclekit.training.learner import build_learner
from cyclekit.training.precision import choose_precision
from cyclekit.training.step import train_step

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
Figures = dict[str, Any]


def main() -> None:
    parts = {
        "forward": bench_forward,
        "train": bench_train,
        "translate": bench_translate,
        "memory": bench_memory,
        "many": bench_many,
        "control": bench_control,
        "video": bench_video,
        "video-memory": bench_video_memory,
        "help": bench_help,
        "large": bench_large,
        "files": bench_files,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    parser.add_argument("--json", action="store_true", help="one object a figure")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(parts)
    if unknown:
        parser.error(f"unknown part {', '.join(sorted(unknown))}; expected {', '.join(parts)}")
    report({"machine": machine()}, arguments.json)
    for name in arguments.parts or parts:
        for figures in parts[name]():
            report({"part": name, **figures}, arguments.json)


def report(figures: Figures, as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures), flush=True)
    else:
        print("  ".join(f"{name} {value}" for name, value in figures.items()), flush=True)


def machine() -> str:
    if DEVICE.type == "cuda":
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    name = torch.cpu.get_capabilities().get("cpu_name", platform.processor())
    return f"{name}, {torch.get_num_threads()} cores, torch {torch.__version__}"


def in_turn(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Run each way once to warm up, then all in turn; return the best seconds of each."""
    best = dict.fromkeys(ways, float("inf"))
    for round_ in range(rounds + 1):
        for name, way in ways.items():
            _wait()
            started = time.perf_counter()
            way()
            _wait()
            if round_:
                best[name] = min(best[name], time.perf_counter() - started)
    return best


def _wait() -> None:
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def bench_forward() -> list[Figures]:
    """Time ResNet-9 at 256x256, one picture: the plain network against the Translator's."""
    from cyclekit.inference.precision import prepare
    from cyclekit.inference.translator import Translator
    from cyclekit.pixels import to_tensor

    plain = plain_resnet().to(DEVICE).eval()
    own, weights = _trained_resnet9()
    picture = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    x = to_tensor(picture)[None].to(DEVICE)
    translator = Translator(own)
    exact = Translator(own, precision="fp32")
    chosen = prepare(own, DEVICE, "auto")
    ready = x.to(chosen.dtype).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        best = in_turn(
            {
                "plain": lambda: plain(x.contiguous()),
                "network": lambda: chosen.network(ready),
                "picture": lambda: translator(picture),
            },
            rounds=12,
        )
    photograph = _photograph(256)
    change = np.abs(translator(photograph).astype(int) - exact(photograph).astype(int)).mean()
    return [
        {
            "weights": weights,
            "precision": f"{chosen.precision} ({chosen.reason})",
            "plain_ms": round(best["plain"] * 1e3, 1),
            "network_ms": round(best["network"] * 1e3, 1),
            "picture_ms": round(best["picture"] * 1e3, 1),
            "times_plain": round(best["plain"] / best["network"], 2),
            "levels_from_fp32": round(float(change), 3),
        }
    ]


def _trained_resnet9() -> tuple[ImageGenerator, str]:
    """Load the published generator beside the checkout; first weights where it is absent.

    The difference between number formats depends on the weights; trained ones are what counts.
    """
    from cyclekit.hub.open import open_generator

    path = Path(__file__).parents[2] / "shared/data/weights/vintagify-0.1.2-G_A2B.pth"
    if path.exists():
        return open_generator(path, None).generator, "vintagify"
    generator = GENERATORS.create(Spec("resnet9")).eval()
    initialize(generator)
    return generator, "untrained"


def bench_train() -> list[Figures]:
    """Time one training step with ResNet-9 and identity, batch 1, at 128 and 256 px."""
    figures = []
    for side in (128, 256):
        config = resolve([read_preset("cyclegan"), parse_set(f"data.crop={side}")])
        learner = build_learner(config, DEVICE)
        plain = PlainCycleGAN(DEVICE)
        a, b = (torch.rand(1, 3, side, side, device=DEVICE) * 2 - 1 for _ in range(2))
        order = torch.channels_last
        batch = {"a": a.contiguous(memory_format=order), "b": b.contiguous(memory_format=order)}
        dtype = choose_precision("auto", DEVICE)

        def own(learner: Any = learner, batch: Any = batch, dtype: Any = dtype) -> None:
            train_step(learner.method, learner.optimizers, batch, seed=0, dtype=dtype)

        def reference(plain: Any = plain, a: Any = a, b: Any = b) -> None:
            plain.step(a, b)

        best = in_turn({"plain": reference, "own": own}, rounds=4)
        figures.append(
            {
                "side": side,
                "precision": str(dtype).removeprefix("torch."),
                "plain_s": round(best["plain"], 3),
                "own_s": round(best["own"], 3),
                "times_plain": round(best["plain"] / best["own"], 2),
            }
        )
    return figures


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
            _write_pictures(source, number)
            pictures = [_photograph(256, seed) for seed in range(min(number, 40))]
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
    import shutil

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
        model = _tiny_model(Path(folder, "model.safetensors"))
        for count in (50, 500):
            source = Path(folder, f"in{count}")
            _write_pictures(source, count)
            command = [
                sys.executable, "-m", "cyclekit", "translate", str(source),
                "-o", str(Path(folder, f"out{count}")), "-m", str(model), "-q", *options,
            ]  # fmt: skip
            peaks[count] = _peak_memory(command)
    return {
        "options": " ".join(options) or "none",
        "peak_mb_50": round(peaks[50] / 1024, 1),
        "peak_mb_500": round(peaks[500] / 1024, 1),
        "ratio": round(peaks[500] / peaks[50], 3),
    }


def bench_video(count: int = 120) -> list[Figures]:
    """Compare the rate of a whole 640x360 video with those of its three stages, each alone."""
    from cyclekit.hub.open import open_generator
    from cyclekit.inference.steady import Steadiness, SteadyTranslator
    from cyclekit.inference.translator import Translator
    from cyclekit.inference.video import translate_video
    from cyclekit.inference.video_options import VideoOptions, result_clip
    from cyclekit.media.video.clip import Still
    from cyclekit.media.video.encoder import Encoder
    from cyclekit.media.video.encoding import Wishes, choose
    from cyclekit.media.video.file import VideoFile
    from cyclekit.media.video.output import choose_output

    opened = open_generator()
    translator = Translator(opened.generator)
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder, "in.mp4"), Path(folder, "out.mp4")
        _write_video(path, count, 640, 360)
        source = VideoFile(path)
        before = [Still(frame.pts, frame.duration, frame.pixels()) for frame in source.frames()]
        after = list(translator.stream(still.pixels for still in before))
        encoding = choose(target, Wishes(), (640, 360))

        def encode() -> None:
            encoder = Encoder(Path(folder, "alone.mp4"), encoding, source.clip)
            for still, pixels in zip(before, after, strict=True):
                encoder.add(Still(still.pts, still.duration, pixels))
            encoder.close()

        def together() -> None:
            options = VideoOptions()
            clip = result_clip(source.clip, options)
            output = choose_output(target, Wishes(), clip, path)
            translate_video(translator.stream, VideoFile(path), output, options)

        ways = {
            "decode": lambda: [frame.pixels() for frame in VideoFile(path).frames()],
            "network": lambda: [None for _ in translator.stream(still.pixels for still in before)],
            "steady": lambda: [
                None
                for _ in SteadyTranslator(translator, Steadiness()).stream(
                    still.pixels for still in before
                )
            ],
            "encode": encode,
            "all": together,
        }
        best = in_turn(ways, rounds=3)
    rates = {f"{name}_per_s": round(count / seconds, 2) for name, seconds in best.items()}
    slowest = max(best[name] for name in ("decode", "network", "encode"))
    return [
        {
            "model": opened.path.stem,
            "precision": translator.precision,
            **rates,
            "share": round(slowest / best["all"], 3),
        }
    ]


def bench_video_memory() -> list[Figures]:
    """Compare the peak memory of `cyclekit video` on 100 and on 1,000 frames of 854x480."""
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        model = _tiny_model(Path(folder, "model.safetensors"), width=8, blocks=1)
        for count in (100, 1000):
            source = Path(folder, f"{count}.mp4")
            _write_video(source, count, 854, 480)
            command = [
                sys.executable, "-m", "cyclekit", "video", str(source),
                str(Path(folder, f"out{count}.mp4")), "-m", str(model), "-q", "--precision", "fp32",
            ]  # fmt: skip
            peaks[count] = _peak_memory(command)
    return [
        {
            "peak_mb_100": round(peaks[100] / 1024, 1),
            "peak_mb_1000": round(peaks[1000] / 1024, 1),
            "ratio": round(peaks[1000] / peaks[100], 3),
        }
    ]


def _write_video(path: Path, count: int, width: int, height: int) -> None:
    """Write a video in which the view moves over a sample photograph."""
    import av

    samples = Path(__file__).parents[1] / "datasets/samples"
    image = cv2.imread(str(samples / "coffee.jpg"))[..., ::-1]
    large = cv2.resize(image, (width + 240, height + 120), interpolation=cv2.INTER_CUBIC)
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=25, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(count):
            left, top = abs(number * 2 % 480 - 240), abs(number % 240 - 120)
            view = np.ascontiguousarray(large[top : top + height, left : left + width])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(view, "rgb24")))
        out.mux(stream.encode(None))


def _peak_memory(command: list[str]) -> int:
    """Return the largest resident size of a command, kB."""
    script = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, *command], capture_output=True, text=True, check=True
    )
    return int(result.stdout)


def bench_control() -> list[Figures]:
    """Time what control adds to a picture of 30 megapixels, and measure its memory."""
    from cyclekit.inference.control import blend

    before = cv2.resize(_photograph(256), (6684, 4456))
    after = np.ascontiguousarray(before[:, ::-1])
    mask = np.zeros(before.shape[:2], np.uint8)
    mask[500:-500, 700:-700] = 255
    figures = []
    for dtype, factor in ((np.uint8, 1), (np.uint16, 257)):
        pair = [image.astype(dtype) * dtype(factor) for image in (before, after)]
        for name, options in (
            ("strength", {"strength": 0.5}),
            ("keep", {"keep": "luminance"}),
            ("mask", {"keep": "color", "strength": 0.7, "mask": mask, "feather": 100}),
        ):
            started = time.perf_counter()
            blend(*pair, **options)
            seconds = time.perf_counter() - started
            tracemalloc.start()
            made = blend(*pair, **options)
            beyond = tracemalloc.get_traced_memory()[1] - made.nbytes
            tracemalloc.stop()
            figures.append(
                {
                    "what": name,
                    "bits": 8 * made.itemsize,
                    "seconds": round(seconds, 1),
                    "mb_beyond_result": round(beyond / 1e6),
                }
            )
    return figures


def bench_help() -> list[Figures]:
    """Time `cyclekit --help` as a process."""
    command = [sys.executable, "-m", "cyclekit", "--help"]
    python = [sys.executable, "-c", "pass"]

    def run(words: list[str]) -> object:
        return subprocess.run(words, capture_output=True, check=True)

    best = in_turn({"help": lambda: run(command), "python": lambda: run(python)}, rounds=5)
    return [{"help_s": round(best["help"], 3), "bare_python_s": round(best["python"], 3)}]


def _photograph(side: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Cut a square from a sample photograph."""
    samples = sorted((Path(__file__).parents[1] / "datasets/samples").glob("*.[jp][pn]g"))
    image = cv2.imread(str(samples[seed % len(samples)]))
    draws = np.random.default_rng(seed)
    top = int(draws.integers(0, image.shape[0] - side + 1))
    left = int(draws.integers(0, image.shape[1] - side + 1))
    return np.ascontiguousarray(image[top : top + side, left : left + side, ::-1])


def _write_pictures(folder: Path, count: int) -> None:
    folder.mkdir()
    for seed in range(count):
        cv2.imwrite(str(folder / f"{seed:04d}.jpg"), _photograph(256, seed)[..., ::-1])


def _tiny_model(path: Path, width: int = 32, blocks: int = 2) -> Path:
    from cyclekit.checkpoint.model import ModelInfo, save_model

    spec = Spec("mobile", {"width": 32, "blocks": 2})
    generators = {direction: GENERATORS.create(spec) for direction in ("ab", "ba")}
    for generator in generators.values():
        initialize(generator)
    save_model(path, generators, ModelInfo(spec, ("a", "b")))
    spec = Spec("mobile", {"width": width, "blocks": blocks})
    generator = GENERATORS.create(spec)
    initialize(generator)
    save_model(path, {"ab": generator}, ModelInfo(spec, ("a", "b"), ("ab",)))
    return path


if __name__ == "__main__":
    main()
