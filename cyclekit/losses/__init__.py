"""Losses: plain functions of tensors and the adversarial games."""

from cyclekit.losses.adversarial import ADVERSARIAL_LOSSES, AdversarialLoss

__all__ = ["ADVERSARIAL_LOSSES", "AdversarialLoss"]
