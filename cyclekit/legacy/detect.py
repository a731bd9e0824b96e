"""Which published network a checkpoint holds, told from its keys and shapes alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cyclekit.errors import CheckpointError
from cyclekit.legacy.names import Pair, resnet_names, unet_names
from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.models.layers import Norm
from cyclekit.models.resnet import Down, Up
from cyclekit.registry import Registry, Spec

Shapes = Mapping[str, tuple[int, ...]]
"""Shape of every tensor of a state dict, by key."""

EXPECTED = (
    "a generator of CycleGAN or CUT (model.1.weight, 7x7) or of pix2pix (model.model.0.weight, 4x4)"
)
_WRAPPERS = ("module.", "_orig_mod.", "netG.", "generator.")


@dataclass(frozen=True)
class Layout:
    """A published network that was recognised."""

    kind: Literal["generator", "discriminator", "features"]
    """What the network is for; "features" is the small network F of CUT."""
    spec: Spec
    """The same network of ours; of "features", the name alone."""
    names: tuple[Pair, ...] = ()
    """Published modules and ours, in running order; generators only."""


def strip_wrappers(keys: Iterable[str]) -> dict[str, str]:
    """Map keys to themselves without what data parallelism or compilation put before all of them.

    Returns:
        Given key -> bare key.
    """
    bare = {key: key for key in keys}
    while prefix := _shared_wrapper(bare.values()):
        bare = {key: short.removeprefix(prefix) for key, short in bare.items()}
    return bare


def detect(shapes: Shapes) -> Layout:
    """Recognise a network.

    Args:
        shapes: of a bare state dict (`strip_wrappers`).

    Raises:
        CheckpointError: if it is none of the known ones; says what was found and expected.
    """
    if "model.model.0.weight" in shapes:
        return _unet(shapes)
    if _kernel(shapes, "net.0") == 1:
        return _pixel(shapes)
    if len(shapes.get("mlp_0.0.weight", ())) == 2:
        return Layout("features", Spec("patch features (F of CUT)"))
    if _kernel(shapes, "model.1") == 7:
        return _resnet(shapes)
    if _kernel(shapes, "model.0") == 4:
        return _patch(shapes)
    raise unknown_layout(shapes)


def unknown_layout(shapes: Shapes) -> CheckpointError:
    """Return the error that shows what a file holds beside what was expected."""
    if not shapes:
        return CheckpointError(f"holds no tensors; expected {EXPECTED}")
    shown = ", ".join(f"{key} {shape}" for key, shape in list(shapes.items())[:3])
    return CheckpointError(
        f"unknown layout: {len(shapes)} tensors, first {shown}; expected {EXPECTED}"
    )


def _resnet(shapes: Shapes) -> Layout:
    found = [re.match(r"model\.(\d+)\.(conv_block|block)\.", key) for key in shapes]
    blocks = {int(match[1]): match[2] for match in found if match}
    if not blocks:
        raise unknown_layout(shapes)
    first, last = min(blocks), max(blocks)
    block_name = blocks[first]
    down: Down = "blur" if first == 12 else "strided"
    up: Up = "transposed" if _kernel(shapes, f"model.{last + 1}") else "blur"
    dropout = len(shapes.get(f"model.{first}.{block_name}.6.weight", ())) == 4
    names = resnet_names(
        blocks=len(blocks), down=down, up=up, dropout=dropout, block_name=block_name
    )
    options = {
        "width": _channels(shapes, "model.1.weight", 0),
        "in_channels": _channels(shapes, "model.1.weight", 1),
        "out_channels": _channels(shapes, f"{names[-1][0]}.weight", 0),
        "norm": _norm(shapes, after="model.1", norm="model.2"),
        "down": down,
        "up": up,
        "dropout": 0.5 if dropout else 0.0,
    }
    return Layout("generator", _resnet_spec(len(blocks), options), tuple(names))


def _resnet_spec(blocks: int, options: dict[str, Any]) -> Spec:
    if blocks not in (6, 9):
        return _spec(GENERATORS, "resnet", options | {"blocks": blocks})
    if (options["down"], options["up"]) == ("blur", "blur"):
        own = {key: value for key, value in options.items() if key not in ("down", "up")}
        return _spec(GENERATORS, f"resnet{blocks}_antialias", own)
    return _spec(GENERATORS, f"resnet{blocks}", options)


def _unet(shapes: Shapes) -> Layout:
    depth = max(key.removeprefix("model.").count("model.") for key in shapes)
    if depth < 2:
        raise unknown_layout(shapes)
    options: dict[str, Any] = {
        "width": _channels(shapes, "model.model.0.weight", 0),
        "in_channels": _channels(shapes, "model.model.0.weight", 1),
        "out_channels": _channels(shapes, "model.model.3.weight", 1),
        "norm": _norm(shapes, after="model.model.1.model.5", norm="model.model.1.model.6"),
    }
    name = {8: "unet256", 7: "unet128"}.get(depth, "unet")
    if name == "unet":
        options["depth"] = depth
    return Layout("generator", _spec(GENERATORS, name, options), tuple(unet_names(depth)))


def _patch(shapes: Shapes) -> Layout:
    convs = [key for key, shape in shapes.items() if len(shape) == 4 and key.endswith(".weight")]
    antialias = _kernel(shapes, "model.2") is None
    second = "model.3" if antialias else "model.2"
    norm = "model.4" if antialias else "model.3"
    options = {
        "layers": len(convs) - 2,
        "width": _channels(shapes, "model.0.weight", 0),
        "in_channels": _channels(shapes, "model.0.weight", 1),
        "norm": _norm(shapes, after=second, norm=norm),
        "antialias": antialias,
    }
    return Layout("discriminator", _spec(DISCRIMINATORS, "patch", options))


def _pixel(shapes: Shapes) -> Layout:
    options = {
        "width": _channels(shapes, "net.0.weight", 0),
        "in_channels": _channels(shapes, "net.0.weight", 1),
        "norm": _norm(shapes, after="net.2", norm="net.3"),
    }
    return Layout("discriminator", _spec(DISCRIMINATORS, "pixel", options))


def _norm(shapes: Shapes, *, after: str, norm: str) -> Norm:
    scaled = len(shapes.get(f"{norm}.weight", ())) == 1
    if scaled:
        # Running statistics without a scale are the leftovers of torch 0.4's instance norm.
        return "batch_per_picture" if f"{norm}.running_mean" in shapes else "instance_affine"
    return "instance" if f"{after}.bias" in shapes else "none"


def _kernel(shapes: Shapes, module: str) -> int | None:
    shape = shapes.get(f"{module}.weight", ())
    return shape[-1] if len(shape) == 4 else None


def _channels(shapes: Shapes, key: str, axis: int) -> int:
    shape = shapes.get(key, ())
    if len(shape) != 4:
        raise unknown_layout(shapes)
    return shape[axis]


def _spec(registry: Registry[Any], name: str, options: Mapping[str, Any]) -> Spec:
    defaults = {key: option.default for key, option in registry.options(name).items()}
    return Spec(name, {key: value for key, value in options.items() if defaults[key] != value})


def _shared_wrapper(keys: Iterable[str]) -> str | None:
    names = list(keys)
    for wrapper in _WRAPPERS:
        if names and all(name.startswith(wrapper) for name in names):
            return wrapper
    return None
