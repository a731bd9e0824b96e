"""Finds out how pictures go into a network that does not say it, by running it on a photograph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cyclekit.errors import CheckpointError, UsageError, suggest
from cyclekit.export.engines import Engine, Port
from cyclekit.export.wiring import RANGES, End, Layout, Wiring
from cyclekit.export.write import sample_pictures
from cyclekit.pixels import from_bytes

LARGEST_SIDE = 8192
"""Pixels a side that a network with a fixed size may have."""
_STRIDES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_LEAST = 64  # pixels a side to try with
_BOUNDED = {"Tanh": "-1..1", "Sigmoid": "0..1", "HardSigmoid": "0..1"}


@dataclass(frozen=True)
class Found:
    """What was found out."""

    wiring: Wiring
    assumed: str
    """In words, for the user."""


def parse_ranges(text: str | None) -> tuple[str, str] | None:
    """Read "0..255", or "0..255,0..1" for what goes in and what comes out.

    Raises:
        UsageError: if it is none.
    """
    if text is None:
        return None
    names = text.replace(" ", "").split(",")
    for name in names:
        if name not in RANGES or len(names) > 2:
            raise UsageError(f"unknown range '{text}'; {suggest(name, RANGES)}, or two: in,out")
    return names[0], names[-1]


def find_wiring(engine: Engine, ranges: tuple[str, str] | None, last_step: str = "") -> Found:
    """Find layout, size, stride and ranges.

    Args:
        engine: of the network.
        ranges: of what goes in and what comes out; None to find out.
        last_step: what the network ends with: "Tanh" and "Sigmoid" say the range.

    Raises:
        CheckpointError: if it does not turn pictures into pictures of the same size.
    """
    given = _end(engine.input)
    size = _fixed_size(engine.input, given.layout)
    rough = Wiring(given, replace(given, channels=3), engine.input.shape[0], size, 1)
    tried = [rough]
    if None in (engine.input.shape[1], engine.input.shape[3]) and engine.input.shape[1] is None:
        tried.append(replace(rough, given=replace(given, layout=_other(given.layout))))
    for wiring in tried:
        stride = 1 if size else _stride(engine, wiring)
        if stride is not None:
            return _complete(engine, replace(wiring, stride=stride), ranges, last_step)
    raise CheckpointError(
        "it runs on no picture of 64 to 768 pixels a side; expected a network that turns a picture "
        "into one of the same size"
    )


def _end(port: Port) -> End:
    shape = port.shape
    if len(shape) != 4:
        raise CheckpointError(f"'{port.name}' has {len(shape)} dimensions; expected a picture's 4")
    layout: Layout = "NHWC" if shape[1] not in (1, 3) and shape[3] in (1, 3) else "NCHW"
    channels = shape[3] if layout == "NHWC" else shape[1]
    if channels not in (1, 3, None):
        raise CheckpointError(f"'{port.name}' has {channels} channels; expected 3, or 1 for gray")
    return End(layout, channels or 3, "0..255" if port.dtype == np.uint8 else "0..1", port.dtype)


def _other(layout: Layout) -> Layout:
    return "NHWC" if layout == "NCHW" else "NCHW"


def _fixed_size(port: Port, layout: Layout) -> tuple[int, int] | None:
    height, width = port.shape[2:] if layout == "NCHW" else port.shape[1:3]
    if height is None and width is None:
        return None
    size = height or width or 1, width or height or 1
    if max(size) > LARGEST_SIDE:
        raise CheckpointError(
            f"takes pictures of {size[1]}x{size[0]}; expected {LARGEST_SIDE} at most"
        )
    return size


def _stride(engine: Engine, wiring: Wiring) -> int | None:
    """Return the least power of 2 whose odd multiples the network takes; None for none."""
    for stride in _STRIDES:
        side = stride * (2 * -(-_LEAST // (2 * stride)) + 1)
        x = torch.zeros(1, 3, side, side + 2 * stride)
        try:
            made = engine.run(wiring.split(x)[0])
        except RuntimeError:
            continue
        if sorted(made.shape)[-2:] == sorted(x.shape)[-2:]:
            return stride
    return None


def _complete(
    engine: Engine, wiring: Wiring, ranges: tuple[str, str] | None, last_step: str
) -> Found:
    x = _sample(wiring)
    shape = engine.run(wiring.split(x)[0]).shape
    made = _made(engine.output, shape, wiring.size or (x.shape[2], x.shape[3]))
    wiring = replace(wiring, made=made)
    into, out = ranges or _ranges(engine, wiring, x, last_step)
    for port, name, what in ((engine.input, into, "takes"), (engine.output, out, "gives")):
        if port.dtype == np.uint8 and name != "0..255":
            raise UsageError(f"the network {what} bytes; expected the range 0..255, got {name}")
    wiring = replace(wiring, given=replace(wiring.given, scale=into), made=replace(made, scale=out))
    wiring.join([engine.run(part) for part in wiring.split(x)], x)
    how = (
        "as given" if ranges else "assumed from its result on a photograph; --range says otherwise"
    )
    size = f"{wiring.size[1]}x{wiring.size[0]}" if wiring.size else f"multiples of {wiring.stride}"
    return Found(
        wiring,
        f"pixels {into} in and {out} out ({how}), {wiring.given.layout}, size: {size}"
        + (", to which pictures are resized and back" if wiring.size else ""),
    )


def _sample(wiring: Wiring) -> Tensor:
    picture = sample_pictures()[0]
    side = max(wiring.stride, 128 // wiring.stride * wiring.stride)
    picture = np.ascontiguousarray(picture[:side, :side])
    return from_bytes(torch.from_numpy(picture)[None].permute(0, 3, 1, 2)).contiguous()


def _made(port: Port, shape: tuple[int, ...], size: tuple[int, int]) -> End:
    if len(shape) == 4 and shape[1] in (1, 3) and shape[2:] == size:
        layout: Layout = "NCHW"
        channels = shape[1]
    elif len(shape) == 4 and shape[3] in (1, 3) and shape[1:3] == size:
        layout, channels = "NHWC", shape[3]
    else:
        expected = f"{size[1]}x{size[0]} with 1 or 3 channels"
        raise CheckpointError(f"'{port.name}' is {shape}; expected a picture of {expected}")
    return End(layout, channels, "0..255" if port.dtype == np.uint8 else "0..1", port.dtype)


def _ranges(engine: Engine, wiring: Wiring, x: Tensor, last_step: str) -> tuple[str, str]:
    """Return the range which, given to the network, comes out again; 0..1 where several do."""
    taken = ["0..255"] if engine.input.dtype == np.uint8 else ["0..1", "-1..1", "0..255"]
    seen = {}
    for name in taken:
        fed = replace(wiring, given=replace(wiring.given, scale=name))
        seen[name] = _BOUNDED.get(last_step) or _observed(engine.run(fed.split(x)[0]))
    if engine.output.dtype == np.uint8:
        seen = dict.fromkeys(seen, "0..255")
    same = [name for name in taken if seen[name] == name]
    if same:
        return same[0], same[0]
    into = taken[0] if engine.input.dtype == np.uint8 else seen[taken[0]]
    return into, seen.get(into, seen[taken[0]])


def _observed(made: Any) -> str:
    """Name the range that values lie in; a few outliers do not count."""
    low, high = np.percentile(made.astype(np.float64), [1, 99])
    if max(high, -low) > 8:
        return "0..255"
    return "-1..1" if low < -0.2 else "0..1"
