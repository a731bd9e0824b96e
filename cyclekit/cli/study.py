"""`cyclekit study`: can people tell fakes from real pictures?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from cyclekit.cli import options
from cyclekit.cli.lines import one_line
from cyclekit.cli.pages import named_folders, page_options, serve_page
from cyclekit.errors import UsageError

CREATING = """\b
Examples:
  cyclekit study create --real zebras --fake ours=out/zebras -o study
  cyclekit study create --real zebras --fake a=out/a --fake b=out/b --control -o study
"""
SERVING = """\b
Examples:
  cyclekit study serve study
  cyclekit study serve study --host 0.0.0.0 --port 8080
"""
REPORTING = """\b
Examples:
  cyclekit study report study
  cyclekit study report study -o reports/people --json
"""
FOLDER = click.Path(path_type=Path)
SOME_FAILED = 3


@click.group("study")
def command() -> None:
    """Show people real and fake pictures, and ask which is which."""


@command.command(epilog=CREATING)
@click.option("--real", type=FOLDER, required=True, metavar="DIR", help="Real pictures.")
@click.option("--fake", "fakes", multiple=True, required=True, metavar="[NAME=]DIR", help="Pictures of a method; repeat it to compare methods.")  # fmt: skip
@click.option("-o", "--output", type=FOLDER, required=True, metavar="STUDY", help="Folder for the study.")  # fmt: skip
@click.option("--trials", type=click.IntRange(1, 10_000), default=40, show_default=True, metavar="N", help="Pairs that count, for each participant.")  # fmt: skip
@click.option("--practice", type=click.IntRange(0, 10_000), default=10, show_default=True, metavar="N", help="Pairs before them, with feedback.")  # fmt: skip
@click.option("--exposure", type=click.IntRange(50, 60_000), default=1000, show_default=True, metavar="MS", help="How long each picture is seen.")  # fmt: skip
@click.option("--vigilance", type=click.IntRange(0, 1000), default=0, show_default=True, metavar="N", help="Further pairs with an obvious fake, to see who pays attention.")  # fmt: skip
@click.option("--control", is_flag=True, help="Let some participants compare real pictures with real ones: they must get 50 %.")  # fmt: skip
@click.option("--pairing", type=click.Choice(["different", "same"]), default="different", show_default=True, help="Show a fake beside another real picture, or beside the one of its name.")  # fmt: skip
@click.option("--size", type=click.IntRange(16, 2048), default=256, show_default=True, metavar="N", help="Side of every picture, in pixels; its middle square is taken.")  # fmt: skip
@click.option("--jpeg", type=click.IntRange(1, 100), metavar="QUALITY", help="Put every picture through JPEG first.")  # fmt: skip
@click.option("--title", default="Real or fake?", show_default=True, metavar="TEXT", help="What participants read on top.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, metavar="N", help="Decides which pictures are taken and who sees what.")  # fmt: skip
@options.as_json
@options.quiet
@click.pass_context
def create(
    ctx: click.Context, /, real: Path, fakes: tuple[str, ...], output: Path, as_json: bool,
    quiet: bool, **given: Any,
) -> None:  # fmt: skip
    """Prepare a study: all pictures alike, in one folder.

    By default the published protocol: 10 pairs of practice with feedback, 40 without, each picture
    seen for a second and never twice, one method a participant.
    """
    from cyclekit.cli.evaluation_progress import EvaluationProgress
    from cyclekit.evaluation.study.create import Wish, create_study
    from cyclekit.evaluation.study.design import Protocol
    from cyclekit.evaluation.study.notes import notes_on

    protocol = Protocol(
        practice=given["practice"], trials=given["trials"], vigilance=given["vigilance"],
        control=given["control"], pairing=given["pairing"], exposure_ms=given["exposure"],
    )  # fmt: skip
    wish = Wish(
        real,
        named_folders(fakes),
        protocol,
        given["title"],
        given["size"],
        given["jpeg"],
        given["seed"],
    )
    progress = EvaluationProgress(quiet)
    design = create_study(wish, output, progress)
    for note in notes_on(real, wish.fakes, wish.size, wish.jpeg):
        progress.note(f"note: {note}")
    progress.note(
        f"{protocol.practice} + {protocol.trials} pairs a participant of {len(design.real)} real"
        f" pictures and {', '.join(f'{len(made)} of {name}' for name, made in design.fakes.items())}"
    )
    click.echo(json.dumps({"study": str(output)}) if as_json else output)
    ctx.exit(SOME_FAILED if progress.failures else 0)


@command.command(epilog=SERVING)
@click.argument("study", type=FOLDER)
@page_options
@options.quiet
def serve(study: Path, host: str, port: int, quiet: bool) -> None:
    """Show the study's page to participants, any number at once.

    Prints the address. Every answer is kept the moment it is given; end it and start it again at
    will.
    """

    def app(host: str, hear: Any) -> Any:
        from cyclekit.evaluation.study.design import read_design
        from cyclekit.web.study import study_app

        return study_app(study, read_design(study), host, hear)

    serve_page("study serve", app, host, port, quiet)


@command.command(epilog=REPORTING)
@click.argument("study", type=FOLDER)
@click.option("-o", "--output", type=FOLDER, metavar="OUT", help="Folder for an HTML report and plots.")  # fmt: skip
@click.option("--unfinished", is_flag=True, help="Count who stopped before the end, too.")
@click.option("--attentive", type=click.FloatRange(0, 1), default=0.0, metavar="0..1", help="Leave out who got a smaller share of the vigilance pairs right.  [default: nobody]")  # fmt: skip
@options.overwrite
@options.as_json
@options.quiet
def report(
    study: Path, output: Path | None, unfinished: bool, attentive: float, overwrite: bool,
    as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Tell how often each method fooled people, and how sure that is.

    Intervals hold 95 %: for a method by drawing participants and then their trials anew, for a
    participant by Wilson's formula.
    """
    from cyclekit.cli.study_table import print_json, print_tables
    from cyclekit.evaluation.study.analysis import analyse
    from cyclekit.evaluation.study.design import read_design
    from cyclekit.evaluation.study.report import NUMBERS, write_report

    if output is not None and output.exists() and not output.is_dir():
        raise UsageError(f"-o {output}: a file; expected a folder for the report")
    if output is not None and (output / NUMBERS).exists() and not overwrite:
        raise UsageError(f"{output} holds a report; replace it with --overwrite")
    design = read_design(study)
    found = analyse(study, design, unfinished=unfinished, attentive=attentive)
    for note in found.notes if not quiet else ():
        click.echo(one_line(f"note: {note}"), err=True)
    print_json(found) if as_json else print_tables(found)
    if output is not None:
        page = write_report(found, study, design, output)
        if not quiet:
            click.echo(f"report: {page}", err=True)
