import os
import pickle
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from cyclekit.errors import CheckpointError
from cyclekit.legacy.read import read_weights

SAVE = {
    "zip": torch.save,
    "older": lambda value, path: torch.save(value, path, _use_new_zipfile_serialization=False),
    "bare": lambda value, path: path.write_bytes(pickle.dumps(value)),
    "text": lambda value, path: path.write_bytes(pickle.dumps(value, protocol=0)),
}


class Hostile:
    """Writes a file when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


REFUSAL = {
    "zip": r"holds code \(posix\.mkdir\), not only weights; refused, and nothing in it was run",
    "older": r"holds code \(posix\.mkdir\), not only weights; refused, and nothing in it was run",
    "bare": "not a checkpoint of torch, .*nothing in it was run",
    "text": "not a checkpoint of torch, .*nothing in it was run",
}


@pytest.mark.parametrize("form", SAVE)
def test_a_file_that_holds_code_is_refused_and_not_run(form, tmp_path):
    path, trace = tmp_path / "hostile.pth", tmp_path / "trace"
    SAVE[form]({"model.1.weight": Hostile(trace)}, path)
    with pytest.raises(CheckpointError, match=REFUSAL[form]) as caught:
        read_weights(path)
    assert "\n" not in str(caught.value)
    assert not trace.exists()


def test_the_hostile_file_would_have_worked(tmp_path):
    pickle.loads(pickle.dumps(Hostile(tmp_path / "trace")))
    assert (tmp_path / "trace").exists()


def test_a_pickled_network_is_refused(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match=r"holds code \(torch.nn.modules.linear.Linear\)"):
        read_weights(tmp_path / "net.pth")


@pytest.mark.parametrize("form", ["zip", "older"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.99])
def test_files_cut_short_are_refused(form, kept, tmp_path):
    path = tmp_path / "net.pth"
    SAVE[form]({"weight": torch.ones(1000)}, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(CheckpointError, match=r"net.pth: not a checkpoint of torch, or damaged"):
        read_weights(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"hello world, hello world", "not a checkpoint"),
        (b"<!DOCTYPE html><html>", "not a checkpoint"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "not a checkpoint"),
        (b"PK\x03\x04" + bytes(100), "not a checkpoint"),
        (b"\x10\0\0\0\0\0\0\0{" + bytes(20), "a damaged safetensors file"),
    ],
)
def test_other_files_are_refused(data, message, tmp_path):
    (tmp_path / "net.pth").write_bytes(data)
    with pytest.raises(CheckpointError, match=message):
        read_weights(tmp_path / "net.pth")


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be read: No such file"):
        read_weights(tmp_path / "net.pth")


def test_archives_that_unpack_to_more_than_they_are_get_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data.pkl", bytes(10_000_000))
    with pytest.raises(CheckpointError, match="would unpack to 10,000,000 bytes"):
        read_weights(tmp_path / "net.pth")


def test_tensors_that_claim_more_than_the_file_holds_are_refused(tmp_path):
    torch.save({"weight": torch.ones(1).expand(10**6, 10**6)}, tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match="claim 4,000,000,000,000 bytes"):
        read_weights(tmp_path / "net.pth")


@pytest.mark.parametrize("form", ["zip", "older"])
def test_state_dicts_are_found_wherever_they_are(form, tmp_path):
    weights = {"weight": torch.arange(3.0)}
    value = {"epoch": 1, "nets": {"G": weights, "empty": {}}, "D": {"bias": torch.ones(1)}}
    SAVE[form](value, tmp_path / "net.pth")
    found = dict(read_weights(tmp_path / "net.pth"))
    assert set(found) == {"nets.G", "D"}
    assert torch.equal(found["nets.G"]["weight"], weights["weight"])


def test_safetensors_are_told_by_their_content(tmp_path):
    save_file({"weight": torch.arange(3.0)}, tmp_path / "net.pth")
    ((place, weights),) = read_weights(tmp_path / "net.pth")
    assert (place, weights["weight"].tolist()) == ("", [0, 1, 2])


def test_text_with_the_ending_of_weights_is_refused_in_one_line(tmp_path):
    path = tmp_path / "text.safetensors"
    path.write_text("Some text that is no checkpoint of anything.\n" * 3)
    with pytest.raises(CheckpointError, match="not a checkpoint of torch") as caught:
        read_weights(path)
    assert "\n" not in str(caught.value)
