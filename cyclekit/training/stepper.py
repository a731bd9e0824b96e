"""One step of a run: a batch as the loader gives it, to a learner that is one step further."""

from __future__ import annotations

import time

import torch
from torch import Tensor

from cyclekit.config.schema import Config
from cyclekit.data.loader import RawBatch
from cyclekit.methods.base import Moment
from cyclekit.pixels import from_bytes
from cyclekit.training.diff_augment import DiffAugment
from cyclekit.training.distributed import Team
from cyclekit.training.learner import Learner
from cyclekit.training.length import settle_length
from cyclekit.training.listener import Listener
from cyclekit.training.means import Means
from cyclekit.training.precision import choose_precision
from cyclekit.training.schedules import rate_factor
from cyclekit.training.step import train_step


class Stepper:
    """Takes the steps of a learner, from where it stands.

    Args:
        config: the settings.
        learner: all that changes.
        device: where to compute.
        team: the processes that share the work.
        listener: hears of the run's length, once it is known.
    """

    def __init__(
        self, config: Config, learner: Learner, device: torch.device, team: Team, listener: Listener
    ) -> None:
        self.config, self.learner = config, learner
        self.device, self.team, self.listener = device, team, listener
        self.dtype = choose_precision(config.train.precision, device)
        changes = config.train.diff_augment
        self.augment = DiffAugment(changes, learner.method) if changes else None
        self.means = Means(team)
        """Of the losses since the last tick."""
        self._clock = time.perf_counter()

    def step(self, raw: RawBatch) -> None:
        """Play every phase once on a batch."""
        config, learner = self.config, self.learner
        learner.set_rates(rate_factor(learner.progress, config.optimizer.hold))
        batch = {name: self._ready(value) for name, value in raw.values.items()}
        seed = config.train.seed + 2 * learner.progress.images
        if self.augment:
            self.augment.begin(seed, config.train.batch // self.team.world // learner.pieces)
        losses = train_step(
            learner.method, learner.optimizers, batch, seed=seed, moment=self._moment(),
            dtype=self.dtype, team=self.team, resting=self.resting(), pieces=learner.pieces,
        )  # fmt: skip
        self.means.add(losses)
        self._advance()

    def resting(self) -> frozenset[str]:
        """Return the phases that wait while the discriminators learn alone, as they warm up."""
        names = {phase.name for phase in self.learner.method.phases()}
        if self.learner.progress.images >= self._warm_up():
            return frozenset()
        return frozenset(names - {"discriminators"})

    def tell_idle(self) -> None:
        """Say so where the run is over before its generators begin to learn."""
        total, warm_up = self.learner.progress.total, self._warm_up()
        if total is not None and warm_up >= total:
            self.listener.note(
                f"train.warm_up={warm_up} lets the discriminators learn alone for as many images, "
                f"and the run has {total}: the generators will learn nothing; make the run longer, "
                "or train.warm_up smaller"
            )

    def _warm_up(self) -> int:
        """Return the length of the warm-up; where nobody judges, there is nobody to wait for."""
        phases = self.learner.method.phases()
        judged = any(phase.name == "discriminators" for phase in phases)
        return self.config.train.warm_up if judged else 0

    def _moment(self) -> Moment:
        progress = self.learner.progress
        return Moment(
            progress.images // self.config.train.batch, progress.share,
            keep_colors=progress.images < self.learner.remedies.keep_colors_until,
        )  # fmt: skip

    def _ready(self, value: Tensor) -> Tensor:
        moved = value.to(self.device, non_blocking=True)
        if moved.dtype != torch.uint8:  # labels
            return moved
        return from_bytes(moved).contiguous(memory_format=torch.channels_last)

    def _advance(self) -> None:
        config, learner, now = self.config, self.learner, time.perf_counter()
        learner.progress = learner.progress.advance(config.train.batch, now - self._clock)
        self._clock = now
        learner.average.update(
            learner.method.translators(), learner.progress.images, config.train.batch
        )
        self._settle_length()

    def _settle_length(self) -> None:
        before = self.learner.progress
        settled = settle_length(before, self.config, self.team, self.device)
        if settled.total != before.total:
            minutes = self.config.train.minutes
            self.listener.note(f"{minutes:g} minutes are {settled.total} images at this speed")
            self.learner.progress = settled
            self.tell_idle()
