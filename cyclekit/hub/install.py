"""Fetch the weights of a feature network, or take them from files, into the user's cache."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from cyclekit.data.transfer import Part, Progress
from cyclekit.errors import CheckpointError, MediaError, UsageError
from cyclekit.hub.extractors import CHECKSUM, file_checksum, read_merged
from cyclekit.hub.networks import Network, installed_file
from cyclekit.media.atomic import replacing
from cyclekit.models.features import FEATURES, Lpips
from cyclekit.models.features.base import Metadata, Weights
from cyclekit.registry import Spec


def pull_network(
    network: Network,
    *,
    urls: Sequence[str] = (),
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """Fetch the published files of a network and install them; do nothing if it is there.

    Args:
        network: which.
        urls: other addresses, such as mirrors, one for each published file.
        cache: the user's cache folder; found by the platform's rules if None.
        progress: called after every piece that arrives.

    Returns:
        The installed file.

    Raises:
        UsageError: if there are more or fewer addresses than files.
        DataError: if a transfer fails; what has arrived is kept, and the next call goes on.
        CheckpointError: if a file is not the published one.
    """
    target = installed_file(network, cache)
    if target.is_file():
        return target
    addresses = urls or [origin.url for origin in network.origins]
    if len(addresses) != len(network.origins):
        count = len(network.origins)
        raise UsageError(f"'{network.name}' is made of {count} files, got {len(urls)} addresses")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{target.parent}: cannot be made: {error.strerror}") from error
    fetched = [
        _fetch(address, target.with_name(f".{target.stem}-{number}.part"), progress)
        for number, address in enumerate(addresses)
    ]
    for file, origin in zip(fetched, network.origins, strict=True):
        if not file_checksum(file).startswith((origin.sha256, *network.same_as)):
            file.unlink()
            raise CheckpointError(
                f"{origin.url}: not the published file, its sha256 is not {origin.sha256}; "
                "what came is deleted"
            )
    made = install_network(network, fetched, cache=cache)
    for file in fetched:
        file.unlink()
    return made


def install_network(network: Network, files: Sequence[Path], *, cache: Path | None = None) -> Path:
    """Keep the weights of files, which may be one, as the installed weights of a network.

    What the network does not use is left out. An installed file is replaced.

    Args:
        network: which.
        files: in any published form.
        cache: as for `pull_network`.

    Returns:
        The installed file.

    Raises:
        CheckpointError: if the files are damaged, or hold other weights.
    """
    weights: dict[str, Tensor] = {}
    metadata: dict[str, str] = {}
    for file in files:
        found, header = read_merged(file)
        weights |= found
        metadata |= header
    kept = {key: tensor for key, tensor in weights.items() if key.startswith(network.keys)}
    names = ", ".join(file.name for file in files)
    try:
        _try(network, kept, metadata)
    except CheckpointError as error:
        raise CheckpointError(f"{names}: {error}") from error
    sums = " ".join(file_checksum(file) for file in files)
    header = {"source": names, **metadata, CHECKSUM: sums, "licence": network.licence}
    target = installed_file(network, cache)
    data = save({key: tensor.contiguous() for key, tensor in kept.items()}, header)
    try:
        with replacing(target) as part:
            part.write_bytes(data)
    except MediaError as error:
        raise CheckpointError(str(error)) from error
    return target


def _fetch(url: str, part: Path, progress: Progress | None) -> Path:
    transfer = Part(part, progress)
    try:
        return transfer.complete(url)
    finally:
        transfer.drop_if_empty()


def _try(network: Network, weights: Weights, metadata: Metadata) -> None:
    """Build the network, to refuse weights of something else before they are kept."""
    if network.builder == "lpips":
        Lpips(weights)
        return
    FEATURES.create(Spec(network.builder), weights=weights, metadata=metadata)
