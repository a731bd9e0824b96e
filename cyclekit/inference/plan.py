"""Divides a generator into passes over the picture: a pass ends where a norm needs all of it.

A pass computes one value of the network, tile by tile, from values that earlier passes have kept.
It is found by tracing the generator's own `forward`, so that there is one description of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, fx, nn

from cyclekit.models.geometry import Geometry, geometry_of
from cyclekit.models.norm import InstanceNorm

POINTWISE_FUNCTIONS = ("add", "cat", "mul", "sub", "relu", "tanh")
CHEAP = 0.03
"""Share of the network's products below which a large value is computed again, not kept."""


class UntileableError(Exception):
    """A generator that does something whose reach over the picture is unknown."""


@dataclass(frozen=True)
class Pass:
    """One way through the picture."""

    goal: fx.Node
    """What it is for: the input of a norm, or the output of the network."""
    norm: fx.Node | None
    """The norm that needs the goal's statistics; None for the output."""
    nodes: tuple[fx.Node, ...]
    """What is computed, in order, the goal included."""
    sources: tuple[fx.Node, ...]
    """Kept values (or the picture) that it starts from."""
    kept: tuple[fx.Node, ...]
    """Those of `nodes` that are kept for later passes."""
    freed: tuple[fx.Node, ...]
    """Kept values that no later pass needs."""


@dataclass(frozen=True)
class Size:
    """Of a value: what it measures beside the picture."""

    scale: int
    """Pixels of the picture, in a row, that one pixel of the value stands for."""
    channels: int
    """Channels."""
    products: float
    """Multiplications it costs, for each pixel of the picture."""

    @property
    def elements(self) -> Fraction:
        """Numbers for each pixel of the picture."""
        return Fraction(self.channels, self.scale**2)


class Plan:
    """The passes of a generator.

    Args:
        generator: in evaluation mode.
        sample: any input that it can take, (1, C, H, W).

    Raises:
        UntileableError: if it cannot be divided.
    """

    def __init__(self, generator: nn.Module, sample: Tensor) -> None:
        self.network = generator
        self.nodes, self.sizes = _traced(generator, sample)
        self.geometries = {node: _geometry(generator, node) for node in self.nodes[1:-1]}
        self.picture = self.nodes[0]

    def layer(self, node: fx.Node) -> nn.Module:
        """Return the layer that a node calls."""
        return self.network.get_submodule(str(node.target))

    def is_norm(self, node: fx.Node) -> bool:
        """Say whether a node needs statistics of the whole picture."""
        return node.op == "call_module" and isinstance(self.layer(node), InstanceNorm)

    @cached_property
    def passes(self) -> tuple[Pass, ...]:
        """The passes, in order; the last computes the output."""
        goals: list[tuple[fx.Node, fx.Node | None]] = [
            (inputs(node)[0], node) for node in self.nodes if self.is_norm(node)
        ]
        goals.append((inputs(self.nodes[-1])[0], None))
        kept_before: list[set[fx.Node]] = []
        kept = {self.picture}
        made = []
        for i, (goal, norm) in enumerate(goals):
            kept_before.append(set(kept))
            nodes, sources = self._closure(goal, kept)
            keeps = self._keeps(nodes, sources, goals[i + 1 :], kept)
            kept.update(keeps)
            made.append((goal, norm, nodes, sources, keeps))
        needed_later: set[fx.Node] = {self.picture}
        passes: list[Pass] = []
        for goal, norm, nodes, sources, keeps in reversed(made):
            freed = tuple(node for node in sources if node not in needed_later)
            needed_later.update(sources)
            used = tuple(node for node in keeps if node in needed_later)
            passes.append(Pass(goal, norm, nodes, sources, used, freed))
        return tuple(reversed(passes))

    @cached_property
    def kept_at_most(self) -> float:
        """Numbers that are kept at a time, for each pixel of the picture, at most."""
        peak = now = Fraction()
        for step in self.passes:
            now += sum(self.sizes[node].elements for node in step.kept)
            peak = max(peak, now)
            now -= sum(self.sizes[node].elements for node in step.freed)
        return float(peak)

    def _keeps(
        self,
        nodes: Sequence[fx.Node],
        sources: Sequence[fx.Node],
        later: Sequence[tuple[fx.Node, fx.Node | None]],
        kept: Collection[fx.Node],
    ) -> list[fx.Node]:
        """Choose what a pass keeps: its goal unless that is cheap, and sums that are used again."""
        if not later:
            return []
        goal = nodes[-1]
        keeps = [] if self._is_cheap(nodes, sources) else [goal]
        kept_goals = {*kept, goal, *(other for other, _ in later)}
        for node in nodes:
            if len(inputs(node)) < 2 or node is goal:
                continue
            users = (self._closure(other, kept_goals - {other})[0] for other, _ in later)
            if any(node in user for user in users):
                keeps.append(node)
        return keeps

    def _is_cheap(self, nodes: Sequence[fx.Node], sources: Sequence[fx.Node]) -> bool:
        """Say whether the goal is larger than what it comes from, and quickly made again."""
        total = sum(size.products for size in self.sizes.values())
        cost = sum(self.sizes[node].products for node in nodes)
        given = sum(self.sizes[node].elements for node in sources)
        return cost <= CHEAP * total and self.sizes[nodes[-1]].elements > given

    def _closure(
        self, goal: fx.Node, kept: Collection[fx.Node]
    ) -> tuple[tuple[fx.Node, ...], tuple[fx.Node, ...]]:
        """Return what must be computed for a goal, in order, and the kept values it starts from."""
        wanted, sources, open_nodes = set(), set(), [goal]
        while open_nodes:
            node = open_nodes.pop()
            if node in kept:
                sources.add(node)
            elif node not in wanted:
                wanted.add(node)
                open_nodes.extend(inputs(node))
        ordered = [node for node in self.nodes if node in wanted]
        return tuple(ordered), tuple(node for node in self.nodes if node in sources)


def inputs(node: fx.Node) -> list[fx.Node]:
    """Return the values that a node is computed from, in order."""
    return list(node.all_input_nodes)


class _Tracer(fx.Tracer):
    """Looks into our containers, not into layers."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        own = isinstance(m, nn.Conv2d | nn.BatchNorm2d | InstanceNorm) or hasattr(m, "geometry")
        return own or super().is_leaf_module(m, module_qualified_name)


def _traced(generator: nn.Module, sample: Tensor) -> tuple[list[fx.Node], dict[fx.Node, Size]]:
    try:
        graph = _Tracer().trace(generator)
    except (fx.proxy.TraceError, TypeError, RuntimeError, AttributeError) as error:
        raise UntileableError(f"its steps cannot be told apart ({error})") from error
    nodes = [node for node in graph.nodes if node.op != "get_attr"]
    recorder = _Recorder(fx.GraphModule(generator, graph), sample.shape[-1])
    with torch.inference_mode():
        recorder.run(sample)
    return nodes, recorder.sizes


class _Recorder(fx.Interpreter):
    """Runs a graph once and notes how large its values are."""

    def __init__(self, module: fx.GraphModule, side: int) -> None:
        super().__init__(module)
        self.side = side
        self.sizes: dict[fx.Node, Size] = {}

    def run_node(self, n: fx.Node) -> Any:
        made = super().run_node(n)
        if isinstance(made, Tensor) and made.ndim == 4:
            scale = self.side // made.shape[-1]
            if scale * made.shape[-1] != self.side:
                raise UntileableError(
                    f"'{n}' is {made.shape[-1]} wide where the picture is {self.side}"
                )
            self.sizes[n] = Size(scale, made.shape[1], self._products(n, made))
        return made

    def _products(self, node: fx.Node, made: Tensor) -> float:
        if node.op != "call_module":
            return 0.0
        layer = self.module.get_submodule(str(node.target))
        each = 0.0
        for part in layer.modules():
            if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
                per_output = part.weight.numel() / part.out_channels
                if isinstance(part, nn.ConvTranspose2d):
                    per_output = part.weight.numel() / part.out_channels / part.stride[0] ** 2
                each += per_output * made.numel()
        return each / self.side**2


def _geometry(generator: nn.Module, node: fx.Node) -> Geometry:
    if node.op == "call_function":
        if getattr(node.target, "__name__", "") in POINTWISE_FUNCTIONS:
            return Geometry()
        raise UntileableError(f"it calls {node.target}")
    if node.op != "call_module":
        raise UntileableError(f"it calls {node.op} '{node.target}'")
    layer = generator.get_submodule(str(node.target))
    if isinstance(layer, InstanceNorm):
        return Geometry()
    try:
        return geometry_of(layer)
    except ValueError as error:
        raise UntileableError(str(error)) from error
