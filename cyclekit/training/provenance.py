"""What a trained model says about where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cyclekit.checkpoint.model import Critics, ModelInfo
from cyclekit.config.schema import Config
from cyclekit.data.layouts import Domain
from cyclekit.methods import METHODS
from cyclekit.models import DISCRIMINATORS, Generator
from cyclekit.registry import Spec
from cyclekit.training.learner import players
from cyclekit.training.progress import Progress


def describe_model(
    config: Config,
    domains: Sequence[Domain],
    progress: Progress,
    generators: Mapping[str, Generator],
    critics: Critics | None = None,
) -> ModelInfo:
    """Return the header of a model at this moment of its run."""
    teacher = config.method.spec.options.get("teacher")
    return ModelInfo(
        generator=players(config, len(domains))[0],
        names=tuple(domain.name for domain in domains),
        directions=tuple(generators),
        kind=next(iter(generators.values())).kind,
        provenance={
            "cyclekit": version("cyclekit"),
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "images": progress.images,
            "seconds": round(progress.seconds),
            "pictures": [len(domain.train) for domain in domains],
            **({"teacher": teacher} if teacher else {}),
            "config": _portable(config),
        },
        critics=critics,
    )


def describe_critics(config: Config, domains: tuple[str, ...]) -> Critics | None:
    """Return how to build and read the discriminators of a run, with every option spelt out.

    Args:
        config: of the run.
        domains: who has a discriminator, as in `Critics.domains`; None is returned for nobody.
    """
    if not domains:
        return None
    network = config.discriminator.spec
    known = DISCRIMINATORS.options(network.name).values()
    defaults = {option.name: option.default for option in known}
    ways = METHODS.options(config.method.name)["adversarial"]
    adversarial = config.method.spec.options.get("adversarial", ways.default)
    return Critics(Spec(network.name, {**defaults, **network.options}), adversarial, domains)


def _portable(config: Config) -> dict[str, Any]:
    """Return the settings without the paths of this machine."""
    tree = config.plain()
    tree["data"]["roots"] = [Path(root).name for root in tree["data"]["roots"]]
    if tree["train"]["init_from"]:
        tree["train"]["init_from"] = Path(tree["train"]["init_from"]).name
    if tree["method"].get("vgg"):
        tree["method"]["vgg"] = Path(tree["method"]["vgg"]).name
    return tree
