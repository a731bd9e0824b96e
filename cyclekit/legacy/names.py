"""Where the published networks keep their layers, and where ours keep the same ones.

The published networks are one `nn.Sequential` called `model`; layers without parameters take an
index but no key. J is junyanz/pytorch-CycleGAN-and-pix2pix, CUT is
taesungp/contrastive-unpaired-translation.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from cyclekit.models.resnet import Down, Up

Pair = tuple[str, str]
"""A published module's name and ours."""


def resnet_names(
    *, blocks: int, down: Down, up: Up, dropout: bool, block_name: str = "conv_block"
) -> list[Pair]:
    """List the residual generator's modules in running order; each norm follows its convolution.

    Args:
        blocks: residual blocks.
        down: strided (J, vintagify) or blur (CUT).
        up: transposed (J, vintagify) or blur (CUT).
        dropout: whether an index inside the blocks is taken by dropout.
        block_name: what the Sequential inside a block is called.
    """
    index = count(1)  # 0 is padding
    pairs = _conv_norm(index, "stem")
    for stage in range(2):
        pairs += _conv_norm(index, f"down.{stage}")
        if down == "blur":
            pairs.append((f"model.{next(index)}", f"down.{stage}.3"))
    for block in range(blocks):
        pairs += _block(f"model.{next(index)}.{block_name}", f"blocks.{block}.body", dropout)
    for stage in range(2):
        if up == "blur":
            pairs.append((f"model.{next(index)}", f"up.{stage}.0"))
        pairs += _conv_norm(index, f"up.{stage}", first=1 if up == "blur" else 0)
    next(index)  # padding
    return [*pairs, (f"model.{next(index)}", "head.conv")]


def unet_names(depth: int) -> list[Pair]:
    """List the U-Net's modules, level by level from the outside; each norm follows its convolution.

    Args:
        depth: halvings.
    """
    pairs = [("model.model.0", "down.0")]
    prefix = "model.model.1.model"
    for level in range(1, depth):
        innermost = level == depth - 1
        up, first = f"up.{depth - 1 - level}", 3 if innermost else 5
        pairs.append((f"{prefix}.1", f"down.{level}.1"))
        if not innermost:
            pairs.append((f"{prefix}.2", f"down.{level}.2"))
        pairs += [(f"{prefix}.{first}", f"{up}.1"), (f"{prefix}.{first + 1}", f"{up}.2")]
        prefix += ".3.model"
    return [*pairs, ("model.model.3", "head.conv")]


def _conv_norm(index: Iterator[int], ours: str, first: int = 0) -> list[Pair]:
    conv, norm, _relu = next(index), next(index), next(index)
    return [(f"model.{conv}", f"{ours}.{first}"), (f"model.{norm}", f"{ours}.{first + 1}")]


def _block(theirs: str, ours: str, dropout: bool) -> list[Pair]:
    second = 6 if dropout else 5
    places = {1: 0, 2: 1, second: 4, second + 1: 5}
    return [(f"{theirs}.{there}", f"{ours}.{here}") for there, here in places.items()]
