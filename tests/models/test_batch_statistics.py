import pytest
import torch

from cyclekit.models import DISCRIMINATORS, Memory
from cyclekit.models.batch_statistics import BatchStatistics, Deviation, Discrimination
from cyclekit.registry import Spec
from tests.tiny import batch, tiny_spec

OTHERS = ["discrimination", "deviation", "statistics"]
COMPARING = [name for name in DISCRIMINATORS.names() if "others" in DISCRIMINATORS.options(name)]


def features(n=3, channels=4, side=2, seed=0):
    return batch(n, side, side, channels, seed)


def critic(name="dcgan", others="deviation", **options):
    torch.manual_seed(0)
    small = tiny_spec(DISCRIMINATORS, name, others=others, layers=1, **options)
    return DISCRIMINATORS.create(small)


def test_discrimination_is_the_papers_formula():
    layer, x = Discrimination(4, kernels=2, length=3), features()
    m = (x.mean((2, 3)) @ layer.tensor).view(3, 2, 3)
    for i in range(3):
        for b in range(2):
            others = [torch.exp(-(m[i, b] - m[j, b]).abs().sum()) for j in range(3) if j != i]
            told = layer.tell(x, x)[i, b, 0, 0]
            torch.testing.assert_close(told, sum(others) / 2)


def test_discrimination_of_equal_pictures_is_one():
    x = features(1).expand(5, -1, -1, -1)
    torch.testing.assert_close(Discrimination(4).tell(x, x), torch.ones(5, 16, 1, 1))


def test_deviation_is_the_papers_formula():
    x = features()
    expected = x.std(0, unbiased=False).mean()
    told = Deviation(4).tell(x, x)
    torch.testing.assert_close(told, expected.expand(3, 1, 1, 1), atol=1e-5, rtol=1e-5)


def test_statistics_are_those_of_a_batch_norm():
    x = features()
    told = BatchStatistics(4).tell(x, x)
    normal = torch.nn.BatchNorm2d(4, affine=False, eps=1e-8)(x)
    torch.testing.assert_close(told[:, :4], normal, atol=1e-5, rtol=1e-5)
    deviations = x.std((0, 2, 3), unbiased=False)
    torch.testing.assert_close(told[0, 4:, 0, 0], deviations, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("others", OTHERS)
@pytest.mark.parametrize("name", COMPARING)
def test_a_judgement_depends_on_the_others(name, others):
    network = critic(name, others)
    x = batch(3)
    assert network.compares
    assert not torch.allclose(network(x)[:1], network(x[[0, 0, 0]])[:1])


@pytest.mark.parametrize("name", COMPARING)
def test_without_comparison_it_does_not(name):
    network = critic(name, "none").eval()
    x = batch(3)
    assert not network.compares
    if name != "dcgan":  # its batch norm sees the batch in training
        torch.testing.assert_close(network(x)[:1], network(x[:1]), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("others", OTHERS)
def test_a_batch_of_one_is_compared_with_memories(others):
    network, memory = critic("mlp", others), Memory(3)
    x = batch(1)
    alone = network(x, memory=memory)
    for seed in range(1, 5):
        network(batch(1, seed=seed), memory=memory)
        memory.keep()
    assert memory.kept.shape[0] == 3
    assert not torch.allclose(network(x, memory=memory), alone)


def test_a_memory_keeps_only_what_it_is_told_to():
    memory = Memory(3)
    memory.offer(torch.full((2, 1), 1.0))
    memory.offer(torch.full((2, 1), 2.0))  # the first was judged for somebody else's turn
    assert memory.recall(torch.zeros(1)) is None
    memory.keep()
    memory.keep()
    assert memory.kept.flatten().tolist() == [2, 2]
    memory.offer(torch.full((2, 1), 3.0))
    memory.keep()
    assert memory.kept.flatten().tolist() == [2, 3, 3]


def test_a_memory_survives_its_state():
    memory, other = Memory(2), Memory(2)
    memory.offer(torch.ones(2, 1))
    memory.keep()
    other.load_state_dict(memory.state_dict())
    assert torch.equal(other.kept, memory.kept)


def test_no_memory_is_kept_where_none_is_wanted():
    memory = Memory(0)
    memory.offer(torch.ones(2, 1))
    memory.keep()
    assert memory.kept is None
    with pytest.raises(ValueError, match="memory must be at least 0, got -1"):
        Memory(-1)


@pytest.mark.parametrize("others", OTHERS)
def test_equal_pictures_can_part(others):
    """Where all fakes are the same, the generator must be told a way apart, and no NaN."""
    network = critic("mlp", others)
    x = (batch(1).expand(4, -1, -1, -1) + 1e-3 * batch(4, seed=1)).requires_grad_()
    network(x).sum().backward()
    assert x.grad.isfinite().all()
    assert x.grad.abs().sum() > 0


def test_an_unknown_comparison_is_refused():
    from cyclekit.errors import ConfigError

    with pytest.raises(ConfigError, match="others must be none, discrimination"):
        DISCRIMINATORS.create(Spec("patch", {"others": "gossip"}))
