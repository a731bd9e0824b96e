"""The command `cyclekit`: loads a subcommand when it is called, turns errors into exit codes."""

from __future__ import annotations

import importlib
import io
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

import click

from cyclekit.cli.lines import one_line
from cyclekit.cli.signals import AskedToEnd, orderly_end
from cyclekit.errors import CyclekitError

COMMANDS = {
    "translate": "Translate pictures with a model.",
    "video": "Translate a video with a model.",
    "live": "Translate a camera as it runs, on a local page.",
    "train": "Train a model on folders of pictures.",
    "distill": "Teach a small model what a large one does.",
    "sample": "Make pictures from noise with a model.",
    "critique": "Ask a discriminator how real pictures look.",
    "evaluate": "Measure how good pictures or models are.",
    "study": "Ask people which pictures are real.",
    "game": "Play: which picture is real?",
    "export": "Write a model for other programs.",
    "bench": "Compare what runs a model fastest here.",
    "models": "List, show, convert, fetch and publish models.",
    "data": "Survey, make, split and fetch datasets.",
}
"""Name and help of every subcommand; its module `cyclekit.cli.NAME` holds `command`."""

INTERRUPTED = 130
EXAMPLES = """\b
Examples:
  cyclekit translate photos -o paintings
  cyclekit video holiday.mp4 painted.mp4
  cyclekit train photos paintings -o runs/paintings
"""


class LazyGroup(click.Group):
    """Imports a subcommand's module only to run it, so that help takes no time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"cyclekit.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="cyclekit", message="%(version)s")
def group() -> None:
    """Turn pictures of one kind into pictures of another."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code.

    Args:
        arguments: without the program's name; those of the process if None.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # libraries' advice is for us, not for who runs a command
    _let_paths_through()
    with orderly_end():
        sys.exit(_run(arguments))


def _let_paths_through() -> None:
    """Print a file's name as the bytes that it is, even where they are no text."""
    stream = sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        utf8 = stream.encoding.lower().replace("-", "") == "utf8"
        stream.reconfigure(errors="surrogateescape" if utf8 else "backslashreplace")


def _run(arguments: Sequence[str] | None) -> int:
    try:
        return _call(arguments)
    except OSError as error:
        reason = error.strerror or error
        if error.filename is not None:  # of which nobody below knew what to make
            name = os.fsdecode(error.filename)
            click.echo(f"error: {one_line(name)}: {reason}", err=True)
            return 1
        if not _has_lost_stdout():
            raise
        click.echo(f"error: standard output cannot be written: {reason}", err=True)
        return 1


def _has_lost_stdout() -> bool:
    """Whether what was printed cannot be written; if so, send the rest nowhere."""
    try:
        click.echo()  # a flush alone succeeds where nothing was buffered
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # or Python fails once more as it exits
        return True
    return False


def _call(arguments: Sequence[str] | None) -> int:
    try:
        code = group.main(arguments, prog_name="cyclekit", standalone_mode=False)
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except CyclekitError as error:
        click.echo(f"error: {one_line(str(error))}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except AskedToEnd as asked:
        click.echo("terminated", err=True)
        return asked.exit_code
    return code if isinstance(code, int) else 0


def _show(error: click.ClickException) -> None:
    """Show click's own error, with what the user wrote made safe to show."""
    if not isinstance(error, click.MissingParameter):  # names choices, in lines of their own
        message = one_line(error.format_message())
        error.format_message = lambda: message  # type: ignore[method-assign]
    error.show()
