"""Measure what the critic does to predicted frames: `tools/next_frame.py OUT VIDEO...`.

Trains `--method predict` twice a seed for the same number of clips (`--images`), once with the
square error alone and once with the adversarial loss beside it, on the first four fifths of every
video; predicts the last fifth. The videos are made small first, since nearly all of the time would
go into decoding them. Writes OUT/next-frame.json, OUT/next-frame.jpg (the two frames that are
given, what came next, both predictions of the first seed) and OUT/next-frame-plot.png.
Interrupted? The same command goes on.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import matplotlib as mpl
import numpy as np
import torch
from games.counting import spread
from games.plots import show_rows
from numpy.typing import NDArray
from orderly import run_tool

from cyclekit.checkpoint.model import load_model
from cyclekit.config.resolve import read_preset, resolve
from cyclekit.data.kinds import KINDS
from cyclekit.data.layouts import Domain
from cyclekit.data.source import Source
from cyclekit.data.sources import read_source
from cyclekit.inference.fit import resized
from cyclekit.media.picture import to_8_bits
from cyclekit.media.video.source import open_source
from cyclekit.pixels import to_image, to_tensor
from cyclekit.training.loop import train

Frame = NDArray[np.uint8]
Predict = Callable[[list[Frame]], Frame]
Made = dict[str, list[Frame]]
"""Predicted frames of all measured clips, by the way that made them."""
SHORT, TESTED, SHOWN, TIMES = 96, 12, 4, 2
"""Rows of the frames; clips of a video that are measured; columns of the picture; enlargement."""
RATE = 25
"""Frames a second of the small copies; nothing depends on it."""


def main() -> None:
    options = _parse()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    small = [_shrunk(video, options.out / "small") for video in options.videos]
    domain = _domain(small, options.spacing)
    tested = _tested(domain)
    clips = [[_cut(read_source(part)) for part in source.parts] for source in tested]
    runs = [_predicted(options, domain, clips, seed) for seed in range(options.seeds)]
    found = {
        "images": options.images,
        "spacing": options.spacing,
        "weight": options.weight,
        "clips": len(clips),
        "ways": {way: _spread([_measured(made[way], clips) for made in runs]) for way in runs[0]},
    }
    (options.out / "next-frame.json").write_text(json.dumps(found, indent=2) + "\n")
    _show(options.out / "next-frame.jpg", runs[0], clips, [source.path for source in tested])
    _plot(options.out / "next-frame-plot.png", runs[0], [clip[-1] for clip in clips])
    print(json.dumps(found, indent=2))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--images", type=int, default=12000, help="clips that a run sees")
    parser.add_argument("--spacing", type=int, default=6, help="frames from one to the next")
    parser.add_argument("--weight", type=float, default=2.0, help="of the adversarial loss")
    parser.add_argument("--seeds", type=int, default=1, help="runs to average over")
    return parser.parse_args()


def _shrunk(video: Path, folder: Path) -> Path:
    """Write a copy of `SHORT` rows or columns, unless it is there.

    Raises:
        MediaError: if the video cannot be read.
    """
    small = folder / f"{video.name}.mp4"
    if small.exists():
        return small
    source = open_source(video, None, None)
    frames = (_cut(to_8_bits(frame.pixels()[..., :3])) for frame in source.frames())
    first = next(frames)
    folder.mkdir(exist_ok=True)
    part = small.with_suffix(".part.mp4")
    with av.open(str(part), "w") as out:
        stream: Any = out.add_stream("libx264", rate=RATE, options={"crf": "12"})
        stream.height, stream.width, _ = first.shape
        stream.pix_fmt = "yuv420p"
        for frame in (first, *frames):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return part.rename(small)


def _predicted(
    options: argparse.Namespace, domain: Domain, clips: list[list[Frame]], seed: int
) -> Made:
    ways: dict[str, Predict] = {"last frame": lambda past: past[-1]}
    for name, weight in (("square error", 0.0), ("with critic", options.weight)):
        ways[name] = _learned(options, domain, weight, seed)
    return {name: [predict(past) for *past, _ in clips] for name, predict in ways.items()}


def _spread(runs: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    return {name: spread([run[name] for run in runs]) for name in runs[0]}


def _domain(videos: list[Path], spacing: int) -> Domain:
    """Hold out the last fifth of every video; no clip reaches from one part into the other."""
    train_on: list[Source] = []
    held_out: list[Source] = []
    for video in videos:
        (domain,) = KINDS["clips"].find([video], spacing=spacing)
        clips = sorted((*domain.train, *domain.held_out), key=lambda clip: clip.frame or 0)
        first = clips[len(clips) * 4 // 5].frame or 0
        train_on += [clip for clip in clips if clip.following[-1] < first]
        held_out += [clip for clip in clips if (clip.frame or 0) >= first]
    return Domain("videos", tuple(train_on), tuple(held_out))


def _learned(options: argparse.Namespace, domain: Domain, weight: float, seed: int) -> Predict:
    settings = {
        "method": {"weight": weight},
        "generator": {"width": 24, "depth": 3},
        "discriminator": {"width": 16},
        "data": {"load": SHORT, "crop": 32, "spacing": options.spacing, "workers": 0},
        "optimizer": {"rate": 5e-4, "rate_discriminator": 1e-3},
        "train": {"images": options.images, "state_every": 4000, "seed": seed, "precision": "fp32"},
    }
    config = resolve([read_preset("predict"), settings])
    run = options.out / f"weight-{weight:g}-seed-{seed}"
    train(config, (domain,), run, device=torch.device("cpu"))
    network, _, _ = load_model(run / "model.safetensors")

    @torch.no_grad()
    def predict(past: list[Frame]) -> Frame:
        x = torch.cat([to_tensor(frame) for frame in past])[None]
        return np.asarray(to_image(network(x)[0]), np.uint8)

    return predict


def _tested(domain: Domain) -> list[Source]:
    """Take evenly of every video."""
    chosen = []
    for path in dict.fromkeys(source.path for source in domain.held_out):
        clips = [source for source in domain.held_out if source.path == path]
        chosen += clips[:: max(1, len(clips) // TESTED)][:TESTED]
    return chosen


def _cut(frame: Frame) -> Frame:
    """Shrink to `SHORT` rows or columns, sides multiples of the predictor's stride."""
    scale = SHORT / min(frame.shape[:2])
    height, width = (round(side * scale / 16) * 16 for side in frame.shape[:2])
    return np.asarray(resized(frame, width, height), np.uint8)


def _measured(made: list[Frame], clips: list[list[Frame]]) -> dict[str, float]:
    """Return PSNR, of all pixels and where something moves, and sharpness against the truth's."""
    psnr, moving, sharp = [], [], []
    for frame, (*past, truth) in zip(made, clips, strict=True):
        error = ((frame.astype(float) - truth) ** 2).mean(axis=2)
        moves = np.abs(truth.astype(float) - past[-1]).mean(axis=2) > 8
        psnr.append(_decibels(error.mean()))
        if moves.mean() > 0.01:
            moving.append(_decibels(error[moves].mean()))
            sharp.append(_detail(frame, moves) / _detail(truth, moves))
    return {
        "psnr": float(np.mean(psnr)),
        "psnr_where_it_moves": float(np.mean(moving)),
        "sharpness_where_it_moves": float(np.mean(sharp)),
    }


def _decibels(error: float) -> float:
    return 10 * float(np.log10(255**2 / max(error, 1e-2)))


def _detail(frame: Frame, where: NDArray[np.bool_]) -> float:
    """Mean step from pixel to pixel: what a blur takes away."""
    down, right = np.gradient(frame.astype(float).mean(axis=2))
    return float(np.hypot(down, right)[where].mean())


def _show(path: Path, made: Made, clips: list[list[Frame]], videos: list[Path]) -> None:
    """Show of each video the clip that moves most, then, while there is room, others that move."""
    moves = [np.abs(last.astype(float) - truth).mean() for _, last, truth in clips]
    first: dict[Path, int] = {}
    order = sorted(range(len(clips)), key=lambda number: -moves[number])
    for number in order:
        first.setdefault(videos[number], number)
    numbers = list(dict.fromkeys([*first.values(), *order]))[:SHOWN]
    given = {
        title: [clip[place] for clip in clips]
        for place, title in enumerate(("before", "last frame", "true next"))
    }
    rows = [(title, [_middle(frames[number]) for number in numbers])
            for title, frames in (given | made).items()]  # fmt: skip
    show_rows(rows, path, times=TIMES)


def _middle(frame: Frame) -> Frame:
    top, left = ((side - SHORT) // 2 for side in frame.shape[:2])
    return frame[top : top + SHORT, left : left + SHORT]


def _plot(path: Path, made: Made, truths: list[Frame]) -> None:
    """Draw how much of the truth's power each way keeps, from coarse to fine."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    truth = np.mean([_spectrum(frame) for frame in truths], axis=0)
    for name, frames in made.items():
        power = np.mean([_spectrum(frame) for frame in frames], axis=0)
        axes.plot(np.linspace(0, 0.5, len(power)), power / truth, label=name)
    axes.axhline(1, color="gray", linewidth=0.5)
    axes.set(xlabel="cycles a pixel", ylabel="power, share of the true next frame's")
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _spectrum(frame: Frame, bins: int = 32) -> NDArray[np.float64]:
    """Return the mean power of rings of frequencies."""
    side = SHORT // 4 * 4
    gray = frame[:side, :side].astype(float).mean(axis=2)
    window = np.outer(np.hanning(side), np.hanning(side))
    power = np.abs(np.fft.fft2((gray - gray.mean()) * window)) ** 2
    rows, columns = np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="ij")
    ring = np.minimum((np.hypot(rows, columns) * 2 * bins).astype(int), bins)
    sums, counts = np.bincount(ring.ravel(), power.ravel()), np.bincount(ring.ravel())
    return np.asarray((sums / counts)[:bins])


if __name__ == "__main__":
    run_tool(main)
