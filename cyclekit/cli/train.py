"""`cyclekit train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyclekit.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from cyclekit.config.schema import Config
    from cyclekit.training.distributed import Team


@click.command(
    short_help="Learn to make pictures, from others or from noise.",
    epilog="""\b
Examples:
  cyclekit train horses/ zebras/ -o runs/zebra --preset cyclegan-lite --minutes 60
  cyclekit train horse2zebra/ -o runs/zebra --names horse zebra --set data.crop=128
  cyclekit train horses.mp4 'zebra*.mp4' -o runs/wild --epochs 20
  cyclekit train maps/ -o runs/maps --method pix2pix
  cyclekit train photos/ pixelart/ -o runs/pixels --preset pixel-art --set generator.colors=palette.png
  cyclekit train photo.jpg painting.jpg -o runs/painting --method sincut --images 12000
  cyclekit train --domains clothing/train/* -o runs/clothes
  cyclekit train faces/ -o runs/faces --method gan
  cyclekit train clothing/ -o runs/clothing --method biggan""",
)
@click.argument("roots", nargs=-1, metavar="FOLDER...", type=click.Path(path_type=Path))
@click.option("-o", "--output", "folder", metavar="RUN", type=click.Path(path_type=Path), help="Folder of the run; the same command goes on where it was interrupted.")  # fmt: skip
@click.option("--method", metavar="NAME", help="The game: cyclegan, cut, dclgan, pix2pix, stargan, gan, biggan, predict or recycle; or a preset.  [default: the preset's]")  # fmt: skip
@click.option("--preset", metavar="NAME", help="Settings to start from: cyclegan, cyclegan-lite, painting, pixel-art, cut, fastcut, sincut, dclgan, pix2pix, stargan, gan, biggan, predict, recycle.  [default: the method's, or cyclegan]")  # fmt: skip
@click.option("--domains", is_flag=True, help="Every FOLDER is a domain of one model; the method is then stargan.")  # fmt: skip
@click.option("--config", "file", metavar="FILE", type=click.Path(path_type=Path), help="Settings that --dry-run printed; replaces the preset.")  # fmt: skip
@click.option("--set", "settings", metavar="SECTION.KEY=VALUE", multiple=True, help="Change one setting; may be repeated.")  # fmt: skip
@click.option("--names", nargs=2, metavar="FIRST SECOND", help="Names of the two domains.  [default: the folders']")  # fmt: skip
@click.option("--images", metavar="N", type=click.IntRange(1), help="Length in pictures of each domain.")  # fmt: skip
@click.option("--epochs", metavar="N", type=click.FloatRange(0, min_open=True), help="Length in passes over the larger domain.")  # fmt: skip
@click.option("--minutes", metavar="N", type=click.FloatRange(0, min_open=True), help="Length in minutes.")  # fmt: skip
@click.option("--device", metavar="NAME", default="auto", show_default=True, help="auto, cpu, cuda or cuda:1.")  # fmt: skip
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), help="Type of the forward pass.  [default: the preset's, auto]")  # fmt: skip
@click.option("--keep-discriminators", is_flag=True, help="Put the discriminators into the model file, for 'cyclekit critique'.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print the settings as YAML and stop.")
@click.option("-q", "--quiet", is_flag=True, help="Errors only.")
def command(
    roots: tuple[Path, ...], folder: Path | None, method: str | None, preset: str | None,
    domains: bool, file: Path | None, settings: tuple[str, ...], names: tuple[str, str] | None,
    images: int | None, epochs: float | None, minutes: float | None,
    device: str, precision: str | None, keep_discriminators: bool, dry_run: bool, quiet: bool,
) -> None:  # fmt: skip
    """Learn to turn one pile of pictures into another, or to make more of one.

    For cyclegan and cut, FOLDER... is two folders, one a domain; or one that holds trainA and
    trainB (and testA, testB), or train/NAME1 and train/NAME2, or side-by-side pairs; or two single
    pictures, for sincut. For pix2pix the same, and pictures of one name are pairs. For gan it is
    one folder of pictures; for biggan and stargan one with a folder a class, or those folders.

    A video, or a pattern of videos in quotes, may stand for any folder of pictures; predict takes
    any number of them, recycle one a domain.

    RUN gets model.safetensors, samples/, log.jsonl, config.yaml and state.pt. Ctrl-C saves and
    stops. Exit codes: 0 done, 1 cannot go on, 2 wrong usage, 130 interrupted.
    """
    if domains:
        method = _of_domains(method, preset, file)
    lengths = {"images": images, "epochs": epochs, "minutes": minutes}
    options = {
        "method": method, "precision": precision, "names": names, "roots": roots,
        "keep_discriminators": keep_discriminators,
    }  # fmt: skip
    config = _resolve(file, preset, settings, lengths, options)
    if dry_run:
        from cyclekit.config.resolve import dump
        from cyclekit.training.learner import check_fit

        check_fit(config)
        click.echo(dump(config), nl=False)
        return
    if folder is None:
        raise UsageError("missing -o RUN: a folder for the model, the samples and the state")
    _train(config, folder, device, quiet)


def _of_domains(method: str | None, preset: str | None, file: Path | None) -> str | None:
    """Return the method of a model of many domains."""
    if method not in (None, "stargan"):
        raise UsageError(f"--domains is for stargan, not for {method}; leave one out")
    return method if preset or file else "stargan"


def _resolve(
    file: Path | None, preset: str | None, settings: tuple[str, ...],
    lengths: dict[str, Any], options: dict[str, Any],
) -> Config:  # fmt: skip
    from cyclekit.config.colors import with_colors
    from cyclekit.config.resolve import (
        merge,
        parse_set,
        preset_names,
        read_file,
        read_preset,
        resolve,
    )

    given = {unit: length for unit, length in lengths.items() if length is not None}
    if len(given) > 1:
        raise UsageError(f"give one of --images, --epochs, --minutes, not {len(given)}")
    method = options["method"]
    named = method in preset_names() and not file and preset in (None, method)
    preset = preset or (method if named and method else "cyclegan")
    trees = [read_file(file) if file else read_preset(preset)]
    if method and not named:
        trees.append({"method": {"name": method}})
    data = {}
    if options["roots"]:
        data["roots"] = [str(root.resolve()) for root in options["roots"]]
    if options["names"]:
        data["names"] = options["names"]
    trees.append({"data": data})
    if given:
        trees.append({"train": given})
    if options["precision"]:
        trees.append({"train": {"precision": options["precision"]}})
    if options["keep_discriminators"]:
        trees.append({"train": {"keep_discriminators": True}})
    trees += [parse_set(setting) for setting in settings]
    return resolve([with_colors(merge(trees))])


def _train(config: Config, folder: Path, device: str, quiet: bool) -> None:
    from cyclekit.cli.training_report import Interruption, TrainingReport
    from cyclekit.data.kinds import KINDS
    from cyclekit.devices import find_device
    from cyclekit.methods.base import data_kind
    from cyclekit.training.distributed import join_team, leave_team
    from cyclekit.training.loop import train

    if not config.data.roots:
        raise UsageError("missing FOLDER...: the pictures to learn from")
    if not any((config.train.images, config.train.epochs, config.train.minutes)):
        raise ConfigError("the run has no length; give --images, --epochs or --minutes")
    chosen = find_device(device)
    domains = KINDS[data_kind(config.method.name)].find_in(config.data)
    team: Team = join_team(chosen)
    try:
        with Interruption() as interruption, TrainingReport(quiet or not team.leads) as report:
            progress = train(
                config, domains, folder, device=chosen, team=team, listener=report,
                stop=lambda _: interruption.asked,
            )  # fmt: skip
    finally:
        leave_team()
    if interruption.asked and not progress.done:
        raise KeyboardInterrupt
    if team.leads:
        click.echo(folder / "model.safetensors")
