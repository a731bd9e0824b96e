"""Show what models make of the samples: `tools/model_sheet.py SHEET.jpg MODEL...`.

The photographs of datasets/samples (or `--photos FOLDER`) in the first row, and below them one row a
model, in the order given.
"""

import argparse
from pathlib import Path

from PIL import Image

from cyclekit.hub.samples import draw_sheet
from cyclekit.media.folders import list_pictures

SAMPLES = Path(__file__).parents[1] / "datasets/samples"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sheet", type=Path)
    parser.add_argument("models", nargs="+", metavar="model")
    parser.add_argument("--photos", type=Path, default=SAMPLES)
    parser.add_argument("--cell", type=int, default=320, help="pixels of a picture")
    options = parser.parse_args()
    made = draw_sheet(list_pictures(options.photos), options.models, options.cell)
    Image.fromarray(made).save(options.sheet, quality=90)
    print(options.sheet)


if __name__ == "__main__":
    main()
