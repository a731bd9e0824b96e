"""The published networks in torch's own layers, written from the list of their keys.

Instance norm has neither scale nor running statistics unless said; see `tests/names`.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NormLayer = Callable[[int], nn.Module]

INSTANCE: NormLayer = nn.InstanceNorm2d
AFFINE: NormLayer = partial(nn.InstanceNorm2d, affine=True)
TRACKING: NormLayer = partial(nn.InstanceNorm2d, track_running_stats=True)
BATCH: NormLayer = nn.BatchNorm2d


class Downsample(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("filt", _filter([1.0, 2.0, 1.0], channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(F.pad(x, (1,) * 4, "reflect"), self.filt, stride=2, groups=x.shape[1])


class Upsample(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("filt", _filter([1.0, 3.0, 3.0, 1.0], channels) * 4)

    def forward(self, x: Tensor) -> Tensor:
        padded = F.pad(x, (1,) * 4, "replicate")
        y = F.conv_transpose2d(padded, self.filt, stride=2, padding=2, groups=x.shape[1])
        return y[:, :, 1:-1, 1:-1]


def _filter(row: list[float], channels: int) -> Tensor:
    plane = torch.outer(torch.tensor(row), torch.tensor(row))
    return (plane / plane.sum()).expand(channels, 1, -1, -1).clone()


class Block(nn.Module):
    def __init__(
        self, channels: int, norm: NormLayer, bias: bool, dropout: bool, name: str
    ) -> None:
        super().__init__()
        self.name = name
        layers = [
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3, bias=bias), norm(channels),
            nn.ReLU(), *([nn.Dropout(0.5)] if dropout else []),
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3, bias=bias), norm(channels),
        ]  # fmt: skip
        setattr(self, name, nn.Sequential(*layers))

    def forward(self, x: Tensor) -> Tensor:
        return x + getattr(self, self.name)(x)


class Published(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


def resnet(
    blocks: int = 9, width: int = 2, norm: NormLayer = INSTANCE, *, bias: bool = True,
    dropout: bool = False, blur_down: bool = False, blur_up: bool = False, block: str = "conv_block",
) -> nn.Module:  # fmt: skip
    layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7, bias=bias), norm(width), nn.ReLU()]
    for c in (width, 2 * width):
        stride = 1 if blur_down else 2
        conv = nn.Conv2d(c, 2 * c, 3, stride=stride, padding=1, bias=bias)
        layers += [conv, norm(2 * c), nn.ReLU(), *([Downsample(2 * c)] if blur_down else [])]
    layers += [Block(4 * width, norm, bias, dropout, block) for _ in range(blocks)]
    for c in (4 * width, 2 * width):
        if blur_up:
            layers += [Upsample(c), nn.Conv2d(c, c // 2, 3, padding=1, bias=bias)]
        else:
            layers += [nn.ConvTranspose2d(c, c // 2, 3, 2, 1, output_padding=1, bias=bias)]
        layers += [norm(c // 2), nn.ReLU()]
    layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()]
    return Published(nn.Sequential(*layers))


class Level(nn.Module):
    def __init__(self, layers: list[nn.Module], outermost: bool) -> None:
        super().__init__()
        self.model = nn.Sequential(*layers)
        self.outermost = outermost

    def forward(self, x: Tensor) -> Tensor:
        # The in-place LeakyReLU at the start changes x, as it does in the published network.
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


def unet(
    depth: int, width: int = 2, norm: NormLayer = INSTANCE, dropout: bool = False
) -> nn.Module:
    bias = norm is INSTANCE
    channels = [min(2**level, 8) * width for level in range(depth)]
    deeper: list[nn.Module] = []
    for level in range(depth - 1, 0, -1):
        inside, outside = channels[level - 1], channels[level]
        down = nn.Conv2d(inside, outside, 4, 2, 1, bias=bias)
        up = nn.ConvTranspose2d(outside * (2 if deeper else 1), inside, 4, 2, 1, bias=bias)
        drop = [nn.Dropout(0.5)] if dropout and deeper and level >= 4 else []
        layers = [nn.LeakyReLU(0.2, inplace=True), down]
        layers += [norm(outside), *deeper] if deeper else []
        layers += [nn.ReLU(inplace=True), up, norm(inside), *drop]
        deeper = [Level(layers, outermost=False)]
    first = nn.Conv2d(3, width, 4, 2, 1, bias=bias)
    last = nn.ConvTranspose2d(2 * width, 3, 4, 2, 1)
    return Published(
        Level([first, *deeper, nn.ReLU(inplace=True), last, nn.Tanh()], outermost=True)
    )


def randomize(network: nn.Module) -> nn.Module:
    """Draw every weight and statistic, so that nothing is 0 or 1 by chance; evaluation mode."""
    generator = torch.Generator().manual_seed(0)
    for key, tensor in network.state_dict().items():
        if key.endswith("filt") or not tensor.is_floating_point():
            continue
        noise = torch.randn(tensor.shape, generator=generator)
        if tensor.ndim > 1:
            tensor.copy_(noise / (tensor[0].numel() ** 0.5))
        else:
            tensor.copy_(noise.abs() + 0.5 if key.endswith("running_var") else noise)
    return network.eval()
