"""Teach a model a painting: `tools/train_painting.py PHOTOS PAINTING NAME RUN [ARGS...]`.

Trains photographs to crops of one painting at three sizes with the preset `painting`, then keeps the
one direction: the model is RUN/NAME.safetensors. ARGS go to `cyclekit train`. Interrupted? The same
command goes on. The embedded models were made so; `starry-night` from 700 landscape photographs of
256 px and a scan 1,280 px wide:

    tools/train_painting.py PHOTOS starry-night-van-gogh-1889.jpg starry-night RUN

and others from it, sooner:

    tools/train_painting.py PHOTOS PAINTING NAME RUN --init-from starry-night --images 4000
"""

import subprocess
import sys
from pathlib import Path

from one_direction import keep_direction
from paintings import write_scales


def main() -> None:
    if len(sys.argv) < 5:
        sys.exit("usage: tools/train_painting.py PHOTOS PAINTING NAME RUN [ARGS...]")
    photos, painting, name, run, *more = sys.argv[1:]
    scales = write_scales(Path(painting), Path(f"{run}-scales") / name)
    train = [sys.executable, "-m", "cyclekit", "train", photos, str(scales), "-o", run]
    done = subprocess.run(
        [*train, "--preset", "painting", "--names", "photo", name, *more], check=False
    )
    if done.returncode:
        sys.exit(done.returncode)
    print(keep_direction(Path(run) / "model.safetensors", name, Path(run) / f"{name}.safetensors"))


if __name__ == "__main__":
    main()
