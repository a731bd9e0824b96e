"""A model is one safetensors file that explains itself: weights, and in its header all the rest.

Header (JSON under the key "cyclekit"): format version, the kind of generator and its spec, the
domains' names, which directions are inside, where the model comes from, and, if the discriminators
were kept, how to build them. What a reader does not know it leaves alone, so a new entry that may be
absent needs no new format.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize
from torch import Tensor, nn

from cyclekit.errors import (
    CheckpointError,
    CyclekitError,
    MediaError,
    UnknownNameError,
    UsageError,
)
from cyclekit.media.atomic import replacing
from cyclekit.models import DISCRIMINATORS, Discriminator, Generator, build_generator
from cyclekit.models.base import Kind
from cyclekit.registry import Spec

Network = TypeVar("Network", bound=nn.Module)

FORMAT = 2
"""1 knew translators only, and did not name the kind."""
KEY = "cyclekit"
DIRECTIONS = ("ab", "ba")
ANY = "any"
"""What the network is called that turns pictures of any domain into any other."""
WAYS: dict[Kind, tuple[str, ...]] = {
    "translator": DIRECTIONS,
    "noise": ("noise",),
    "domains": (ANY,),
}
"""What the networks of each kind are called."""
DOMAINS = ("a", "b")
_COUNTS = ("blocks", "depth", "layers")
"""Options that count parts of a network; every part has tensors of its own."""


@dataclass(frozen=True)
class Critics:
    """Discriminators that were kept: how to build them and to read what they say."""

    discriminator: Spec
    """How to build the network of every domain."""
    adversarial: str
    """Name of the loss that they were trained with; it knows real from fake."""
    domains: tuple[str, ...] = DOMAINS
    """Whose discriminators there are: "a" tells real pictures of the first domain, "b" the second's."""


@dataclass(frozen=True)
class ModelInfo:
    """What a model file says about itself."""

    generator: Spec
    """How to build the network of every direction."""
    names: tuple[str, ...] = ("A", "B")
    """Domains. Of a translator, first and second: direction "ab" turns the first into the second.
    Of a generator from noise, what it makes: one name, or one a class; of one that knows many
    domains, all of them."""
    directions: tuple[str, ...] = DIRECTIONS
    """Which generators are inside: "ab", "ba" or both; or "noise"; or "any"."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Where the model comes from: recipe, images seen, date, version; any JSON."""
    critics: Critics | None = None
    """The discriminators inside; None if there are none."""
    kind: Kind = "translator"
    """What its generators make pictures from: pictures, or noise."""

    def domains(self, direction: str) -> tuple[str, str]:
        """Return (source, target) names of a translator's direction, or of "any-to-zebra"."""
        if self.kind == "domains":
            return ANY, direction.removeprefix(f"{ANY}-to-")
        first, second = self.names
        return (first, second) if direction == "ab" else (second, first)

    def abilities(self) -> tuple[str, ...]:
        """Return what the model can do, as "horse-to-zebra" or "noise-to-zebra"."""
        if self.kind == "noise":
            return tuple(f"noise-to-{name}" for name in self.names)
        if self.kind == "domains":
            return tuple(f"{ANY}-to-{name}" for name in self.names)
        return tuple("-to-".join(self.domains(direction)) for direction in self.directions)

    def find(self, wanted: str | None) -> str:
        """Return the direction that `wanted` names.

        Args:
            wanted: "ab", "ba", "horse-to-zebra", the target's name ("zebra"), or None for the
                only or first direction. A domain's name wins over everything else. Of a model of
                many domains, the target's name gives "any-to-zebra", and None "any".

        Raises:
            UsageError: if the model holds no such direction.
        """
        if wanted is None:
            return self.directions[0]
        if self.kind == "domains":
            return self._find_domain(wanted)
        keys = {direction: direction for direction in self.directions}
        pairs = dict(zip(self.abilities(), self.directions, strict=True))
        targets = {self.domains(direction)[1]: direction for direction in self.directions}
        ways = keys | pairs | targets
        if wanted not in ways:
            raise UnknownNameError("direction", wanted, ways)
        return ways[wanted]

    def _find_domain(self, wanted: str) -> str:
        ways = dict(zip(self.abilities(), self.abilities(), strict=True))
        ways |= dict(zip(self.names, self.abilities(), strict=True))
        if wanted not in ways:
            raise UsageError(f"unknown domain '{wanted}'; the model knows {', '.join(self.names)}")
        return ways[wanted]

    def network_of(self, direction: str) -> str:
        """Return which of `directions` holds the weights of what `find` returned."""
        return direction if direction in self.directions else self.directions[0]


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
            part.write_bytes(serialize(tensors, metadata={KEY: _dump(info)}))
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
    return _parse(path, metadata[KEY])


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


def _dump(info: ModelInfo) -> str:
    header = {
        "format": FORMAT,
        "kind": info.kind,
        "generator": {"name": info.generator.name, **info.generator.options},
        "names": info.names,
        "directions": info.directions,
        "provenance": info.provenance,
    }
    if info.critics:
        network = info.critics.discriminator
        header["critics"] = {
            "discriminator": {"name": network.name, **network.options},
            "adversarial": info.critics.adversarial,
            "domains": info.critics.domains,
        }
    return json.dumps(header)


def _parse(path: Path, text: str) -> ModelInfo:
    try:
        header = json.loads(text)
        if header["format"] > FORMAT:
            raise CheckpointError(
                f"{path}: format {header['format']}, this cyclekit reads up to {FORMAT}; upgrade it"
            )
        info = ModelInfo(
            generator=_parse_spec(header["generator"]),
            names=tuple(str(name) for name in header["names"]),
            directions=tuple(str(direction) for direction in header["directions"]),
            provenance=dict(header["provenance"]),
            critics=_parse_critics(header.get("critics")),
            kind=header.get("kind", "translator"),
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise CheckpointError(f"{path}: damaged header ({error})") from error
    if info.kind not in WAYS:
        raise CheckpointError(f"{path}: holds a '{info.kind}'; expected {' or '.join(WAYS)}")
    if not info.directions or set(info.directions) - set(WAYS[info.kind]):
        raise CheckpointError(f"{path}: damaged header (directions {info.directions})")
    if len(info.names) != 2 if info.kind == "translator" else not info.names:
        raise CheckpointError(f"{path}: damaged header (names {info.names})")
    judged = DOMAINS if info.kind == "translator" else ()
    if info.critics and not set(judged).issuperset(info.critics.domains):
        raise CheckpointError(f"{path}: damaged header (critics of {info.critics.domains})")
    return info


def _parse_spec(stored: Any) -> Spec:
    options = dict(stored)
    return Spec(str(options.pop("name")), options)


def _parse_critics(stored: Any) -> Critics | None:
    if stored is None:
        return None
    domains = tuple(str(domain) for domain in stored["domains"])
    return Critics(_parse_spec(stored["discriminator"]), str(stored["adversarial"]), domains)
