"""Key names and shapes of published weights, written down from their publishers' definitions.

Each is filled with random numbers, for the weights themselves are too large to keep here.
"""

import torch
from torch import Tensor

Shapes = dict[str, tuple[int, ...]]

# name: (inside, outside, rows, columns), as torchvision's Inception3 and pytorch-fid define them.
INCEPTION = """
Conv2d_1a_3x3 3 32 3 3
Conv2d_2a_3x3 32 32 3 3
Conv2d_2b_3x3 32 64 3 3
Conv2d_3b_1x1 64 80 1 1
Conv2d_4a_3x3 80 192 3 3
Mixed_6a.branch3x3 288 384 3 3
Mixed_6a.branch3x3dbl_1 288 64 1 1
Mixed_6a.branch3x3dbl_2 64 96 3 3
Mixed_6a.branch3x3dbl_3 96 96 3 3
Mixed_7a.branch3x3_1 768 192 1 1
Mixed_7a.branch3x3_2 192 320 3 3
Mixed_7a.branch7x7x3_1 768 192 1 1
Mixed_7a.branch7x7x3_2 192 192 1 7
Mixed_7a.branch7x7x3_3 192 192 7 1
Mixed_7a.branch7x7x3_4 192 192 3 3
"""
INCEPTION_A = """
branch1x1 {0} 64 1 1
branch5x5_1 {0} 48 1 1
branch5x5_2 48 64 5 5
branch3x3dbl_1 {0} 64 1 1
branch3x3dbl_2 64 96 3 3
branch3x3dbl_3 96 96 3 3
branch_pool {0} {1} 1 1
"""
INCEPTION_C = """
branch1x1 768 192 1 1
branch7x7_1 768 {0} 1 1
branch7x7_2 {0} {0} 1 7
branch7x7_3 {0} 192 7 1
branch7x7dbl_1 768 {0} 1 1
branch7x7dbl_2 {0} {0} 7 1
branch7x7dbl_3 {0} {0} 1 7
branch7x7dbl_4 {0} {0} 7 1
branch7x7dbl_5 {0} 192 1 7
branch_pool 768 192 1 1
"""
INCEPTION_E = """
branch1x1 {0} 320 1 1
branch3x3_1 {0} 384 1 1
branch3x3_2a 384 384 1 3
branch3x3_2b 384 384 3 1
branch3x3dbl_1 {0} 448 1 1
branch3x3dbl_2 448 384 3 3
branch3x3dbl_3a 384 384 1 3
branch3x3dbl_3b 384 384 3 1
branch_pool {0} 192 1 1
"""

# The TorchScript form (inception-2015-12-05.pt) names its convolutions like this.
TORCHSCRIPT = """
conv 3 32 3 3
conv_1 32 32 3 3
conv_2 32 64 3 3
conv_3 64 80 1 1
conv_4 80 192 3 3
mixed_3.conv 288 384 3 3
mixed_3.tower.conv 288 64 1 1
mixed_3.tower.conv_1 64 96 3 3
mixed_3.tower.conv_2 96 96 3 3
mixed_8.tower.conv 768 192 1 1
mixed_8.tower.conv_1 192 320 3 3
mixed_8.tower_1.conv 768 192 1 1
mixed_8.tower_1.conv_1 192 192 1 7
mixed_8.tower_1.conv_2 192 192 7 1
mixed_8.tower_1.conv_3 192 192 3 3
"""
TORCHSCRIPT_A = """
conv {0} 64 1 1
tower.conv {0} 48 1 1
tower.conv_1 48 64 5 5
tower_1.conv {0} 64 1 1
tower_1.conv_1 64 96 3 3
tower_1.conv_2 96 96 3 3
tower_2.conv {0} {1} 1 1
"""
TORCHSCRIPT_C = """
conv 768 192 1 1
tower.conv 768 {0} 1 1
tower.conv_1 {0} {0} 1 7
tower.conv_2 {0} 192 7 1
tower_1.conv 768 {0} 1 1
tower_1.conv_1 {0} {0} 7 1
tower_1.conv_2 {0} {0} 1 7
tower_1.conv_3 {0} {0} 7 1
tower_1.conv_4 {0} 192 1 7
tower_2.conv 768 192 1 1
"""
TORCHSCRIPT_E = """
tower_conv {0} 384 1 1
tower_1_conv {0} 448 1 1
tower_1_conv_1 448 384 3 3
conv {0} 320 1 1
tower_mixed_conv 384 384 1 3
tower_mixed_conv_1 384 384 3 1
tower_1_mixed_conv 384 384 1 3
tower_1_mixed_conv_1 384 384 3 1
tower_2_conv {0} 192 1 1
"""
A = {"5b": (192, 32), "5c": (256, 64), "5d": (288, 64)}
C = {"6b": (128,), "6c": (160,), "6d": (160,), "6e": (192,)}
E = {"7b": (1280,), "7c": (2048,)}


def inception_shapes() -> Shapes:
    """List the file pt_inception-2015-12-05-6726825d.pth."""
    lines = INCEPTION.split("\n")
    for table, blocks in ((INCEPTION_A, A), (INCEPTION_C, C), (INCEPTION_E, E)):
        for block, numbers in blocks.items():
            lines += [f"Mixed_{block}.{line}" for line in _filled(table, numbers)]
    shapes = _convolutions(lines, ("weight", "bias", "running_mean", "running_var"))
    return {**shapes, "fc.weight": (1008, 2048), "fc.bias": (1008,)}


def torchscript_shapes() -> Shapes:
    """List the weights inside inception-2015-12-05.pt, whose norms have no weight."""
    lines = TORCHSCRIPT.split("\n")
    numbers = {0: (192, 32), 1: (256, 64), 2: (288, 64)}
    lines += [
        f"{_mixed(n)}.{line}" for n, w in numbers.items() for line in _filled(TORCHSCRIPT_A, w)
    ]
    numbers = {4: (128,), 5: (160,), 6: (160,), 7: (192,)}
    lines += [
        f"{_mixed(n)}.{line}" for n, w in numbers.items() for line in _filled(TORCHSCRIPT_C, w)
    ]
    numbers = {9: (1280,), 10: (2048,)}
    lines += [
        f"{_mixed(n)}.{line}" for n, w in numbers.items() for line in _filled(TORCHSCRIPT_E, w)
    ]
    shapes = _convolutions(lines, ("bias", "running_mean", "running_var"))
    shapes = {f"layers.{key}": shape for key, shape in shapes.items()}
    return {**shapes, "output.weight": (1008, 2048), "output.bias": (1008,)}


def mobilenet_shapes() -> Shapes:
    """List torchvision's mobilenet_v2 without its classifier, from table 2 of the paper."""
    shapes: Shapes = {}
    _conv_norm(shapes, "features.0.0", "features.0.1", (32, 3, 3, 3))
    inside, layer = 32, 0
    rows = (1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1)
    for expansion, outside, count in rows:
        for _ in range(count):
            layer += 1
            place, wide = f"features.{layer}.conv", inside * expansion
            step = 0
            if expansion > 1:
                _conv_norm(shapes, f"{place}.0.0", f"{place}.0.1", (wide, inside, 1, 1))
                step = 1
            _conv_norm(shapes, f"{place}.{step}.0", f"{place}.{step}.1", (wide, 1, 3, 3))
            last = (outside, wide, 1, 1)
            _conv_norm(shapes, f"{place}.{step + 1}", f"{place}.{step + 2}", last)
            inside = outside
    _conv_norm(shapes, "features.18.0", "features.18.1", (1280, 320, 1, 1))
    return shapes


def dinov2_shapes(width: int, depth: int) -> Shapes:
    """List dinov2_vit*14_pretrain.pth."""
    shapes: Shapes = {
        "cls_token": (1, 1, width),
        "pos_embed": (1, 1370, width),
        "mask_token": (1, width),
        "patch_embed.proj.weight": (width, 3, 14, 14),
        "patch_embed.proj.bias": (width,),
        "norm.weight": (width,),
        "norm.bias": (width,),
    }
    for block in range(depth):
        inner = {"norm1": (width,), "norm2": (width,), "attn.qkv": (3 * width, width),
                 "attn.proj": (width, width), "mlp.fc1": (4 * width, width),
                 "mlp.fc2": (width, 4 * width)}  # fmt: skip
        for name, shape in inner.items():
            shapes[f"blocks.{block}.{name}.weight"] = shape
            shapes[f"blocks.{block}.{name}.bias"] = shape[:1]
        shapes[f"blocks.{block}.ls1.gamma"] = shapes[f"blocks.{block}.ls2.gamma"] = (width,)
    return shapes


def vgg_shapes(positions: dict[int, tuple[int, int]]) -> Shapes:
    """List torchvision's VGG convolutions at their positions: {0: (3, 64), 2: (64, 64), ...}."""
    shapes: Shapes = {}
    for position, (inside, outside) in positions.items():
        shapes[f"features.{position}.weight"] = (outside, inside, 3, 3)
        shapes[f"features.{position}.bias"] = (outside,)
    return shapes


VGG19_TO_4_1 = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256),
                12: (256, 256), 14: (256, 256), 16: (256, 256), 19: (256, 512)}  # fmt: skip
VGG16 = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256), 12: (256, 256),
         14: (256, 256), 17: (256, 512), 19: (512, 512), 21: (512, 512), 24: (512, 512),
         26: (512, 512), 28: (512, 512)}  # fmt: skip


def lpips_shapes() -> Shapes:
    """List torchvision's vgg16 and the published heads of LPIPS 0.1 together."""
    heads = {f"lin{i}.model.1.weight": (1, c, 1, 1) for i, c in enumerate((64, 128, 256, 512, 512))}
    return {**vgg_shapes(VGG16), **heads}


def randomly(shapes: Shapes, seed: int = 0) -> dict[str, Tensor]:
    """Draw weights that keep signals in range; norms do nothing but shift."""
    draws = torch.Generator().manual_seed(seed)
    made = {}
    for key, shape in shapes.items():
        if key.endswith("running_var") or (len(shape) == 1 and key.endswith(("weight", "gamma"))):
            made[key] = torch.ones(shape)
        elif len(shape) == 1:
            made[key] = torch.randn(shape, generator=draws) * 0.05
        else:
            inside = max(1, torch.Size(shape[1:]).numel())
            made[key] = torch.randn(shape, generator=draws) * (2 / inside) ** 0.5
    return made


def count(shapes: Shapes, *, buffers: bool = False) -> int:
    """Count the numbers in a file; of norms, statistics only if asked for."""
    return sum(
        torch.Size(shape).numel()
        for key, shape in shapes.items()
        if buffers or "running" not in key
    )


def _filled(table: str, numbers: tuple[int, ...]) -> list[str]:
    return [line.format(*numbers) for line in table.split("\n") if line]


def _mixed(number: int) -> str:
    return f"mixed_{number}" if number else "mixed"


def _convolutions(lines: list[str], of_norm: tuple[str, ...]) -> Shapes:
    shapes: Shapes = {}
    for name, *numbers in (line.split() for line in lines if line):
        inside, outside, rows, columns = map(int, numbers)
        shapes[f"{name}.conv.weight"] = (outside, inside, rows, columns)
        shapes |= {f"{name}.bn.{what}": (outside,) for what in of_norm}
    return shapes


def _conv_norm(shapes: Shapes, conv: str, norm: str, shape: tuple[int, ...]) -> None:
    shapes[f"{conv}.weight"] = shape
    for what in ("weight", "bias", "running_mean", "running_var"):
        shapes[f"{norm}.{what}"] = shape[:1]
