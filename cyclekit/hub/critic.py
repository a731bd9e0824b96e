"""From whatever a user calls a model to a discriminator that is ready to judge."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from cyclekit.checkpoint.model import (
    DOMAINS,
    Critics,
    ModelInfo,
    is_model,
    load_discriminator,
    read_info,
)
from cyclekit.checkpoint.state import load_state
from cyclekit.config.schema import Config
from cyclekit.errors import CheckpointError, CyclekitError, UnknownNameError, UsageError
from cyclekit.hub.source import find_model, state_beside
from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.losses.adversarial import AdversarialLoss
from cyclekit.methods import METHODS, Method
from cyclekit.models import Discriminator
from cyclekit.registry import Spec
from cyclekit.training.provenance import describe_critics


@dataclass(frozen=True)
class OpenCritic:
    """The discriminator of one domain, ready to judge."""

    discriminator: Discriminator
    """In evaluation mode, float32, on the CPU."""
    loss: AdversarialLoss
    """The game it was trained in, which says what its logits mean."""
    adversarial: str
    """Name of that game."""
    domain: str
    """Whose pictures it calls real, by name."""
    path: Path
    """The file it came from."""

    @property
    def identity(self) -> str:
        """Whose verdict it is, in words; two networks never share it."""
        sums = 0
        for tensor in self.discriminator.state_dict().values():
            sums = zlib.crc32(tensor.contiguous().numpy().tobytes(), sums)
        return f"'{self.domain}' of {self.path.name} ({sums:08x})"


def open_critic(source: str | Path | None, domain: str | None = None) -> OpenCritic:
    """Open the discriminator of one domain of a model.

    Args:
        source: the folder of a run, whose state holds every network, or a model file into which
            `cyclekit train --keep-discriminators` put them.
        domain: name of the domain whose pictures it calls real; None for what the model's first
            direction turns pictures into.

    Raises:
        UsageError: if there is no such model or domain, or no discriminator in it.
        CheckpointError: if the file cannot be used.
    """
    path = find_model(source)
    info = read_info(path) if is_model(path) else None
    if info is not None and info.kind in ("noise", "predictor"):
        told = "makes pictures from noise" if info.kind == "noise" else "predicts frames"
        raise UsageError(f"{path}: {told}; only translators are critiqued")
    if info is not None and info.kind == "domains":
        raise UsageError(f"{path}: one discriminator of many domains; only two can be critiqued")
    state = state_beside(path)
    if info is not None and info.critics is not None:
        letter = _find_domain(info, info.critics, domain)
        critics, judge, place = info.critics, load_discriminator(path, info.critics, letter), path
    elif info is not None and state is not None:
        critics, judges = _of_run(state)
        letter = _find_domain(info, critics, domain)
        judge, place = judges[letter], state
    else:
        raise _has_none(path)
    try:
        loss = ADVERSARIAL_LOSSES.create(Spec(critics.adversarial))
    except CyclekitError as error:
        raise CheckpointError(f"{place}: {error}") from error
    name = info.names[DOMAINS.index(letter)]
    return OpenCritic(judge, loss, critics.adversarial, name, place)


def _find_domain(info: ModelInfo, critics: Critics, wanted: str | None) -> str:
    """Return the letter of a domain by its name, or of the default one."""
    if wanted is None:
        target = info.directions[0][1]
        return target if target in critics.domains else critics.domains[0]
    names = {info.names[DOMAINS.index(letter)]: letter for letter in critics.domains}
    if wanted not in names:
        raise UnknownNameError("domain", wanted, names)
    return names[wanted]


def _of_run(path: Path) -> tuple[Critics, dict[str, Discriminator]]:
    state = load_state(path)
    try:
        config = Config.model_validate(state["config"])
        # The settings may lie about the size: try without memory first.
        with torch.device("meta"):
            _fill(_build(config), state["method"], assign=True)
        method = _fill(_build(config), state["method"])
    except CyclekitError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except (KeyError, TypeError, AttributeError, RuntimeError, ValidationError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[-1].strip()
        raise CheckpointError(
            f"{path}: not the state of a run that can be read: {reason}"
        ) from error
    judges = {domain: judge.eval() for domain, judge in method.critics().items()}
    critics = describe_critics(config, tuple(judges))
    if critics is None:
        raise UsageError(
            f"{path}: '{config.method.name}' trains no discriminator that judges pictures alone"
        )
    return critics, judges


def _build(config: Config) -> Method:
    return METHODS.create(
        config.method.spec, generator=config.generator.spec, discriminator=config.discriminator.spec
    )


def _fill(method: Method, weights: dict[str, Any], *, assign: bool = False) -> Method:
    method.load_state_dict(weights, assign=assign)
    return method


def _has_none(path: Path) -> UsageError:
    return UsageError(
        f"{path}: holds no discriminator to ask; give the folder of a run that still has its "
        "state.pt, or a model made by 'cyclekit train --keep-discriminators'"
    )
