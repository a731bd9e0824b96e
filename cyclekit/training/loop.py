"""Build, resume, step, save: training from first to last picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cyclekit.checkpoint.model import save_model
from cyclekit.checkpoint.state import save_state
from cyclekit.config.schema import Config
from cyclekit.data.augment import Augmentation
from cyclekit.data.datasets import Pictures
from cyclekit.data.kinds import KINDS, Domains
from cyclekit.data.loader import Positions, RawBatch, make_loader
from cyclekit.data.sources import require_usable
from cyclekit.errors import ConfigError
from cyclekit.methods.base import Moment, data_kind
from cyclekit.pixels import from_bytes
from cyclekit.training.distributed import Team, anyone, require_even_shares
from cyclekit.training.health import require_healthy, require_sound_weights
from cyclekit.training.learner import Learner, build_learner, check_fit
from cyclekit.training.length import planned_length, settle_length
from cyclekit.training.listener import Listener, Tick
from cyclekit.training.loggers import JsonLines
from cyclekit.training.means import Means
from cyclekit.training.palette import foreign_colors
from cyclekit.training.precision import choose_precision
from cyclekit.training.progress import Progress
from cyclekit.training.provenance import describe_critics, describe_model
from cyclekit.training.run import Run
from cyclekit.training.samples import SampleSheet, sheet_for
from cyclekit.training.schedules import rate_factor
from cyclekit.training.step import train_step


def train(
    config: Config,
    domains: Domains,
    folder: Path,
    *,
    device: torch.device,
    team: Team = Team(),  # noqa: B008 (frozen)
    listener: Listener | None = None,
    stop: Callable[[Progress], bool] = lambda _: False,
) -> Progress:
    """Train until the run's length, or until `stop`; go on where the folder's state ends.

    Args:
        config: the settings.
        domains: the pictures.
        folder: of the run.
        device: where to compute.
        team: the processes that share the work.
        listener: hears of progress.
        stop: asked after every step; the state is saved before the function returns.

    Returns:
        How far the run is.

    Raises:
        ConfigError: if the settings do not fit the run's state or each other.
        DataError: if a domain has fewer than 2 usable pictures.
        TrainingError: if a loss is not a number or beyond all bounds.
    """
    listener = listener or Listener()
    require_even_shares(config.train.batch, team)
    check_fit(config, len(domains))
    learner = build_learner(config, device, len(domains))
    run = Run(folder)
    state = run.resume(config)
    for domain in domains:
        for message in require_usable(domain, domain.least):
            listener.note(f"skipped {message}")
    for message in foreign_colors(learner.method.translators(), domains, _augmentation(config)):
        listener.note(message)
    if state is None:
        epoch = len(_pictures(config, domains))
        learner.progress = Progress(total=planned_length(config, epoch))
        if team.leads:
            run.start(config)
    else:
        _check_pictures(state, domains)
        learner.restore(state, device)
    return _Sitting(config, domains, run, learner, device, team, listener, stop).go()


class _Sitting:
    """From start or resume to the end or the next interruption."""

    def __init__(
        self, config: Config, domains: Domains, run: Run, learner: Learner,
        device: torch.device, team: Team, listener: Listener, stop: Callable[[Progress], bool],
    ) -> None:  # fmt: skip
        self.config, self.domains, self.run, self.learner = config, domains, run, learner
        self.device, self.team, self.listener, self.stop = device, team, listener, stop
        self.dtype = choose_precision(config.train.precision, device)
        self.told: set[str] = set()
        self.means = Means()
        self.saved_at = -1
        self.clock = time.perf_counter()

    def go(self) -> Progress:
        train, learner = self.config.train, self.learner
        sheet = self._sheet() if self.team.leads else None
        log = JsonLines(self.run.log, learner.progress.images) if self.team.leads else None
        self.listener.start(learner.progress)
        ticked = learner.progress
        batches = iter(self._loader())
        self.clock = time.perf_counter()
        while not learner.progress.done:
            before = learner.progress
            self._step(next(batches))
            now = learner.progress
            stopping = anyone(self.stop(now), self.team)
            if now.crossed(before, train.log_every) or now.done or stopping:
                ticked = self._tick(ticked, log)
            if now.crossed(before, train.sample_every) or now.done:
                self._sample(sheet)
            if now.crossed(before, train.state_every) or now.done or stopping:
                self._save()
            if stopping:
                break
        return learner.progress

    def _step(self, raw: RawBatch) -> None:
        config, learner = self.config, self.learner
        self._tell_broken(raw)
        learner.set_rates(rate_factor(learner.progress, config.optimizer.hold))
        batch = {name: self._ready(value) for name, value in raw.values.items()}
        progress = learner.progress
        losses = train_step(
            learner.method, learner.optimizers, batch,
            seed=config.train.seed + 2 * progress.images,
            moment=Moment(progress.images // config.train.batch, progress.share),
            dtype=self.dtype, team=self.team,
        )  # fmt: skip
        self.means.add(losses)
        now = time.perf_counter()
        learner.progress = learner.progress.advance(config.train.batch, now - self.clock)
        self.clock = now
        learner.average.update(
            learner.method.translators(), learner.progress.images, config.train.batch
        )
        self._settle_length()

    def _tick(self, last: Progress, log: JsonLines | None) -> Progress:
        now = self.learner.progress
        losses = self.means.take()
        require_healthy(losses, self.config.train.loss_limit, now.images)
        speed = (now.images - last.images) / max(now.seconds - last.seconds, 1e-9)
        if log is not None:
            values = {name: round(value, 6) for name, value in losses.items()}
            rates = {
                f"rate_{name}": one.param_groups[0]["lr"]
                for name, one in self.learner.optimizers.items()
            }
            log.write({**now.plain(), "images_per_second": round(speed, 3), **values, **rates})
        self.listener.tick(Tick(now, losses, speed))
        return now

    def _save(self) -> None:
        # A NaN between two ticks must not reach the disk.
        require_healthy(
            self.means.look(), self.config.train.loss_limit, self.learner.progress.images
        )
        require_sound_weights(self.learner.method, self.learner.progress.images)
        if not self.team.leads or self.saved_at == self.learner.progress.images:
            return
        generators = self.learner.average.settled()
        critics = self.learner.method.critics() if self.config.train.keep_discriminators else {}
        info = describe_model(
            self.config, self.domains, self.learner.progress, generators,
            describe_critics(self.config, tuple(critics)),
        )  # fmt: skip
        save_model(self.run.model, generators, info, critics)
        save_state(
            self.run.state,
            {
                "config": self.config.plain(),
                "pictures": [len(domain.train) for domain in self.domains],
                **self.learner.state(),
            },
        )
        self.saved_at = self.learner.progress.images

    def _sample(self, sheet: SampleSheet | None) -> None:
        if sheet is not None:
            path = self.run.samples / f"{self.learner.progress.images:08d}.png"
            sheet.write(path, self.learner.average.settled())

    def _settle_length(self) -> None:
        before, learner = self.learner.progress, self.learner
        learner.progress = settle_length(before, self.config, self.team, self.device)
        total = learner.progress.total
        if total != before.total:
            minutes = self.config.train.minutes
            self.listener.note(f"{minutes:g} minutes are {total} images at this speed")

    def _loader(self) -> Any:
        train, data = self.config.train, self.config.data
        progress = self.learner.progress
        positions = Positions(progress.images, train.batch, self.team.rank, self.team.world)
        return make_loader(_pictures(self.config, self.domains), positions, data.workers)

    def _ready(self, value: Tensor) -> Tensor:
        moved = value.to(self.device, non_blocking=True)
        if moved.dtype != torch.uint8:  # labels
            return moved
        return from_bytes(moved).contiguous(memory_format=torch.channels_last)

    def _tell_broken(self, raw: RawBatch) -> None:
        for message in raw.broken:
            if message not in self.told:
                self.told.add(message)
                self.listener.note(f"skipped {message}")

    def _sheet(self) -> SampleSheet:
        kind = next(iter(self.learner.average.generators.values())).kind
        sheet = sheet_for(data_kind(self.config.method.name), kind)
        return sheet(self.domains, self.config.data.crop)


def _pictures(config: Config, domains: Domains) -> Pictures:
    kind = KINDS[data_kind(config.method.name)]
    cache = config.data.cache * 2**20
    return kind.open(domains, _augmentation(config), config.train.seed, cache)


def _augmentation(config: Config) -> Augmentation:
    data = config.data
    return Augmentation(data.load, data.crop, data.flip, data.color, data.fit, data.zoom)


def _check_pictures(state: dict[str, Any], domains: Domains) -> None:
    now = [len(domain.train) for domain in domains]
    if state["pictures"] != now:
        raise ConfigError(
            f"the run was started with {state['pictures']} pictures, the folders now hold {now}; "
            "restore them to go on, or use a new run folder"
        )
