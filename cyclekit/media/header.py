"""Opens a picture file, decodes nothing, refuses what is too large."""

from __future__ import annotations

import io
import logging
import os
import stat
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from cyclekit.errors import MediaError, TruncatedError

if TYPE_CHECKING:
    from PIL import ImageFile

# A decoder meets any bytes at all; Pillow's readers answer damage with most of Python's errors.
DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, ArithmeticError, LookupError, TypeError,
    AttributeError, RuntimeError, MemoryError, AssertionError, struct.error, zlib.error,
)  # fmt: skip
# Pillow knows more. For some (EPS) it starts another program; hardly anybody tests the rest.
_READ = frozenset({
    "AVIF", "BMP", "DIB", "GIF", "HEIF", "ICO", "JPEG", "JPEG2000", "MPO", "PCX", "PNG", "PPM",
    "PSD", "QOI", "SGI", "TGA", "TIFF", "WEBP",
})  # fmt: skip
_COPIED = 2**30  # bytes; larger files have many pages, of which the first is read
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


@contextmanager
def opened(path: Path, limit: int) -> Iterator[ImageFile.ImageFile]:
    """Open a picture and read its header.

    Args:
        path: the file.
        limit: most pixels that are accepted.

    Yields:
        Pillow's image, not decoded yet.

    Raises:
        MediaError: if there is no such file, or it is no picture, or too large, or damaged; damage
            that shows only while the caller decodes is included.
    """
    with _identified(path, _content(path), limit) as image:
        yield image


@contextmanager
def glimpsed(path: Path, limit: int) -> Iterator[ImageFile.ImageFile]:
    """Open a picture of which only the header will be read, however large its file is.

    Arguments, result and errors are those of `opened`; but the image must not be decoded.
    """
    with _identified(path, _file(path), limit) as image:
        yield image


@contextmanager
def _identified(path: Path, content: IO[bytes], limit: int) -> Iterator[ImageFile.ImageFile]:
    from PIL import Image, UnidentifiedImageError

    warnings.filterwarnings("ignore", module=r"PIL\.")  # its warnings are our errors or nothing
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    if Image.MAX_IMAGE_PIXELS is not None and limit > 2 * Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = limit
    try:
        with content, Image.open(content) as image:
            _check_format(path, image.format)
            _check_size(path, image.size, limit)
            yield image
    except Image.DecompressionBombError as error:
        raise MediaError(f"{path}: too large to open safely: a decompression bomb") from error
    except UnidentifiedImageError as error:
        raise MediaError(f"{path}: not a picture that can be read") from error
    except DECODER_ERRORS as error:
        if _is_truncated(error):
            reason = "the file is truncated: it ends before the picture does"
            raise TruncatedError(f"{path}: {reason}") from error
        raise MediaError(f"{path}: {_reason(error)}") from error


def _content(path: Path) -> IO[bytes]:
    """Open a file; as a copy in memory, if that is not too much.

    Decoders map files into memory, where a file that somebody cuts short ends the process.
    """
    file = _file(path)
    try:
        if os.fstat(file.fileno()).st_size > _COPIED:
            return file
        with file:
            return io.BytesIO(file.read())
    except OSError as error:
        raise MediaError(f"{path}: {error.strerror or error}") from error


def _file(path: Path) -> IO[bytes]:
    """Open a file that may be a picture, at its beginning."""
    try:
        check_kind(path)
        file = path.open("rb")
        try:
            _check_head(path, file.read(12))
            file.seek(0)
        except BaseException:
            file.close()
            raise
    except OSError as error:
        raise MediaError(f"{path}: {error.strerror or error}") from error
    return file


def check_kind(path: Path) -> None:
    """Refuse what may be endless, or never begin.

    Raises:
        MediaError: if it is a pipe, a socket or a device.
        OSError: if there is nothing of that name, or it cannot be seen.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise MediaError(f"{path}: not a file, but a pipe or a device")


def _check_head(path: Path, head: bytes) -> None:
    if not head:
        raise MediaError(f"{path}: the file is empty")
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        _register_heif(path)


def _register_heif(path: Path) -> None:
    try:
        import pillow_heif
    except ImportError as error:
        hint = "HEIF pictures need pillow-heif: pip install 'cyclekit[heif]'"
        raise MediaError(f"{path}: {hint}") from error
    pillow_heif.register_heif_opener()


def _check_format(path: Path, name: str | None) -> None:
    if name not in _READ:
        raise MediaError(f"{path}: {name} is no format that is read; save it as PNG or TIFF")


def _check_size(path: Path, size: tuple[int, int], limit: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise MediaError(f"{path}: the picture has no pixels ({width}x{height})")
    if width * height > limit:
        megapixels = f"{width * height / 1e6:.0f} megapixels, at most {limit / 1e6:g} are read"
        raise MediaError(f"{path}: too large to open safely: {width}x{height} = {megapixels}")


def _reason(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory to decode it"
    text = " ".join(str(error).split())
    return f"the file is damaged or of an unknown kind ({text or type(error).__name__})"


def _is_truncated(error: BaseException) -> bool:
    return not isinstance(error, MemoryError) and "truncated" in str(error).lower()
