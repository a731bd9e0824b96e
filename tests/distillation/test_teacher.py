import numpy as np
import pytest
import torch

import cyclekit
from cyclekit.distillation.teacher import open_teacher
from cyclekit.errors import UsageError
from tests.legacy.published import resnet
from tests.tiny import picture, tiny_domain_model, tiny_model


def test_a_teacher_does_what_its_model_does(tmp_path):
    file = tiny_model(tmp_path / "model.safetensors")
    teacher, image = open_teacher(file, "horse"), picture(17, 21)
    assert teacher.names == ("zebra", "horse")
    assert teacher.title == "model.safetensors"
    (made,) = teacher.stream([image])
    expected = cyclekit.load(file, "horse")(image)
    # Each chooses its number format by itself; the other direction would be far away.
    assert np.abs(made.astype(int) - expected).mean() < 2


def test_a_teacher_is_known_by_what_is_in_its_file(tmp_path):
    file = tiny_model(tmp_path / "one.safetensors")
    there, back = open_teacher(file), open_teacher(file, "ba")
    (tmp_path / "two.safetensors").write_bytes(file.read_bytes())
    other = tiny_model(tmp_path / "other.safetensors", ("day", "night"))
    assert open_teacher(tmp_path / "two.safetensors").identity == there.identity
    assert len({there.identity, back.identity, open_teacher(other).identity}) == 3
    assert there.identity.endswith("-ab")


def test_foreign_checkpoints_and_many_domains_teach_too(tmp_path):
    torch.save(resnet(blocks=6, width=2).state_dict(), tmp_path / "latest_net_G_A.pth")
    foreign = open_teacher(tmp_path / "latest_net_G_A.pth")
    assert next(foreign.stream([picture(20, 20)])).shape == (20, 20, 3)
    many = tiny_domain_model(tmp_path / "many.safetensors")
    first, second = (open_teacher(many, "dog", style) for style in (0, 1))
    assert first.names == ("any", "dog")
    assert first.identity != second.identity
    with pytest.raises(UsageError, match="name the domain"):
        open_teacher(many)
