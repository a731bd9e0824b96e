"""From the options of `cyclekit distill` to the settings of its run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyclekit.errors import UsageError

if TYPE_CHECKING:
    from cyclekit.config.schema import Config
    from cyclekit.distillation.student import Student

Tree = dict[str, Any]


def check_sizes(
    width: int | None, blocks: int | None, target_ms: float | None, target_mac: float | None
) -> None:
    """Refuse several ways to say how large the student is."""
    ways = [width is not None or blocks is not None, target_ms is not None, target_mac is not None]
    if sum(ways) > 1:
        raise UsageError("give --width and --blocks, or --target-ms, or --target-mac, not several")


def student_config(
    roots: Sequence[Path], names: tuple[str, str], teacher: str, folder: Path | None, device: str, *,
    file: Path | None, settings: Sequence[str], vgg: Path | None,
    width: int | None, blocks: int | None, target_ms: float | None, target_mac: float | None,
    **lengths: float | None,
) -> tuple[Config, list[str]]:  # fmt: skip
    """Merge preset, options and `--set`, and choose the student.

    Args:
        roots: where the pictures are.
        names: of the two domains.
        teacher: what the student's header says of its teacher.
        folder: of the run, whose student is kept if it is there already.
        device: where the student is to run.
        file: settings instead of the preset.
        settings: of `--set`.
        vgg: file of VGG19's weights.
        width: of the student, if given.
        blocks: of the student, if given.
        target_ms: milliseconds that it may take, if given.
        target_mac: multiplications that it may need, if given.
        **lengths: images, epochs or minutes; None where not given.

    Returns:
        The settings, and in words which options `--set` dropped by naming another network.

    Raises:
        UsageError: if no student is small enough.
        ConfigError: if a setting is unknown or does not fit.
    """
    from cyclekit.config.resolve import (
        dropped,
        merge,
        parse_sets,
        read_file,
        read_preset,
        resolve,
    )

    given = {unit: length for unit, length in lengths.items() if length is not None}
    method: Tree = {"name": "distill", "teacher": teacher}
    if vgg is not None:
        method |= {"perceptual": 1.0, "vgg": str(vgg.resolve())}
    places = [str(root.resolve()) for root in roots]
    sizes = {"width": width, "blocks": blocks}
    wanted = {name: size for name, size in sizes.items() if size is not None}
    changes = parse_sets(settings)
    changes["generator"] = wanted | changes.get("generator", {})  # sizes of whichever network
    below = merge(
        [
            read_file(file) if file else read_preset("distill"),
            {"method": method, "data": {"roots": places, "names": list(names)}, "train": given},
        ]
    )
    merged = merge([below, changes])
    lost = dropped(below, merged)
    if target_ms is None and target_mac is None:
        return resolve([merged]), lost
    kept = folder / "config.yaml" if folder else None
    before = read_file(kept) if kept is not None and kept.is_file() else {}
    if "generator" in before:  # the machine may have been busier then
        generator = before["generator"]
    else:
        student = _chosen(target_ms, target_mac, merged["generator"], device)
        generator = {"name": student.spec.name, **student.spec.options}
    return resolve([merged, {"generator": generator}]), lost


def described(config: Config) -> str:
    """Say how large the student of a run is."""
    from cyclekit.hub.card import SIDE, count_macs
    from cyclekit.models import build_generator

    spec = config.generator.spec
    count = sum(weight.numel() for weight in build_generator(spec).parameters())
    sizes = "".join(
        f", {name} {spec.options[name]}" for name in ("width", "blocks") if name in spec.options
    )
    return (
        f"{spec.name}{sizes}: {count:,} parameters, "
        f"{count_macs(spec) / 1e9:.2f} billion multiplications at {SIDE}x{SIDE}"
    )


def _chosen(ms: float | None, macs: float | None, generator: Tree, device: str) -> Student:
    from cyclekit.distillation.student import SHAPES, student_of_macs, student_of_milliseconds
    from cyclekit.registry import Spec

    name = str(generator.get("name"))
    if name not in SHAPES:
        raise UsageError(
            f"--target-ms and --target-mac choose a {' or a '.join(SHAPES)}, not a {name}"
        )
    network = Spec(
        name,
        {key: value for key, value in generator.items() if key not in ("name", "width", "blocks")},
    )
    if macs is not None:
        return student_of_macs(macs, network)
    assert ms is not None
    student, taken = student_of_milliseconds(ms, network, device=device)
    click.echo(f"{taken:.1f} ms for a picture of 256x256 here", err=True)
    return student
