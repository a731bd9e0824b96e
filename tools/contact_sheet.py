"""Lay pictures and their translations out on one sheet: before above, after below.

    python tools/contact_sheet.py BEFORE AFTER SHEET.png

BEFORE and AFTER are folders with files of the same names.
"""

import argparse
from pathlib import Path

from orderly import picture_file, pictures_in, run_tool
from PIL import Image

from cyclekit.media.images import read_rgb
from cyclekit.media.sheet import sheet

CELL = 320


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("sheet", type=picture_file)
    options = parser.parse_args()
    names = [path.relative_to(options.before) for path in pictures_in(options.before)]
    rows = [
        [read_rgb(folder / name) for name in names] for folder in (options.before, options.after)
    ]
    Image.fromarray(sheet(rows, CELL)).save(options.sheet)


if __name__ == "__main__":
    run_tool(main)
