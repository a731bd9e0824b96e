"""From the key names of the TorchScript form of the FID's Inception to those of the PyTorch port."""

from __future__ import annotations

import torch
from torch import Tensor

from cyclekit.models.features.base import Weights

STEM = {
    "conv": "Conv2d_1a_3x3",
    "conv_1": "Conv2d_2a_3x3",
    "conv_2": "Conv2d_2b_3x3",
    "conv_3": "Conv2d_3b_1x1",
    "conv_4": "Conv2d_4a_3x3",
}
MIXED = ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c")
"""Blocks in order: "mixed", "mixed_1", ... there, "Mixed_5b", ... here."""
PLAIN = {
    "conv": "branch1x1",
    "tower.conv": "branch5x5_1",
    "tower.conv_1": "branch5x5_2",
    "tower_1.conv": "branch3x3dbl_1",
    "tower_1.conv_1": "branch3x3dbl_2",
    "tower_1.conv_2": "branch3x3dbl_3",
    "tower_2.conv": "branch_pool",
}
SECOND = {
    "conv": "branch3x3",
    "tower.conv": "branch3x3dbl_1",
    "tower.conv_1": "branch3x3dbl_2",
    "tower.conv_2": "branch3x3dbl_3",
}
FACTORIZED = {
    "conv": "branch1x1",
    "tower.conv": "branch7x7_1",
    "tower.conv_1": "branch7x7_2",
    "tower.conv_2": "branch7x7_3",
    "tower_1.conv": "branch7x7dbl_1",
    "tower_1.conv_1": "branch7x7dbl_2",
    "tower_1.conv_2": "branch7x7dbl_3",
    "tower_1.conv_3": "branch7x7dbl_4",
    "tower_1.conv_4": "branch7x7dbl_5",
    "tower_2.conv": "branch_pool",
}
THIRD = {
    "tower.conv": "branch3x3_1",
    "tower.conv_1": "branch3x3_2",
    "tower_1.conv": "branch7x7x3_1",
    "tower_1.conv_1": "branch7x7x3_2",
    "tower_1.conv_2": "branch7x7x3_3",
    "tower_1.conv_3": "branch7x7x3_4",
}
END = {
    "conv": "branch1x1",
    "tower_conv": "branch3x3_1",
    "tower_mixed_conv": "branch3x3_2a",
    "tower_mixed_conv_1": "branch3x3_2b",
    "tower_1_conv": "branch3x3dbl_1",
    "tower_1_conv_1": "branch3x3dbl_2",
    "tower_1_mixed_conv": "branch3x3dbl_3a",
    "tower_1_mixed_conv_1": "branch3x3dbl_3b",
    "tower_2_conv": "branch_pool",
}
INSIDE = {"5": PLAIN, "6": FACTORIZED, "6a": SECOND, "7": END, "7a": THIRD}
"""Names inside a block, by its own name or its stage."""


def from_torchscript(weights: Weights) -> Weights:
    """Rename the weights of the TorchScript form; those of the PyTorch port pass as they are.

    The TorchScript norms have no weight, which means 1.
    """
    if not any(key.startswith("layers.conv.") for key in weights):
        return weights
    names = torchscript_names()
    renamed: dict[str, Tensor] = {}
    for key, tensor in weights.items():
        layer, _, what = key.removeprefix("layers.").rpartition(".")
        place, _, kind = layer.rpartition(".")
        if key.startswith("output."):
            renamed[key.replace("output.", "fc.")] = tensor
        elif place in names:
            renamed[f"{names[place]}.{kind}.{what}"] = tensor
            if kind == "bn":
                renamed.setdefault(f"{names[place]}.bn.weight", torch.ones_like(tensor))
    return renamed


def torchscript_names() -> dict[str, str]:
    """Return our name of every convolution of the TorchScript form: "mixed_3.tower.conv": ..."""
    names = dict(STEM)
    for number, block in enumerate(MIXED):
        theirs = f"mixed_{number}" if number else "mixed"
        inside = INSIDE.get(block) or INSIDE[block[0]]
        names |= {f"{theirs}.{name}": f"Mixed_{block}.{ours}" for name, ours in inside.items()}
    return names
