"""One sitting of a run: from start or resume to the end or the next interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from cyclekit.checkpoint.state import load_state
from cyclekit.config.schema import Config
from cyclekit.data.kinds import Domains
from cyclekit.data.loader import Positions, RawBatch, make_loader, start_loading
from cyclekit.devices import is_out_of_memory, release_memory
from cyclekit.errors import CheckpointError, ConfigError, TrainingError
from cyclekit.methods.base import data_kind
from cyclekit.models.features.extractor import Extractor
from cyclekit.training.checkup import Checkup, Numbers
from cyclekit.training.diagnosis import Warning
from cyclekit.training.distributed import Team, anyone, leaders, wait_for_all
from cyclekit.training.health import UnsoundError, require_healthy, require_sound_weights
from cyclekit.training.held_out import Examiner
from cyclekit.training.inputs import augmentation_of, pictures_of
from cyclekit.training.keeper import Keeper, State
from cyclekit.training.learner import Learner
from cyclekit.training.listener import Listener, Tick
from cyclekit.training.log_lines import numbered
from cyclekit.training.palette import foreign_colors
from cyclekit.training.plan import out_of_memory
from cyclekit.training.probe import Probe
from cyclekit.training.progress import Progress
from cyclekit.training.rescue import MOST_RETURNS
from cyclekit.training.run import Run
from cyclekit.training.schedules import rate_factor
from cyclekit.training.stepper import Stepper


class Sitting:
    """Steps, and all that is due between them.

    Args:
        config: the settings.
        domains: the pictures.
        run: the folder.
        start: builds a learner at its first weights.
        device: where to compute.
        team: the processes that share the work.
        listener: hears of progress.
        stop: asked after every step; the state is saved before the sitting ends.
        extractor: describes held-out pictures, where they are looked at.
    """

    def __init__(
        self, config: Config, domains: Domains, run: Run, start: Callable[[], Learner],
        device: torch.device, team: Team, listener: Listener, stop: Callable[[Progress], bool],
        extractor: Extractor | None,
    ) -> None:  # fmt: skip
        self.config, self.domains, self.run, self.start = config, domains, run, start
        self.device, self.team, self.listener, self.stop = device, team, listener, stop
        self.extractor = extractor
        self.keeper = Keeper(config, domains, run) if team.leads else None
        self.told: set[str] = set()
        self.probe: Probe | None = None
        self.examiner: Examiner | None = None

    def go(self, state: State | None) -> Progress:
        """Train from a state, or from the start."""
        self._begin(state)
        translators = self.learner.method.translators()
        if self.config.train.evaluate_every and self.keeper:
            self._examiner().require_known(translators)  # now, not after hours
        for message in foreign_colors(translators, self.domains, augmentation_of(self.config)):
            self.listener.note(message)
        self._tell_start()
        self.stepper.tell_idle()
        self._take_turns()
        if self._exhausted() and not self.learner.progress.done:
            self._tell_exhausted()
        return self.learner.progress

    def _tell_start(self) -> None:
        progress = self.learner.progress
        if progress.done:
            self.listener.note(f"complete at {progress.images} images; nothing is left to do")
        elif not self._exhausted():
            self.listener.start(progress)

    def _take_turns(self) -> None:
        """Take steps until the run ends or is to stop, whatever goes wrong on the way."""
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

    def _tell_exhausted(self) -> None:
        learner = self.learner
        since, images = learner.selection.since, learner.progress.images
        count = f"{since} evaluations in a row" if since > 1 else "1 evaluation"
        reason = (
            f"{count} brought nothing better than the one at {learner.selection.images} images "
            f"(train.patience={self.config.train.patience})"
        )
        self.listener.note(f"ended at {images} images: {reason}; a larger --patience goes on")
        if self.keeper:
            self.keeper.end(learner, reason)

    def _exhausted(self) -> bool:
        return self.learner.selection.exhausted(self.config.train.patience)

    def _begin(self, state: State | None) -> None:
        """Stand at a state, or at the start."""
        self.learner = self.start()
        self.checkup = self._checkup()
        self.stepper = Stepper(self.config, self.learner, self.device, self.team, self.listener)
        if state is not None:
            try:
                self._restore(state)
            except (KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:
                if is_out_of_memory(error):
                    raise
                reason = " ".join(str(error).split())
                raise CheckpointError(
                    f"{self.run.state}: does not fit the run's settings: {reason}"
                ) from error
        self.ticked = self.learner.progress
        if self.keeper:
            self.keeper.stand(self.learner)
            if self.keeper.records.unusable:
                lines = numbered(self.keeper.records.unusable)
                self.listener.note(
                    f"{self.run.log}: left out {lines}, which cannot be used; all else is kept"
                )
        self.batches = self._batches()

    def _restore(self, state: State) -> None:
        self.learner.restore(state, self.device)
        if "means" in state:  # else it is of an older version
            self.stepper.means.restore(state["means"], self.device)
        if "health" in state and self.checkup:
            self.checkup.restore(state["health"])

    def _checkup(self) -> Checkup | None:
        """Return who takes the run's health: the leader, and all where they act on it."""
        if not self.team.leads and not self.config.train.rescue:
            return None
        if self.probe is None:
            pictures = pictures_of(self.config, self.domains)
            self.probe = Probe(pictures, self.domains, self.device)
        return Checkup(self.config, self.learner.method, self.probe, self.domains)

    def _batches(self) -> Iterator[RawBatch]:
        train, data = self.config.train, self.config.data
        images = self.learner.progress.images
        positions = Positions(images, train.batch, self.team.rank, self.team.world)
        pictures = pictures_of(self.config, self.domains)
        return start_loading(make_loader(pictures, positions, data.workers))

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
        if self.keeper and (now.crossed(before, train.sample_every) or now.done):
            self.keeper.sample(self.learner)
        if train.evaluate_every and (now.crossed(before, train.evaluate_every) or now.done):
            self._evaluate()
        if now.crossed(before, train.state_every) or now.done or stopping or self._exhausted():
            self._save()
        return stopping

    def _step(self, raw: RawBatch) -> None:
        for message in raw.broken:
            if message not in self.told:
                self.told.add(message)
                self.listener.note(f"skipped {message}")
        if self.checkup:
            self.checkup.watch(raw.values)
        self.stepper.step(raw)

    def _tick(self) -> None:
        learner, now = self.learner, self.learner.progress
        speed, losses = self._speed(), self._sound_losses()
        self.stepper.means.take()
        signs, warnings = self._look_after(losses)
        if self.keeper:
            values = {name: round(value, 6) for name, value in losses.items()}
            rates = {
                f"rate_{name}": one.param_groups[0]["lr"]
                for name, one in learner.optimizers.items()
            }
            health = {"health": signs, "warnings": warnings}
            line = {**now.plain(), "images_per_second": round(speed, 3), **values, **rates}
            self.keeper.records.write(line | health)
        self.listener.tick(Tick(now, losses, speed))
        self.ticked = now

    def _look_after(self, losses: dict[str, float]) -> tuple[Numbers, list[str]]:
        """Take the run's health, tell what is wrong, do what may be done, and return what was told."""
        if not self.checkup:
            return {}, []
        now, resting = self.learner.progress, self.stepper.resting()
        signs, warnings = self.checkup.look(
            self.learner.average.generators, losses, images=now.images,
            moving=rate_factor(now, self.config.optimizer.hold) > 0.1 and not resting,
        )  # fmt: skip
        told = [f"{warning.text}{self._treat(warning)}" for warning in warnings]
        for text in told:
            self.listener.note(f"health: {text}")
        return signs, told

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
        told = f"{what}; rescue: back to {images} images, half of every rate"
        self.listener.note(f"health: {told}")
        self._save_state()
        if self.keeper:
            self.keeper.records.write({"images": images, "warnings": [told]})

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
        before = self.learner.progress
        del self.learner, self.stepper, self.checkup
        release_memory()
        state = load_state(self.run.state) if self.run.state.exists() else None
        self._begin(state)
        wait_for_all(self.team)  # all have read the state before it is written anew
        self.learner.progress = self.learner.progress.again_after(before)

    def _sound_losses(self) -> dict[str, float]:
        losses = self.stepper.means.look()
        require_healthy(losses, self.config.train.loss_limit, self.learner.progress.images)
        return losses

    def _speed(self) -> float:
        last, now = self.ticked, self.learner.progress
        return (now.images - last.images) / max(now.seconds - last.seconds, 1e-9)

    def _evaluate(self) -> None:
        """Measure the generators on held-out pictures, and keep the best."""
        learner = self.learner
        require_sound_weights(learner.method, learner.progress.images)
        if self.keeper:
            found = self._examiner().examine(learner.average.settled(), learner.progress.images)
            learner.selection = learner.selection.after(found)
            self.keeper.note(learner, found)
            is_best = learner.selection.images == found.images
            self.listener.note(f"{found}{', the best so far' if is_best else ''}")
        learner.selection = leaders(learner.selection, self.team)
        if learner.selection.images == learner.progress.images:
            # A run that goes back must not go behind its best model, which is on disk.
            self._save()

    def _examiner(self) -> Examiner:
        if self.examiner is None:
            if self.extractor is None:
                raise ConfigError("train.evaluate_every needs a feature network; none was given")
            self.examiner = Examiner(
                self.extractor,
                self.domains,
                augmentation_of(self.config),
                self.device,
                data_kind(self.config.method.name),
            )
        return self.examiner

    def _save(self) -> None:
        self._sound_losses()  # a NaN between two ticks must not reach the disk
        require_sound_weights(self.learner.method, self.learner.progress.images)
        if self.keeper and not self.keeper.is_saved(self.learner):
            self.keeper.save(self.learner, self._others())

    def _save_state(self) -> None:
        if self.keeper:
            self.keeper.save_state(self.learner, self._others())

    def _others(self) -> dict[str, Any]:
        health = self.checkup.state() if self.checkup else {}
        return {"means": self.stepper.means.state(), "health": health}
