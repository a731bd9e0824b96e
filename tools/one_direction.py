"""Keep one direction of a model: `tools/one_direction.py MODEL TARGET-DOMAIN OUT.safetensors`."""

import sys
from dataclasses import replace
from pathlib import Path

from cyclekit.checkpoint.model import load_model, save_model


def main() -> None:
    source, domain, target = sys.argv[1:]
    generator, info, direction = load_model(Path(source), domain)
    save_model(
        Path(target), {direction: generator}, replace(info, directions=(direction,), critics=None)
    )


if __name__ == "__main__":
    main()
