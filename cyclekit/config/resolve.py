"""From a preset, a file and `--set` to one checked configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cyclekit.config.schema import Config
from cyclekit.errors import ConfigError, UnknownNameError, suggest
from cyclekit.media.nested import parse_yaml

Tree = dict[str, Any]
LENGTHS = ("images", "epochs", "minutes")
"""Settings of `train`, of which one says how long a run is."""


def preset_names() -> list[str]:
    """Return the names of the built-in presets."""
    folder = resources.files("cyclekit.config") / "presets"
    return sorted(Path(file.name).stem for file in folder.iterdir() if file.name.endswith(".yaml"))


def read_preset(name: str) -> Tree:
    """Read a built-in preset.

    Raises:
        UnknownNameError: if there is none of that name.
    """
    if name not in preset_names():
        raise UnknownNameError("preset", name, preset_names())
    file = resources.files("cyclekit.config") / "presets" / f"{name}.yaml"
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")) or {})


def read_file(path: Path) -> Tree:
    """Read a configuration that `--dry-run` printed.

    Raises:
        ConfigError: if it is not a YAML file of settings.
    """
    try:
        tree = parse_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: not a readable YAML file: {_one_line(error)}") from error
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: expected sections such as 'data:' and 'train:'")
    return tree


def parse_set(text: str) -> Tree:
    """Turn "data.crop=128" into {"data": {"crop": 128}}; the value is read as YAML.

    Raises:
        ConfigError: if it is not section.key=value.
    """
    path, equals, value = text.partition("=")
    keys = path.strip().split(".")
    if not equals or len(keys) != 2 or not all(keys):
        raise ConfigError(f"--set '{text}': expected section.key=value, such as data.crop=128")
    try:
        parsed = parse_yaml(value)
    except ValueError as error:
        raise ConfigError(f"--set '{text}': {_one_line(error)}") from error
    return {keys[0]: {keys[1]: parsed}}


def parse_sets(texts: Iterable[str]) -> Tree:
    """Turn settings of one command into one tree; their order matters only within one key.

    Raises:
        ConfigError: if one is not section.key=value.
    """
    result: Tree = {}
    for text in texts:
        for section, settings in parse_set(text).items():
            result[section] = {**result.get(section, {}), **settings}
    return result


def merge(trees: Iterable[Mapping[str, Any]]) -> Tree:
    """Lay settings over each other, later ones on top.

    A section that gets another `name` starts anew: options of one network mean nothing to
    another.
    """
    result: Tree = {}
    for tree in trees:
        for section, settings in tree.items():
            if not isinstance(settings, Mapping):
                raise ConfigError(f"section '{section}' must hold settings, got {settings!r}")
            below = result.get(section, {})
            if section == "train":
                settings = _one_length(settings)
            renamed = "name" in settings and settings["name"] != below.get("name")
            result[section] = {**({} if renamed else below), **settings}
    return result


def dropped(below: Mapping[str, Any], merged: Mapping[str, Any]) -> list[str]:
    """Say, a line a section, which options `merge` dropped because the section got another name.

    Args:
        below: settings before others were laid over them.
        merged: settings after that.
    """
    lines = []
    for section, settings in below.items():
        now = merged[section]
        lost = {key: value for key, value in settings.items() if key not in now}
        if lost:  # nothing else takes an option away
            options = ", ".join(f"{key}={_shown(value)}" for key, value in lost.items())
            before = settings.get("name", "another")
            lines.append(f"{section}.name={now['name']} drops what was set for {before}: {options}")
    return lines


def _shown(value: Any) -> str:
    return str(yaml.safe_dump(value, default_flow_style=True)).removesuffix("...\n").strip()


def _one_length(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let a length given in one unit replace lengths given below in other units.

    Raises:
        ConfigError: if it is given in two units at once.
    """
    given = [unit for unit in LENGTHS if settings.get(unit) is not None]
    if len(given) > 1:
        raise ConfigError(f"give one of train.{', train.'.join(LENGTHS)}, not {len(given)}")
    return {**(dict.fromkeys(LENGTHS) if given else {}), **settings}


def resolve(trees: Iterable[Mapping[str, Any]]) -> Config:
    """Check the merged settings.

    Raises:
        ConfigError: naming the first setting that is unknown or does not fit.
    """
    tree = merge(trees)
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_explain(error)) from error


def dump(config: Config) -> str:
    """Write a configuration as YAML that `--config` reads back."""
    return yaml.safe_dump(config.plain(), sort_keys=False, allow_unicode=True)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Name the settings that differ, as "train.batch: 1 -> 2"."""
    changes = []
    for section in sorted({*old, *new}):
        before, after = old.get(section) or {}, new.get(section) or {}
        changes += [
            f"{section}.{key}: {before.get(key)} -> {after.get(key)}"
            for key in sorted({*before, *after})
            if before.get(key) != after.get(key)
        ]
    return changes


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    keys = [str(key) for key in first["loc"]]
    name = ".".join(keys[:2])
    if first["type"] == "extra_forbidden":
        known = Config.model_fields if len(keys) == 1 else _fields(keys[0])
        return f"unknown setting '{name}'; {suggest(keys[-1], known)}"
    return f"{name}: {first['msg'].lower()}, got {first['input']!r}"


def _fields(section: str) -> Iterable[str]:
    annotation: Any = Config.model_fields[section].annotation
    return list(annotation.model_fields)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
