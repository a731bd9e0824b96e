import torch

from cyclekit.models.patches import PatchHeads
from tests.tiny import batch


def test_vectors_are_those_of_their_places():
    torch.manual_seed(0)
    heads, feature = PatchHeads([3], width=5), batch(2, 4, 6)
    place = torch.tensor([7, 0, 23])
    (vectors,) = heads([feature], [place])
    assert vectors.shape == (2, 3, 5)
    pixel = feature[1, :, 7 // 6, 7 % 6]
    raw = heads.heads[0](pixel)
    torch.testing.assert_close(vectors[1, 0], raw / (raw.norm() + 1e-7))


def test_vectors_have_length_1_in_any_type():
    heads, feature = PatchHeads([3, 3], width=16), batch(1, 4, 4)
    with torch.autocast("cpu", torch.bfloat16):
        for vectors in heads([feature, feature], [torch.arange(16)] * 2):
            assert vectors.dtype == torch.float32
            torch.testing.assert_close(vectors.norm(dim=2), torch.ones(1, 16), atol=1e-5, rtol=0)
