"""A critic that sees other examples keeps the generator from playing one mode after the other."""

import pytest
import torch

from cyclekit.config.resolve import resolve
from cyclekit.methods.base import Moment
from cyclekit.training.learner import build_learner
from cyclekit.training.step import train_step

MODES, DEVIATION = 8, 0.03
ANGLES = 2 * torch.pi * torch.arange(MODES) / MODES
CENTRES = 0.7 * torch.stack([ANGLES.cos(), ANGLES.sin()], 1)
STEPS, BATCH = 600, 32


def points(count, draws):
    """Draw from a ring of Gaussians: 1 px pictures of two channels."""
    modes = torch.randint(MODES, (count,), generator=draws)
    noise = DEVIATION * torch.randn(count, 2, generator=draws)
    return (CENTRES[modes] + noise)[:, :, None, None]


def modes_reached(others):
    """Play on the ring, the critic ten times as slow as the generator; count modes with points."""
    config = resolve(
        [
            {
                "method": {"name": "gan"},
                "generator": {"name": "mlp", "side": 1, "width": 32, "latent": 8}
                | {"out_channels": 2},
                "discriminator": {"name": "mlp", "side": 1, "width": 32, "in_channels": 2}
                | {"others": others},
                "optimizer": {"rate": 1e-3, "rate_discriminator": 1e-4},
                "train": {"batch": BATCH, "initialization": "xavier", "gain": 1.0},
            }
        ]
    )
    learner = build_learner(config, torch.device("cpu"), 1)
    draws = torch.Generator().manual_seed(0)
    for step in range(STEPS):
        batch = {"picture": points(BATCH, draws)}
        moment = Moment(step, step / STEPS)
        train_step(learner.method, learner.optimizers, batch, seed=step, moment=moment)
    generator = learner.method.generator.eval()
    with torch.no_grad():
        made = generator(*generator.inputs(range(512), seed=1))[:, :, 0, 0]
    nearest = torch.cdist(made, CENTRES).argmin(1).bincount(minlength=MODES)
    return int((nearest >= 512 / MODES / 4).sum())


@pytest.mark.parametrize("others", ["discrimination", "statistics"])
def test_a_critic_that_sees_the_batch_keeps_the_modes(others):
    assert modes_reached(others) >= 5


def test_without_it_one_mode_is_played_after_the_other():
    assert modes_reached("none") <= 3
