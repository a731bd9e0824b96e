"""Build, resume, step, save: training from first to last picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cyclekit.checkpoint.model import save_model
from cyclekit.checkpoint.state import load_state, save_state
from cyclekit.config.schema import Config
from cyclekit.data.kinds import Domains
from cyclekit.data.loader import Positions, RawBatch, make_loader
from cyclekit.data.sources import require_usable
from cyclekit.devices import is_out_of_memory, release_memory
from cyclekit.errors import ConfigError, TrainingError
from cyclekit.methods.base import Moment, data_kind
from cyclekit.models import Generator
from cyclekit.models.features.extractor import Extractor
from cyclekit.pixels import from_bytes
from cyclekit.training.checkup import Checkup, Numbers
from cyclekit.training.diagnosis import Warning
from cyclekit.training.diff_augment import DiffAugment
from cyclekit.training.distributed import (
    Team,
    anyone,
    leaders,
    require_even_shares,
    wait_for_all,
)
from cyclekit.training.health import UnsoundError, require_healthy, require_sound_weights
from cyclekit.training.held_out import Examiner
from cyclekit.training.inputs import augmentation_of, pictures_of
from cyclekit.training.learner import Learner, build_learner, check_fit
from cyclekit.training.length import planned_length, settle_length
from cyclekit.training.listener import Listener, Tick
from cyclekit.training.means import Means
from cyclekit.training.palette import foreign_colors
from cyclekit.training.plan import out_of_memory
from cyclekit.training.precision import choose_precision
from cyclekit.training.probe import Probe
from cyclekit.training.progress import Progress
from cyclekit.training.provenance import describe_critics, describe_model
from cyclekit.training.records import Records
from cyclekit.training.rescue import MOST_RETURNS
from cyclekit.training.run import Run
from cyclekit.training.samples import SampleSheet, sheet_for
from cyclekit.training.schedules import rate_factor
from cyclekit.training.step import train_step

State = dict[str, Any]


def train(
    config: Config,
    domains: Domains,
    folder: Path,
    *,
    device: torch.device,
    team: Team = Team(),  # noqa: B008 (frozen)
    listener: Listener | None = None,
    stop: Callable[[Progress], bool] = lambda _: False,
    extractor: Extractor | None = None,
    initial: Mapping[str, Generator] | None = None,
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
        extractor: describes held-out pictures, where `train.evaluate_every` is set.
        initial: generators that a new run begins with, by direction.

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
    run = Run(folder)
    state = run.resume(config)
    for domain in domains:
        for message in require_usable(domain, domain.least):
            listener.note(f"skipped {message}")
    if state is not None:
        _check_pictures(state, domains)
    elif team.leads:
        run.start(config)
    if state is None and initial is not None:
        _tell_initial(config, initial, len(domains), listener)
    length = planned_length(config, len(pictures_of(config, domains)))

    def start() -> Learner:
        learner = build_learner(config, device, len(domains), initial)
        learner.progress = Progress(total=length)
        return learner

    return _Sitting(config, domains, run, start, device, team, listener, stop, extractor).go(state)


class _Sitting:
    """From start or resume to the end or the next interruption."""

    def __init__(
        self, config: Config, domains: Domains, run: Run, start: Callable[[], Learner],
        device: torch.device, team: Team, listener: Listener, stop: Callable[[Progress], bool],
        extractor: Extractor | None,
    ) -> None:  # fmt: skip
        self.extractor = extractor
        self.config, self.domains, self.run, self.start = config, domains, run, start
        self.device, self.team, self.listener, self.stop = device, team, listener, stop
        self.dtype = choose_precision(config.train.precision, device)
        self.told: set[str] = set()
        self.sheet: SampleSheet | None = None
        self.probe: Probe | None = None
        self.examiner: Examiner | None = None

    def go(self, state: State | None) -> Progress:
        self._begin(state)
        translators = self.learner.method.translators()
        for message in foreign_colors(translators, self.domains, augmentation_of(self.config)):
            self.listener.note(message)
        self.listener.start(self.learner.progress)
        if self.team.leads:
            self.sheet = self._sheet()
        while not self.learner.progress.done and not self._exhausted():
            # What is done about an error waits until the error, and the memory it holds, are gone.
            problem: UnsoundError | None = None
            stopping = full = False
            try:
                stopping = self._turn()
            except UnsoundError as error:
                problem = error.with_traceback(None)
            except (RuntimeError, MemoryError) as error:
                full = is_out_of_memory(error)
                if not full:
                    raise
            if problem is not None:
                self._go_back(problem)
            elif full:
                self._take_smaller_pieces()
            elif stopping:
                break
        return self.learner.progress

    def _exhausted(self) -> bool:
        return self.learner.selection.exhausted(self.config.train.patience)

    def _begin(self, state: State | None) -> None:
        """Stand at a state, or at the start."""
        self.learner = self.start()
        changes = self.config.train.diff_augment
        self.augment = DiffAugment(changes, self.learner.method) if changes else None
        self.means = Means(self.team)
        self.checkup = self._checkup()
        self.saved_at = -1
        if state is not None:
            self.learner.restore(state, self.device)
            if "means" in state:  # else it is of an older version
                self.means.restore(state["means"], self.device)
            if "health" in state and self.checkup:
                self.checkup.restore(state["health"])
        progress = self.learner.progress
        self.ticked = progress
        self.records = self._records() if self.team.leads else None
        self.batches = iter(self._loader())
        self.clock = time.perf_counter()

    def _turn(self) -> bool:
        """Take a step and all that is due after it; say whether to stop."""
        train, before = self.config.train, self.learner.progress
        self._step(next(self.batches))
        now = self.learner.progress
        stopping = anyone(self.stop(now), self.team)
        if now.crossed(before, train.log_every) or now.done:
            self._tick()
        elif stopping:
            self.listener.tick(Tick(now, self._sound_losses(), self._speed()))
        if now.crossed(before, train.sample_every) or now.done:
            self._sample()
        if train.evaluate_every and (now.crossed(before, train.evaluate_every) or now.done):
            self._evaluate()
        if now.crossed(before, train.state_every) or now.done or stopping or self._exhausted():
            self._save()
        return stopping

    def _step(self, raw: RawBatch) -> None:
        config, learner = self.config, self.learner
        self._tell_broken(raw)
        if self.checkup:
            self.checkup.watch(raw.values)
        learner.set_rates(rate_factor(learner.progress, config.optimizer.hold))
        batch = {name: self._ready(value) for name, value in raw.values.items()}
        progress = learner.progress
        moment = Moment(
            progress.images // config.train.batch, progress.share,
            keep_colors=progress.images < learner.remedies.keep_colors_until,
        )  # fmt: skip
        seed = config.train.seed + 2 * progress.images
        if self.augment:
            self.augment.begin(seed, config.train.batch // self.team.world // learner.pieces)
        losses = train_step(
            learner.method, learner.optimizers, batch, seed=seed,
            moment=moment, dtype=self.dtype, team=self.team, resting=self._resting(),
            pieces=learner.pieces,
        )  # fmt: skip
        self.means.add(losses)
        now = time.perf_counter()
        learner.progress = learner.progress.advance(config.train.batch, now - self.clock)
        self.clock = now
        learner.average.update(
            learner.method.translators(), learner.progress.images, config.train.batch
        )
        self._settle_length()

    def _resting(self) -> frozenset[str]:
        """Let the discriminators learn alone, as long as they warm up."""
        names = {phase.name for phase in self.learner.method.phases()}
        warm = self.learner.progress.images >= self.config.train.warm_up
        return frozenset() if warm else frozenset(names - {"discriminators"})

    def _tick(self) -> None:
        learner, now = self.learner, self.learner.progress
        speed, losses = self._speed(), self._sound_losses()
        self.means.take()
        signs, warnings = self._look_after(losses)
        if self.records:
            values = {name: round(value, 6) for name, value in losses.items()}
            rates = {
                f"rate_{name}": one.param_groups[0]["lr"]
                for name, one in learner.optimizers.items()
            }
            health = {"health": signs, "warnings": [warning.text for warning in warnings]}
            line = {**now.plain(), "images_per_second": round(speed, 3), **values, **rates}
            self.records.write(line | health)
        self.listener.tick(Tick(now, losses, speed))
        self.ticked = now

    def _look_after(self, losses: dict[str, float]) -> tuple[Numbers, list[Warning]]:
        """Take the run's health, tell what is wrong, and do what may be done."""
        if not self.checkup:
            return {}, []
        now = self.learner.progress
        signs, warnings = self.checkup.look(
            self.learner.average.generators, losses, images=now.images,
            since=now.images - self.ticked.images,
            moving=rate_factor(now, self.config.optimizer.hold) > 0.1 and not self._resting(),
        )  # fmt: skip
        for warning in warnings:
            self.listener.note(f"health: {warning.text}{self._treat(warning)}")
        return signs, warnings

    def _treat(self, warning: Warning) -> str:
        learner = self.learner
        if not self.config.train.rescue or not self.checkup:
            return ""
        learner.remedies, done = learner.remedies.treat(
            warning, learner.progress.images, keeps_colors=learner.method.keeps_colors
        )
        if done is None:
            return ""
        self.checkup.diagnosis.forget(warning)
        return f"; rescue: {done}"

    def _go_back(self, error: UnsoundError) -> None:
        """Return to the last state, or to the start, with half of every rate."""
        if not self.config.train.rescue or self.learner.remedies.returns == MOST_RETURNS:
            raise error
        self._return()
        learner = self.learner
        learner.remedies = learner.remedies.after_return(tuple(learner.optimizers))
        images = learner.progress.images
        what = str(error).partition(";")[0]
        self.listener.note(f"health: {what}; rescue: back to {images} images, half of every rate")
        self._save_state()

    def _take_smaller_pieces(self) -> None:
        """Return to the last state, or to the start, and let batches through in more pieces."""
        pieces, share = 2 * self.learner.pieces, self.config.train.batch // self.team.world
        if self.team.world > 1 or pieces > share:
            raise TrainingError(out_of_memory(self.config, share, self.team.world))
        self._return()
        self.learner.pieces = pieces
        self.listener.note(
            f"out of memory with {share} pictures at once: from {self.learner.progress.images} "
            f"images on, each batch goes through in {pieces} pieces, whose gradients are added up"
        )
        self._save_state()

    def _return(self) -> None:
        seconds = self.learner.progress.seconds
        del self.learner, self.augment, self.checkup
        release_memory()
        state = load_state(self.run.state) if self.run.state.exists() else None
        self._begin(state)
        wait_for_all(self.team)  # all have read the state before it is written anew
        self.learner.progress = replace(self.learner.progress, seconds=seconds)

    def _sound_losses(self) -> dict[str, float]:
        losses = self.means.look()
        require_healthy(losses, self.config.train.loss_limit, self.learner.progress.images)
        return losses

    def _speed(self) -> float:
        last, now = self.ticked, self.learner.progress
        return (now.images - last.images) / max(now.seconds - last.seconds, 1e-9)

    def _evaluate(self) -> None:
        """Measure the generators on held-out pictures, and keep the best."""
        require_sound_weights(self.learner.method, self.learner.progress.images)
        learner = self.learner
        if self.team.leads:
            examiner = self._examiner()
            found = examiner.examine(learner.average.settled(), learner.progress.images)
            learner.selection = learner.selection.after(found)
            is_best = learner.selection.images == found.images
            if is_best:
                self._save_model(self.run.best, {"evaluation": found.plain()})
            if self.records:
                self.records.write({"images": found.images, "evaluation": found.plain()})
            self.listener.note(f"{found}{', the best so far' if is_best else ''}")
        learner.selection = leaders(learner.selection, self.team)

    def _examiner(self) -> Examiner:
        if self.examiner is None:
            if self.extractor is None:
                raise ConfigError("train.evaluate_every needs a feature network; none was given")
            self.examiner = Examiner(
                self.extractor, self.domains, augmentation_of(self.config), self.device
            )
        return self.examiner

    def _save_model(self, path: Path, more: State) -> None:
        generators = self.learner.average.settled()
        critics = self.learner.method.critics() if self.config.train.keep_discriminators else {}
        info = describe_model(
            self.config, self.domains, self.learner.progress, generators,
            describe_critics(self.config, tuple(critics)),
        )  # fmt: skip
        save_model(path, generators, replace(info, provenance={**info.provenance, **more}), critics)

    def _save(self) -> None:
        self._sound_losses()  # a NaN between two ticks must not reach the disk
        require_sound_weights(self.learner.method, self.learner.progress.images)
        if not self.team.leads or self.saved_at == self.learner.progress.images:
            return
        self._save_model(self.run.model, {})
        self._save_state()
        if self.records:
            self.records.show(self.learner.progress)

    def _save_state(self) -> None:
        if not self.team.leads:
            return
        save_state(
            self.run.state,
            {
                "config": self.config.plain(),
                "pictures": [len(domain.train) for domain in self.domains],
                "means": self.means.state(),
                "health": self.checkup.state() if self.checkup else {},
                **self.learner.state(),
            },
        )
        self.saved_at = self.learner.progress.images

    def _sample(self) -> None:
        if self.sheet is not None:
            path = self.run.samples / f"{self.learner.progress.images:08d}.png"
            self.sheet.write(path, self.learner.average.settled())

    def _checkup(self) -> Checkup | None:
        """Return who takes the run's health: the leader, and all where they act on it."""
        if not self.team.leads and not self.config.train.rescue:
            return None
        if self.probe is None:
            pictures = pictures_of(self.config, self.domains)
            self.probe = Probe(pictures, self.domains, self.device)
        return Checkup(self.config, self.learner.method, self.probe, self.domains)

    def _records(self) -> Records:
        return Records(self.run, self.config, self.domains, self.learner.progress.images)

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
        return make_loader(pictures_of(self.config, self.domains), positions, data.workers)

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


def _tell_initial(
    config: Config, initial: Mapping[str, Generator], domains: int, listener: Listener
) -> None:
    fresh = build_learner(config, torch.device("meta"), domains).method.translators()
    begun = ", ".join(direction for direction in fresh if direction in initial)
    random = ", ".join(direction for direction in fresh if direction not in initial)
    rest = f"; {random} begins at random" if random else ""
    listener.note(f"{begun} begins with the generators of {config.train.init_from}{rest}")


def _check_pictures(state: dict[str, Any], domains: Domains) -> None:
    now = [len(domain.train) for domain in domains]
    if state["pictures"] != now:
        raise ConfigError(
            f"the run was started with {state['pictures']} pictures, the folders now hold {now}; "
            "restore them to go on, or use a new run folder"
        )
