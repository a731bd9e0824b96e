"""A model is one safetensors file that explains itself: weights, and in its header all the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize
from torch import Tensor, nn

from cyclekit.checkpoint.header import (
    DOMAINS,
    KEY,
    Critics,
    ModelInfo,
    read_header,
    write_header,
)
from cyclekit.errors import (
    CheckpointError,
    CyclekitError,
    MediaError,
)
from cyclekit.media.atomic import replacing
from cyclekit.models import DISCRIMINATORS, Discriminator, Generator, build_generator
from cyclekit.registry import Spec

__all__ = [
    "DOMAINS",
    "Critics",
    "ModelInfo",
    "is_model",
    "load_discriminator",
    "load_model",
    "read_info",
    "save_model",
]

Network = TypeVar("Network", bound=nn.Module)

_COUNTS = ("blocks", "depth", "layers")
"""Options that count parts of a network; every part has tensors of its own."""


def save_model(
    path: Path,
    generators: Mapping[str, Generator],
    info: ModelInfo,
    discriminators: Mapping[str, Discriminator] | None = None,
) -> None:
    """Write one file, or none: it is written beside and renamed.

    Args:
        path: ends in .safetensors.
        generators: network by direction; exactly those that `info.directions` names.
        info: everything but the weights.
        discriminators: network by domain; exactly those that `info.critics` names.

    Raises:
        ValueError: if networks and `info` name different directions or domains.
        CheckpointError: if the file cannot be written.
    """
    if set(generators) != set(info.directions):
        raise ValueError(f"directions {info.directions} but networks for {tuple(generators)}")
    judges = discriminators or {}
    if set(judges) != set(info.critics.domains if info.critics else ()):
        raise ValueError(f"critics {info.critics} but discriminators for {tuple(judges)}")
    kept = {f"discriminator_{domain}": network for domain, network in judges.items()}
    tensors = {
        f"{name}.{key}": tensor.detach().cpu().contiguous()
        for name, network in {**generators, **kept}.items()
        for key, tensor in network.state_dict().items()
    }
    try:
        with replacing(path) as part:
            part.write_bytes(serialize(tensors, metadata={KEY: write_header(info)}))
    except MediaError as error:
        raise CheckpointError(str(error)) from error


def is_model(path: Path) -> bool:
    """Say whether `path` is a safetensors file that cyclekit wrote, whatever its version."""
    try:
        with safe_open(path, framework="pt") as file:
            return KEY in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def read_info(path: Path) -> ModelInfo:
    """Read what a model file says about itself, without its weights.

    Raises:
        CheckpointError: if it is not a model file of cyclekit, or of a newer one.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: not a safetensors file: {error}") from error
    if KEY not in metadata:
        raise CheckpointError(f"{path}: a safetensors file, but not one that cyclekit wrote")
    return read_header(path, metadata[KEY])


def load_model(path: Path, direction: str | None = None) -> tuple[Generator, ModelInfo, str]:
    """Build one direction's generator and fill it.

    Args:
        path: a file that `save_model` wrote.
        direction: as in `ModelInfo.find`; None takes the only or first.

    Returns:
        The generator in evaluation mode on the CPU, the file's info, and the direction chosen.

    Raises:
        CheckpointError: if the file cannot be used.
        UsageError: if it holds no such direction.
    """
    info = read_info(path)
    chosen = info.find(direction)
    way = info.network_of(chosen)
    generator = _load(path, partial(build_generator, info.generator, way), info.generator, way)
    _check_header(path, info, generator)
    return generator, info, chosen


def load_discriminator(path: Path, critics: Critics, domain: str) -> Discriminator:
    """Build the discriminator of one domain and fill it.

    Args:
        path: a file that `save_model` wrote.
        critics: what its header says of them.
        domain: one of `critics.domains`.

    Returns:
        The discriminator in evaluation mode on the CPU.

    Raises:
        CheckpointError: if the file cannot be used.
    """
    spec = critics.discriminator
    return _load(path, partial(DISCRIMINATORS.create, spec), spec, f"discriminator_{domain}")


def _load(path: Path, build: Callable[[], Network], spec: Spec, prefix: str) -> Network:
    weights = _read_weights(path, f"{prefix}.")
    _check_counts(path, spec, len(weights))
    try:
        # A header may lie about the size: try without memory first.
        with torch.device("meta"):
            build().load_state_dict(weights, assign=True)
        network = build()
        network.load_state_dict(weights)
    except CyclekitError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise CheckpointError(f"{path}: weights do not fit '{spec.name}': {reason}") from error
    return network.eval()


def _read_weights(path: Path, prefix: str) -> dict[str, Tensor]:
    with safe_open(path, framework="pt") as file:
        keys = [key for key in file.keys() if key.startswith(prefix)]  # noqa: SIM118 (not a mapping)
        return {key.removeprefix(prefix): file.get_tensor(key) for key in keys}


def _check_counts(path: Path, spec: Spec, tensors: int) -> None:
    """Refuse a header that asks for more parts than the file can fill, before they are built."""
    for option in _COUNTS:
        value = spec.options.get(option)
        if isinstance(value, int) and value > tensors:
            raise CheckpointError(
                f"{path}: weights do not fit '{spec.name}': {option}={value}, "
                f"but the file holds {tensors} tensors; its header is damaged"
            )


def _check_header(path: Path, info: ModelInfo, generator: Generator) -> None:
    """Refuse a header that says of the generator what it is not."""
    name = info.generator.name
    if generator.kind != info.kind:
        raise CheckpointError(
            f"{path}: '{name}' is no {info.kind} generator; the header is damaged"
        )
    classes = getattr(generator, "classes", 0)
    if classes and classes != len(info.names):
        raise CheckpointError(
            f"{path}: '{name}' knows {classes} classes, but {len(info.names)} are named; "
            "the header is damaged"
        )
