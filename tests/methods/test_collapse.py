"""A critic that sees other examples keeps the generator from playing one mode after the other."""

import pytest
import torch
from torch.nn.functional import softplus

from cyclekit.config.resolve import resolve
from cyclekit.methods.base import Moment
from cyclekit.methods.gan import GAN
from cyclekit.models import DISCRIMINATORS
from cyclekit.registry import Spec
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


def verdict_on_a_collapsed_batch(others):
    """Let a critic tell spread batches from ones of a single point, each point as likely in both.

    Returns:
        By how much its logits of new spread batches exceed those of collapsed ones.
    """
    torch.manual_seed(0)
    options = {"side": 1, "width": 32, "in_channels": 2, "others": others}
    critic = DISCRIMINATORS.create(Spec("mlp", options))
    adam = torch.optim.Adam(critic.parameters(), 3e-3)
    draws = torch.Generator().manual_seed(0)
    gaps = []
    for _ in range(200):
        spread = points(BATCH, draws)
        one = points(1, draws).expand(BATCH, -1, -1, -1)
        gap = critic(spread).mean() - critic(one).mean()
        gaps.append(gap.detach())
        adam.zero_grad()
        softplus(-gap).backward()
        adam.step()
    return float(torch.stack(gaps[-50:]).min())


@pytest.mark.parametrize("others", ["discrimination", "deviation", "statistics"])
def test_a_critic_that_sees_the_batch_knows_a_collapsed_one(others):
    assert verdict_on_a_collapsed_batch(others) > 1


def test_a_critic_of_single_points_does_not():
    assert verdict_on_a_collapsed_batch("none") < 0


def judged_beside_what_was_made(memory):
    """Let a critic learn, a picture at a time, while one of two modes is played for a while.

    Returns:
        Logits of both modes (columns) after each of them was played (rows).
    """
    torch.manual_seed(0)
    critic = {"side": 1, "width": 32, "in_channels": 1, "others": "statistics"}
    player = Spec("mlp", {"side": 1, "width": 8, "latent": 4, "out_channels": 1})
    method = GAN(player, Spec("mlp", critic), memory=memory)
    modes = torch.tensor([-0.7, 0.7]).view(2, 1, 1, 1)
    adam = torch.optim.Adam(method.discriminator.parameters(), 3e-3)
    rows = {}
    for step in range(400):
        played = step // 20 % 2
        real, fake = ((modes[[one]] + 0.03 * torch.randn(1, 1, 1, 1)) for one in (step % 2, played))
        sum(
            method.losses("discriminators", {"picture": real}, {"fake": fake}, 0).values()
        ).backward()
        adam.step()
        adam.zero_grad()
        if step % 20 < 19:
            continue
        with torch.no_grad():
            logits = [method.discriminator(mode[None], memory=method.memory) for mode in modes]
        rows[played] = torch.stack(logits).flatten()
    return torch.stack([rows[0], rows[1]])


def test_beside_a_queue_a_batch_of_one_shows_which_mode_was_played():
    told = judged_beside_what_was_made(memory=8)
    assert (told.diagonal() < told.flip(1).diagonal() - 1).all()


def test_without_a_queue_it_does_not():
    told = judged_beside_what_was_made(memory=0)
    assert not (told.diagonal() < told.flip(1).diagonal() - 1).all()
