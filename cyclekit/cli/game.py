"""`cyclekit game`: which one is real?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cyclekit.cli import options
from cyclekit.cli.pages import named_folders, page_options, serve_page

EXAMPLES = """\b
Examples:
  cyclekit game --real zebras --fake out/zebras
  cyclekit game --real zebras --fake ours=out/a --fake theirs=out/b --port 8080
"""
FOLDER = click.Path(path_type=Path)


@click.command("game", epilog=EXAMPLES)
@click.option("--real", type=FOLDER, required=True, metavar="DIR", help="Real pictures.")
@click.option("--fake", "fakes", multiple=True, required=True, metavar="[NAME=]DIR", help="Pictures of a method; may be repeated.")  # fmt: skip
@click.option("--size", type=click.IntRange(16, 2048), default=256, show_default=True, metavar="N", help="Side of every picture, in pixels; its middle square is taken.")  # fmt: skip
@page_options
@options.quiet
def command(
    real: Path, fakes: tuple[str, ...], size: int, host: str, port: int, quiet: bool
) -> None:
    """Play: which picture is real?

    Two pictures side by side, as long as you like, with feedback: players learn, so what comes out
    is fun and no fooling rate; `cyclekit study` measures that. Prints the page's address.
    """

    def app(host: str, hear: Any) -> Any:
        from cyclekit.evaluation.study.rounds import Rounds
        from cyclekit.web.game import game_app

        def fail(message: str) -> None:
            click.echo(message, err=True)

        return game_app(Rounds(real, named_folders(fakes), size, fail), host, size)

    serve_page("game", app, host, port, quiet)
