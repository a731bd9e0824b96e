"""What the header of a model file says: which network, which domains, which directions.

It is JSON under one key of a safetensors file: format version, the kind of generator and its spec,
the domains' names, which directions are inside, where the model comes from, and, if the
discriminators were kept, how to build them. What a reader does not know it leaves alone, so a new
entry that may be absent needs no new format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cyclekit.errors import CheckpointError, UnknownNameError, UsageError
from cyclekit.media.nested import parse_json
from cyclekit.models.base import Kind
from cyclekit.registry import Spec

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
    "predictor": ("next",),
}
"""What the networks of each kind are called."""
DOMAINS = ("a", "b")


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
    """Which generators are inside: "ab", "ba" or both; or "noise"; or "any"; or "next"."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Where the model comes from: recipe, images seen, date, version; any JSON."""
    critics: Critics | None = None
    """The discriminators inside; None if there are none."""
    kind: Kind = "translator"
    """What its generators make pictures from: pictures, noise, or the frames before."""

    def domains(self, direction: str) -> tuple[str, str]:
        """Return (source, target) names of a translator's direction, or of "any-to-zebra"."""
        if self.kind == "domains":
            return ANY, direction.removeprefix(f"{ANY}-to-")
        first, second = self.names
        return (first, second) if direction == "ab" else (second, first)

    def abilities(self) -> tuple[str, ...]:
        """Return what it can do: "horse-to-zebra", "noise-to-zebra", "next-frame-of-zebra"."""
        if self.kind == "noise":
            return tuple(f"noise-to-{name}" for name in self.names)
        if self.kind == "predictor":
            return tuple(f"next-frame-of-{name}" for name in self.names)
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


def write_header(info: ModelInfo) -> str:
    """Return the JSON that says it all."""
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


def read_header(path: Path, text: str) -> ModelInfo:
    """Read the JSON of a header.

    Args:
        path: of its file, for messages.
        text: what `write_header` returned, now or in an earlier version.

    Raises:
        CheckpointError: if it is damaged, or of a newer version.
    """
    try:
        header = parse_json(text)
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
        known = info.kind in WAYS
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise CheckpointError(f"{path}: damaged header ({error})") from error
    if not known:
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
