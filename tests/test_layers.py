"""Imports only point down: the drawing below is the one in the README's section "Design"."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "cyclekit"
LAYERS = [
    {"errors"},
    {"registry", "pixels", "media", "devices"},
    {"config", "models", "losses"},
    {"data", "methods", "checkpoint", "metrics"},
    {"training", "inference", "export", "legacy", "evaluation"},
    {"hub"},
    {"web", "scale", "survey", "distillation", "bench"},
    {"cli"},
    {"__init__", "__main__"},  # the front door
]
HEIGHT = {room: height for height, rooms in enumerate(LAYERS) for room in rooms}


def files(folder: Path) -> list[Path]:
    """Return every file of ours, having counted them another way: none may be overlooked."""
    found = sorted(folder.rglob("*.py"))
    names = [name for _, _, names in os.walk(folder) for name in names if name.endswith(".py")]
    assert len(found) == len(names) > 0
    return found


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Every module named in an import: at the top, inside a function, or for types alone."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_used(path: Path) -> set[str]:
    """Return the rooms that a file imports; what is no room stands in the front door."""
    ours = [name.split(".") for name in imported(path) if name.split(".")[0] == "cyclekit"]
    return {parts[1] if parts[1:] and parts[1] in HEIGHT else "__init__" for parts in ours}


def test_every_file_has_a_layer() -> None:
    assert {room(path) for path in files(ROOT)} <= set(HEIGHT)


def test_imports_only_point_down() -> None:
    upward = [
        f"{path.relative_to(ROOT)} ({room(path)}) -> {used}"
        for path in files(ROOT)
        for used in rooms_used(path) - {room(path)}
        if HEIGHT[used] >= HEIGHT[room(path)]
    ]
    assert upward == []


def test_media_has_no_torch() -> None:
    used = {name.split(".")[0] for path in files(ROOT / "media") for name in imported(path)}
    assert "torch" not in used


@pytest.mark.parametrize("folder", ["losses", "metrics"])
def test_pretrained_networks_are_passed_in(folder: str) -> None:
    if not (ROOT / folder).exists():
        pytest.skip(f"{folder} is not built yet")
    loaders = ("cyclekit.models.features", "torchvision", "timm", "huggingface_hub", "pooch")
    used = {name for path in files(ROOT / folder) for name in imported(path)}
    assert not {name for name in used if name.startswith(loaders)}


@pytest.mark.parametrize("door", ["errors", "registry", "media", "cli/main"])
def test_what_must_start_quickly_imports_no_torch(door: str) -> None:
    place = ROOT / door
    inside = files(place) if place.is_dir() else [place.with_suffix(".py")]
    names = [".".join(path.relative_to(ROOT.parent).with_suffix("").parts) for path in inside]
    heavy = "{'torch', 'kornia', 'albumentations'}"
    look = f"import sys, {', '.join(names)}; print({heavy} & {{*sys.modules}})"
    result = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True)
    assert result.stdout.strip() == "set()", result.stderr
