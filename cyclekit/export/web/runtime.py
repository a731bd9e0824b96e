"""onnxruntime-web, which runs a model in a browser: fetched once, and never used unchecked."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

from cyclekit.data.archives import DAMAGE
from cyclekit.data.transfer import Progress, fetch
from cyclekit.errors import DataError, ExportError, UsageError
from cyclekit.export.web.npm import package_address
from cyclekit.media.atomic import holding, replacing

NAME, VERSION = "onnxruntime-web", "1.27.0"
"""The package on npm."""
_PACKAGE = (
    "sha512:a200cbb2a228cc767089f3ee377ecea6ba00a346f25fab78dff6cff06cde6560"
    "560fa30e184c6cc05031deea78352fefbd604e836bb63d7a260eddeb3267504a"
)
_MOST = 64_000_000  # bytes; it has 31 million
_CHECKSUMS = {
    "ort.wasm.bundle.min.mjs": "1db5e1c5cd2b860eed85e6eeff23e2aaa7cffcc407f67093bcc888f631b94ba9",
    "ort-wasm-simd-threaded.wasm": (
        "d1ab1b94b16a65b29d710d0b587b29e7bed336827577623913479b8afe8113e6"
    ),
    "ort.webgpu.bundle.min.mjs": "3a18c7f261e05d44a15b2eef18a28e5f53c044d5d140bcea6066baf1f09c8b53",
    "ort-wasm-simd-threaded.asyncify.wasm": (
        "7e83cd6cee77e478bc96a7e91b198144fb5e4126287daf1f9b54bb195ebcd55a"
    ),
}
Files = Mapping[str, bytes]
"""The needed files by name, each packed by gzip: a quarter of their size."""


def find_runtime(given: Path | None, cache: Path, progress: Progress | None = None) -> Files:
    """Return the files, fetching them where they are not at hand.

    Args:
        given: the package's archive, or a folder that it was unpacked into; None to fetch it.
        cache: folder that what was fetched is kept in.
        progress: called after every piece that arrives.

    Raises:
        UsageError: if what is given is not this version.
        ExportError: if it cannot be fetched, or another process is fetching it.
    """
    if given is not None:
        return _given(given)
    place = cache / f"{NAME}-{VERSION}"
    kept = _kept(place)
    return kept if kept is not None else _fetched(place, progress)


def _given(path: Path) -> Files:
    try:
        files = _unpacked(path.read_bytes()) if path.is_file() else _lying(path)
    except (OSError, KeyError, *DAMAGE) as error:
        raise UsageError(f"--runtime {path}: expected {_wanted()} ({error})") from error
    wrong = _wrong(files)
    if wrong:
        raise UsageError(f"--runtime {path}: {wrong} is another one; expected {_wanted()}")
    return {name: gzip.compress(data, 6, mtime=0) for name, data in files.items()}


def _wanted() -> str:
    return f"{NAME} {VERSION} from npm, its .tgz or the folder that it was unpacked into"


def _lying(folder: Path) -> Files:
    """Read the files from a folder, or from the one in it that the package has them in."""
    found = [folder / part for part in ("", "dist", "package/dist", f"node_modules/{NAME}/dist")]
    inside = next((one for one in found if (one / "ort.wasm.bundle.min.mjs").is_file()), folder)
    return {name: (inside / name).read_bytes() for name in _CHECKSUMS}


def _unpacked(archive: bytes) -> Files:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        return {name: _member(opened, f"package/dist/{name}") for name in _CHECKSUMS}


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(name)
    if stream is None:  # a folder or a device
        raise KeyError(name)
    return stream.read()


def _wrong(files: Files, unpack: Callable[[bytes], bytes] = bytes) -> str:
    """Name a file that is not what it should be, if there is one."""
    for name, checksum in _CHECKSUMS.items():
        if hashlib.sha256(unpack(files[name])).hexdigest() != checksum:
            return name
    return ""


def _kept(place: Path) -> Files | None:
    try:
        files = {name: (place / f"{name}.gz").read_bytes() for name in _CHECKSUMS}
        return None if _wrong(files, gzip.decompress) else files
    except (OSError, *DAMAGE):
        return None


def _fetched(place: Path, progress: Progress | None) -> Files:
    archive = place / "package.tgz"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with holding(place):
            address = package_address(NAME, VERSION)
            fetch(address, archive, checksum=_PACKAGE, progress=progress, limit=_MOST)
            files = _given(archive)
            for name, data in files.items():
                with replacing(place / f"{name}.gz") as part:
                    part.write_bytes(data)
            archive.unlink()
    except BlockingIOError as error:
        raise ExportError(f"{place}: another process is fetching it; try again later") from error
    except (DataError, OSError) as error:
        raise ExportError(f"{error}; or name a copy of {_wanted()}, with --runtime") from error
    return files
