"""`cyclekit models push`: publish a model with its card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from cyclekit.cli import options
from cyclekit.cli.lines import one_line, some_lines

EXAMPLES = """\b
Examples:
  cyclekit models push starry-night published --samples photos
  cyclekit models push runs/zebra hf:someone/zebras --licence MIT --dry-run
"""
FILE = click.Path(exists=True, path_type=Path)
MOST = 8
"""Pictures on the sheet of samples."""
CELL = 320


@click.command(epilog=EXAMPLES)
@click.argument("model")
@click.argument("target", metavar="hf:USER/NAME|FOLDER")
@click.option("--card", type=FILE, metavar="FILE", help="The model card, YAML.  [default: the one beside the model]")  # fmt: skip
@click.option("--licence", metavar="NAME", help="What others may do with it, where no card tells: MIT, CC0-1.0 ...")  # fmt: skip
@click.option("--samples", "pictures", type=FILE, multiple=True, metavar="PICTURE|DIR", help="Show on a sheet what the model makes of these; may be repeated.")  # fmt: skip
@click.option("--private", is_flag=True, help="A new repository is for its owner's eyes only.")
@click.option("--overwrite", is_flag=True, help="Replace what was pushed to a FOLDER before.")
@click.option("--dry-run", is_flag=True, help="Print what would be published, and stop.")
@options.quiet
def push(
    model: str, target: str, card: Path | None, licence: str | None, pictures: tuple[Path, ...],
    private: bool, overwrite: bool, dry_run: bool, quiet: bool,
) -> None:  # fmt: skip
    """Publish a model with its card and a page about it.

    To a repository of Hugging Face, which is made if need be, or a folder. Prints the address of the
    commit, or the folder. The token is the one that `hf auth login` keeps, or HF_TOKEN. What is
    published: model.safetensors, model.yaml (its card, if it has one), README.md, samples.jpg.
    """
    from cyclekit.hub.push import bundle, find_target, push_to_folder, push_to_repository
    from cyclekit.hub.repository import Repository

    place = find_target(target)
    draw = _drawing(model, pictures) if pictures else None
    with bundle(model, place, card=card, licence=licence, draw=draw) as made:
        sizes = {name: (made.folder / name).stat().st_size for name in made.files}
        if dry_run:
            click.echo("\n".join(f"{name}  {size:,} bytes" for name, size in sizes.items()))
            page = (made.folder / "README.md").read_text(encoding="utf-8")
            click.echo(some_lines(f"\n{page}"), nl=False)
            return
        if not quiet:
            click.echo(one_line(f"publishing {sum(sizes.values()):,} bytes to {target}"), err=True)
        if isinstance(place, Repository):
            click.echo(push_to_repository(made, place, private=private))
        else:
            click.echo(push_to_folder(made, place, overwrite=overwrite))


def _drawing(model: str, pictures: tuple[Path, ...]) -> Callable[[Path], None]:
    from cyclekit.errors import UsageError
    from cyclekit.media.folders import list_pictures

    found = [path for one in pictures for path in (list_pictures(one) if one.is_dir() else [one])]
    if not found:
        raise UsageError(f"--samples {pictures[0]}: holds no pictures")

    def draw(path: Path) -> None:
        from PIL import Image

        from cyclekit.hub.samples import draw_sheet

        Image.fromarray(draw_sheet(found[:MOST], [model], CELL)).save(path, quality=90)

    return draw
