"""First weights, by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.utils import parametrize

from cyclekit.errors import UnknownNameError
from cyclekit.models.spectral import drawn_weight, follow

INITIALIZATIONS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "normal": lambda weight, gain: nn.init.normal_(weight, 0.0, gain),
    "xavier": lambda weight, gain: nn.init.xavier_normal_(weight, gain),
    "kaiming": lambda weight, gain: nn.init.kaiming_normal_(weight, mode="fan_in"),
    "orthogonal": lambda weight, gain: nn.init.orthogonal_(weight, gain),
}


def initialize(network: nn.Module, name: str = "normal", gain: float = 0.02) -> None:
    """Draw the weights of all convolutions, in place; biases become 0, scales N(1, gain).

    Beside orthogonal weights, whose gain is no deviation, scales become 1.

    Args:
        network: any module.
        name: normal (deviation `gain`; the CycleGAN and pix2pix papers), xavier, kaiming (takes
            no gain) or orthogonal.
        gain: deviation or gain; the papers use 0.02, orthogonal wants 1.

    Raises:
        UnknownNameError: if there is no such initialisation.
    """
    if name not in INITIALIZATIONS:
        raise UnknownNameError("initialization", name, INITIALIZATIONS)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
            INITIALIZATIONS[name](drawn_weight(module), gain)
            if parametrize.is_parametrized(module):
                follow(module)
            if not isinstance(module, nn.Embedding) and module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d) and module.affine:
            nn.init.normal_(module.weight, 1.0, 0.0 if name == "orthogonal" else gain)
            nn.init.zeros_(module.bias)
