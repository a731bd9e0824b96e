import os
import pickle
import zipfile

import pytest
import torch
from torch import nn

from cyclekit.errors import CheckpointError
from cyclekit.legacy.read import read_weights
from cyclekit.legacy.torchscript import is_torchscript


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.tower_conv = nn.Conv2d(3, 4, 3)
        self.tower_2 = nn.Sequential(nn.Linear(4, 2).half(), nn.BatchNorm1d(2, affine=False))

    def forward(self, x):
        return self.tower_conv(x)


@pytest.fixture
def archive(tmp_path):
    """Write what torch.jit.save writes; its warning says that the format is old, which it is."""
    path = tmp_path / "tower.pt"
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        torch.jit.save(torch.jit.script(Tower()), path)
    return path


def rewritten(path, name, data, compression=zipfile.ZIP_STORED):
    """Replace one member of an archive."""
    with zipfile.ZipFile(path) as old:
        members = {item: old.read(item) for item in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for member, content in members.items():
            replaced = member.endswith(name)
            kind = compression if replaced else zipfile.ZIP_STORED
            new.writestr(member, data if replaced else content, kind)
    return path


def test_every_weight_is_found_by_its_place(archive):
    ((place, weights),) = read_weights(archive)
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        expected = torch.jit.load(archive).state_dict()
    assert place == ""
    assert weights.keys() == expected.keys()
    for key, tensor in expected.items():
        assert weights[key].dtype == tensor.dtype
        assert torch.equal(weights[key], tensor), key


def test_an_ordinary_checkpoint_is_not_taken_for_one(tmp_path, archive):
    torch.save({"a": torch.zeros(1)}, tmp_path / "plain.pth")
    assert is_torchscript(archive)
    assert not is_torchscript(tmp_path / "plain.pth")


def test_code_in_the_tree_is_refused_and_not_run(archive, tmp_path):
    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "trace"),)

    rewritten(archive, "data.pkl", pickle.dumps(Hostile(), protocol=2))
    with pytest.raises(CheckpointError, match=r"holds code \(\w+\.mkdir\).*nothing in it was run"):
        read_weights(archive)
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("name", ["data.pkl", "data/0"])
def test_packed_members_are_refused_before_they_fill_the_memory(archive, name):
    rewritten(archive, name, bytes(10_000_000), zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match="damaged or cut short"):
        read_weights(archive)


def test_a_tensor_larger_than_its_bytes_is_refused(archive):
    rewritten(archive, "data/0", b"1234")
    with pytest.raises(CheckpointError, match="damaged or cut short"):
        read_weights(archive)


@pytest.mark.parametrize("kept", [0.3, 0.99])
def test_a_cut_archive_is_refused(archive, kept):
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(CheckpointError, match="damaged or cut short"):
        read_weights(archive)
