"""Games played by the project's own trainer, and what their generators make."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cyclekit.checkpoint.state import load_state
from cyclekit.config.resolve import resolve
from cyclekit.config.schema import Config
from cyclekit.data.kinds import KINDS
from cyclekit.hub.open import open_noise
from cyclekit.inference.sampling import Sampler
from cyclekit.methods.base import Method, data_kind
from cyclekit.training.learner import build_learner
from cyclekit.training.loop import train
from games.worlds import Pixels, World

CPU = torch.device("cpu")
Tree = Mapping[str, Mapping[str, Any]]
Figures = dict[str, Any]


class OutOfTimeError(Exception):
    """The minutes are over; the run's state is saved."""


@dataclass(frozen=True)
class Game:
    """One run: a name, what is played, and with which settings."""

    name: str
    """Folder of the run."""
    world: World
    """What is learned."""
    trees: Sequence[Tree]
    """Settings, later ones on top."""

    @property
    def config(self) -> Config:
        """The checked settings."""
        return resolve(self.trees)


@dataclass(frozen=True)
class Table:
    """Where games are played, and until when."""

    folder: Path
    """Worlds and runs are kept here; a second start goes on."""
    ends: float = float("inf")
    """Moment of `time.monotonic` at which to stop."""

    def play(self, game: Game, upto: int | None = None) -> Path:
        """Train up to so many pictures or to the end, or go on; return the run's folder.

        Raises:
            OutOfTimeError: if the minutes were over first.
        """
        pictures = game.world.lay_out(self.folder / "worlds" / game.world.name)
        domains = KINDS[data_kind(game.config.method.name)].find([pictures], None)
        run = self.folder / "runs" / game.name
        progress = train(game.config, domains, run, device=CPU, stop=self._stop(upto))
        if not progress.done and (upto is None or progress.images < upto):
            raise OutOfTimeError
        return run

    def once(self, game: Game, measure: Callable[[Game], Figures]) -> Figures:
        """Return what `measure` finds; what was found before is read, not measured again."""
        return self.kept(game.name, lambda: measure(game))

    def kept(self, name: str, measure: Callable[[], Figures]) -> Figures:
        """Do the same for any experiment.

        Raises:
            OutOfTimeError: if the minutes are over and it was not measured before.
        """
        path = self.folder / "runs" / name / "found.json"
        if not path.exists():
            if time.monotonic() > self.ends:
                raise OutOfTimeError
            found = measure()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(found), encoding="utf-8")
            shown = {name: value for name, value in found.items() if not isinstance(value, list)}
            print(f"{path.parent.name}  {json.dumps(shown)}", flush=True)
        return dict(json.loads(path.read_text(encoding="utf-8")))

    def _stop(self, upto: int | None) -> Callable[[Any], bool]:
        def stop(progress: Any) -> bool:
            enough = upto is not None and progress.images >= upto
            return enough or time.monotonic() > self.ends

        return stop


def players(run: Path, game: Game) -> Method:
    """Return a run's networks as they stand, ready to be asked."""
    state = load_state(run / "state.pt")
    learner = build_learner(game.config, CPU, len(state["pictures"]))
    learner.restore(state, CPU)
    return learner.method.eval()


def draw(
    run: Path, count: int, *, truncation: float | None = None, label: int | None = None
) -> list[Pixels]:
    """Make pictures with a run's model, as `cyclekit sample` does."""
    sampler = Sampler(open_noise(run).generator, device="cpu", truncation=truncation)
    return [np.asarray(one, np.uint8) for one in sampler.draw(count, label=label)]
