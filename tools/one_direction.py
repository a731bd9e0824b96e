"""Keep one direction of a model: `tools/one_direction.py MODEL TARGET-DOMAIN OUT.safetensors`."""

import sys
from dataclasses import replace
from pathlib import Path

from cyclekit.checkpoint.model import load_model, save_model


def keep_direction(source: Path, domain: str, target: Path) -> Path:
    """Write a model file that turns pictures into a domain, and nothing else."""
    generator, info, direction = load_model(source, domain)
    save_model(target, {direction: generator}, replace(info, directions=(direction,), critics=None))
    return target


def main() -> None:
    source, domain, target = sys.argv[1:]
    keep_direction(Path(source), domain, Path(target))


if __name__ == "__main__":
    main()
