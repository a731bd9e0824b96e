"""Published algorithms, one a file. Importing this package registers all of them."""

from cyclekit.methods import biggan, cyclegan, gan, pix2pix
from cyclekit.methods.base import METHODS, Method, Phase

__all__ = ["METHODS", "Method", "Phase", "biggan", "cyclegan", "gan", "pix2pix"]
