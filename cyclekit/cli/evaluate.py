"""`cyclekit evaluate`: how good are pictures, and how sure is that?"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyclekit.cli import options
from cyclekit.errors import UsageError

if TYPE_CHECKING:
    from cyclekit.cli.evaluation_progress import EvaluationProgress
    from cyclekit.evaluation.task import Task, Tools

EXAMPLES = """\b
Examples:
  cyclekit evaluate --real zebras/test --fake out/zebras --source horses/test
  cyclekit evaluate -m runs/zebra --data horse2zebra -o reports/zebra
  cyclekit evaluate runs/seed1 runs/seed2 runs/seed3 --data horse2zebra
  cyclekit evaluate --video holiday.mp4 painted.mp4 -o reports/steadiness
"""
FOLDER = click.Path(path_type=Path)
SOME_FAILED = 3
_NO_DATA = "missing --data ROOT: the dataset whose test split is translated"


@click.command("evaluate", epilog=EXAMPLES)
@click.argument("runs", nargs=-1, metavar="[RUN...]", type=FOLDER)
@click.option("--real", type=FOLDER, metavar="DIR", help="Real pictures of the target domain.")
@click.option("--fake", "fakes", multiple=True, metavar="[NAME=]DIR", help="Pictures to measure; repeat it to compare.")  # fmt: skip
@click.option("--source", type=FOLDER, metavar="DIR", help="The inputs, under the names of the fakes.")  # fmt: skip
@click.option("--train", type=FOLDER, metavar="DIR", help="Other real pictures, those for training: they make the floor, and show what is copied.")  # fmt: skip
@click.option("-m", "--model", "models", multiple=True, metavar="MODEL", help="A model as `translate` takes it; repeat it to compare.")  # fmt: skip
@click.option("--data", "roots", multiple=True, type=FOLDER, metavar="ROOT", help="The dataset, as `train` takes it; its test split is translated.  [default: the run's]")  # fmt: skip
@click.option("--names", nargs=2, metavar="FIRST SECOND", help="Names of the dataset's domains.  [default: the folders']")  # fmt: skip
@click.option("--video", "films", nargs=2, multiple=True, type=FOLDER, metavar="SOURCE RESULT", help="A film and its translation: how much does that flicker? Repeat it to compare.")  # fmt: skip
@options.direction
@options.pixel_range
@click.option("--features", "networks", multiple=True, metavar="NAME", default=("mobilenet",), show_default=True, help="A network of `models networks`, or 'none'; may be repeated.")  # fmt: skip
@click.option("--features-file", "file", type=FOLDER, metavar="PATH", help="Its weights.  [default: the installed ones]")  # fmt: skip
@click.option("--pairs", type=click.Choice(["auto", "names", "none"]), default="auto", show_default=True, help="Which fakes have a real picture that they should be: auto where all names are the same.")  # fmt: skip
@click.option("--seeds", is_flag=True, help="What is measured are runs of one recipe: print mean and deviation.")  # fmt: skip
@click.option("-o", "--output", type=FOLDER, metavar="OUT", help="Folder for an HTML report, plots, and translated pictures.")  # fmt: skip
@options.overwrite
@options.batch_size
@options.device
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16", "fp16"]), default="fp32", show_default=True, help="Number format of the models that translate.")  # fmt: skip
@options.as_json
@options.quiet
@click.pass_context
def command(
    ctx: click.Context, /, films: tuple[tuple[Path, Path], ...], output: Path | None,
    as_json: bool, quiet: bool, **given: Any,
) -> None:  # fmt: skip
    """Measure how good pictures are, and how sure that is.

    Compares --fake with --real, or translates a dataset's test split with models first: with each
    -m MODEL, and with every model that the folders RUN... have saved.

    Beside each score stand the floor (real against real), what doing nothing gets, and what JPEG
    changes. --video measures how much a translated film flickers instead: the warping error (Lai et
    al. 2018), and the change from frame to frame, everywhere and where the source stands still.

    Exit codes: 0 all done, 1 nothing done, 2 wrong usage, 3 some pictures failed.
    """
    from cyclekit.cli.evaluation_progress import EvaluationProgress
    from cyclekit.cli.evaluation_table import print_json, print_tables

    _check_output(output, overwrite=given["overwrite"])
    if films:
        from cyclekit.cli.evaluation_film import evaluate_films

        ctx.exit(evaluate_films(films, output, given, as_json=as_json, quiet=quiet))
    _check(given)
    progress = EvaluationProgress(quiet)
    tools = _tools(given, progress)
    with ExitStack() as stack:
        folder = output or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        task = _task(given, folder, progress)
        from cyclekit.evaluation.measure import evaluate

        found = evaluate(task, tools)
        for note in found.notes:
            progress.note(f"note: {note}")
        print_json(found) if as_json else print_tables(found)
        if output is not None:
            from cyclekit.evaluation.report import write_report

            progress.note(f"report: {write_report(found, task, output)}")
    ctx.exit(SOME_FAILED if progress.failures else 0)


def _check_output(output: Path | None, *, overwrite: bool) -> None:
    """Refuse to replace a report unasked."""
    if output is not None and (output / "results.json").exists() and not overwrite:
        raise UsageError(f"{output} holds a report; replace it with --overwrite")
    if output is not None and output.exists() and not output.is_dir():
        raise UsageError(f"-o {output}: a file; expected a folder for the report")


def _check(given: dict[str, Any]) -> None:
    """Refuse what contradicts itself before anything is read."""
    folders = bool(given["real"] or given["fakes"] or given["source"] or given["train"])
    models = bool(given["runs"] or given["models"] or given["roots"])
    if folders == models:
        raise UsageError(
            "expected --real DIR and --fake DIR, or models (-m MODEL or RUN) with --data ROOT, or "
            "--video SOURCE RESULT"
        )
    if folders and not (given["real"] and given["fakes"]):
        missing = "--fake" if given["real"] else "--real"
        raise UsageError(f"missing {missing} DIR: both sides are needed to compare")
    if models and not (given["runs"] or given["models"]):
        raise UsageError("missing -m MODEL or RUN: which model is to be measured?")
    if given["models"] and not given["runs"] and not given["roots"]:
        raise UsageError(_NO_DATA)
    if given["file"] and len(given["networks"]) != 1:
        raise UsageError("--features-file goes with a single --features NAME")


def _tools(given: dict[str, Any], progress: EvaluationProgress) -> Tools:
    import platformdirs

    from cyclekit.devices import find_device
    from cyclekit.evaluation.task import Tools
    from cyclekit.hub.extractors import open_extractor, open_lpips

    names = [name for name in given["networks"] if name != "none"]
    device = find_device(given["device"])
    return Tools(
        extractors=[open_extractor(name, given["file"]) for name in names if name != "lpips"],
        lpips=open_lpips(given["file"]).to(device) if "lpips" in names else None,
        device=device,
        cache=platformdirs.user_cache_path("cyclekit"),
        listener=progress,
    )


def _task(given: dict[str, Any], folder: Path, progress: EvaluationProgress) -> Task:
    from cyclekit.cli.evaluation_task import named_models, task_of_folders, task_of_models

    if given["real"]:
        return task_of_folders(
            given["real"], given["fakes"], given["source"], given["train"], given["pairs"],
            seeds=given["seeds"],
        )  # fmt: skip
    models = named_models(given["models"], given["runs"], seeds=given["seeds"])
    roots, names = given["roots"], given["names"] or None
    if not roots:
        roots, names = _data_of_runs(given["runs"])
    how = {name: given[name] for name in ("device", "precision", "batch_size")}
    return task_of_models(
        models, roots, names, given["direction"], folder / "translated", progress, given["pairs"],
        how, given["pixel_range"],
    )  # fmt: skip


def _data_of_runs(runs: tuple[Path, ...]) -> tuple[tuple[Path, ...], tuple[str, ...] | None]:
    """Return the dataset that the runs learned from."""
    from cyclekit.hub.runs import open_run

    found = {open_run(run).config.data for run in runs}
    data = {(settings.roots, settings.names) for settings in found}
    if len(data) != 1 or not next(iter(data))[0]:
        raise UsageError(_NO_DATA)
    return data.pop()
