"""Where packages of npm lie."""

from __future__ import annotations

import os
from pathlib import Path

REGISTRY = "https://registry.npmjs.org/"


def package_address(name: str, version: str) -> str:
    """Return the address of a package, in the registry that npm would ask.

    That is the one that the variable `npm_config_registry` names, or the line `registry=` of the
    user's `.npmrc`, or npm's own.
    """
    registry = _from_environment("registry") or _from_file() or REGISTRY
    return f"{registry.rstrip('/')}/{name}/-/{name}-{version}.tgz"


def _from_environment(name: str) -> str:
    found = (value for key, value in os.environ.items() if key.lower() == f"npm_config_{name}")
    return next(found, "").strip()


def _from_file() -> str:
    path = Path(_from_environment("userconfig") or Path.home() / ".npmrc")
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    entries = dict(line.split("=", 1) for line in lines if "=" in line)
    found = {key.strip(): value.strip().strip("\"'") for key, value in entries.items()}
    return os.path.expandvars(found.get("registry", ""))
