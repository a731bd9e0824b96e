"""`cyclekit train`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyclekit.cli.lines import one_line
from cyclekit.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from cyclekit.config.schema import Config
    from cyclekit.data.kinds import Domains
    from cyclekit.models.features.extractor import Extractor
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
  cyclekit train clothing/ -o runs/clothing --method biggan
  cyclekit train photos/ poppies/ -o runs/poppies --init-from starry-night""",
)
@click.argument("roots", nargs=-1, metavar="FOLDER...", type=click.Path(path_type=Path))
@click.option("-o", "--output", "folder", metavar="RUN", type=click.Path(path_type=Path), help="Folder of the run; the same command goes on where it was interrupted.")  # fmt: skip
@click.option("--method", metavar="NAME", help="The game: cyclegan, cut, dclgan, pix2pix, stargan, gan, biggan, predict or recycle; or a preset.  [default: the preset's]")  # fmt: skip
@click.option("--preset", metavar="NAME", help="Settings to start from: cyclegan, cyclegan-lite, painting, pixel-art, cut, cut-lite, fastcut, fastcut-lite, sincut, dclgan, dclgan-lite, pix2pix, stargan, gan, biggan, predict, recycle.  [default: the method's, or cyclegan]")  # fmt: skip
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
@click.option("--init-from", metavar="MODEL", help="Begin with a model's generators: a file, a run's folder, or an embedded name.")  # fmt: skip
@click.option("--evaluate-every", metavar="N", type=click.IntRange(1), help="Pictures between two measurements on held-out pictures; the best model is kept as best.safetensors.")  # fmt: skip
@click.option("--patience", metavar="N", type=click.IntRange(1), help="End the run after so many measurements that were no better.")  # fmt: skip
@click.option("--rescue", is_flag=True, help="Act on what goes wrong: keep colours, lower rates, go back to the last state.")  # fmt: skip
@click.option("--plan", is_flag=True, help="Take a few steps, print speed, memory, what fits and how long it will take; write nothing.")  # fmt: skip
@click.option("--profile", is_flag=True, help="Take a few steps, print where their time goes; write nothing.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print the settings as YAML and stop.")
@click.option("-q", "--quiet", is_flag=True, help="Errors only.")
def command(
    roots: tuple[Path, ...], folder: Path | None, method: str | None, preset: str | None,
    domains: bool, file: Path | None, settings: tuple[str, ...], names: tuple[str, str] | None,
    images: int | None, epochs: float | None, minutes: float | None,
    device: str, precision: str | None, keep_discriminators: bool, evaluate_every: int | None,
    patience: int | None, rescue: bool, init_from: str | None, plan: bool, profile: bool,
    dry_run: bool,    quiet: bool,
) -> None:  # fmt: skip
    """Learn to turn one pile of pictures into another, or to make more of one.

    For cyclegan and cut, FOLDER... is two folders, one a domain; or one that holds trainA and
    trainB (and testA, testB), or train/NAME1 and train/NAME2, or side-by-side pairs; or two single
    pictures, for sincut. For pix2pix the same, and pictures of one name are pairs. For gan it is
    one folder of pictures; for biggan and stargan one with a folder a class, or those folders.

    A video, or a pattern of videos in quotes, may stand for any folder of pictures; predict takes
    any number of them, recycle one a domain.

    RUN gets model.safetensors, samples/, training.html, log.jsonl, config.yaml and state.pt.
    Warnings name what goes wrong and the setting that helps. Ctrl-C saves and stops. Exit codes:
    0 done, 1 cannot go on, 2 wrong usage, 130 interrupted, 143 terminated.
    """
    if domains:
        method = _of_domains(method, preset, file)
    lengths = {"images": images, "epochs": epochs, "minutes": minutes}
    train = {
        "precision": precision, "keep_discriminators": keep_discriminators or None,
        "evaluate_every": evaluate_every, "patience": patience, "rescue": rescue or None,
    }  # fmt: skip
    options = {
        "method": method, "names": names, "roots": roots, "train": train, "init_from": init_from,
        "folder": folder,
    }  # fmt: skip
    config, dropped = _resolve(file, preset, settings, lengths, options)
    if dry_run or dropped:
        _check_fit(config)
    tell_dropped(dropped, folder, quiet=quiet)
    if dry_run:
        from cyclekit.config.resolve import dump

        click.echo(dump(config), nl=False)
        return
    if plan:
        show_plan(config, _domains(config), device)
        return
    if profile:
        _profile(config, device)
        return
    if folder is None:
        raise UsageError("missing -o RUN: a folder for the model, the samples and the state")
    require_length(config)
    run(config, _domains(config), folder, device, quiet=quiet)


def tell_dropped(dropped: Sequence[str], folder: Path | None, *, quiet: bool) -> None:
    """Say which options another name of a network or a method dropped, where a run begins."""
    goes_on = folder is not None and (folder / "state.pt").exists()
    if not quiet and not goes_on:
        for line in dropped:
            click.echo(one_line(line), err=True)


def require_length(config: Config) -> None:
    """Refuse settings that do not say when a run ends."""
    if not any((config.train.images, config.train.epochs, config.train.minutes)):
        raise ConfigError("the run has no length; give --images, --epochs or --minutes")


def show_plan(
    config: Config, domains: Domains, device: str, *, pictures: int | None = None
) -> None:
    """Print what a run will take; of so many pictures, if the domains are a sample of them."""
    from cyclekit.cli.training_plan import plan_lines
    from cyclekit.devices import find_device
    from cyclekit.training.plan import make_plan

    plan = make_plan(config, domains, find_device(device))
    for line in plan_lines(replace(plan, pictures=pictures or plan.pictures)):
        click.echo(line)


def run(config: Config, domains: Domains, folder: Path, device: str, *, quiet: bool) -> None:
    """Train, or go on, until the end or Ctrl-C; print the model's path."""
    from cyclekit.cli.fine_tuning import open_initial
    from cyclekit.cli.training_report import Interruption, TrainingReport
    from cyclekit.devices import find_device
    from cyclekit.training.distributed import join_team, leave_team
    from cyclekit.training.loop import train
    from cyclekit.training.run import Run

    chosen = find_device(device)
    extractor = _extractor(config)
    initial = None if Run(folder).state.exists() else open_initial(config, domains)
    team: Team = join_team(chosen)
    try:
        with Interruption() as interruption, TrainingReport(quiet or not team.leads) as report:
            progress = train(
                config, domains, folder, device=chosen, team=team, listener=report,
                stop=lambda _: interruption.asked, extractor=extractor,
                initial=initial,
            )  # fmt: skip
    finally:
        leave_team()
    if interruption.asked and not progress.done:
        interruption.leave()
    if team.leads:
        click.echo(folder / "model.safetensors")


def _of_domains(method: str | None, preset: str | None, file: Path | None) -> str | None:
    """Return the method of a model of many domains."""
    if method not in (None, "stargan"):
        raise UsageError(f"--domains is for stargan, not for {method}; leave one out")
    return method if preset or file else "stargan"


def _resolve(
    file: Path | None, preset: str | None, settings: tuple[str, ...],
    lengths: dict[str, Any], options: dict[str, Any],
) -> tuple[Config, list[str]]:  # fmt: skip
    from cyclekit.cli.fine_tuning import fine_tuning
    from cyclekit.config.colors import with_colors
    from cyclekit.config.resolve import (
        dropped,
        merge,
        parse_sets,
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
    below = read_file(file) if file else read_preset(preset)
    trees = [below]
    if method and not named:
        trees.append({"method": {"name": method}})
    if options["init_from"]:
        trees = fine_tuning(merge(trees), options["init_from"], options["folder"])
        below = merge(trees)
    data = {}
    if options["roots"]:
        data["roots"] = [str(root.resolve()) for root in options["roots"]]
    if options["names"]:
        _require_names(*options["names"])
        data["names"] = options["names"]
    trees.append({"data": data})
    if given:
        trees.append({"train": given})
    train = {key: value for key, value in options["train"].items() if value is not None}
    trees.append({"train": train})
    merged = merge([*trees, parse_sets(settings)])
    return resolve([with_colors(merged)]), dropped(below, merged)


def _require_names(first: str, second: str) -> None:
    """Refuse names of domains that would not tell them apart."""
    if first == second or not (first.strip() and second.strip()):
        raise UsageError(f"--names '{first}' '{second}': expected two different names")


def _check_fit(config: Config) -> None:
    """Refuse settings that do not fit, before anything is said of them and any folder is read."""
    from cyclekit.training.learner import check_fit

    check_fit(config)


def _profile(config: Config, device: str) -> None:
    from cyclekit.cli.training_plan import profile_lines
    from cyclekit.devices import find_device
    from cyclekit.training.learner import check_fit
    from cyclekit.training.profile import make_profile

    domains = _domains(config)
    check_fit(config, len(domains))
    for line in profile_lines(make_profile(config, domains, find_device(device))):
        click.echo(line)


def _domains(config: Config) -> Domains:
    from cyclekit.data.kinds import KINDS
    from cyclekit.methods.base import data_kind

    if not config.data.roots:
        raise UsageError("missing FOLDER...: the pictures to learn from")
    return KINDS[data_kind(config.method.name)].find_in(config.data)


def _extractor(config: Config) -> Extractor | None:
    """Open the network that held-out pictures are measured with, before the run begins."""
    from cyclekit.hub.extractors import open_extractor

    if not config.train.evaluate_every:
        if config.train.patience:
            raise ConfigError("--patience needs --evaluate-every: it counts measurements")
        return None
    return open_extractor(config.train.features)
