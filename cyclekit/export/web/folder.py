"""What lies in a page's folder."""

from __future__ import annotations

from pathlib import Path

PAGE, MODEL, LICENCES = "index.html", "model.js", "licences.txt"
BUILDS = {
    "wasm": ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"),
    "webgpu": ("ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm"),
}
"""Code and machine code that run the network, for the processor alone and for graphics cards; a
script each."""
_FILES = {PAGE, MODEL, LICENCES, *(f"{name}.js" for name in BUILDS)}


def foreign_file(folder: Path) -> Path | None:
    """Return something in a folder that no export put there, if there is any."""
    if not folder.is_dir():
        return None
    return next((path for path in sorted(folder.iterdir()) if path.name not in _FILES), None)
