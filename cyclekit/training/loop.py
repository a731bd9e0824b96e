"""Build or resume a run, and train it from first to last picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path

import torch

from cyclekit.config.schema import Config
from cyclekit.data.kinds import Domains
from cyclekit.data.sources import require_usable
from cyclekit.devices import choose_fastest_convolutions, keep_freed_memory, use_own_cores
from cyclekit.errors import ConfigError
from cyclekit.models import Generator
from cyclekit.models.features.extractor import Extractor
from cyclekit.training.compiled import compiler_errors
from cyclekit.training.distributed import Team, require_even_shares
from cyclekit.training.inputs import pictures_of
from cyclekit.training.keeper import State
from cyclekit.training.learner import Learner, build_learner, check_fit
from cyclekit.training.length import planned_length
from cyclekit.training.listener import Listener
from cyclekit.training.progress import Progress
from cyclekit.training.run import Run
from cyclekit.training.sitting import Sitting


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
        CheckpointError: if the state is damaged.
        TrainingError: if a loss is not a number or beyond all bounds, or another process trains in
            the folder.
    """
    use_own_cores()
    keep_freed_memory()
    choose_fastest_convolutions()
    require_even_shares(config.train.batch, team)
    check_fit(config, len(domains), initial)
    listener = listener or Listener()
    for domain in domains:
        for message in require_usable(domain, domain.least):
            listener.note(f"skipped {message}")
    run = Run(folder)
    with run.held() if team.leads else nullcontext():
        sitting, state = _prepare(
            config, domains, run, device, team, listener, stop, extractor, initial
        )
        with compiler_errors(config):
            return sitting.go(state)


def _prepare(
    config: Config, domains: Domains, run: Run, device: torch.device, team: Team,
    listener: Listener, stop: Callable[[Progress], bool], extractor: Extractor | None,
    initial: Mapping[str, Generator] | None,
) -> tuple[Sitting, State | None]:  # fmt: skip
    """Look at what there is, begin the folder of a new run, and say where to go on."""
    state = run.resume(config)
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

    sitting = Sitting(config, domains, run, start, device, team, listener, stop, extractor)
    return sitting, state


def _tell_initial(
    config: Config, initial: Mapping[str, Generator], domains: int, listener: Listener
) -> None:
    fresh = build_learner(config, torch.device("meta"), domains).method.translators()
    begun = ", ".join(direction for direction in fresh if direction in initial)
    random = ", ".join(direction for direction in fresh if direction not in initial)
    rest = f"; {random} begins at random" if random else ""
    listener.note(f"{begun} begins with the generators of {config.train.init_from}{rest}")


def _check_pictures(state: State, domains: Domains) -> None:
    now = [len(domain.train) for domain in domains]
    if state["pictures"] != now:
        raise ConfigError(
            f"the run was started with {state['pictures']} pictures, the folders now hold {now}; "
            "restore them to go on, or use a new run folder"
        )
