import pytest
import torch

from cyclekit.errors import ConfigError
from cyclekit.methods.predict import Predict, split
from cyclekit.models.predictor import Predictor
from cyclekit.registry import Spec
from cyclekit.training.step import train_step
from tests.tiny import batch

SMALL = Spec("predictor", {"width": 8, "depth": 2})
CRITIC = Spec("patch", {"layers": 1, "width": 8})


def clips(n=4, side=16, seed=0):
    """Make clips in which a soft texture moves by a pixel a frame."""
    wide = torch.nn.functional.avg_pool2d(batch(n, side, side + 8, seed=seed), 3, 1, 1) * 2
    return torch.cat([wide[..., shift : shift + side] for shift in (2, 3, 4)], dim=1)


def optimizers(method, rate=2e-3):
    return {
        phase.name: torch.optim.Adam([p for n in phase.networks for p in n.parameters()], lr=rate)
        for phase in method.phases()
    }


def test_a_predictor_begins_with_the_last_frame():
    predictor = Predictor(8, 2)
    torch.nn.init.zeros_(predictor.change.head.conv.weight)
    torch.nn.init.zeros_(predictor.change.head.conv.bias)
    past, _ = split(clips())
    assert torch.equal(predictor(past), past[:, 3:])


def test_the_losses_are_the_square_and_the_game_of_three_frames():
    torch.manual_seed(0)
    method, inputs = Predict(SMALL, CRITIC, mse=10.0, weight=0.5), {"clip": clips()}
    images = method(inputs)
    past, truth = split(inputs["clip"])
    losses = method.losses("generators", inputs, images, 0)
    square = (images["next"] - truth).square().mean()
    torch.testing.assert_close(losses["mse"], 10 * square)
    logits = method.critic(torch.cat([past, images["next"]], dim=1))
    torch.testing.assert_close(losses["generator"], 0.5 * (logits - 1).square().mean())
    judged = method.losses("discriminators", inputs, images, 0)["discriminator"]
    real = method.critic(inputs["clip"])
    expected = ((real - 1).square().mean() + logits.square().mean()) / 2
    torch.testing.assert_close(judged, expected)


def test_without_a_weight_there_is_no_critic():
    method = Predict(SMALL, CRITIC, weight=0.0)
    assert [phase.name for phase in method.phases()] == ["generators"]
    assert set(method.losses("generators", {"clip": clips()}, method({"clip": clips()}), 0)) == {
        "mse"
    }


def test_it_learns_a_motion_that_the_last_frame_does_not_show():
    torch.manual_seed(0)
    method = Predict(Spec("predictor", {"width": 16, "depth": 2}), CRITIC, mse=1.0, weight=0.0)
    steps = optimizers(method, 5e-3)
    for step in range(150):
        train_step(method, steps, {"clip": clips(8, seed=step)}, seed=step)
    past, truth = split(clips(8, seed=999))
    with torch.no_grad():
        learned = (method.predictor(past) - truth)[..., 2:-2, 2:-2].square().mean()
    still = (past[:, 3:] - truth)[..., 2:-2, 2:-2].square().mean()
    assert learned < 0.5 * still


def test_only_a_predictor_predicts():
    with pytest.raises(ConfigError, match="expected one that predicts frames"):
        Predict(Spec("mobile"), CRITIC)
