"""Lay pictures and their translations out on one sheet: before above, after below.

    python tools/contact_sheet.py BEFORE AFTER SHEET.png

BEFORE and AFTER are folders with files of the same names.
"""

import sys
from pathlib import Path

from PIL import Image

from cyclekit.media.images import read_rgb
from cyclekit.media.sheet import sheet

PICTURES = {".jpg", ".png"}
CELL = 320


def main() -> None:
    before, after, page = (Path(argument) for argument in sys.argv[1:])
    names = sorted(path.name for path in before.iterdir() if path.suffix in PICTURES)
    rows = [[read_rgb(folder / name) for name in names] for folder in (before, after)]
    Image.fromarray(sheet(rows, CELL)).save(page)


if __name__ == "__main__":
    main()
