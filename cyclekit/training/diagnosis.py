"""From numbers to warnings: what was seen, and the setting that helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cyclekit.config.schema import Config
from cyclekit.methods import METHODS
from cyclekit.models import DISCRIMINATORS, GENERATORS

Signs = Mapping[str, Mapping[str, float]]
"""Numbers of one moment: by sign ("difference"), then by what shows it ("horse to zebra")."""

GRACE = 1000
"""Pictures before anything is said: an untrained network shows every symptom."""
PERSISTENCE = 3
"""Ticks in a row before a symptom counts."""


@dataclass(frozen=True)
class Symptom:
    """One way of going wrong."""

    name: str
    """What it is called in the log."""
    sign: str
    """Whose number shows it."""
    shows: Callable[[float], bool]
    """Whether a value is one of a run that goes wrong."""
    words: str
    """What was seen, with the value as {0}."""
    advice: tuple[tuple[str, str], ...]
    """Settings and what to do with them, the best first; one that every run has last."""


SYMPTOMS = (
    Symptom(
        "identity", "difference", lambda levels: levels < 4,
        "outputs are nearly the inputs, {0:.1f} of 255 levels from them",
        (
            ("method.identity", "lower method.identity"),
            ("method.cycle", "lower method.cycle"),
            ("optimizer.rate_discriminator", "raise optimizer.rate_discriminator"),
        ),
    ),
    Symptom(
        "collapse", "variety", lambda ratio: ratio < 0.15,
        "outputs resemble each other, {0:.0%} of what real pictures differ by",
        (
            ("discriminator.others", "set discriminator.others=deviation"),
            ("method.cycle", "raise method.cycle"),
            ("method.penalty", "set method.penalty=r1"),
            ("optimizer.rate_discriminator", "another optimizer.rate_discriminator"),
        ),
    ),
    Symptom(
        "inversion", "tone", lambda correlation: correlation < -0.4,
        "light became dark and dark light, correlation {0:.2f}",
        (
            ("method.identity", "set method.identity=0.5"),
            ("method.brightness", "set method.brightness=3"),
            ("optimizer.rate", "lower optimizer.rate"),
        ),
    ),
    Symptom(
        "one-sided", "sureness", lambda share: share > 0.96,
        "the discriminator is never in doubt ({0:.0%} sure), the generator learns little from it",
        (("optimizer.rate_discriminator", "lower optimizer.rate_discriminator"),),
    ),
    Symptom(
        "checkerboard", "grid", lambda levels: levels > 4,
        "a pattern of 2 or 4 px, {0:.1f} of 255 levels strong, lies over the outputs",
        (
            ("generator.up", "set generator.up=resize"),
            ("generator.name", "another generator.name, such as resnet9_antialias"),
        ),
    ),
    Symptom(
        "flat", "flat crops", lambda share: share > 0.5,
        "{0:.0%} of the crops show nothing at all",
        (("data.crop", "a larger data.crop, a smaller data.load, or data.fit=whole"),),
    ),
    Symptom(
        "standstill", "change", lambda levels: levels < 0.02,
        "outputs no longer change, {0:.3f} of 255 levels in 100 images",
        (("optimizer.rate", "raise optimizer.rate"),),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Warning:
    """A symptom that lasted."""

    symptom: str
    """Its name."""
    where: str
    """What shows it: a direction, a loss, a domain."""
    text: str
    """One line: where, what was seen, what helps."""


class Diagnosis:
    """Counts how long symptoms last, and tells each once (again after `forget`).

    Args:
        config: of the run; only settings that it has are advised.
    """

    def __init__(self, config: Config) -> None:
        self.advice = {symptom.name: _advise(symptom, config) for symptom in SYMPTOMS}
        self._lasting: dict[str, int] = {}

    def consider(self, signs: Signs, images: int) -> list[Warning]:
        """Return what has now lasted long enough, and was not told before.

        Args:
            signs: the numbers of this tick; what is missing shows nothing.
            images: pictures seen so far.
        """
        found: list[Warning] = []
        lasting = {key: ticks for key, ticks in self._lasting.items() if ticks >= PERSISTENCE}
        for symptom in SYMPTOMS:
            for where, value in signs.get(symptom.sign, {}).items():
                if images < GRACE or not symptom.shows(value):
                    continue
                key = f"{symptom.name} {where}"
                if key in lasting:
                    continue
                lasting[key] = self._lasting.get(key, 0) + 1
                if lasting[key] == PERSISTENCE:
                    text = f"{where}: {symptom.words.format(value)}; {self.advice[symptom.name]}"
                    found.append(Warning(symptom.name, where, text))
        self._lasting = lasting
        return found

    def forget(self, warning: Warning) -> None:
        """Begin anew with a symptom, because something was done about it."""
        self._lasting.pop(f"{warning.symptom} {warning.where}", None)

    def state(self) -> dict[str, int]:
        """Return plain values for the run's state."""
        return dict(self._lasting)

    def restore(self, state: Mapping[str, int]) -> None:
        """Take back what `state` returned."""
        self._lasting = dict(state)


def _advise(symptom: Symptom, config: Config) -> str:
    return next(text for setting, text in symptom.advice if has_setting(config, setting))


def has_setting(config: Config, setting: str) -> bool:
    """Say whether a run of this method and these networks has a setting, "method.identity"."""
    section, _, key = setting.partition(".")
    registries: dict[str, Any] = {
        "method": METHODS, "generator": GENERATORS, "discriminator": DISCRIMINATORS,
    }  # fmt: skip
    if section not in registries:
        return key in type(getattr(config, section)).model_fields
    part = getattr(config, section)
    return key == "name" or key in registries[section].options(part.name)
