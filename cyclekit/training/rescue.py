"""What may be done about a run that goes wrong; all of it is part of the run's state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cyclekit.training.diagnosis import Warning

WARM_UP = 2000
"""Pictures for which colours are kept, once they were inverted."""
LEAST_RATE = 1 / 16
"""Share of its rate that a discriminator keeps."""
MOST_RETURNS = 3
"""Times that a run goes back; after that it is stopped."""


@dataclass(frozen=True)
class Remedies:
    """What has been done so far; a function of what was seen, so that a resumed run does it too."""

    rates: Mapping[str, float] = field(default_factory=dict)
    """Share of its full rate that each phase is left with; 1 where it is not named."""
    keep_colors_until: int = 0
    """Pictures seen, up to which colours are kept."""
    returns: int = 0
    """How often the run went back."""

    def plain(self) -> dict[str, Any]:
        """Return plain values for the state file."""
        return asdict(self)

    def after_return(self, phases: tuple[str, ...]) -> Remedies:
        """Go back with half of every rate."""
        rates = {name: self.rates.get(name, 1.0) / 2 for name in phases}
        return replace(self, rates=rates, returns=self.returns + 1)

    def treat(
        self, warning: Warning, images: int, *, keeps_colors: bool
    ) -> tuple[Remedies, str | None]:
        """Do what helps against a warning.

        Args:
            warning: what was seen.
            images: pictures seen so far.
            keeps_colors: whether the method can keep colours.

        Returns:
            The remedies from now on, and what was done in words; None where nothing can be.
        """
        if warning.symptom == "inversion" and keeps_colors:
            until = images + WARM_UP
            said = f"identity is kept for {WARM_UP} images"
            return replace(self, keep_colors_until=until), said
        share = self.rates.get("discriminators", 1.0) / 2
        if warning.symptom == "one-sided" and share >= LEAST_RATE:
            rates = {**self.rates, "discriminators": share}
            said = f"the discriminators' rate is {share:g} of what it was set to"
            return replace(self, rates=rates), said
        return self, None
