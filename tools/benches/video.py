"""A video: the rate beside those of its stages, and the memory beside a shorter one."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benches.measuring import SAMPLES, Figures, in_turn, peak_memory, tiny_model


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
        model = tiny_model(Path(folder, "model.safetensors"), width=8, blocks=1)
        for count in (100, 1000):
            source = Path(folder, f"{count}.mp4")
            _write_video(source, count, 854, 480)
            command = [
                sys.executable, "-m", "cyclekit", "video", str(source),
                str(Path(folder, f"out{count}.mp4")), "-m", str(model), "-q", "--precision", "fp32",
            ]  # fmt: skip
            peaks[count] = peak_memory(command)
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

    image = cv2.imread(str(SAMPLES / "coffee.jpg"))[..., ::-1]
    large = cv2.resize(image, (width + 240, height + 120), interpolation=cv2.INTER_CUBIC)
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=25, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(count):
            left, top = abs(number * 2 % 480 - 240), abs(number % 240 - 120)
            view = np.ascontiguousarray(large[top : top + height, left : left + width])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(view, "rgb24")))
        out.mux(stream.encode(None))
