"""What the leader of a run keeps on disk: models, state, log, page and samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cyclekit.checkpoint.model import save_model
from cyclekit.checkpoint.state import save_state
from cyclekit.config.schema import Config
from cyclekit.data.kinds import Domains
from cyclekit.methods.base import data_kind
from cyclekit.training.held_out import Evaluation
from cyclekit.training.learner import Learner
from cyclekit.training.provenance import describe_critics, describe_model
from cyclekit.training.records import Records
from cyclekit.training.run import Run
from cyclekit.training.samples import SampleSheet, sheet_for

State = dict[str, Any]


class Keeper:
    """Writes the files of a run; the other processes of a team have none.

    Args:
        config: the settings.
        domains: what the run learns from.
        run: its folder.
    """

    def __init__(self, config: Config, domains: Domains, run: Run) -> None:
        self.config, self.domains, self.run = config, domains, run
        self._sheet: SampleSheet | None = None

    def stand(self, learner: Learner) -> None:
        """Go on from a moment: what was written beyond it is dropped."""
        self.records = Records(self.run, self.config, self.domains, learner.progress.images)
        self._saved_at: int | None = None
        if self._sheet is None:
            kind = next(iter(learner.average.generators.values())).kind
            sheet = sheet_for(data_kind(self.config.method.name), kind)
            self._sheet = sheet(self.domains, self.config.data.crop)

    def is_saved(self, learner: Learner) -> bool:
        """Say whether this very moment is on disk already."""
        return self._saved_at == learner.progress.images

    def save(self, learner: Learner, others: State) -> None:
        """Write the model, the state, and the page; see `save_state` for `others`."""
        self._save_model(self.run.model, learner, {})
        self.save_state(learner, others)
        self.records.show(learner.progress)

    def save_state(self, learner: Learner, others: State) -> None:
        """Write what the run goes on from.

        Args:
            learner: what has been learned.
            others: states beside it, by name.
        """
        pictures = [len(domain.train) for domain in self.domains]
        state = {"config": self.config.plain(), "pictures": pictures, **others, **learner.state()}
        save_state(self.run.state, state)
        self._saved_at = learner.progress.images

    def note(self, learner: Learner, found: Evaluation) -> None:
        """Write an evaluation into the log, and the model if none was better."""
        if learner.selection.images == found.images:
            self._save_model(self.run.best, learner, {"evaluation": found.plain()})
        self.records.write({"images": found.images, "evaluation": found.plain()})

    def end(self, learner: Learner, reason: str) -> None:
        """Write down, once, why a run ends before its length."""
        if not self.records.ended:
            self.records.write({"images": learner.progress.images, "ended": reason})
            self.records.show(learner.progress)

    def sample(self, learner: Learner) -> None:
        """Write a sheet of what the averaged generators make."""
        if self._sheet is not None:
            path = self.run.samples / f"{learner.progress.images:08d}.png"
            self._sheet.write(path, learner.average.settled())

    def _save_model(self, path: Path, learner: Learner, more: State) -> None:
        generators = learner.average.settled()
        critics = learner.method.critics() if self.config.train.keep_discriminators else {}
        info = describe_model(
            self.config, self.domains, learner.progress, generators,
            describe_critics(self.config, tuple(critics)),
        )  # fmt: skip
        save_model(path, generators, replace(info, provenance={**info.provenance, **more}), critics)
