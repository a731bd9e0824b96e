"""Orders of tiny networks."""

from typing import Any

from cyclekit.checkpoint.model import ModelInfo
from cyclekit.export.about import About
from cyclekit.export.order import Order
from cyclekit.registry import Spec
from tests.tiny import picture, tiny_generator

INFO = ModelInfo(Spec("mobile"), ("horse", "zebra"), ("ba",), {"licence": "CC0"})


def order(name: str = "mobile", pictures: Any = (), **about: Any) -> Order:
    """Describe the export of a tiny generator."""
    generator = tiny_generator(name)
    facts = {"processing": False, "precision": "fp32"} | about
    return Order(generator, About(INFO, generator.stride, **facts), pictures)


def pictures(stride: int = 4) -> list[Any]:
    """Three pictures of three sizes, also after they were padded."""
    side = max(stride, 24)
    sizes = [(side, side), (side, 2 * side), (2 * side, side)]
    return [picture(height - 3, width - 1, seed=height) for height, width in sizes]
