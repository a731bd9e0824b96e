"""`cyclekit critique`: what a discriminator says of pictures, patch by patch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cyclekit.cli import options
from cyclekit.cli.lines import json_line, one_line
from cyclekit.cli.reporting import Outcome, Report
from cyclekit.errors import UsageError

EXAMPLES = """\b
Examples:
  cyclekit critique zebras -o critique -m runs/zebra
  cyclekit critique zebras horses -o critique -m runs/zebra --domain horse --json
"""


@click.command("critique", epilog=EXAMPLES)
@click.argument(
    "pictures", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PICTURE..."
)
@click.option(
    "-m",
    "--model",
    required=True,
    metavar="MODEL",
    help="A run's folder, or a model file that 'train --keep-discriminators' made.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Folder for the maps; mirrors the input's.",
)
@click.option(
    "--domain",
    metavar="NAME",
    help="Whose pictures count as real.  [default: what the model turns pictures into]",
)
@options.overwrite
@options.device
@options.as_json
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    /,
    pictures: tuple[Path, ...],
    model: str,
    output: Path,
    domain: str | None,
    overwrite: bool,
    device: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Ask a discriminator where pictures look real, and where made.

    Prints the share of patches judged real, and the map's path, for every picture; with --json,
    the least real first, when all are judged. Blue in a map is real, red is fake.
    """
    from cyclekit.hub.critic import open_critic
    from cyclekit.inference.critic import Critic
    from cyclekit.inference.critique import critique_files
    from cyclekit.media.mirror import plan

    if output.exists() and not output.is_dir():
        raise UsageError(f"-o {output} is a file; expected a folder for the maps")
    jobs = plan(pictures, output, "png")
    opened = open_critic(model, domain)
    critic = Critic(opened.discriminator, opened.loss, device=device)
    report = _Verdicts(as_json, quiet)
    report.note(
        f"{opened.path}: is it a real '{opened.domain}'? ({opened.adversarial}, a verdict every "
        f"{critic.stride} pixels, on {critic.device})"
    )
    if not opened.loss.absolute:
        report.note(f"note: {opened.adversarial} knows no zero: verdicts compare within a picture")
    found = critique_files(critic, jobs, opened.identity, overwrite=overwrite)
    try:
        report.watch(found, len(jobs))
    finally:
        report.show_sorted()
    ctx.exit(report.exit_code)


class _Verdicts(Report):
    """Shows the share judged real; as JSON, the least real first."""

    did = "judged"

    def __init__(self, as_json: bool, quiet: bool) -> None:
        super().__init__(as_json, quiet)
        self._found: list[dict[str, Any]] = []

    def show(self, result: Outcome) -> None:
        """Print a picture's line, or keep it until all can be sorted."""
        found = result.as_dict()
        if self.as_json:
            self._found.append(found)
        elif not result.error:
            self.say(one_line(f"{found['real']:.3f}  {result.output}"))

    def show_sorted(self) -> None:
        """Print what was kept; what could not be judged comes last."""
        for found in sorted(self._found, key=lambda found: found.get("real", 2.0)):
            self.say(json_line(found))
