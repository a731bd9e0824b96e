"""`cyclekit data survey`: what a dataset holds, what is wrong with it, how to train on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cyclekit.cli import options
from cyclekit.errors import CyclekitError, UsageError

if TYPE_CHECKING:
    import torch

    from cyclekit.cli.survey_progress import SurveyProgress
    from cyclekit.survey.advice import Advice
    from cyclekit.survey.outliers import Outlier
    from cyclekit.survey.page import Extra
    from cyclekit.survey.survey import Survey
    from cyclekit.training.plan import Plan

EXAMPLES = """\b
Examples:
  cyclekit data survey horses zebras -o survey
  cyclekit data survey horse2zebra --fix clean
  cyclekit data survey crawled --quick --json
"""
SOME_FAILED = 3
PAGE = "index.html"
AUTO = "mobilenet"
PATH = click.Path(path_type=Path)


@click.command("survey", epilog=EXAMPLES)
@click.argument("roots", nargs=-1, required=True, metavar="FOLDER...", type=PATH)
@click.option("-o", "--output", type=PATH, metavar="OUT", help="Folder for a page with thumbnails.")
@click.option("--quick", is_flag=True, help="Names and headers only: no pixels, no copies, no outliers.")  # fmt: skip
@click.option("--features", default="auto", show_default=True, metavar="NAME", help="Who looks for outliers: a network of `models networks`, colour, or none; auto: mobilenet where it is installed.")  # fmt: skip
@click.option("--fix", type=PATH, metavar="DIR", help="Copy the set there without what is of no use; nothing is moved.")  # fmt: skip
@click.option("--no-timing", is_flag=True, help="Do not measure how long training takes.")
@options.overwrite
@options.device
@options.as_json
@options.quiet
@click.pass_context
def command(
    ctx: click.Context, /, roots: tuple[Path, ...], output: Path | None, quick: bool, features: str,
    fix: Path | None, no_timing: bool, overwrite: bool, device: str, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Say what a dataset holds, and how to train on it.

    FOLDER... is one folder a domain, or one that holds trainA and trainB, or train/NAME1 and
    train/NAME2. Exit codes: 0 all done, 1 nothing done, 2 wrong usage, 3 a folder cannot be listed
    or a file not be copied.
    """
    from cyclekit.cli.survey_progress import SurveyProgress
    from cyclekit.cli.survey_text import print_survey
    from cyclekit.survey.clean import check_target
    from cyclekit.survey.piles import find_piles
    from cyclekit.survey.survey import survey

    piles = find_piles(roots)
    if quick and fix is not None:
        raise UsageError("--fix copies what was looked at; leave out --quick")
    if fix is not None:
        check_target(fix, piles, overwrite=overwrite)
    _check_output(output, overwrite=overwrite)
    progress = SurveyProgress(quiet)
    found = survey(piles, progress, pixels=not quick)
    extra = _extra(found, roots, features, device, progress, timing=not (quick or no_timing))
    print_survey(found, extra, as_json=as_json)
    if output is not None:
        from cyclekit.survey.page import write_page

        write_page(found, extra, output / PAGE)
        progress.note(f"page: {output / PAGE}")
    failed = _copy(found, fix, progress, as_json=as_json) if fix is not None else 0
    unlisted = any(problem.kind == "folder" for problem in found.problems)
    ctx.exit(SOME_FAILED if failed or unlisted else 0)


def _check_output(output: Path | None, *, overwrite: bool) -> None:
    if output is None:
        return
    if output.exists() and not output.is_dir():
        raise UsageError(f"-o {output}: a file; expected a folder for the page")
    if (output / PAGE).exists() and not overwrite:
        raise UsageError(f"{output} holds a page; replace it with --overwrite")


def _extra(
    found: Survey, roots: tuple[Path, ...], features: str, device: str, progress: SurveyProgress,
    *, timing: bool,
) -> Extra:  # fmt: skip
    """Look for outliers, and say how to train and how long that takes."""
    from cyclekit.devices import find_device
    from cyclekit.survey.advice import advise
    from cyclekit.survey.page import Extra

    place = find_device(device)
    outliers, who = _outliers(found, features, place, progress)
    advice = advise(roots, found.piles, found.tallies, gpu=place.type == "cuda")
    plan = None if advice is None or not timing else _plan(advice, roots, place, progress)
    return Extra(outliers, who, advice, plan)


def _plan(
    advice: Advice, roots: tuple[Path, ...], device: torch.device, progress: SurveyProgress
) -> Plan | None:
    """Take two steps of the training that is advised; None where it cannot begin."""
    from cyclekit.data.kinds import KINDS
    from cyclekit.methods.base import data_kind
    from cyclekit.training.plan import make_plan

    progress.note(f"timing two training steps ({advice.preset})")
    try:
        domains = KINDS[data_kind(advice.config.method.name)].find(roots, None)
        return make_plan(advice.config, domains, device)
    except CyclekitError as error:
        progress.note(f"note: training cannot be timed: {error}")
        return None


def _outliers(
    found: Survey, features: str, device: torch.device, progress: SurveyProgress
) -> tuple[list[Outlier], str]:
    """Find pictures that may not belong; return also who described them."""
    if features == "none" or not found.pictures:
        return [], ""
    from cyclekit.survey.outliers import colour_features, find_outliers

    network = _network(features, progress)
    if network is None:
        described = colour_features(found.pictures)
    else:
        import platformdirs

        from cyclekit.hub.extractors import open_extractor
        from cyclekit.survey.features import network_features

        cache = platformdirs.user_cache_path("cyclekit")
        extractor = open_extractor(network)
        described = network_features(
            found.pictures, found.piles, extractor, device, cache, progress
        )
    return find_outliers(described, found.piles), described.name


def _network(features: str, progress: SurveyProgress) -> str | None:
    """Return the name of the network to use; None for colours."""
    from cyclekit.hub.networks import find_network, installed_file

    if features == "colour":
        return None
    if features != "auto":
        return features
    if installed_file(find_network(AUTO)).is_file():
        return AUTO
    progress.note(
        f"outliers are looked for by colour only: `cyclekit models pull {AUTO}` fetches a network "
        "that sees more"
    )
    return None


def _copy(found: Survey, folder: Path, progress: SurveyProgress, *, as_json: bool) -> int:
    """Copy the cleaned set; return how many files failed."""
    from cyclekit.cli.survey_text import print_copy
    from cyclekit.survey.clean import copy_clean, left_out

    reasons = left_out(found.problems, found.groups, found.piles)
    copied = failed = renamed = 0
    copies = copy_clean(found.pictures, found.piles, reasons, folder)
    for one in progress.watch(copies, f"copying to {folder}", len(found.pictures)):
        copied += one.output is not None
        renamed += one.renamed
        if one.error is not None:
            failed += 1
            progress.failed(one.error)
        if as_json:
            print_copy(one)
    progress.note(
        f"{folder}: {copied} pictures copied, {renamed} of them renamed; {len(reasons)} left out"
    )
    return failed
