"""`cyclekit train --init-from`: what a run takes from the model that it begins with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyclekit.checkpoint.header import ModelInfo
    from cyclekit.config.schema import Config
    from cyclekit.data.kinds import Domains
    from cyclekit.models import Generator

WARM_UP = 500
"""Pictures that new discriminators learn from before they teach a trained generator."""
MADE = {
    "translator": "pictures of one domain from pictures of another",
    "noise": "pictures from noise",
    "domains": "pictures of many domains from pictures",
    "predictor": "the next frame of videos",
}
"""By kind, what a generator makes."""


def fine_tuning(settings: dict[str, Any], source: str, folder: Path | None) -> list[dict[str, Any]]:
    """Return settings that begin with a model: its network, and a warm-up.

    Args:
        settings: what was asked for before, by section.
        source: of the model: a name, a file, or the folder of a run.
        folder: of the run. One that goes on needs its model no more: it may be gone, and its name
            with it.

    Raises:
        CyclekitError: if the run is new and there is no such model, or one for something else.
    """
    from cyclekit.config.schema import Config
    from cyclekit.hub.source import named_models

    own, path = _own_settings(folder), str(Path(source).resolve())
    if not own:
        _check_kind(source, settings.get("method", {}).get("name", Config().method.name))
    before = (own.get("train") or {}).get("init_from")
    named = before == source if before in (source, path) else source in named_models()
    network = own.get("generator") or _network_for(source, settings.get("generator", {}))
    begun = {"init_from": source if named else path, "warm_up": WARM_UP}
    return [{**settings, "generator": network}, {"train": begun}]


def open_initial(config: Config, domains: Domains) -> dict[str, Generator] | None:
    """Open the generators that a run begins with, by the directions of its own domains.

    Raises:
        CyclekitError: if the model cannot be opened, or knows other classes or domains.
    """
    from cyclekit.hub.open import open_model

    if config.train.init_from is None:
        return None
    model = open_model(config.train.init_from)
    info = model.info
    ours = tuple(domain.name for domain in domains)
    if info.kind != "translator":
        _check_names(info, ours)
        return {info.directions[0]: model.generator}
    turned = len(ours) == 2 and info.names == ours[::-1]
    return {
        direction[::-1] if turned else direction: open_model(
            config.train.init_from, direction
        ).generator
        for direction in info.directions
    }


def _check_kind(source: str, method: str) -> None:
    """Refuse a model that makes its pictures from something else than the run's."""
    from cyclekit.errors import ConfigError
    from cyclekit.hub.open import open_model
    from cyclekit.methods.base import kind_made

    kind, wanted = open_model(source).info.kind, kind_made(method)
    if kind != wanted:
        raise ConfigError(
            f"train.init_from: the model makes {MADE[kind]}, and method '{method}' "
            f"{MADE[wanted]}; choose a model of the same kind"
        )


def _check_names(info: ModelInfo, ours: tuple[str, ...]) -> None:
    """Refuse classes or domains in another order: every one has weights of its own."""
    from cyclekit.errors import ConfigError

    if len(ours) > 1 and info.names != ours:
        raise ConfigError(
            f"train.init_from: the model knows {', '.join(info.names)}, "
            f"this run's folders are {', '.join(ours)}"
        )


def _own_settings(folder: Path | None) -> dict[str, Any]:
    """Return the settings of a run that goes on; none of one that begins."""
    from cyclekit.config.resolve import read_file
    from cyclekit.training.run import Run

    if folder is None or not Run(folder).state.exists() or not Run(folder).config.exists():
        return {}
    return read_file(Run(folder).config)


def _network_for(source: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Return a model's network, for pictures of three channels, with the head that is asked for."""
    from cyclekit.hub.open import open_model
    from cyclekit.models.palette import HEADS

    spec = open_model(source).info.generator
    dropped = ("in_channels", "out_channels", "classes")
    network = {key: value for key, value in spec.options.items() if key not in dropped}
    if "head" in asked and "head" not in network:
        known = {"head", *HEADS.options(str(asked["head"]))}
        network |= {key: value for key, value in asked.items() if key in known}
    return {"name": spec.name, **network}
