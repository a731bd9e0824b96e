import pytest
import torch

from cyclekit.errors import UnknownNameError, UsageError
from cyclekit.hub.card import SIDE, count_macs, read_card
from cyclekit.hub.open import open_generator, open_noise
from cyclekit.hub.source import DEFAULT_MODEL, embedded_models
from cyclekit.registry import Spec
from tests.legacy.published import resnet
from tests.tiny import batch, tiny_generator, tiny_model, tiny_noise_model

needs_embedded = pytest.mark.skipif(not embedded_models(), reason="no model is embedded yet")


def test_a_model_file_opens_in_the_direction_asked_for(tmp_path):
    path = tiny_model(tmp_path / "model.safetensors")
    model = open_generator(path, "horse")
    assert (model.direction, model.names, model.path) == ("ba", ("zebra", "horse"), path)
    assert model.provenance == {"images": 12}
    assert torch.equal(model.generator(batch()), tiny_generator()(batch()))


def test_a_run_opens_by_its_folder(tmp_path):
    path = tiny_model(tmp_path / "model.safetensors")
    assert open_generator(str(tmp_path)).path == path


def test_a_foreign_checkpoint_opens_like_a_model(tmp_path):
    torch.save(resnet(1).state_dict(), tmp_path / "latest_net_G_B.pth")
    model = open_generator(tmp_path / "latest_net_G_B.pth")
    assert (model.direction, model.names) == ("ba", ("B", "A"))
    assert model.generator(batch()).shape == (1, 3, 16, 16)


def test_a_direction_that_is_not_inside_is_refused(tmp_path):
    torch.save(resnet(1).state_dict(), tmp_path / "latest_net_G_A.pth")
    with pytest.raises(UnknownNameError, match="unknown direction 'ba'"):
        open_generator(tmp_path / "latest_net_G_A.pth", "ba")


def test_multiplications_follow_from_the_layers():
    stem = SIDE**2 * 64 * 3 * 49
    head = (SIDE + 6) * SIDE * 64 * 3 * 49  # row by row, with the padded rows
    stage = (SIDE // 2) ** 2 * 64 * 128 * 9
    blocks = 18 * (SIDE // 4) ** 2 * 256 * 256 * 9
    assert count_macs(Spec("resnet9")) == stem + 4 * stage + blocks + head


def test_a_card_holds_the_facts(tmp_path):
    path = tiny_model(tmp_path / "model.safetensors")
    card = read_card(path)
    assert card.directions == ("horse-to-zebra", "zebra-to-horse")
    assert card.parameters == sum(weight.numel() for weight in tiny_generator().parameters())
    assert (card.bytes, card.stride, card.text) == (path.stat().st_size, 4, "")
    assert card.discriminators == ""
    kept = tiny_model(tmp_path / "kept.safetensors", keep_discriminators=True)
    assert read_card(kept).discriminators == "patch (lsgan) of horse, zebra"


def test_a_noise_model_opens_as_one(tmp_path):
    path = tiny_noise_model(tmp_path / "model.safetensors")
    model = open_noise(str(tmp_path))
    assert (model.direction, model.path) == ("noise", path)
    assert model.info.names == ("cat", "dog", "owl")
    assert model.generator.classes == 3


def test_noise_models_and_translators_are_not_mixed_up(tmp_path):
    noise = tiny_noise_model(tmp_path / "noise.safetensors")
    translator = tiny_model(tmp_path / "model.safetensors")
    torch.save(resnet(1).state_dict(), tmp_path / "latest_net_G_A.pth")
    for direction in (None, "zebra"):
        with pytest.raises(UsageError, match="makes pictures from noise; use cyclekit sample"):
            open_generator(noise, direction)
    for path in (translator, tmp_path / "latest_net_G_A.pth"):
        with pytest.raises(UsageError, match="translates pictures; use cyclekit translate"):
            open_noise(path)


def test_a_card_of_a_noise_model_holds_the_facts(tmp_path):
    card = read_card(tiny_noise_model(tmp_path / "model.safetensors"))
    assert card.directions == ("noise-to-cat", "noise-to-dog", "noise-to-owl")
    assert (card.kind, card.side, card.stride) == ("noise", 16, None)
    assert card.macs > 0


@needs_embedded
def test_the_default_model_is_embedded_small_and_explained():
    path = embedded_models()[DEFAULT_MODEL]
    assert path.stat().st_size <= 3_000_000
    assert open_generator(None).generator(batch(1, 32, 32)).shape == (1, 3, 32, 32)
    assert read_card(DEFAULT_MODEL).text
