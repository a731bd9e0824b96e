"""From what the user named to what is measured: folders are taken, models are run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclekit.errors import UsageError

if TYPE_CHECKING:
    from cyclekit.cli.evaluation_progress import EvaluationProgress
    from cyclekit.evaluation.task import Candidate, Task
    from cyclekit.hub.split import Split


@dataclass(frozen=True)
class Named:
    """A model that the user named."""

    name: str
    source: str | Path
    recipe: str | None


def task_of_folders(
    real: Path, fakes: Sequence[str], source: Path | None, train: Path | None, pairs: Any, *,
    seeds: bool,
) -> Task:  # fmt: skip
    """Gather the piles of folders.

    Args:
        real: real pictures.
        fakes: folders of pictures to measure, as DIR or NAME=DIR.
        source: the inputs.
        train: real pictures for training.
        pairs: how outputs and real pictures pair up.
        seeds: whether the folders are runs of one recipe.

    Raises:
        UsageError: if a folder lies in another, or a name is given twice.
        DataError: if a folder does not exist, or holds fewer than two pictures.
    """
    from cyclekit.evaluation.pile import pile_of_folder
    from cyclekit.evaluation.task import Candidate, Task

    named = [_name_of(fake) for fake in fakes]
    _require_distinct([name for name, _ in named])
    _require_apart([real, *(one for one in (source, train) if one), *(path for _, path in named)])
    recipe = "--seeds" if seeds else None
    return Task(
        real=pile_of_folder(real),
        candidates=[
            Candidate(name, pile_of_folder(folder, name), recipe=recipe) for name, folder in named
        ],
        source=None if source is None else pile_of_folder(source),
        train=None if train is None else pile_of_folder(train),
        split=f"real: {real.name or real}",
        pairs=pairs,
    )


def named_models(models: Sequence[str], runs: Sequence[Path], *, seeds: bool) -> list[Named]:
    """List the models: those named, and all that the runs have saved."""
    from cyclekit.hub.runs import open_run

    found = [Named(model, model, "--seeds" if seeds else None) for model in models]
    for folder in runs:
        run = open_run(folder)
        for path in run.models:
            place = path.relative_to(folder).with_suffix("")
            name = str(folder) if len(run.models) == 1 else str(folder / place)
            recipe = "--seeds" if seeds else run.recipe(path, folder)
            found.append(Named(name, path, recipe))
    _require_distinct([named.name for named in found])
    return found


def task_of_models(
    models: Sequence[Named], roots: Sequence[Path], names: tuple[str, ...] | None,
    direction: str | None, folder: Path, progress: EvaluationProgress, pairs: Any, how: dict[str, Any],
    ranges: str | None = None,
) -> Task:  # fmt: skip
    """Translate the test split with every model, there and back where a model knows the way.

    Args:
        models: which.
        roots: folders of the dataset.
        names: of its domains.
        direction: as `ModelInfo.find` takes it.
        folder: for the outputs.
        progress: hears of progress and failures.
        pairs: how outputs and real pictures pair up.
        how: arguments of the translator.
        ranges: of the pixels of foreign ONNX or OpenVINO files.
    """
    from cyclekit.evaluation.task import Task

    candidates, split = [], None
    for number, model in enumerate(models):
        place = folder / f"{number}-{_safe(model.name)}"
        candidate, own = _translate(model, roots, names, direction, place, progress, how, ranges)
        if split is not None and own.real.sources != split.real.sources:
            raise UsageError(
                f"{model.name} makes {own.target}, {models[0].name} makes "
                f"{split.target}; measure one direction at a time, with --direction"
            )
        candidates.append(candidate)
        split = own
    assert split is not None
    return Task(split.real, candidates, split.source, split.train, "test split", pairs)


def _translate(
    model: Named, roots: Sequence[Path], names: tuple[str, ...] | None, direction: str | None,
    folder: Path, progress: EvaluationProgress, how: dict[str, Any],
    ranges: str | None,
) -> tuple[Candidate, Split]:  # fmt: skip
    from cyclekit.evaluation.task import Candidate
    from cyclekit.hub.open import open_generator
    from cyclekit.hub.split import find_split, translate_pile
    from cyclekit.inference.translator import Translator
    from cyclekit.models.exported import ExportedGenerator

    opened = open_generator(model.source, direction, ranges=ranges)
    split = find_split(roots, opened.info, opened.direction, names)
    progress.note(f"{model.name}: {split.source.name} to {split.target}")
    for text in opened.notes:
        progress.note(f"note: {model.name}: {text}")
    if isinstance(opened.generator, ExportedGenerator) and len(opened.generator.formats) == 1:
        how = how | {"precision": "auto"}  # the one it was exported in
    there = Translator(opened.generator, **how)
    output = translate_pile(there, split.source, folder / "output", model.name, progress)
    other = {"ab": "ba", "ba": "ab"}.get(opened.direction)
    back = None
    if other in opened.info.directions:
        way_back = Translator(open_generator(model.source, other).generator, **how)
        name = f"{model.name}, back"
        back = translate_pile(way_back, output, folder / "back", name, progress)
    return Candidate(model.name, output, back, model.recipe), split


def _name_of(fake: str) -> tuple[str, Path]:
    """Read DIR or NAME=DIR; a folder whose own name holds "=" wins."""
    name, equals, folder = fake.partition("=")
    if equals and name and not Path(fake).is_dir():
        return name, Path(folder)
    return fake, Path(fake)


def _require_apart(folders: Sequence[Path]) -> None:
    """Refuse folders in each other: pictures are looked for all the way down."""
    for inner in folders:
        for outer in folders:
            if outer.resolve() in inner.resolve().parents:
                raise UsageError(
                    f"{inner} lies in {outer}, so its pictures would count as those of {outer} too;"
                    " give folders apart from each other"
                )


def _require_distinct(names: Sequence[str]) -> None:
    for name in _repeated(names):
        raise UsageError(f"'{name}' is measured twice; leave one out, or name it: NAME=DIR")


def _repeated(names: Sequence[str]) -> Iterator[str]:
    yield from (name for place, name in enumerate(names) if name in names[:place])


def _safe(name: str) -> str:
    """Turn a model's name into a folder's."""
    return re.sub(r"[^\w-]+", "-", name).strip("-")[-40:] or "model"
