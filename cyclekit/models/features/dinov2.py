"""DINOv2 (https://arxiv.org/abs/2304.07193): vision transformers on patches of 14 x 14 pixels."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cyclekit.errors import CheckpointError
from cyclekit.models.features.base import (
    FEATURES,
    FeatureNetwork,
    Features,
    Metadata,
    Weights,
    fill,
    normalized,
)

PATCH = 14
HEAD_WIDTH = 64
SIZES = {384: "S", 768: "B", 1024: "L"}
"""Published widths whose blocks have a plain MLP; the giant one differs."""
OFFSET = 0.1
"""Added to the size of the resized position map, as the published code does."""


class Attention(nn.Module):
    """Multi-head self-attention over tokens (N, T, C)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // HEAD_WIDTH
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the tokens."""
        count, tokens, width = x.shape
        split = self.qkv(x).view(count, tokens, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind()
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.proj(mixed.transpose(1, 2).reshape(x.shape))  # type: ignore[no-any-return]

    def keys(self, x: Tensor) -> Tensor:
        """Return the keys of the tokens, all heads side by side, (N, T, C)."""
        width = x.shape[2]
        return F.linear(x, self.qkv.weight[width : 2 * width], self.qkv.bias[width : 2 * width])


class Mlp(nn.Module):
    """Two layers with GELU between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, T, C) to the same shape."""
        return self.fc2(F.gelu(self.fc1(x)))  # type: ignore[no-any-return]


class LayerScale(nn.Module):
    """A learned factor a channel (https://arxiv.org/abs/2103.17239)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Scale (N, T, C)."""
        return x * self.gamma


class Block(nn.Module):
    """x + scaled attention, then x + scaled MLP, each of a layer norm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn, self.mlp = Attention(width), Mlp(width)
        self.ls1, self.ls2 = LayerScale(width), LayerScale(width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, T, C) to the same shape."""
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))  # type: ignore[no-any-return]


class PatchEmbedding(nn.Module):
    """One token a patch."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, PATCH, PATCH)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 3, H, W) to (N, H / 14 * W / 14, C)."""
        return self.proj(x).flatten(2).mT  # type: ignore[no-any-return]


@FEATURES.register("dinov2")
class Dinov2(FeatureNetwork):
    """The class token after the last norm; places are the keys of the last block.

    Args:
        weights: keys as the published files name them; the size is read from their shapes.
        metadata: not needed.

    Raises:
        CheckpointError: if they are other weights, or those of the giant model.
    """

    side = 224

    def __init__(self, weights: Weights, metadata: Metadata) -> None:
        super().__init__()
        self.width = _width(weights)
        self.title = f"DINOv2-{SIZES[self.width]}/{PATCH}"
        blocks = [key.split(".")[1] for key in weights if key.startswith("blocks.")]
        depth = len(set(blocks))
        places = weights["pos_embed"].shape[1] if "pos_embed" in weights else 0
        with torch.device("meta"):
            self.cls_token = nn.Parameter(torch.empty(1, 1, self.width))
            self.pos_embed = nn.Parameter(torch.empty(1, places, self.width))
            self.patch_embed = PatchEmbedding(self.width)
            self.blocks = nn.ModuleList(Block(self.width) for _ in range(depth))
            self.norm = nn.LayerNorm(self.width, eps=1e-6)
            if "register_tokens" in weights:
                self.register_tokens = nn.Parameter(torch.empty(1, 4, self.width))
        fill(self, weights, self.title)

    def forward(self, levels: Tensor) -> Features:
        """Describe pictures whose sides are multiples of 14, (N, 3, H, W)."""
        rows, columns = (side // PATCH for side in levels.shape[2:])
        x = self._tokens(normalized(levels), rows, columns)
        for block in self.blocks[:-1]:
            x = block(x)
        last = self.blocks[-1]
        assert isinstance(last, Block)
        keys = last.attn.keys(last.norm1(x))[:, -rows * columns :]
        pooled = self.norm(last(x))[:, 0]
        return Features(pooled, keys.mT.unflatten(2, (rows, columns)))

    def _tokens(self, x: Tensor, rows: int, columns: int) -> Tensor:
        first = self.cls_token.expand(len(x), -1, -1)
        tokens = torch.cat([first, self.patch_embed(x)], 1) + self._positions(rows, columns)
        registers = getattr(self, "register_tokens", None)
        if registers is None:
            return tokens
        registers = registers.expand(len(x), -1, -1)
        return torch.cat([tokens[:, :1], registers, tokens[:, 1:]], 1)

    def _positions(self, rows: int, columns: int) -> Tensor:
        """Resize the learned map of positions, made for 37 x 37 patches, to the picture's."""
        own, places = self.pos_embed[:, :1], self.pos_embed[:, 1:]
        side = round(places.shape[1] ** 0.5)
        if (rows, columns) == (side, side):
            return self.pos_embed
        grid = places.mT.unflatten(2, (side, side))
        scale = ((rows + OFFSET) / side, (columns + OFFSET) / side)
        grid = F.interpolate(grid, scale_factor=scale, mode="bicubic")
        return torch.cat([own, grid.flatten(2).mT], 1)


def _width(weights: Weights) -> int:
    token = weights.get("cls_token")
    width = 0 if token is None else token.shape[-1]
    if width not in SIZES:
        raise CheckpointError(
            "not weights of DINOv2 S, B or L: expected a 'cls_token' 384, 768 or 1024 wide"
            + (f", it is {width}" if width else "")
        )
    return int(width)
