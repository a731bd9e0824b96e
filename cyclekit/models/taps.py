"""Features on the way through a network, by the names of its layers."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from cyclekit.errors import ConfigError

PICTURE = "picture"
"""What the input itself is called."""
TOLD = 8
"""Names of layers that an error tells at most; networks have hundreds."""


class _EnoughError(Exception):
    """All features are there; the rest of the network need not run."""


def tap(network: nn.Module, layers: Sequence[str], x: Tensor) -> list[Tensor]:
    """Run a network as far as needed and return what some of its layers give.

    Args:
        network: any; it must call each of the layers once.
        layers: names as `named_modules` has them, such as "blocks.4"; "picture" is x itself.
        x: the input.

    Returns:
        Outputs in the order of `layers`, on the graph.
    """
    found = {PICTURE: x}
    wanted = set(layers) - {PICTURE}

    def keep(name: str, _module: nn.Module, _inputs: Any, output: Tensor) -> None:
        found[name] = output
        if wanted <= found.keys():
            raise _EnoughError

    hooks = [
        network.get_submodule(name).register_forward_hook(partial(keep, name)) for name in wanted
    ]
    try:
        if wanted:
            network(x)
    except _EnoughError:
        pass
    finally:
        for hook in hooks:
            hook.remove()
    return [found[name] for name in layers]


def channels_at(
    network: nn.Module, layers: Sequence[str], in_channels: int, side: int
) -> list[int]:
    """Return how many channels the features of some layers have.

    Args:
        network: any; a copy runs without numbers.
        layers: as for `tap`.
        in_channels: of its input.
        side: of an input that it takes, px.

    Raises:
        ConfigError: if it has no such layer, or one gives no features (N, C, H, W).
    """
    names = {name for name, _ in network.named_modules() if name} | {PICTURE}
    for name in layers:
        if name not in names:
            raise ConfigError(f"the generator has no layer '{name}'; {_nearest(name, names)}")
    empty = copy.deepcopy(network).to("meta")
    features = tap(empty, layers, torch.empty(1, in_channels, side, side, device="meta"))
    for name, feature in zip(layers, features, strict=True):
        if feature.ndim != 4:
            raise ConfigError(f"layer '{name}' gives no features of places; name another")
    return [feature.shape[1] for feature in features]


def _nearest(name: str, names: Collection[str]) -> str:
    near = difflib.get_close_matches(name, sorted(names), n=TOLD, cutoff=0)
    return f"of its {len(names)}, the nearest names are: {', '.join(near)}"
