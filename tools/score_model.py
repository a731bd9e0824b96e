"""Measure a painter's model for its card: `tools/score_model.py MODEL PHOTOS PAINTING...`.

Translates photographs that it did not learn from and compares them with as many crops of the
paintings: kernel distance, with other crops as the floor and the photographs themselves as doing
nothing; and with the photographs: structure and edges, beside what doing nothing gets and what
other photographs in their place get, which have nothing in common with them. Prints the card's
`scores:` as YAML.
"""

import argparse
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
import yaml
from orderly import run_tool
from paintings import write_crops

from cyclekit.cli.evaluation_progress import EvaluationProgress
from cyclekit.evaluation.measure import evaluate
from cyclekit.evaluation.pile import Pile, pile_of_folder
from cyclekit.evaluation.results import Score
from cyclekit.evaluation.task import Candidate, Task, Tools
from cyclekit.hub.extractors import open_extractor
from cyclekit.hub.model_card import CardScore
from cyclekit.hub.open import open_generator
from cyclekit.hub.split import translate_pile
from cyclekit.inference.translator import Translator

WITH_INPUT = {"structure:mobilenet": 0.0, "edges": 1.0}
"""Scores of outputs beside their inputs, and what the inputs as they are get by definition."""
KEPT = ("kernel:mobilenet", *WITH_INPUT)
UNRELATED = "unrelated"
FLOOR = 4
"""Times as many crops as photographs, of which the floor draws: its deviation comes from them."""


def main() -> None:
    options = _parse()
    progress = EvaluationProgress(quiet=False)
    with tempfile.TemporaryDirectory() as place:
        scores = measure(
            options.model, options.photos, options.paintings, Path(place),
            side=options.side, features=options.features_file, progress=progress,
        )  # fmt: skip
    rows = [score.model_dump(exclude_none=True) for score in scores]
    print(yaml.safe_dump({"scores": rows}, sort_keys=False, allow_unicode=True, width=100), end="")


def measure(
    model: str, photos: Path, paintings: Sequence[Path], folder: Path, *, side: int,
    features: Path | None, progress: EvaluationProgress,
) -> list[CardScore]:  # fmt: skip
    source = pile_of_folder(photos, "photographs")
    names = " and ".join(path.stem for path in paintings)
    what = f"{side} px crops of {names}"
    crops, others = (
        pile_of_folder(write_crops(paintings, folder / kind, count, side, seed), kind)
        for seed, (kind, count) in enumerate(
            (("crops", len(source)), ("other-crops", FLOOR * len(source)))
        )
    )
    translator = Translator(open_generator(model).generator, precision="fp32")
    made = translate_pile(translator, source, folder / "made", Path(model).stem, progress)
    # Other crops of the same paintings stand in for the model's pictures: that is the floor.
    task = Task(
        real=crops, candidates=[Candidate(made.name, made), Candidate(UNRELATED, others_of(source))],
        source=source, train=others, split=f"real: {what}", pairs="none",
    )  # fmt: skip
    tools = Tools(
        [open_extractor("mobilenet", features)], device=torch.device("cpu"), listener=progress
    )
    found = {(score.model, score.key): score for score in evaluate(task, tools).scores}
    return [
        _for_card(found[made.name, key], found[UNRELATED, key], f", {task.split}") for key in KEPT
    ]


def others_of(source: Pile) -> Pile:
    """Give every picture's name to another picture."""
    keys = list(source.sources)
    random.Random(0).shuffle(keys)
    turned = [*keys[1:], keys[0]]
    return Pile(
        UNRELATED, {key: source.sources[one] for key, one in zip(keys, turned, strict=True)}
    )


def _for_card(score: Score, unrelated: Score, split: str) -> CardScore:
    floor, beside_input = score.floor, score.key in WITH_INPUT
    nothing = WITH_INPUT.get(score.key, score.nothing)
    return CardScore(
        name=score.name.replace(split, "") if beside_input else score.name,
        value=_short(score.value),
        better=score.better,
        error=None if score.error is None else _short(score.error),
        floor=None if floor is None else _short(floor.value),
        floor_deviation=None if floor is None or floor.error is None else _short(floor.error),
        do_nothing=None if nothing is None else _short(nothing),
        unrelated=_short(unrelated.value) if beside_input else None,
    )


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("photos", type=Path)
    parser.add_argument("paintings", type=Path, nargs="+", metavar="painting")
    parser.add_argument("--features-file", type=Path, help="weights of mobilenet")
    parser.add_argument(
        "--side", type=int, default=256, help="pixels of a crop, as the photographs"
    )
    return parser.parse_args()


if __name__ == "__main__":
    run_tool(main)
