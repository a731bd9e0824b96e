"""Published algorithms, one a file. Importing this package registers all of them."""

from cyclekit.methods import (
    biggan,
    cut,
    cyclegan,
    dclgan,
    distill,
    gan,
    pix2pix,
    predict,
    recycle,
    stargan,
)
from cyclekit.methods.base import METHODS, Method, Phase

__all__ = [
    "METHODS",
    "Method",
    "Phase",
    "biggan",
    "cut",
    "cyclegan",
    "dclgan",
    "distill",
    "gan",
    "pix2pix",
    "predict",
    "recycle",
    "stargan",
]
