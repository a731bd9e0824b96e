import json
from pathlib import Path

import pytest
import torch

from cyclekit.inference import precision, remembered
from cyclekit.inference.precision import Prepared, prepare
from cyclekit.inference.remembered import MOST, choice_key, recall, remember
from tests.tiny import tiny_generator

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cache" / "precision.json"
    monkeypatch.setattr(remembered, "_path", lambda: path)
    return path


def test_a_choice_comes_back() -> None:
    assert recall("a") is None
    remember("a", "bf16", "fast")
    remember("b", "fp32", "exact")
    assert (recall("a"), recall("b")) == (("bf16", "fast"), ("fp32", "exact"))


def test_the_key_tells_models_and_thread_counts_apart() -> None:
    first, second = tiny_generator("mobile"), tiny_generator("mobile")
    assert choice_key(first, CPU) == choice_key(second, CPU)
    with torch.no_grad():
        next(second.parameters()).add_(1e-3)
    assert choice_key(first, CPU) != choice_key(second, CPU)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"a": 3}', '{"a": ["x"]}', '{"a": [1, 2]}', "[" * 100_000]
)
def test_a_damaged_cache_is_an_empty_one(cache: Path, text: str) -> None:
    cache.parent.mkdir()
    cache.write_text(text)
    assert recall("a") is None
    remember("a", "bf16", "fast")
    assert recall("a") == ("bf16", "fast")


def test_the_oldest_choices_go(cache: Path) -> None:
    for i in range(MOST + 3):
        remember(str(i), "fp32", "")
    assert list(json.loads(cache.read_text())) == [str(i) for i in range(3, MOST + 3)]


def test_a_cache_that_cannot_be_written_is_no_failure(cache: Path) -> None:
    cache.parent.write_text("a file where the folder should be")
    remember("a", "bf16", "fast")
    assert recall("a") is None


@pytest.mark.parametrize("is_clear", [True, False])
def test_auto_times_a_model_once_if_the_result_is_clear(
    is_clear: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed = []

    def choose(tried: list[Prepared], sample: torch.Tensor) -> tuple[Prepared, bool]:
        timed.append([one.precision for one in tried])
        return tried[1], is_clear

    monkeypatch.setattr(precision, "_fastest", choose)
    monkeypatch.setattr(precision, "has_native_bf16", lambda _: True)
    for _ in range(2):
        assert prepare(tiny_generator(), CPU).precision == "bf16"
    assert timed == [["fp32", "bf16"]] * (1 if is_clear else 2)
