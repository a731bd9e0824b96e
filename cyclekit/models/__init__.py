"""Networks. Importing this package registers all of them."""

from cyclekit.models import mobile, patch, resnet, unet
from cyclekit.models.base import DISCRIMINATORS, GENERATORS, Discriminator, ImageGenerator

__all__ = [
    "DISCRIMINATORS",
    "GENERATORS",
    "Discriminator",
    "ImageGenerator",
    "mobile",
    "patch",
    "resnet",
    "unet",
]
