"""Teach a model a painting: `tools/train_painting.py PHOTOS PAINTING NAME RUN [ARGS...]`.

Trains photographs to crops of one painting at three sizes with the preset `painting`, then keeps the
one direction: the model is RUN/NAME.safetensors. ARGS go to `cyclekit train`. Interrupted? The same
command goes on. The embedded models were made so; `starry-night` from 700 landscape photographs of
256 px and a scan 1,280 px wide:

    tools/train_painting.py PHOTOS starry-night-van-gogh-1889.jpg starry-night RUN

and others from it, sooner:

    tools/train_painting.py PHOTOS PAINTING NAME RUN --init-from starry-night --images 4000
"""

import argparse
import subprocess
import sys
from pathlib import Path

from one_direction import keep_direction
from orderly import run_tool
from paintings import write_scales


def main() -> None:
    options = _parse()
    run, name = options.run, options.name
    place = run.resolve()
    scales = write_scales(options.painting, place.with_name(f"{place.name}-scales") / name)
    train = [sys.executable, "-m", "cyclekit", "train", options.photos, scales, "-o", run]
    done = subprocess.run(
        [*train, "--preset", "painting", "--names", "photo", name, *options.arguments], check=False
    )
    if done.returncode:
        sys.exit(done.returncode)
    print(keep_direction(run / "model.safetensors", name, run / f"{name}.safetensors"))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("painting", type=Path)
    parser.add_argument("name")
    parser.add_argument("run", type=Path)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of cyclekit train")
    return parser.parse_args()


if __name__ == "__main__":
    run_tool(main)
