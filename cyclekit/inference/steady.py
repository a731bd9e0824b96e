"""Translates the frames of a film so that what stands still in it stands still in the result.

A norm that looks at every frame anew changes the whole frame when anything in it moves. Here the
statistics are carried from frame to frame; what stands still is averaged over time, before and after
the network; and both are forgotten where the film cuts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from safetensors.torch import load as deserialize
from safetensors.torch import save as serialize

from cyclekit.errors import UsageError
from cyclekit.inference.still import StillParts
from cyclekit.inference.translator import Translator
from cyclekit.media.flow import Flow, find_flow, trust, warp
from cyclekit.media.picture import to_8_bits
from cyclekit.media.scenes import Look, look_at
from cyclekit.models.norm import Carried
from cyclekit.pixels import Array

Mode = Literal["off", "average", "freeze"]
KEEP = {"average": 0.95, "freeze": 1.0}
"""Share of the old statistics that stays at each frame."""
HOLD = 0.97
"""Share of the mean that stays at each frame, where nothing moves."""
_AS_WELL = 0.02


@dataclass(frozen=True)
class Steadiness:
    """How frames hang together."""

    mode: Mode = "average"
    """off: every frame by itself; average: norm statistics are an average over the frames so far,
    and what stands still is averaged too; freeze: the same, with the statistics of the first frame
    of a scene."""
    keep: float = KEEP["average"]
    """Share of the average statistics that stays at each frame, 0 to 1."""
    hold: float = HOLD
    """Share of the mean picture that stays at each frame, where nothing moves: 0 to 1; 0 averages
    statistics only. Does nothing where the mode is off."""
    blend: float = 0.0
    """Share of the last result, moved along with the picture, in the next: 0 to under 1."""

    def __post_init__(self) -> None:
        """Refuse what is out of range.

        Raises:
            UsageError: if a value is.
        """
        if self.mode not in ("off", "average", "freeze"):
            raise UsageError(f"steady must be off, average or freeze, got {self.mode!r}")
        if not 0 <= self.keep <= 1:
            raise UsageError(f"the share that stays must be from 0 to 1, got {self.keep}")
        if not 0 <= self.hold <= 1:
            raise UsageError(f"the share that is held must be from 0 to 1, got {self.hold}")
        if not 0 <= self.blend < 1:
            raise UsageError(f"the share of the last frame must be from 0 to under 1: {self.blend}")


class SteadyTranslator:
    """A translator for the frames of a film, in their order.

    Results of a generator that chooses one colour a pixel are not mixed: they keep its colours.

    Args:
        translator: of single pictures.
        steadiness: how frames hang together.
    """

    def __init__(self, translator: Translator, steadiness: Steadiness) -> None:
        self.translator = translator
        self.steadiness = steadiness
        keep = KEEP["freeze"] if steadiness.mode == "freeze" else steadiness.keep
        self._carried = Carried(keep=keep)
        self._chooses = translator.palette is not None
        hold = 0 if steadiness.mode == "off" else steadiness.hold
        self._still = StillParts(hold, results=not self._chooses)
        self._last: _Frame | None = None

    def stream(self, frames: Iterable[Array]) -> Iterator[Array]:
        """Translate frames as they come.

        A frame equal to the one before gives the same result, and is not computed again.

        Args:
            frames: as for `Translator`; what stands still is found anew where their size changes.

        Yields:
            The translations, one for each; at most a batch behind.
        """
        batch: list[Array] = []
        for frame in frames:
            look = look_at(frame)
            previous = batch[-1] if batch else (self._last.source if self._last else None)
            equal = previous is not None and np.array_equal(previous, frame)
            cut = self._look is not None and self._look.is_cut_to(look)
            if batch and (equal or cut or not self.translator.joins(batch, frame)):
                yield from self._translated(batch)
                batch = []
            self._look = look
            if equal:
                assert self._last is not None
                yield self._last.result
                continue
            if cut:
                self._forget()
            elif previous is not None and previous.shape != frame.shape:
                self._forget_places()
            batch.append(frame)
        if batch:
            yield from self._translated(batch)

    def dump(self) -> bytes:
        """Return all that the next frame depends on."""
        tensors = {f"mean.{name}": value for name, value in self._carried.mean.items()}
        tensors |= {f"variance.{name}": value for name, value in self._carried.variance.items()}
        if self._still.source is not None and self._still.result is not None:
            tensors["still.source"] = torch.from_numpy(self._still.source)
            tensors["still.result"] = torch.from_numpy(self._still.result)
        if self._last is not None:
            tensors["source"] = torch.from_numpy(np.ascontiguousarray(self._last.source))
            tensors["result"] = torch.from_numpy(np.ascontiguousarray(self._last.result))
        # Copies: of deep frames the result is the mean itself, and none may be stored twice.
        return serialize({name: tensor.clone().contiguous() for name, tensor in tensors.items()})

    def load(self, memory: bytes) -> None:
        """Go on after the frame that was the last at a `dump`."""
        tensors = deserialize(memory)
        self._forget()
        for values, prefix in (
            (self._carried.mean, "mean."),
            (self._carried.variance, "variance."),
        ):
            found = {name: value for name, value in tensors.items() if name.startswith(prefix)}
            values.update({name.removeprefix(prefix): value for name, value in found.items()})
        if "still.source" in tensors:
            self._still.source = tensors["still.source"].numpy()
            self._still.result = tensors["still.result"].numpy()
        if "source" in tensors:
            self._last = _Frame(tensors["source"].numpy(), tensors["result"].numpy())
            self._look = look_at(self._last.source)

    _look: Look | None = None

    def _forget(self) -> None:
        self._carried.reset()
        self._forget_places()

    def _forget_places(self) -> None:
        self._still.forget()
        self._last = None

    def _translated(self, batch: list[Array]) -> Iterator[Array]:
        for source, made in zip(batch, self._made(batch), strict=True):
            result = made if self._last is None else self._blended(self._last, source, made)
            self._last = _Frame(source, result)
            yield result

    def _made(self, batch: list[Array]) -> list[Array]:
        carried = None if self.steadiness.mode == "off" else self._carried
        calm = [self._still.calm(frame) for frame in batch]
        return [self._still.settle(made) for made in self.translator.translate(calm, carried)]

    def _blended(self, last: _Frame, source: Array, made: Array) -> Array:
        """Mix the last result in, moved along, where the source's motion explains the frame."""
        if self.steadiness.blend == 0 or self._chooses:
            return made
        before, now = (to_8_bits(frame)[..., :3] for frame in (last.source, source))
        flow = _motion(now, before)
        share: Any = self.steadiness.blend * trust(now, before, flow)[..., None]
        mixed = made + share * (warp(last.result, flow).astype(np.float32) - made)
        blended: Array = np.rint(mixed).astype(made.dtype)
        return blended


def _motion(now: Array, before: Array) -> Flow:
    """Find the flow, but none where standing still explains the frame as well.

    The flow of noise is not zero, and to move a texture by parts of a pixel blurs it: with this the
    measured flicker of still regions was a third lower.
    """
    flow = find_flow(now, before)
    standing = np.zeros_like(flow)
    moved, stood = (_smooth(trust(now, before, way)) for way in (flow, standing))
    return np.where((stood >= moved - _AS_WELL)[..., None], standing, flow)


def _smooth(weight: Any) -> Any:
    import cv2

    return cv2.blur(weight, (5, 5))


@dataclass(frozen=True)
class _Frame:
    """A frame and what was made of it."""

    source: Array
    result: Array
