"""Remembers between runs which number format was best for a model on this machine."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import platformdirs
import torch
from torch import nn

from cyclekit.devices import machine_name
from cyclekit.errors import MediaError
from cyclekit.media.atomic import replacing
from cyclekit.media.nested import parse_json

MOST = 200
"""Choices that are kept; the oldest go first."""


def choice_key(network: nn.Module, device: torch.device) -> str:
    """Return a name for a model on a machine: weights, device, threads and torch's version."""
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    place = f"{machine_name(device)}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    return f"{type(network).__name__} {digest.hexdigest()} on {place}"


def recall(key: str) -> tuple[str, str] | None:
    """Return the format and the reason that were remembered, if any."""
    found = _read().get(key)
    match found:
        case [str(precision), str(reason)]:
            return precision, reason
    return None


def remember(key: str, precision: str, reason: str) -> None:
    """Keep a choice. A cache that cannot be written is no reason to fail."""
    choices = _read()
    choices.pop(key, None)
    choices[key] = [precision, reason]
    newest = dict(list(choices.items())[-MOST:])
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_text(json.dumps(newest, indent=1), encoding="utf-8")
    except (OSError, MediaError):
        return


def _path() -> Path:
    return platformdirs.user_cache_path("cyclekit") / "precision.json"


def _read() -> dict[str, object]:
    try:
        choices = parse_json(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return choices if isinstance(choices, dict) else {}
