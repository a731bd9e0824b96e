"""What commands that serve a page have in common."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from cyclekit.cli.lines import one_line
from cyclekit.errors import CyclekitError, UsageError

Hear = Callable[[str], object]
_NEEDED = ("fastapi", "uvicorn")
_OPTIONS = (
    click.option(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        show_default=True,
        help="Address to listen at; the default is this machine alone, 0.0.0.0 its whole network.",
    ),
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        metavar="N",
        default=8000,
        show_default=True,
        help="Port to listen at; 0 takes a free one.",
    ),
)


def page_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options `host` and `port`."""
    return functools.reduce(lambda made, option: option(made), reversed(_OPTIONS), command)


def serve_page(
    name: str, make_app: Callable[[str, Hear], Any], host: str, port: int, quiet: bool
) -> None:
    """Print the address of a page and serve it until the process is asked to end.

    Args:
        name: the command's.
        make_app: makes the app, of the host and of what is to be told of events.
        host: address to listen at.
        port: 0 takes a free one.
        quiet: print the address alone.

    Raises:
        CyclekitError: if the extra is missing, or the address cannot be used.
    """
    missing = [library for library in _NEEDED if find_spec(library) is None]
    if missing:
        raise CyclekitError(
            f"'cyclekit {name}' needs {' and '.join(missing)}: pip install 'cyclekit[web]'"
        )
    from cyclekit.web.app import is_local
    from cyclekit.web.serve import serve

    def hear(line: str) -> None:
        if not quiet:
            click.echo(one_line(line), err=True)

    def announce(address: str) -> None:
        click.echo(address)
        if not is_local(host):
            hear("note: everybody in this network can open this page")
        hear("press Ctrl-C to end")

    serve(make_app(host, hear), host, port, announce)


def named_folders(fakes: tuple[str, ...]) -> dict[str, Path]:
    """Read NAME=DIR, or DIR, whose last part is then the name.

    Raises:
        UsageError: if a name comes twice.
    """
    found: dict[str, Path] = {}
    for fake in fakes:
        match = re.fullmatch(r"([^=/\\]+)=(.+)", fake)
        name, folder = (match[1], Path(match[2])) if match else ("", Path(fake))
        name = name or folder.resolve().name
        if name in found:
            raise UsageError(f"--fake {fake}: '{name}' is taken; name it, as in --fake NAME=DIR")
        found[name] = folder
    return found
