"""Lets torch compile the networks of a game, where there is a compiler."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cyclekit.config.schema import Config
from cyclekit.devices import has_compiler
from cyclekit.errors import ConfigError, TrainingError
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


@contextmanager
def compiler_errors(config: Config) -> Iterator[None]:
    """Within the block, say in one line what the compiler could not do.

    Raises:
        TrainingError: naming the setting.
    """
    if not config.train.compile:
        yield
        return
    from torch._dynamo.exc import TorchDynamoException  # a second to import

    try:
        yield
    except TorchDynamoException as error:
        reason = next(line for line in str(error).splitlines() if line.strip())
        raise TrainingError(
            f"train.compile: the compiler failed: {reason}; leave the setting out"
        ) from error
