"""Take the weights out of a TorchScript archive without loading, let alone running, its program.

Such a file is a zip: `data.pkl` pickles the module's tree, `data/0`, `data/1`, ... are the bytes of
its tensors, `code/` is the program. `torch.load(weights_only=True)` refuses it, and
`torch.jit.load` would build what the program says.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

TYPES = {
    f"{name}Storage": dtype
    for name, dtype in {
        "Float": torch.float32, "Double": torch.float64, "Half": torch.float16,
        "BFloat16": torch.bfloat16, "Long": torch.int64, "Int": torch.int32,
        "Short": torch.int16, "Char": torch.int8, "Byte": torch.uint8, "Bool": torch.bool,
    }.items()
}  # fmt: skip


def is_torchscript(path: Path) -> bool:
    """Say whether a zip file holds a TorchScript program."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a TorchScript archive by their place: "layers.conv.conv.weight".

    Raises:
        pickle.UnpicklingError: if the archive's tree holds anything but modules, plain values and
            tensors.
        zipfile.BadZipFile, KeyError, ValueError: if the archive is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        (tree,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        reader = _Reader(archive, tree.removesuffix("data.pkl"))
        return dict(_tensors(reader.load(), ""))


class _Module:
    """Stands for a module of the program: what was pickled of it, and nothing else."""

    def __init__(self, *_: Any) -> None:
        self.parts: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.parts = state if isinstance(state, dict) else {}


class _Reader(pickle.Unpickler):
    """Unpickles modules as `_Module`, tensors as tensors, and refuses all else."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        self._archive, self._root = archive, root
        self._storages: dict[str, Tensor] = {}
        super().__init__(io.BytesIO(self._bytes("data.pkl")))

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("__torch__"):
            return _Module
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _view
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch.jit._pickle" and name.startswith(("build_", "restore_type_tag")):
            return _first
        if module == "torch" and name in TYPES:
            return TYPES[name]
        raise pickle.UnpicklingError(f"GLOBAL {module}.{name}")

    def persistent_load(self, pid: Any) -> Tensor:
        kind, dtype, key, _, count = pid
        if kind != "storage" or not str(key).isalnum():
            raise pickle.UnpicklingError(f"no storage of tensors: {pid!r}")
        if key not in self._storages:
            data = bytearray(self._bytes(f"data/{key}"))
            self._storages[key] = torch.frombuffer(data, dtype=dtype, count=count)
        return self._storages[key]

    def _bytes(self, name: str) -> bytes:
        """Read what the archive stores as it is: what is not packed cannot fill the memory."""
        entry = self._archive.getinfo(f"{self._root}{name}")
        if entry.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{entry.filename} is packed, which torch never does")
        return self._archive.read(entry)


def _view(storage: Tensor, offset: int, size: Any, stride: Any, *_: Any) -> Tensor:
    reach = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) + 1
    if 0 not in size and not (
        offset >= 0 and min(stride, default=0) >= 0 and reach <= len(storage)
    ):
        raise ValueError(f"a tensor {tuple(size)} reaches beyond its {len(storage)} values")
    return torch.as_strided(storage, size, stride, offset)


def _first(value: Any, *_: Any) -> Any:
    return value


def _tensors(value: Any, place: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield place, value
    elif isinstance(value, _Module):
        for name, part in value.parts.items():
            yield from _tensors(part, f"{place}.{name}" if place else str(name))
