"""`cyclekit models pull`: feature networks and models, into the user's cache."""

from __future__ import annotations

from pathlib import Path

import click

from cyclekit.cli import options
from cyclekit.cli.lines import one_line
from cyclekit.cli.transfer import transfer_progress

EXAMPLES = """\b
Examples:
  cyclekit models pull horse2zebra
  cyclekit models pull hf:someone/zebras
  cyclekit models pull mobilenet
  cyclekit models pull inception --file pt_inception-2015-12-05-6726825d.pth
"""


@click.command(epilog=EXAMPLES)
@click.argument("what", metavar="NAME|hf:USER/NAME|FOLDER|ADDRESS")
@click.option("--name", metavar="NAME", help="What to call the model.  [default: as it is called there]")  # fmt: skip
@click.option("--file", "files", multiple=True, type=click.Path(path_type=Path), metavar="PATH", help="Take what has a name from this file instead; may be repeated.")  # fmt: skip
@click.option("--url", "urls", multiple=True, metavar="ADDRESS", help="Another address of a published file, such as a mirror.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Fetch a model again, and replace the one that has its name.")  # fmt: skip
@options.quiet
def pull(
    what: str, name: str | None, files: tuple[Path, ...], urls: tuple[str, ...], overwrite: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Fetch a model or a feature network into the cache.

    Prints the file. NAME is one of `models networks` or of `models list --published`. A model comes
    from a Hugging Face repository too (hf:USER/NAME@REVISION for a branch, tag or commit), from a
    folder that `models push` filled, or from the address of its file. `-m` takes it by its name from
    then on. What is there is not fetched again, and a broken transfer goes on.
    """
    from cyclekit.hub.networks import NETWORKS

    for file in files:
        if not file.is_file():
            raise click.UsageError(f"--file {file}: no such file")
    if files and urls:
        raise click.UsageError("--file and --url both say where from; leave one out")
    if what not in NETWORKS:
        _pull_model(what, name, files, urls, overwrite=overwrite, quiet=quiet)
    elif name or overwrite:
        raise click.UsageError(
            f"'{what}' is a feature network; --name and --overwrite are for models"
        )
    else:
        _pull_network(what, files, urls, quiet)


def _pull_network(name: str, files: tuple[Path, ...], urls: tuple[str, ...], quiet: bool) -> None:
    from cyclekit.hub.install import install_network, pull_network
    from cyclekit.hub.networks import find_network, installed_file

    network = find_network(name)
    if files:
        click.echo(install_network(network, files))
        return
    _tell_there(name, there=installed_file(network).is_file(), quiet=quiet)
    with transfer_progress(name, quiet) as progress:
        path = pull_network(network, urls=urls, progress=progress)
    _tell(path, network.licence, quiet)


def _pull_model(
    what: str, name: str | None, files: tuple[Path, ...], urls: tuple[str, ...], *,
    overwrite: bool, quiet: bool,
) -> None:  # fmt: skip
    from cyclekit.hub.find_place import find_place
    from cyclekit.hub.pull import pull_model

    place = find_place(what, files, urls)
    with transfer_progress(name or place.name, quiet) as progress:
        pulled = pull_model(place, name=name, overwrite=overwrite, progress=progress)
    _tell_there(pulled.path.parent.name, there=not pulled.is_new, quiet=quiet)
    for note in () if quiet else pulled.notes:
        click.echo(one_line(f"note: {note}"), err=True)
    _tell(pulled.path, pulled.rights, quiet)


def _tell_there(name: str, *, there: bool, quiet: bool) -> None:
    if there and not quiet:
        click.echo(one_line(f"'{name}' is already installed"), err=True)


def _tell(path: Path, rights: str, quiet: bool) -> None:
    if not quiet:
        click.echo(one_line(f"licence: {rights}"), err=True)
    click.echo(path)
