"""Exact tiles: a picture of any size through a network whose norms see all of it.

Tiles that are normalised by themselves differ in brightness. Here the network runs pass by pass
(`plan.py`); each pass runs over tiles with the halo it needs, and sums the statistics of the next
norm over the whole picture. The result is the whole picture's, to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, fx

from cyclekit.devices import is_out_of_memory
from cyclekit.inference.plan import Pass, Plan, inputs
from cyclekit.inference.planes import Planes, Region, check_room, planes

SMALLEST_TILE = 16
COARSE = 128
"""Pixels a side, of the value computed, below which a tile of a coarse value does not shrink."""


class Picture(Protocol):
    """Input and output of a stream."""

    height: int
    width: int

    def read(self, region: Region) -> Tensor:
        """Return a region as the network takes it, (1, C, h, w), on its device."""

    def write(self, region: Region, made: Tensor) -> None:
        """Take a region of the output, (1, C, h, w)."""


class Stream:
    """Runs a generator over tiles.

    Args:
        plan: of the generator, which is in evaluation mode on its device.
        dtype: of the values that are kept.
    """

    def __init__(self, plan: Plan, dtype: torch.dtype) -> None:
        self.plan = plan
        self.dtype = dtype

    def run(self, picture: Picture, tile: int, memory: float) -> None:
        """Translate one picture.

        Args:
            picture: what is read and written; its sides are multiples of the generator's stride.
            tile: side of a tile in pixels of the picture; halved where memory runs out.
            memory: bytes of values that may be kept in memory.

        Raises:
            MediaError: if the disk has no room for what does not fit into memory.
        """
        pixels = picture.height * picture.width
        check_room(pixels * self.plan.kept_at_most * self.dtype.itemsize, memory)
        with planes(memory) as kept, torch.inference_mode():
            run = _Run(self.plan, picture, kept)
            for step in self.plan.passes:
                self._make_room(step, picture, kept)
                tile = _retried(partial(run.through, step), tile)
                for node in step.freed:
                    kept.drop(node)

    def _make_room(self, step: Pass, picture: Picture, kept: Planes) -> None:
        for node in step.kept:
            size = self.plan.sizes[node]
            height, width = picture.height // size.scale, picture.width // size.scale
            kept.add(node, height, width, size.channels, self.dtype)


class _Run:
    """One picture on its way through the passes."""

    def __init__(self, plan: Plan, picture: Picture, kept: Planes) -> None:
        self.plan, self.picture, self.kept = plan, picture, kept
        self.statistics: dict[fx.Node, tuple[Tensor, Tensor]] = {}

    def through(self, step: Pass, tile: int) -> None:
        """Go through the picture once."""
        seen = _Sums()
        for row in self._rows(step, tile):
            for core in row:
                values = self._values(step, core)
                goal = values[step.goal].cut(self._scaled(step.goal, core))
                if step.norm is None:
                    self.picture.write(core, goal)
                else:
                    seen.add(goal)
                for node in step.kept:
                    region = self._scaled(node, core)
                    self.kept[node].write(region, values[node].cut(region))
            self.kept.release()
        if step.norm is not None:
            self.statistics[step.norm] = self._used(step.norm, seen)

    def _used(self, node: fx.Node, seen: _Sums) -> tuple[Tensor, Tensor]:
        """Return the mean and variance that a norm is to use, (1, C) each."""
        norm: Any = self.plan.layer(node)
        mean, variance = seen.mean.float()[None], seen.variance.float()[None]
        if norm.carried is None:
            return mean, variance
        return norm.carried.update(norm.name, mean, variance)  # type: ignore[no-any-return]

    def _rows(self, step: Pass, tile: int) -> Iterator[list[Region]]:
        """Divide the picture into tiles, in pixels of the picture, row by row."""
        height, width = self.picture.height, self.picture.width
        align = max(self.plan.sizes[node].scale for node in (*step.nodes, *step.sources))
        side = max(tile, min(tile, COARSE) * self.plan.sizes[step.goal].scale)
        side = -(-side // align) * align
        for top in range(0, height, side):
            bottom = min(top + side, height)
            yield [
                Region(top, bottom, left, min(left + side, width)) for left in range(0, width, side)
            ]

    def _scaled(self, node: fx.Node, core: Region) -> Region:
        return core.scaled(1, self.plan.sizes[node].scale)

    def _values(self, step: Pass, core: Region) -> dict[fx.Node, _Part]:
        """Compute what a pass wants of one tile."""
        regions = self._regions(step, core)
        values: dict[fx.Node, _Part] = {}
        for node in step.sources:
            source = self.picture if node is self.plan.picture else self.kept[node]
            values[node] = _Part(regions[node], source.read(regions[node]))
        for node in step.nodes:
            values[node] = self._computed(node, regions[node], values)
        return values

    def _regions(self, step: Pass, core: Region) -> dict[fx.Node, Region]:
        """Find which part of every value a tile needs, from the last to the first."""
        regions = {node: self._scaled(node, core) for node in (step.goal, *step.kept)}
        for node in reversed(step.nodes):
            for source in inputs(node):
                needed = self._needed(node, source, regions[node])
                known = regions.get(source)
                regions[source] = needed if known is None else known.union(needed)
        return regions

    def _needed(self, node: fx.Node, source: fx.Node, region: Region) -> Region:
        geometry, scale = self.plan.geometries[node], self.plan.sizes[source].scale
        height, width = self.picture.height // scale, self.picture.width // scale
        top, bottom = geometry.needed(region.top, region.bottom, height)
        left, right = geometry.needed(region.left, region.right, width)
        return Region(top, bottom, left, right)

    def _computed(self, node: fx.Node, region: Region, values: Mapping[fx.Node, _Part]) -> _Part:
        geometry = self.plan.geometries[node]
        needed = {source: self._needed(node, source, region) for source in inputs(node)}
        given = {source: values[source].cut(part) for source, part in needed.items()}
        made = next(iter(needed.values())).scaled(geometry.up, geometry.down)
        return _Part(region, _Part(made, self._call(node, given)).cut(region))

    def _call(self, node: fx.Node, given: dict[fx.Node, Tensor]) -> Tensor:
        if node in self.statistics:
            norm: Any = self.plan.layer(node)
            return norm.normalise(*given.values(), *self.statistics[node])  # type: ignore[no-any-return]
        args = fx.map_arg(node.args, given.__getitem__)
        kwargs = fx.map_arg(node.kwargs, given.__getitem__)
        function: Any = node.target if callable(node.target) else self.plan.layer(node)
        made: Tensor = function(*args, **kwargs)
        return made


@dataclass(frozen=True)
class _Part:
    """A region of a value."""

    region: Region
    values: Tensor

    def cut(self, region: Region) -> Tensor:
        """Return what lies in a smaller region."""
        if self.region == region:
            return self.values
        rows, columns = region.within(self.region)
        return self.values[..., rows, columns].contiguous(memory_format=torch.channels_last)


class _Sums:
    """Mean and variance of a value over the whole picture, summed up in float64.

    The parts are joined by the formula of Chan, Golub and LeVeque (1983), which does not cancel.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = torch.zeros(0, dtype=torch.float64)
        self.squares = torch.zeros(0, dtype=torch.float64)

    def add(self, x: Tensor) -> None:
        """Take one more tile, (1, C, h, w)."""
        count = x.shape[2] * x.shape[3]
        mean, variance = (of.double().cpu() for of in _moments(x))
        if self.count == 0:
            self.count, self.mean, self.squares = count, mean, variance * count
            return
        total = self.count + count
        change = mean - self.mean
        self.mean = self.mean + change * (count / total)
        self.squares = self.squares + variance * count + change**2 * (self.count * count / total)
        self.count = total

    @property
    def variance(self) -> Tensor:
        """Biased variance, (C,)."""
        return self.squares / self.count


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of each channel of (1, C, h, w), (C,) each."""
    if not x.is_cpu:
        variance, mean = torch.var_mean(x.float(), (0, 2, 3), correction=0)
        return mean, variance
    # The batch norm's own pass is the only one that reads channels-last at the speed of memory;
    # beside float32 averages, which it leaves as they are, it sums in float32.
    unused = torch.zeros(x.shape[1]), torch.ones(x.shape[1])
    return torch.batch_norm_update_stats(x, *unused, 0.0)


def _retried(work: Callable[[int], None], tile: int) -> int:
    """Work with a tile, and with half of it where memory runs out; return the side that did."""
    while True:
        try:
            work(tile)
            return tile
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or tile // 2 < SMALLEST_TILE:
                raise
            tile //= 2
