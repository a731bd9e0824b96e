"""The licences that go along with what is handed on."""

from __future__ import annotations

from pathlib import Path

from cyclekit.export import packages
from cyclekit.export.web.runtime import NAME, VERSION


def licences() -> str:
    """Return the licences of onnxruntime and of what it was made from, as its package has them.

    Raises:
        UsageError: if onnxruntime is not installed.
    """
    folder = Path(str(packages.onnxruntime().__file__)).parent
    found = [folder / name for name in ("LICENSE", "ThirdPartyNotices.txt")]
    texts = [one.read_text(encoding="utf-8", errors="replace") for one in found if one.is_file()]
    return "\n".join([f"This page contains {NAME} {VERSION} (https://onnxruntime.ai).\n", *texts])
