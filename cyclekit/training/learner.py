"""Networks, averages and optimizers of a run: all that changes as it learns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.optim import Adam, Optimizer

from cyclekit.config.schema import Config
from cyclekit.data.kinds import KINDS
from cyclekit.errors import ConfigError
from cyclekit.methods import METHODS, Method
from cyclekit.methods.base import data_kind
from cyclekit.methods.consistent import Consistent
from cyclekit.methods.pool import ImagePool
from cyclekit.models import DISCRIMINATORS, GENERATORS, Generator, ImageGenerator
from cyclekit.models.initialize import initialize
from cyclekit.registry import Registry, Spec
from cyclekit.training.average import Average
from cyclekit.training.compiled import compile_networks
from cyclekit.training.initial import take_over
from cyclekit.training.progress import Progress
from cyclekit.training.rescue import Remedies
from cyclekit.training.selection import Selection

COLORS = 3
"""Channels of the pictures that runs learn from."""
LARGEST_SIDE = 16384
"""Of what is cut out of a picture, px; more is a slip, told before memory is taken."""
LARGEST_TRIED = 1024
"""Side of the largest crops that are tried where smaller ones do not fit, px."""


@dataclass
class Learner:
    """All that changes during a run."""

    method: Method
    """The networks and their game."""
    optimizers: dict[str, Optimizer]
    """One a phase."""
    average: Average
    """Averaged generators."""
    rates: dict[str, float]
    """Full learning rate of each phase."""
    progress: Progress = field(default_factory=Progress)
    """How far it is."""
    remedies: Remedies = field(default_factory=Remedies)
    """What was done about what went wrong."""
    selection: Selection = field(default_factory=Selection)
    """The best model so far."""
    pieces: int = 1
    """Parts that a batch goes through in, because it does not fit into memory at once."""

    def set_rates(self, factor: float) -> None:
        """Set every phase's learning rate to a share of what remedies left of its full rate."""
        for name, optimizer in self.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = self.rates[name] * factor * self.remedies.rates.get(name, 1.0)

    def state(self) -> dict[str, Any]:
        """Return plain values and tensors that `restore` takes back."""
        return {
            "progress": self.progress.plain(),
            "method": self.method.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": {name: one.state_dict() for name, one in self.optimizers.items()},
            "remedies": self.remedies.plain(),
            "selection": self.selection.plain(),
            "pieces": self.pieces,
        }

    def restore(self, state: dict[str, Any], device: torch.device) -> None:
        """Go back to a saved moment, on `device`."""
        self.progress = Progress(**state["progress"])
        self.remedies = Remedies(**state.get("remedies", {}))
        self.selection = Selection(**state.get("selection", {}))
        self.pieces = state.get("pieces", 1)
        self.method.load_state_dict(state["method"])
        self.average.load_state_dict(state["average"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        for module in self.method.modules():
            if isinstance(module, ImagePool):
                module.move(device)


def build_learner(
    config: Config,
    device: torch.device,
    domains: int = 2,
    initial: Mapping[str, Generator] | None = None,
) -> Learner:
    """Build networks, averages and optimizers at their first weights.

    Args:
        config: the settings.
        device: where they live.
        domains: piles of pictures that the run learns from.
        initial: generators to begin with, by direction; the others begin at random.

    Raises:
        ConfigError: if a name or an option is unknown, or `initial` does not fit.
    """
    torch.manual_seed(config.train.seed)
    generator, discriminator = players(config, domains)
    method = METHODS.create(config.method.spec, generator=generator, discriminator=discriminator)
    rule = config.consistency
    if rule.weight:
        method = Consistent(method, rule.weight, rule.shift, rule.noise)
    initialize(method, config.train.initialization, config.train.gain)
    if initial is not None:
        take_over(method.translators(), initial)
    method = method.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = Average(method.translators(), config.train.half_life)
    full = config.optimizer.rate
    rates = {phase.name: full for phase in method.phases()}
    rates["discriminators"] = config.optimizer.rate_discriminator or full
    frozen = _frozen(config, method)
    optimizers: dict[str, Optimizer] = {
        phase.name: Adam(
            [p for net in phase.networks for p in net.parameters() if id(p) not in frozen],
            lr=rates[phase.name],
            betas=config.optimizer.betas,
            fused=True,
        )
        for phase in method.phases()
    }
    if config.train.compile and device.type != "meta":  # where nothing is computed
        compile_networks(method)
    return Learner(method, optimizers, average, rates)


def _frozen(config: Config, method: Method) -> set[int]:
    """Return the identities of the parameters that are not to change.

    Raises:
        ConfigError: if a generator has no such part.
    """
    if config.train.freeze == "none":
        return set()
    found = set()
    for generator in method.translators().values():
        parts = generator.encoder() if isinstance(generator, ImageGenerator) else ()
        if not parts:
            name = config.generator.name
            raise ConfigError(f"train.freeze=encoder: generator '{name}' has no encoder")
        found |= {id(weight) for part in parts for weight in part.parameters()}
    return found


def players(config: Config, domains: int) -> tuple[Spec, Spec]:
    """Return the networks of a run: those that know classes learn how many there are.

    Raises:
        ConfigError: if a name is unknown, or the settings say how many classes there are.
    """
    classes = domains if KINDS[data_kind(config.method.name)].labelled else 0
    return (
        _with_classes(GENERATORS, config.generator.spec, classes),
        _with_classes(DISCRIMINATORS, config.discriminator.spec, classes),
    )


def _require_sides(config: Config) -> None:
    """Refuse squares that no picture is to be enlarged to."""
    data = config.data
    sides = {
        "data.load": data.load or 0, "data.crop": data.crop,
        "data.zoom times data.crop": round(data.zoom * data.crop),
    }  # fmt: skip
    for name, side in sides.items():
        if side > LARGEST_SIDE:
            raise ConfigError(f"{name} must be at most {LARGEST_SIDE} px, got {side}")


def _require_colors(kind: str, spec: Spec) -> None:
    """Refuse other channels than those of the pictures that runs learn from."""
    for option in ("in_channels", "out_channels"):
        if spec.options.get(option, COLORS) != COLORS:
            raise ConfigError(
                f"{kind} '{spec.name}': {option} is not set here, for pictures have {COLORS}, got "
                f"{spec.options[option]!r}; leave it out"
            )


def _with_classes(registry: Registry[Any], spec: Spec, classes: int) -> Spec:
    if "classes" in spec.options:
        raise ConfigError(
            f"{registry.kind} '{spec.name}': classes is not set here, but by the folders; "
            "leave it out"
        )
    if not classes or "classes" not in registry.options(spec.name):
        return spec
    return Spec(spec.name, {**spec.options, "classes": classes})


def check_fit(
    config: Config, domains: int | None = None, initial: Mapping[str, Generator] | None = None
) -> None:
    """Play one step without numbers, so that settings that do not fit are refused at once.

    Args:
        config: the settings.
        domains: piles of pictures; None where nobody has looked yet.
        initial: generators to begin with, by direction.

    Raises:
        ConfigError: naming the setting that makes no sense with the method, or the networks that
            do not fit the crop, or `initial`.
    """
    _require_sides(config)
    _require_colors("generator", config.generator.spec)
    _require_colors("discriminator", config.discriminator.spec)
    kind = KINDS[data_kind(config.method.name)]
    method = build_learner(config, torch.device("meta"), domains or kind.least, initial).method
    if config.train.keep_discriminators and not method.critics():
        raise ConfigError(
            f"train.keep_discriminators: method '{config.method.name}' has no discriminator that "
            "'cyclekit critique' can ask; leave out --keep-discriminators"
        )
    crop = config.data.crop
    for generator in method.translators().values():
        try:
            generator.check_side(crop)
        except ValueError as error:
            name = config.generator.name
            raise ConfigError(f"data.crop {error} for generator '{name}', got {crop}") from error
    reason = _misfit(config, method, crop)
    if reason is None:
        return
    networks = (
        f"generator '{config.generator.name}' and discriminator '{config.discriminator.name}'"
    )
    larger = (crop * 2**times for times in range(1, (LARGEST_TRIED // crop).bit_length()))
    fitting = next((side for side in larger if _misfit(config, method, side) is None), None)
    if fitting is None:
        raise ConfigError(f"{networks} do not fit data.crop={crop}: {reason}")
    raise ConfigError(f"data.crop={crop} is too small for {networks}; {fitting} would do")


def _misfit(config: Config, method: Method, crop: int) -> str | None:
    """Say why networks cannot play a step with crops of a size; None if they can."""
    kind = KINDS[data_kind(config.method.name)]
    batch = {
        name: torch.empty(2, COLORS * kind.frames, crop, crop, device="meta")
        for name in kind.pictures
    }
    if kind.labelled:
        batch["label"] = torch.zeros(2, dtype=torch.int64, device="meta")
    try:
        images = method(batch)
        for phase in method.phases():
            method.losses(phase.name, batch, images, seed=0)
    except (RuntimeError, TypeError, ValueError) as error:
        return str(error).splitlines()[0]
    return None
