"""From settings to what a run learns from."""

from __future__ import annotations

from cyclekit.config.schema import Config
from cyclekit.data.augment import Augmentation
from cyclekit.data.datasets import Pictures
from cyclekit.data.kinds import KINDS, Domains
from cyclekit.methods.base import data_kind


def pictures_of(config: Config, domains: Domains) -> Pictures:
    """Open the pictures of a run, position by position."""
    kind = KINDS[data_kind(config.method.name)]
    cache = config.data.cache * 2**20
    return kind.open(domains, augmentation_of(config), config.train.seed, cache)


def augmentation_of(config: Config) -> Augmentation:
    """Return how the crops of a run are made."""
    data = config.data
    return Augmentation(data.load, data.crop, data.flip, data.color, data.fit, data.zoom)
