import re
import struct

import pytest
import torch

from cyclekit.checkpoint.model import load_model, read_info
from cyclekit.errors import CheckpointError, UsageError
from tests.tiny import batch, tiny_domain_model

NAMES = ("dress", "shoes", "t-shirt")


def test_a_model_knows_its_domains(tmp_path):
    path = tiny_domain_model(tmp_path / "m.safetensors", NAMES)
    info = read_info(path)
    assert (info.kind, info.names, info.directions) == ("domains", NAMES, ("any",))
    assert info.abilities() == ("any-to-dress", "any-to-shoes", "any-to-t-shirt")
    assert info.find("shoes") == info.find("any-to-shoes") == "any-to-shoes"
    assert info.domains("any-to-t-shirt") == ("any", "t-shirt")


def test_the_whole_generator_comes_back(tmp_path):
    path = tiny_domain_model(tmp_path / "m.safetensors", NAMES)
    generator, _, direction = load_model(path)
    assert (generator.kind, generator.classes, direction) == ("domains", 3, "any")
    again, _, direction = load_model(path, "shoes")
    assert direction == "any-to-shoes"
    label = torch.tensor([1])
    with torch.no_grad():
        assert torch.equal(generator(batch(), label), again(batch(), label))


def test_an_unknown_domain_is_told_which_there_are(tmp_path):
    path = tiny_domain_model(tmp_path / "m.safetensors", NAMES)
    message = "unknown domain 'tshirt'; the model knows dress, shoes, t-shirt"
    with pytest.raises(UsageError, match=re.escape(message)):
        load_model(path, "tshirt")


def test_a_header_with_another_number_of_domains_is_refused(tmp_path):
    path = tiny_domain_model(tmp_path / "m.safetensors", NAMES)
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = raw[8 : 8 + length].replace(b'\\"shoes\\", ', b"")
    assert len(header) < length
    path.write_bytes(struct.pack("<Q", len(header)) + header + raw[8 + length :])
    with pytest.raises(CheckpointError, match="knows 3 classes, but 2 are named"):
        load_model(path)
