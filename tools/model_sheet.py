"""Show what models make of the samples: `tools/model_sheet.py SHEET.jpg MODEL...`.

The photographs of datasets/samples (or `--photos FOLDER`) in the first row, and below them one row a
model, in the order given.
"""

import argparse
from pathlib import Path

from orderly import picture_file, pictures_in, run_tool
from PIL import Image

from cyclekit.hub.samples import draw_sheet

SAMPLES = Path(__file__).parents[1] / "datasets/samples"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sheet", type=picture_file)
    parser.add_argument("models", nargs="+", metavar="model")
    parser.add_argument("--photos", type=Path, default=SAMPLES)
    parser.add_argument("--cell", type=int, default=320, help="pixels of a picture")
    options = parser.parse_args()
    made = draw_sheet(pictures_in(options.photos), options.models, options.cell)
    Image.fromarray(made).save(options.sheet, quality=90)
    print(options.sheet)


if __name__ == "__main__":
    run_tool(main)
