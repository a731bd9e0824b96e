"""Networks. Importing this package registers all of them."""

from cyclekit.models import (
    dcgan,
    domain_critic,
    domains,
    labels,
    mobile,
    patch,
    perceptron,
    predictor,
    projection,
    resnet,
    subpixel,
    unet,
)
from cyclekit.models.base import (
    DISCRIMINATORS,
    GENERATORS,
    Discriminator,
    Generator,
    ImageGenerator,
    build_generator,
    make_translator,
)
from cyclekit.models.domains import DomainGenerator, make_domain_generator
from cyclekit.models.memory import Memory
from cyclekit.models.noise import NoiseGenerator, make_noise_generator

__all__ = [
    "DISCRIMINATORS",
    "GENERATORS",
    "Discriminator",
    "DomainGenerator",
    "Generator",
    "ImageGenerator",
    "Memory",
    "NoiseGenerator",
    "build_generator",
    "dcgan",
    "domain_critic",
    "domains",
    "labels",
    "make_domain_generator",
    "make_noise_generator",
    "make_translator",
    "mobile",
    "patch",
    "perceptron",
    "predictor",
    "projection",
    "resnet",
    "subpixel",
    "unet",
]
