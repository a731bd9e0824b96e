"""First weights, by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from cyclekit.errors import UnknownNameError

INITIALIZATIONS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "normal": lambda weight, gain: nn.init.normal_(weight, 0.0, gain),
    "xavier": lambda weight, gain: nn.init.xavier_normal_(weight, gain),
    "kaiming": lambda weight, gain: nn.init.kaiming_normal_(weight, mode="fan_in"),
    "orthogonal": lambda weight, gain: nn.init.orthogonal_(weight, gain),
}


def initialize(network: nn.Module, name: str = "normal", gain: float = 0.02) -> None:
    """Draw the weights of all convolutions, in place; biases become 0, scales N(1, gain).

    Args:
        network: any module.
        name: normal (deviation `gain`; the CycleGAN and pix2pix papers), xavier, kaiming (takes
            no gain) or orthogonal.
        gain: deviation or gain; the papers use 0.02.

    Raises:
        UnknownNameError: if there is no such initialisation.
    """
    if name not in INITIALIZATIONS:
        raise UnknownNameError("initialization", name, INITIALIZATIONS)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            INITIALIZATIONS[name](module.weight, gain)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, gain)
            nn.init.zeros_(module.bias)
