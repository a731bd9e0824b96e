"""Losses: plain functions of tensors and the adversarial games."""

from cyclekit.losses.adversarial import ADVERSARIAL_LOSSES, AdversarialLoss
from cyclekit.losses.penalty import PENALTIES, Penalty

__all__ = ["ADVERSARIAL_LOSSES", "PENALTIES", "AdversarialLoss", "Penalty"]
