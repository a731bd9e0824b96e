"""Turn a foreign checkpoint into a generator of ours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

from cyclekit.checkpoint.model import ModelInfo
from cyclekit.errors import CheckpointError, CyclekitError
from cyclekit.legacy.detect import EXPECTED, Layout, detect, strip_wrappers
from cyclekit.legacy.read import Weights, read_weights
from cyclekit.legacy.transfer import transfer
from cyclekit.models import GENERATORS, ImageGenerator

_DIRECTION = re.compile(r"(?:^|[_.-])G_?(?:(?P<ab>A2B|AB|A)|(?P<ba>B2A|BA|B))(?:$|[_.-])")
_DOMAINS = re.compile(r"(?:^|[_-])([a-z]{2,})2([a-z]{2,})")


def convert(path: Path) -> tuple[ImageGenerator, ModelInfo]:
    """Build the generator inside a foreign checkpoint; no settings are needed.

    Args:
        path: a .pth or .safetensors file with the weights of a generator of CycleGAN, pix2pix or
            CUT as their authors' code writes them (or a dict with such weights inside). G_A and
            G_B in the name give the direction, "horse2zebra" the domains.

    Returns:
        The generator in evaluation mode on the CPU, and what was found out about it.

    Raises:
        CheckpointError: if the file cannot be read, or holds no known generator.
    """
    place, weights, layout = _find_generator(path)
    try:
        generator = cast("ImageGenerator", GENERATORS.create(layout.spec))
        generator.load_state_dict(transfer(weights, layout))
    except (CyclekitError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise CheckpointError(f"{path}: like {layout.spec.name}, but {reason}") from error
    direction = _direction(place) or _direction(path.stem) or "ab"
    provenance: dict[str, Any] = {"converted_from": path.name}
    if place:
        provenance["inside"] = place
    info = ModelInfo(layout.spec, _domains(path), (direction,), provenance)
    return generator.eval(), info


def _find_generator(path: Path) -> tuple[str, Weights, Layout]:
    found = read_weights(path)
    if not found:
        raise CheckpointError(f"{path}: holds no tensors; expected {EXPECTED}")
    problems = []
    for place, weights in found:
        bare = {short: weights[key] for key, short in strip_wrappers(weights).items()}
        try:
            layout = detect({key: tuple(tensor.shape) for key, tensor in bare.items()})
        except CheckpointError as error:
            problems.append(str(error))
            continue
        if layout.kind == "generator":
            return place, bare, layout
        problems.insert(0, f"a {layout.kind} ({layout.spec.name}); expected a generator (a G file)")
    raise CheckpointError(f"{path}: {problems[0]}")


def _direction(text: str) -> str | None:
    match = _DIRECTION.search(text)
    return match.lastgroup if match else None


def _domains(path: Path) -> tuple[str, str]:
    for text in (path.stem, path.absolute().parent.name):
        match = _DOMAINS.search(text)
        if match:
            return match[1], match[2]
    return "A", "B"
