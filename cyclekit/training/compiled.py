"""Lets torch compile the networks of a game, where there is a compiler."""

from __future__ import annotations

from cyclekit.devices import has_compiler
from cyclekit.errors import ConfigError
from cyclekit.methods import Method


def compile_networks(method: Method, backend: str = "inductor") -> None:
    """Compile every network that learns, in place; it happens at their first step.

    The networks keep their weights' names, and what is copied from them is not compiled.

    Args:
        method: the game.
        backend: of `torch.compile`.

    Raises:
        ConfigError: if there is no C++ compiler.
    """
    if not has_compiler():
        raise ConfigError(
            "train.compile needs a C++ compiler (g++ or clang++) on PATH; none was found"
        )
    for network in {id(one): one for phase in method.phases() for one in phase.networks}.values():
        network.compile(backend=backend)
