import torch

from cyclekit.methods.recycle import Recycle, _clips, _frames
from cyclekit.registry import Spec
from cyclekit.training.step import train_step
from tests.methods.test_predict import CRITIC, clips, optimizers
from tests.tiny import batch

SMALL = Spec("mobile", {"width": 8, "blocks": 1})


def small(**options):
    torch.manual_seed(0)
    return Recycle(SMALL, CRITIC, predictor_width=8, predictor_depth=2, pool=0, **options)


def world():
    return {"a": clips(2), "b": -clips(2, seed=5)}


def test_clips_and_frames_are_the_same_pictures():
    clip = batch(2, channels=9)
    frames = _frames(clip)
    assert frames.shape == (6, 3, 16, 16)
    assert torch.equal(frames[1], clip[1, :3])
    assert torch.equal(frames[4], clip[0, 6:])
    assert torch.equal(_clips(frames), clip)


def test_the_way_through_time_is_that_of_the_equation():
    method, inputs = small(), world()
    losses = method.losses("generators", inputs, method(inputs), 0)
    a1, a2, a3 = inputs["a"].split(3, dim=1)
    there = torch.cat([method.g_ab(a1), method.g_ab(a2)], dim=1)
    back = method.g_ba(method.next_b.predictor(there))
    torch.testing.assert_close(losses["recycle_a"], 10 * (back - a3).abs().mean())
    assert set(losses) == {"gan_ab", "gan_ba", "recycle_a", "recycle_b"}
    more = small(cycle=5.0)
    assert {"cycle_a", "cycle_b"} <= set(more.losses("generators", inputs, more(inputs), 0))


def test_predictors_learn_in_their_own_turn_only():
    method, inputs = small(), world()
    before = {name: weight.clone() for name, weight in method.named_parameters()}
    steps = optimizers(method)
    turns = [phase.name for phase in method.phases()]
    assert turns == ["generators", "predictors", "discriminators"]
    for name in ("generators", "discriminators"):
        steps[name] = torch.optim.SGD(steps[name].param_groups[0]["params"], lr=0.0)
    losses = train_step(method, steps, inputs, seed=0)
    changed = {name for name, weight in method.named_parameters()
               if not torch.equal(weight, before[name])}  # fmt: skip
    assert changed
    assert all(".predictor." in name for name in changed)
    assert {"next_a_mse", "next_a_generator", "next_b_discriminator"} <= set(losses)


def test_predictors_may_learn_from_their_square_error_alone():
    method, inputs = small(predictor_weight=0.0), world()
    losses = train_step(method, optimizers(method), inputs, seed=0)
    assert "next_a_mse" in losses
    assert not any("next" in name and "discriminator" in name for name in losses)


def test_the_translation_learns_to_keep_the_motion():
    method, inputs = small(), world()
    steps = optimizers(method)
    found = [train_step(method, steps, inputs, seed=n)["recycle_a"] for n in range(40)]
    assert sum(found[-5:]) < 0.85 * sum(found[:5])
