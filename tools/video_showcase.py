"""Show what `--steady` does: a strip of frames and a short film, both for the README.

    .venv/bin/python tools/video_showcase.py [CLIP] [-m MODEL] [-o FOLDER]

Without CLIP, the film of `tools/liftoff.py` is translated. Writes FOLDER/video.webp, before and
after side by side, and FOLDER/steady.jpg: above the source, then every frame by itself, then
`--steady average`; on the right how the last of these frames differs from the one before, six times
as strong.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import click
import numpy as np
from orderly import run_tool
from PIL import Image

from cyclekit.media.video.source import open_source
from cyclekit.pixels import Array

ROOT = Path(__file__).parents[1]
MOMENTS = (0.2, 0.55, 0.8)
"""Parts of the film at which frames are shown."""
STRONGER = 6
GAP = 4


@click.command()
@click.argument("clip", type=Path, required=False)
@click.option("-m", "--model", default="starry-night", show_default=True)
@click.option("-o", "--output", type=Path, default=ROOT / "datasets/showcase")
@click.option("--max-size", default=400, show_default=True, help="Longer side in pixels.")
def main(clip: Path | None, model: str, output: Path, max_size: int) -> None:
    """Write both files, and print their names."""
    with tempfile.TemporaryDirectory() as folder:
        if clip is None:
            clip = Path(folder, "liftoff.mp4")
            run(ROOT / "tools/liftoff.py", clip)
        how = ("-m", model, "--max-size", max_size, "--precision", "fp32", "-q", "--overwrite")
        rows = []
        for way in ("off", "average"):
            made = Path(folder, f"{way}.mkv")
            run("-m", "cyclekit", "video", clip, made, *how, "--steady", way, "--codec", "ffv1",
                "--pixel-format", "yuv444p", "--side-by-side")  # fmt: skip
            halves = [np.hsplit(frame, 2) for frame in frames(made)]
            rows += [] if rows else [cells([before for before, _ in halves])]
            rows.append(cells([after for _, after in halves]))
        Image.fromarray(together(rows)).save(output / "steady.jpg", quality=82)
        run("-m", "cyclekit", "video", clip, output / "video.webp", *how, "--side-by-side")
    for name in ("steady.jpg", "video.webp"):
        click.echo(output / name)


def run(*arguments: object) -> None:
    subprocess.run([sys.executable, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def frames(path: Path) -> list[Array]:
    return [frame.pixels() for frame in open_source(path, None, None).frames()]


def cells(film: list[Array]) -> list[Array]:
    """Return the frames at some moments, and the change from the one before the last of them."""
    shown = [round(part * len(film)) for part in MOMENTS]
    change = np.abs(film[shown[-1]].astype(int) - film[shown[-1] - 1])
    return [*(film[at] for at in shown), np.clip(change * STRONGER, 0, 255).astype(np.uint8)]


def together(rows: list[list[Array]]) -> Array:
    """Lay rows of frames out with white gaps."""
    frame = ((0, GAP), (0, GAP), (0, 0))
    lines = [np.hstack([np.pad(cell, frame, constant_values=255) for cell in row]) for row in rows]
    return np.vstack(lines)[:-GAP, :-GAP]


if __name__ == "__main__":
    run_tool(main)
