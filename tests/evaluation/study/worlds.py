"""Small studies, and people of known skill who take part in them."""

from pathlib import Path

import numpy as np

from cyclekit.evaluation.listener import Silence
from cyclekit.evaluation.study.create import Wish, create_study
from cyclekit.evaluation.study.design import Design, Protocol
from cyclekit.evaluation.study.store import Store
from cyclekit.media.images import Picture, write

SCREEN = {"width": 1000.0, "height": 800.0, "picture": 256.0, "density": 1.0, "touch": False}
QUICK = {"start_ms": 0, "blank_ms": 40, "gap_ms": 40, "question_ms": 0, "feedback_ms": 60, "exposure_ms": 100}  # fmt: skip
RED, BLUE = (220, 30, 30), (30, 30, 220)


def paint(folder: Path, count: int, colour: tuple[int, int, int], ending: str = "png") -> Path:
    """Write `count` pictures of nearly one colour, no two alike."""
    for number in range(count):
        pixels = np.full((24, 40, 3), colour, np.uint8)
        pixels[:4, :4] = number
        grain = np.random.default_rng(number).integers(0, 9 if colour == RED else 1, (24, 40, 3))
        pixels += grain.astype(np.uint8)  # as real pictures compress worse than smooth fakes
        write(folder / f"{number}.{ending}", Picture(pixels))
    return folder


def tiny_study(
    root: Path, methods: tuple[str, ...] = ("paints",), *, count: int = 12, **protocol: object
) -> tuple[Path, Design]:
    """Make a study of red real pictures and blue fakes."""
    real = paint(root / "real", count, RED)
    fakes = {name: paint(root / name, count, BLUE) for name in methods}
    settings = Protocol.model_validate({"practice": 1, "trials": 4, **QUICK, **protocol})
    wish = Wish(real, fakes, settings, size=16)
    return root / "study", create_study(wish, root / "study", Silence())


class Person:
    """Takes part with a skill.

    Args:
        store: of the study.
        design: of the study.
        skill: probability of finding the real picture, by method.
        draws: decides.
    """

    def __init__(
        self, store: Store, design: Design, skill: dict[str, float], draws: np.random.Generator
    ) -> None:
        self.store, self.draws = store, draws
        self.token = store.join(SCREEN)
        people, trials = store.everything()
        self.number, self.method = people[-1]["number"], people[-1]["method"]
        self.trials = [one for one in trials if one["participant"] == self.number]
        self.skill = skill[self.method]

    def answer_all(self, most: int = 10_000) -> dict[str, object]:
        state = self.store.resume(self.token)
        for _ in range(most):
            if state["finished"]:
                break
            number = state["next"]["number"]
            self.store.start(self.token, number)
            state, _ = self.store.answer(self.token, number, self.choice(number), TIMES)
        return state

    def choice(self, number: int) -> str:
        real = self.trials[number]["real_side"]
        found = self.draws.random() < self.skill
        return real if found else {"left": "right", "right": "left"}[real]


TIMES = {"reaction_ms": 800.0, "left_ms": 1000.0, "right_ms": 1000.0}
