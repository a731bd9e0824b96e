"""What a trained model says about where it comes from."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cyclekit.checkpoint.model import ModelInfo
from cyclekit.config.schema import Config
from cyclekit.data.layouts import Domain
from cyclekit.training.progress import Progress


def describe_model(
    config: Config, domains: tuple[Domain, Domain], progress: Progress, directions: tuple[str, ...]
) -> ModelInfo:
    """Return the header of a model at this moment of its run."""
    return ModelInfo(
        generator=config.generator.spec,
        names=(domains[0].name, domains[1].name),
        directions=directions,
        provenance={
            "cyclekit": version("cyclekit"),
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "images": progress.images,
            "seconds": round(progress.seconds),
            "pictures": [len(domain.train) for domain in domains],
            "config": _portable(config),
        },
    )


def _portable(config: Config) -> dict[str, Any]:
    """Return the settings without the paths of this machine."""
    tree = config.plain()
    tree["data"]["roots"] = [Path(root).name for root in tree["data"]["roots"]]
    return tree
