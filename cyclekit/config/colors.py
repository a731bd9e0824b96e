"""Colours of a palette, read from a file: what a model's settings name, its header holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclekit.errors import ConfigError, MediaError
from cyclekit.media.header import opened
from cyclekit.media.palette import MOST
from cyclekit.media.picture import MAX_PIXELS

if TYPE_CHECKING:
    from PIL import Image

LISTS = (".hex", ".txt", ".gpl")
"""Endings of files that list colours: six digits a line, or red, green and blue (GIMP's)."""
_HEX = r"#?[0-9a-fA-F]{6}"
_GPL = r"\s*(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})(\s.*)?"


def with_colors(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the name of a file in `generator.colors` by the colours that are in it.

    Args:
        tree: merged settings. "sunset.png:16" takes the 16 colours that serve a picture best.

    Raises:
        ConfigError: if there is no such file, or no palette in it.
    """
    generator = tree.get("generator", {})
    colors = generator.get("colors") if isinstance(generator, Mapping) else None
    if not isinstance(colors, str) or re.fullmatch(rf"{_HEX}([\s,;-]+{_HEX})*", colors.strip()):
        return dict(tree)
    return {**tree, "generator": {**generator, "colors": read_colors(colors)}}


def read_colors(source: str) -> list[str]:
    """Read the colours of a list or a picture.

    Args:
        source: a file's name; behind a colon, how many colours to take of a picture.

    Returns:
        Colours as "#1a1c2c": of a list or an indexed picture in their order, of other pictures
        from dark to light.

    Raises:
        ConfigError: if there is no such file, or no palette in it.
    """
    path, count = _split(source)
    if not path.is_file():
        raise ConfigError(
            f"generator.colors: no file '{path}'; expected a number, colours such as "
            "'1a1c2c,f4f4f4', a list of them (.hex, .gpl, .txt) or a picture"
        )
    found = _of_list(path) if path.suffix.lower() in LISTS else _of_picture(path, count)
    if not 2 <= len(found) <= MOST:
        raise ConfigError(
            f"generator.colors: {path} has {len(found)} colours, expected 2 to {MOST}; "
            f"'{path}:16' takes the 16 that serve a picture best"
        )
    return found


def _split(source: str) -> tuple[Path, int | None]:
    match = re.fullmatch(r"(.+):(\d+)", source)
    if match is None or Path(source).is_file():
        return Path(source), None
    count = int(match[2])
    if not 2 <= count <= MOST:
        raise ConfigError(f"generator.colors: '{source}': expected 2 to {MOST} colours")
    return Path(match[1]), count


def _of_list(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"generator.colors: {path}: not a readable text: {error}") from error
    colors = []
    for line in lines:
        if re.fullmatch(_HEX, line.strip()):
            colors.append(f"#{line.strip().removeprefix('#').lower()}")
        elif match := re.fullmatch(_GPL, line):
            colors.append(_hex(int(level) for level in match.groups()[:3]))
    return colors


def _of_picture(path: Path, count: int | None) -> list[str]:
    try:
        with opened(path, MAX_PIXELS) as image:
            if image.mode == "P" and count is None:
                return _indexed(image)
            rgb = image.convert("RGB")
    except (MediaError, OSError, ValueError, SyntaxError) as error:
        raise ConfigError(f"generator.colors: {error}") from error
    if count is not None:
        rgb = _fewer(rgb, count)
    found = rgb.getcolors(MOST)
    if found is None:
        raise ConfigError(
            f"generator.colors: {path} has more than {MOST} colours; "
            f"'{path}:16' takes the 16 that serve it best"
        )
    return [_hex(color) for _, color in sorted(found, key=lambda of: _luma(of[1]))]


def _indexed(image: Image.Image) -> list[str]:
    """Return all colours up to the last that is used: an index keeps its meaning."""
    levels = image.getpalette("RGB") or []
    last: Any = image.getextrema()[1]
    rows = [levels[start : start + 3] for start in range(0, 3 * (int(last) + 1), 3)]
    return [_hex(row) for row in rows if len(row) == 3]


def _fewer(rgb: Image.Image, count: int) -> Image.Image:
    """Reduce a picture to the colours that serve it best: median cut, then k-means."""
    from PIL import Image

    small = rgb.copy()
    small.thumbnail((512, 512))
    reduced = small.quantize(count, method=Image.Quantize.MEDIANCUT, kmeans=count)
    return reduced.convert("RGB")


def _luma(color: Any) -> tuple[float, ...]:
    return (0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2], *color)


def _hex(levels: Any) -> str:
    return "#" + "".join(f"{min(int(level), 255):02x}" for level in levels)
