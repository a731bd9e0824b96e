"""Lets torch compile a network, where there is a compiler."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cyclekit.devices import has_compiler
from cyclekit.errors import UsageError


def compile_network(network: nn.Module) -> Callable[[Tensor], Tensor]:
    """Return a function that does what the network does; it is compiled at the first call.

    Args:
        network: in evaluation mode, on its device.

    Raises:
        UsageError: if there is no C++ compiler.
    """
    from torch._dynamo.exc import TorchDynamoException  # a second to import

    if not has_compiler():
        raise UsageError("--compile needs a C++ compiler (g++ or clang++) on PATH; none was found")
    function: Callable[[Tensor], Tensor] = torch.compile(network)

    def run(x: Tensor) -> Tensor:
        try:
            return function(x)
        except TorchDynamoException as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"--compile: the compiler failed: {reason}; leave it out") from error

    return run
