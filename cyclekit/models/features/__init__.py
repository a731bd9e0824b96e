"""Frozen networks that describe pictures. Importing this package registers all of them."""

from cyclekit.models.features import dinov2, inception, mobilenet, vgg
from cyclekit.models.features.base import FEATURES, FeatureNetwork, Features
from cyclekit.models.features.lpips import Lpips

__all__ = [
    "FEATURES",
    "FeatureNetwork",
    "Features",
    "Lpips",
    "dinov2",
    "inception",
    "mobilenet",
    "vgg",
]
