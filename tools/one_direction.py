"""Keep one direction of a model: `tools/one_direction.py MODEL TARGET-DOMAIN OUT.safetensors`."""

import argparse
from dataclasses import replace
from pathlib import Path

from orderly import run_tool

from cyclekit.checkpoint.model import load_model, save_model


def keep_direction(source: Path, domain: str, target: Path) -> Path:
    """Write a model file that turns pictures into a domain, and nothing else."""
    generator, info, direction = load_model(source, domain)
    save_model(target, {direction: generator}, replace(info, directions=(direction,), critics=None))
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("domain")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    print(keep_direction(options.model, options.domain, options.out))


if __name__ == "__main__":
    run_tool(main)
