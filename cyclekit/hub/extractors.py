"""From a network's name to a network that is ready to describe pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import safe_open
from torch import Tensor

from cyclekit.errors import CheckpointError, UsageError
from cyclekit.hub.networks import NETWORKS, Network, find_network, installed_file
from cyclekit.legacy.read import read_weights
from cyclekit.models.features import FEATURES, Lpips
from cyclekit.models.features.extractor import Extractor
from cyclekit.registry import Spec

CHECKSUM = "sha256"
"""Key in the header of an installed file: checksums of the files that it was made of."""


def open_extractor(name: str, file: Path | None = None, cache: Path | None = None) -> Extractor:
    """Build a feature network and fill it.

    Args:
        name: key of `NETWORKS`, but not "lpips".
        file: weights in any published form; the installed ones if None.
        cache: as for `installed_file`.

    Raises:
        UsageError: if there is no such network, or it is not installed.
        CheckpointError: if the file holds other weights.
    """
    network = find_network(name)
    path = _existing(network, file, cache)
    weights, metadata = read_merged(path)
    try:
        built = FEATURES.create(Spec(network.builder), weights=weights, metadata=metadata)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    digest = file_checksum(path)
    # The header of a file that we installed is our own word; that of any other file is hearsay.
    sums = [digest, *(metadata.get(CHECKSUM, "").split() if file is None else ())]
    return Extractor(name, built, digest, _is_published(network, sums))


def open_lpips(file: Path | None = None, cache: Path | None = None) -> Lpips:
    """Build LPIPS, as `open_extractor` builds a network."""
    path = _existing(NETWORKS["lpips"], file, cache)
    try:
        return Lpips(read_merged(path)[0])
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error


def read_merged(path: Path) -> tuple[dict[str, Tensor], Mapping[str, str]]:
    """Read all weights of a file, wherever they are inside, and its header's metadata."""
    weights: dict[str, Tensor] = {}
    for _, found in read_weights(path):
        weights |= found
    metadata: Mapping[str, str] = {}
    with path.open("rb") as opened:
        is_safetensors = opened.read(9)[8:9] == b"{"
    if is_safetensors:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    return weights, metadata


def file_checksum(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    import pooch

    return str(pooch.file_hash(str(path)))


def _existing(network: Network, file: Path | None, cache: Path | None) -> Path:
    path = file or installed_file(network, cache)
    if path.is_file():
        return path
    if file is not None:
        raise UsageError(f"no file '{file}' with weights of '{network.name}'")
    raise UsageError(
        f"feature network '{network.name}' is not installed: `cyclekit models pull {network.name}` "
        f"fetches it ({network.size_mb} MB, {network.licence}), or give its file"
    )


def _is_published(network: Network, sums: Sequence[str]) -> bool:
    """Say whether files of these checksums hold the published numbers, all of them."""
    if any(checksum in network.same_as for checksum in sums):
        return True
    return all(any(known.startswith(origin.sha256) for known in sums) for origin in network.origins)
