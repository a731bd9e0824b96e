"""Read foreign weights without running anything that the file may hold."""

from __future__ import annotations

import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from cyclekit.errors import CheckpointError
from cyclekit.legacy.torchscript import is_torchscript, read_torchscript

Weights = dict[str, Tensor]

_DAMAGED = (
    pickle.UnpicklingError, struct.error, EOFError, RuntimeError, ValueError, TypeError,
    AttributeError, LookupError, ArithmeticError, MemoryError, AssertionError, zipfile.BadZipFile,
    SafetensorError, OSError,
)  # fmt: skip
"""What torch.load raises on files that are cut short, or were never checkpoints.

It hands files that end in .safetensors to that format's own reader.
"""

_DEPTH = 4
"""Dicts inside dicts that are searched for weights."""


def read_weights(path: Path) -> list[tuple[str, Weights]]:
    """Read all state dicts inside a file.

    Args:
        path: a .pth file of torch (zip or the older format), a TorchScript archive (its weights
            are taken, its program is not loaded), or a .safetensors file.

    Returns:
        (where in the file, tensors by key) of each, in the file's order; a bare state dict is
        at "". Tensors may be mapped from the file: do not write to them.

    Raises:
        CheckpointError: if the file cannot be read, is damaged, or holds code.
    """
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not start:
        raise CheckpointError(f"{path}: the file is empty")
    found = list(_state_dicts(_load(path, start)))
    _check_size(path, found)
    return found


def _load(path: Path, start: bytes) -> object:
    if start[8:9] == b"{":
        try:
            return load_file(path)
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{path}: a damaged safetensors file: {error}") from error
    is_zip = start.startswith(b"PK")
    try:
        if is_zip:
            if is_torchscript(path):
                _refuse_own(path)
                return read_torchscript(path)
            _check_zip(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's advice on other formats
            return torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    except _DAMAGED as error:
        raise CheckpointError(f"{path}: {_reason(str(error))}") from error


def _refuse_own(path: Path) -> None:
    """Say of a program that cyclekit wrote what it is: its network is none of the known layouts."""
    with zipfile.ZipFile(path) as archive:
        if any(name.endswith("/extra/cyclekit.json") for name in archive.namelist()):
            raise CheckpointError(
                f"{path}: a program for torch alone, which cyclekit exported; use the model file "
                "that it was exported from"
            )


def _reason(message: str) -> str:
    code = re.search(r"GLOBAL (\S+)", message)
    if code:
        return f"holds code ({code[1]}), not only weights; refused, and nothing in it was run"
    return "not a checkpoint of torch, or damaged or cut short; nothing in it was run"


def _check_zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > path.stat().st_size:  # torch never compresses
        raise CheckpointError(f"{path}: would unpack to {unpacked:,} bytes, more than it has")


def _check_size(path: Path, found: list[tuple[str, Weights]]) -> None:
    tensors = [tensor for _, weights in found for tensor in weights.values()]
    declared = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    if declared > 2 * path.stat().st_size:  # 2: some weights may be shared
        raise CheckpointError(f"{path}: its tensors claim {declared:,} bytes, more than it has")


def _state_dicts(value: object, place: str = "", depth: int = 0) -> Iterator[tuple[str, Weights]]:
    if not isinstance(value, Mapping) or depth == _DEPTH:
        return
    tensors = {str(key): item for key, item in value.items() if isinstance(item, Tensor)}
    if tensors:
        yield place, tensors
    for key, item in _mappings(value):
        yield from _state_dicts(item, f"{place}.{key}" if place else str(key), depth + 1)


def _mappings(value: Mapping[Any, object]) -> list[tuple[Any, object]]:
    return [(key, item) for key, item in value.items() if isinstance(item, Mapping)]
