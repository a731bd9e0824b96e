"""Our networks have as many parameters as the published ones, less the biases without effect."""

import pytest
import torch

from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.registry import Spec

RESNET9, RESNET6 = 11_378_179, 7_837_699
UNET256_BATCH, UNET128_BATCH = 54_413_955, 41_828_995
UNET256_INSTANCE = 54_409_603


def resnet_biases(blocks):
    stem, down, up = 64, 128 + 256, 128 + 64
    return stem + down + blocks * 2 * 256 + up


def unet_biases(depth):
    channels = [min(2**level, 8) * 64 for level in range(depth)]
    down, up = channels[1:-1], channels[:-1]
    return sum(down) + sum(up)


FIRST_AND_INNERMOST = 64 + 512
"""Biases that the published U-Net with batch norm lacks although no norm follows."""


def count(registry, name, **options):
    with torch.device("meta"):
        network = registry.create(Spec(name, options))
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("resnet9", {}, RESNET9 - resnet_biases(9)),
        ("resnet6", {}, RESNET6 - resnet_biases(6)),
        ("resnet9_antialias", {}, RESNET9 - resnet_biases(9)),
        ("resnet6_antialias", {}, RESNET6 - resnet_biases(6)),
        ("resnet9", {"up": "resize"}, RESNET9 - resnet_biases(9)),
        ("unet256", {"norm": "batch"}, UNET256_BATCH + FIRST_AND_INNERMOST),
        ("unet128", {"norm": "batch"}, UNET128_BATCH + FIRST_AND_INNERMOST),
        ("unet256", {}, UNET256_INSTANCE - unet_biases(8)),
    ],
)
def test_generators_have_the_published_parameters(name, options, expected):
    assert count(GENERATORS, name, **options) == expected


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("patch", {}, 2_764_737 - (128 + 256 + 512)),
        ("patch", {"antialias": True}, 2_764_737 - (128 + 256 + 512)),
        ("patch", {"layers": 5}, 11_154_369 - (128 + 256 + 3 * 512)),
        ("patch", {"norm": "batch", "in_channels": 6}, 2_768_705),
        ("pixel", {}, 8_705 - 128),
    ],
)
def test_discriminators_have_the_published_parameters(name, options, expected):
    assert count(DISCRIMINATORS, name, **options) == expected
