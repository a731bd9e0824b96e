"""The settings that the experiments share."""

from __future__ import annotations

from typing import Any

from cyclekit.config.resolve import read_preset

STEPS = {"ring": 1500, "digits": 2000}
BATCH = {"ring": 32, "digits": 32}


def points(images: int, batch: int = BATCH["ring"]) -> dict[str, Any]:
    """Fully connected players for the ring.

    The critic learns ten times as slowly as the generator (https://arxiv.org/abs/1611.02163,
    appendix A): the game in which one mode is played after the other.
    """
    return {
        "method": {"name": "gan"},
        "generator": {"name": "mlp", "side": 1, "latent": 16, "width": 64},
        "discriminator": {"name": "mlp", "side": 1, "width": 64},
        "data": {"load": None, "crop": 1, "flip": 0.0, "workers": 0},
        "optimizer": {"rate": 1e-3, "rate_discriminator": 1e-4},
        "train": _train(images, batch),
    }


def digits(images: int, batch: int = BATCH["digits"]) -> dict[str, Any]:
    """Fully connected players for digits."""
    return {
        "method": {"name": "gan"},
        "generator": {"name": "mlp", "side": 8, "latent": 16, "width": 64},
        "discriminator": {"name": "mlp", "side": 8, "width": 64},
        "data": {"load": None, "crop": 8, "flip": 0.0, "workers": 0},
        "optimizer": {"rate": 1e-3, "rate_discriminator": 3e-4},
        "train": _train(images, batch),
    }


def classes(images: int) -> list[dict[str, Any]]:
    """BigGAN's preset, made small for digits of 8 px."""
    small = {
        "generator": {"name": "biggan", "side": 8, "width": 32},
        "discriminator": {"name": "biggan", "layers": 2, "width": 32},
        "data": {"load": None, "crop": 8, "fit": "crop", "flip": 0.0, "workers": 0},
        "optimizer": {"rate": 2e-4, "rate_discriminator": 4e-4, "hold": 0.5},
        "train": {"images": images, "sample_every": 16000, "log_every": 3200, "precision": "fp32"},
    }
    return [read_preset("biggan"), small]


def _train(images: int, batch: int) -> dict[str, Any]:
    return {
        "images": images,
        "batch": batch,
        "half_life": 0,  # an average over the weights would hide a generator that runs in circles
        "precision": "fp32",
        "initialization": "xavier",
        "gain": 1.0,
        "log_every": max(1, images // 20),
        "state_every": max(1, images // 4),
        "sample_every": images,
    }
