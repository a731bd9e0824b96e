"""The discriminator's door and the maps it draws, against networks whose verdict is known."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from cyclekit.errors import CheckpointError
from cyclekit.inference import critic as critic_module
from cyclekit.inference.critic import Critic, Verdicts
from cyclekit.inference.critique import KEY, critique_files, draw
from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.media.images import Metadata, Picture, read, write
from cyclekit.media.mirror import Job
from cyclekit.models import DISCRIMINATORS, Discriminator
from cyclekit.registry import Spec
from tests.tiny import picture, tiny_spec


class Means(Discriminator):
    """Calls bright patches of 8x8 pixels real: the logit is a patch's mean, from 0 to 1."""

    def forward(self, x):
        return (nn.functional.avg_pool2d(x.mean(1, keepdim=True), 8) + 1) / 2


def made(discriminator, loss="lsgan"):
    return Critic(discriminator, ADVERSARIAL_LOSSES.create(Spec(loss)), device="cpu")


def patch(**options):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return DISCRIMINATORS.create(tiny_spec(DISCRIMINATORS, "patch", **options)).eval()


def halves(height=40, width=64):
    """Black at the left, white at the right."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, width // 2 :] = 255
    return image


def test_verdicts_are_those_of_the_formula():
    verdicts = made(Means())(halves())
    assert (verdicts.stride, verdicts.first, verdicts.cells.shape) == (8, 3.5, (5, 8))
    assert np.array_equal(verdicts.cells, np.where(np.arange(8) < 4, -1, 1)[None].repeat(5, 0))
    assert (verdicts.real, verdicts.mean) == (0.5, 0)


def test_a_verdict_lies_over_its_patch():
    spread = made(Means())(halves()).sampled(40, 64, 1.0)
    assert spread.shape == (40, 64)
    assert (spread[:, :28] == -1).all()
    assert (spread[:, 36:] == 1).all()
    assert spread[0, 31] == pytest.approx(-1 / 8)  # half a pixel left of the middle of the edge
    half = made(Means())(halves()).sampled(20, 32, 0.5)
    assert half[0, 15] == pytest.approx(-2 / 8)
    assert half[0, 16] == pytest.approx(2 / 8)


@pytest.mark.parametrize(
    ("options", "stride", "first"),
    [({"layers": 3}, 8, 11.5), ({"layers": 1}, 2, 2.5), ({"layers": 5}, 32, 47.5)],
)
def test_patches_of_the_published_discriminator_lie_where_its_kernels_say(options, stride, first):
    # Kernels of 4, padding 1: the middle of an output is 2 j + 0.5 (halving) or j + 0.5 (not).
    middle = [0.0, 1.0]
    for step in [1, 1, *[2] * options["layers"]]:
        middle = [step * place + 0.5 for place in middle]
    assert (middle[0], middle[1] - middle[0]) == (first, stride)
    verdicts = made(patch(**options))(picture(200, 200))
    assert (verdicts.stride, verdicts.first) == (stride, first)


def test_pixels_are_judged_one_by_one():
    judge = DISCRIMINATORS.create(Spec("pixel", {"width": 8}))
    verdicts = made(judge)(picture(9, 7))
    assert (verdicts.stride, verdicts.first, verdicts.cells.shape) == (1, 0.0, (9, 7))


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (7, 33), (32, 32), (250, 131)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_any_size_and_depth_is_judged(size, kind):
    verdicts = made(patch(layers=3))(picture(*size).astype(kind))
    for side, count in zip(size, verdicts.cells.shape, strict=True):
        made_cells = max(-(-side // 8), 4) - 2
        assert count == min(made_cells, max(1, int((side - 1 - 11.5) // 8) + 1))
    assert np.isfinite(verdicts.cells).all()


def test_parts_of_a_large_picture_join_without_a_seam(monkeypatch):
    judge = patch(layers=3, norm="none")
    image = picture(300, 437)
    whole = made(judge)(image)
    monkeypatch.setattr(critic_module, "TILE", 100)
    parts = made(judge)(image)
    assert (whole.parts, parts.parts) == (1, 20)
    np.testing.assert_allclose(parts.cells, whole.cells, atol=1e-5)


@pytest.mark.parametrize("name", ADVERSARIAL_LOSSES.names())
def test_every_loss_reads_its_own_logits(name):
    loss = ADVERSARIAL_LOSSES.create(Spec(name))
    logits = torch.linspace(-3, 3, 61)
    verdict = loss.verdict(logits)
    assert verdict.shape == logits.shape
    assert verdict.abs().max() <= 1
    assert (verdict.diff() >= 0).all()
    undecided = {"lsgan": 0.5}.get(name, 0.0)
    assert (verdict > 0).sum() == (logits > undecided + 1e-6).sum()
    assert loss.absolute == (name != "wgan")


def test_wgan_compares_within_the_picture():
    loss = ADVERSARIAL_LOSSES.create(Spec("wgan"))
    logits = torch.tensor([5.0, 7.0])
    assert torch.allclose(loss.verdict(logits), torch.tanh(torch.tensor([-1.0, 1.0])))
    assert torch.equal(loss.verdict(torch.full((4,), 9.0)), torch.zeros(4))


class Whole(Discriminator):
    def forward(self, x):
        return x.mean((1, 2, 3), keepdim=True)


def test_what_judges_no_patches_is_refused():
    with pytest.raises(CheckpointError, match="whole pictures, not patches"):
        made(Whole())
    with pytest.raises(CheckpointError, match="does not judge single pictures"):
        made(patch(in_channels=6))


def test_real_is_blue_and_fake_red_in_the_map_and_its_scale():
    drawn = draw(halves(80, 160), made(Means())(halves(80, 160))).astype(int)
    assert drawn.shape[1] == 192  # a small picture is enlarged
    fake, real = drawn[48, 20], drawn[48, 172]
    assert fake[0] > fake[2] + 60
    assert real[2] > real[0] + 10
    scale = drawn[96 + 8]
    assert scale[12, 0] > scale[12, 2] + 100
    assert scale[-13, 2] > scale[-13, 0] + 100


@pytest.mark.parametrize("size", [(1, 1), (3000, 2), (20, 5000)])
def test_maps_are_of_a_size_to_be_looked_at(size):
    image = picture(*size)
    verdicts = Verdicts(np.zeros((1, 1), np.float32), 8, 11.5)
    height, width, _ = draw(image, verdicts).shape
    assert 192 <= width <= 2048
    assert 24 < height <= 2048 + 100


def test_a_map_keeps_what_was_found_for_the_next_run(tmp_path):
    write(tmp_path / "in.png", Picture(halves()))
    job = Job(tmp_path / "in.png", tmp_path / "out" / "in.png")
    (first,) = critique_files(made(Means()), [job], "me")
    assert (first.finding.real, first.finding.patches, first.skipped) == (0.5, 40, False)
    with Image.open(job.output) as image:
        assert json.loads(image.text[KEY])["by"] == "me"
    (second,) = critique_files(made(Means()), [job], "me")
    assert (second.finding, second.skipped) == (first.finding, True)
    (other,) = critique_files(made(Means()), [job], "you")
    assert "was judged by me; --overwrite" in other.error
    (again,) = critique_files(made(Means()), [job], "you", overwrite=True)
    assert again.finding.by == "you"
    write(job.output, Picture(halves(), metadata=Metadata(text={KEY: "[" * 100_000})))
    (deep,) = critique_files(made(Means()), [job], "me")
    assert "is no map of ours" in deep.error
    write(job.output, Picture(halves()))
    (foreign,) = critique_files(made(Means()), [job], "me")
    assert "is no map of ours" in foreign.error
    assert np.array_equal(read(job.output).pixels, halves())
