"""`cyclekit data split` and `cyclekit.data.side_by_side`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cyclekit.cli import options
from cyclekit.cli.reporting import Report

if TYPE_CHECKING:
    from cyclekit.data.side_by_side import Made
    from cyclekit.data.splitting import By

PATH = click.Path(path_type=Path)
SPLITTING = """\b
Examples:
  cyclekit data split horses zebras -o horse2zebra
  cyclekit data split frames --by copies --by name -o film --test 0.2
"""
CUTTING = """\b
Examples:
  cyclekit.data.side_by_side split facades -o apart --names photo plan
  cyclekit.data.side_by_side join apart/train/photo apart/train/plan -o together
"""
output = click.option("-o", "--output", required=True, type=PATH, metavar="OUT", help="Folder for the copies.")  # fmt: skip


@click.command("split", epilog=SPLITTING)
@click.argument("roots", nargs=-1, required=True, metavar="FOLDER...", type=PATH)
@output
@click.option("--test", "share", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.1, show_default=True, metavar="SHARE", help="Share of each domain's pictures to set aside.")  # fmt: skip
@click.option("--by", multiple=True, type=click.Choice(["copies", "name", "folder"]), default=("copies",), show_default=True, help="What stays on one side: copies and neighbouring frames that look alike; names that differ in their last number only; folders. May be repeated.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, metavar="N", help="Decides what is set aside.")  # fmt: skip
@options.overwrite
@options.as_json
@options.quiet
@click.pass_context
def split(
    ctx: click.Context, /, roots: tuple[Path, ...], output: Path, share: float, by: tuple[By, ...],
    seed: int, overwrite: bool, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Copy folders into train and test, copies on one side.

    FOLDER... is one folder a domain, or one with a folder a class. OUT gets train/NAME and
    test/NAME, as `train` takes them; nothing is moved.
    """
    from cyclekit.cli.survey_progress import SurveyProgress
    from cyclekit.survey.divide import divide, place

    division = divide(roots, output, share, by, seed, SurveyProgress(quiet))
    report = _Copies(as_json, quiet)
    report.note(
        f"{division.counts(test=False)} pictures to train with, {division.counts(test=True)} to "
        f"test with, in {division.groups} groups that stay together"
    )
    if not division.counts(test=True):
        report.note("note: nothing is set aside: every group is larger than what was asked for")
    total = len(division.paths) + len(division.broken)
    report.watch(place(division, overwrite=overwrite), total)
    ctx.exit(report.exit_code)


@click.group("pairs")
def pairs() -> None:
    """Turn side-by-side pairs into two folders, and back."""


@pairs.command("split", epilog=CUTTING)
@click.argument("folder", type=PATH)
@output
@click.option("--names", nargs=2, default=("A", "B"), show_default=True, metavar="LEFT RIGHT", help="Names of the two folders.")  # fmt: skip
@options.overwrite
@options.as_json
@options.quiet
@click.pass_context
def split_pairs(
    ctx: click.Context, /, folder: Path, output: Path, names: tuple[str, str], overwrite: bool,
    as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Cut side-by-side pictures in the middle.

    OUT gets LEFT and RIGHT; what lies in a folder such as train gets train/LEFT and train/RIGHT.
    The halves are PNG, so that nothing is lost.
    """
    from cyclekit.data.side_by_side import split_pairs as cut

    _watch(ctx, cut(folder, output, names, overwrite=overwrite), as_json=as_json, quiet=quiet)


@pairs.command("join", epilog=CUTTING)
@click.argument("left", type=PATH)
@click.argument("right", type=PATH)
@output
@options.overwrite
@options.as_json
@options.quiet
@click.pass_context
def join_pairs(
    ctx: click.Context, /, left: Path, right: Path, output: Path, overwrite: bool, as_json: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Lay pictures of the same names side by side."""
    from cyclekit.data.side_by_side import join_pairs as lay

    _watch(ctx, lay(left, right, output, overwrite=overwrite), as_json=as_json, quiet=quiet)


class _Copies(Report):
    did = "copied"


class _Pairs(Report):
    did = "made"


def _watch(ctx: click.Context, made: Iterator[Made], *, as_json: bool, quiet: bool) -> None:
    report = _Pairs(as_json, quiet)
    report.watch(made, None)
    ctx.exit(report.exit_code)
