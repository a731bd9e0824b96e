"""Carry published weights over to our module names, leaving out what has no effect."""

from __future__ import annotations

import torch
from torch import nn

from cyclekit.errors import CheckpointError
from cyclekit.legacy.detect import Layout
from cyclekit.legacy.read import Weights
from cyclekit.models import GENERATORS
from cyclekit.models.layers import BlurPool, BlurUpsample
from cyclekit.models.norm import InstanceNorm

_RUNNING = {"running_mean", "running_var", "num_batches_tracked"}
_OPTIONAL = {"bias"}
"""What ours may have and theirs not; 0 then."""


def transfer(weights: Weights, layout: Layout) -> Weights:
    """Rename and complete the weights of a generator.

    Left out: biases before a norm (it takes any constant away again), running statistics (torch 0.4
    wrote them for instance norms, which never used them; the published code tests batch norms with
    each picture's own), and blur filters (constants). Biases that only ours has become 0.

    Args:
        weights: a bare state dict.
        layout: what `detect` said about it.

    Returns:
        A state dict for the network that `layout.spec` describes.

    Raises:
        CheckpointError: if a tensor is missing, left over, or of another shape or value.
    """
    with torch.device("meta"):
        network = GENERATORS.create(layout.spec)
    left = dict(weights)
    result: Weights = {}
    for theirs, ours in layout.names:
        module = network.get_submodule(ours)
        given = _take(left, theirs)
        result |= {f"{ours}.{key}": value for key, value in _fit(module, given, theirs).items()}
    if left:
        raise CheckpointError(f"{len(left)} tensors have no place, first {next(iter(left))}")
    return result


def _take(left: Weights, module: str) -> Weights:
    keys = [key for key in left if key.rpartition(".")[0] == module]
    return {key.rpartition(".")[2]: left.pop(key) for key in keys}


def _fit(module: nn.Module, given: Weights, name: str) -> Weights:
    if isinstance(module, BlurPool | BlurUpsample):
        _check_filter(module, given, name)
    wanted = module.state_dict()
    for key in given.keys() - wanted.keys() - _without_effect(module):
        raise CheckpointError(f"{name}.{key} has no place")
    for key in wanted.keys() - given.keys() - _OPTIONAL:
        raise CheckpointError(f"{name}.{key} is missing")
    fitted = {key: given.get(key, torch.zeros(like.shape)) for key, like in wanted.items()}
    for key, like in wanted.items():
        if fitted[key].shape != like.shape:
            found, expected = tuple(fitted[key].shape), tuple(like.shape)
            raise CheckpointError(f"{name}.{key} has the shape {found}, expected {expected}")
    return fitted


def _without_effect(module: nn.Module) -> set[str]:
    if isinstance(module, InstanceNorm):
        return _RUNNING
    if isinstance(module, BlurPool | BlurUpsample):
        return {"filt"}
    return {"bias"}  # before a norm


def _check_filter(module: BlurPool | BlurUpsample, given: Weights, name: str) -> None:
    ours = type(module)(1).filter
    theirs = given.get("filt", ours)
    if theirs.shape[-2:] != ours.shape[-2:] or not torch.allclose(theirs.float(), ours, atol=1e-3):
        raise CheckpointError(f"{name}.filt is not the filter that CUT uses by default")
