"""Looks after a run at every tick."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from cyclekit.config.schema import Config
from cyclekit.data.kinds import Domains
from cyclekit.losses.adversarial import AdversarialLoss
from cyclekit.methods import Method
from cyclekit.models import Generator
from cyclekit.training.diagnosis import Diagnosis, Warning
from cyclekit.training.probe import Probe, Seen
from cyclekit.training.signs import (
    LEVELS,
    Sureness,
    difference,
    flat,
    grid,
    thumbnails,
    tone,
    variety,
)

Numbers = dict[str, dict[str, float]]


class Checkup:
    """Keeps what is needed from one tick to the next; all of it goes into the run's state.

    Args:
        config: of the run.
        method: whose game is played.
        probe: the inputs that are looked at.
        domains: whose crops are looked at.
    """

    def __init__(self, config: Config, method: Method, probe: Probe, domains: Domains) -> None:
        self.diagnosis = Diagnosis(config)
        self._probe = probe
        game = next((one for one in method.modules() if isinstance(one, AdversarialLoss)), None)
        self._sureness = None if game is None else Sureness(game)
        self._domains = [domain.name for domain in domains]
        self._flat: dict[str, list[int]] = {}
        self._before: dict[str, Tensor] = {}
        self._looked = 0

    def watch(self, values: Mapping[str, Tensor]) -> None:
        """Look at the crops of a step, as they came from the loader."""
        for name, pictures in values.items():
            if pictures.dtype == torch.uint8:
                count = self._flat.setdefault(self._title(name), [0, 0])
                count[0] += int(flat(pictures).sum())
                count[1] += len(pictures)

    def look(
        self, generators: Mapping[str, Generator], losses: Mapping[str, float],
        *, images: int, moving: bool,
    ) -> tuple[Numbers, list[Warning]]:  # fmt: skip
        """Take the numbers of this tick and say what is wrong.

        Args:
            generators: the averaged ones.
            losses: mean losses since the last tick.
            images: pictures seen so far.
            moving: whether the learning rate is high enough for a change to be seen.
        """
        signs: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for seen in self._probe.look(generators):
            for sign, value in _signs(seen).items():
                signs[sign][seen.title] = value
            now = thumbnails(seen.made)
            before = self._before.get(seen.title)
            if before is not None and moving:
                change = float((now - before.to(now.device)).abs().mean())
                signs["change"][seen.title] = LEVELS * change * 100 / (images - self._looked)
            self._before[seen.title] = now
        self._looked = images
        signs["sureness"] |= self._judge(losses)
        signs["flat crops"] |= {
            title: bare / count for title, (bare, count) in self._flat.items() if count
        }
        self._flat = {}
        found = {sign: values for sign, values in signs.items() if values}
        return found, self.diagnosis.consider(found, images)

    def state(self) -> dict[str, Any]:
        """Return plain values and tensors for the run's state."""
        before = {title: pictures.cpu() for title, pictures in self._before.items()}
        lasting, flat = self.diagnosis.state(), dict(self._flat)
        return {"lasting": lasting, "flat": flat, "before": before, "looked": self._looked}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self.diagnosis.restore(state["lasting"])
        self._flat = {title: list(counts) for title, counts in state["flat"].items()}
        self._before = dict(state["before"])
        self._looked = state.get("looked", 0)  # an older version did not say

    def _judge(self, losses: Mapping[str, float]) -> dict[str, float]:
        """Read how sure each critic is from its loss, "d_a" or "discriminator"."""
        if self._sureness is None:
            return {}
        critics = {name: x for name, x in losses.items() if name.startswith(("d_", "discrim"))}
        found = {name: self._sureness(loss) for name, loss in critics.items()}
        return {name: share for name, share in found.items() if share is not None}

    def _title(self, name: str) -> str:
        """Name the domain of a batch's pictures."""
        place = "ab".find(name)
        return self._domains[place] if place >= 0 and len(self._domains) == 2 else name


def _signs(seen: Seen) -> dict[str, float]:
    known = [seen.real] if seen.source is None else [seen.real, seen.source]
    pattern = max(0.0, grid(seen.made) - max(grid(pictures) for pictures in known))
    found = {"grid": pattern}
    share = variety(seen.made, *known)
    if share is not None:
        found["variety"] = share
    if seen.source is not None:
        found |= {
            "difference": difference(seen.made, seen.source),
            "tone": tone(seen.made, seen.source),
        }
    return found
