"""What lies in a page's folder."""

from __future__ import annotations

from pathlib import Path

from cyclekit.media.shared_folder import read_contents

PAGE, MODEL, LICENCES = "index.html", "model.js", "licences.txt"
BUILDS = {
    "wasm": ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"),
    "webgpu": ("ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm"),
}
"""Code and machine code that run the network, for the processor alone and for graphics cards; a
script each."""
FILES = (PAGE, MODEL, LICENCES, *(f"{name}.js" for name in BUILDS))
"""Everything that an export puts there, the page first."""


def stranger(folder: Path) -> Path | None:
    """Return a file of a folder that no page was ever put into, if there is any.

    What starts with a dot, and what Windows leaves in folders that were looked at, belongs to
    nobody.
    """
    if not folder.is_dir() or read_contents(folder) is not None:
        return None
    return next((path for path in sorted(folder.iterdir()) if not _is_hidden(path.name)), None)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in ("thumbs.db", "desktop.ini")
